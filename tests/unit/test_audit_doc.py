"""docs/audit.md and the pages on its formats say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from dermis.app import audit, files, settings, statistics
from dermis.core import audit_chain, binding, profiles

DOCS = Path(__file__).parents[2] / "docs"
FIRMWARE = Path(__file__).parents[2] / "firmware" / "dermis"
PAGE = (DOCS / "audit.md").read_text()


def table(heading: str) -> list[list[str]]:
    """Cells of the rows under the first table whose first heading is this one."""
    lines = PAGE.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[at + 2 :]:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_every_event_and_its_limit():
    told = {name: row[2] for row in table("event") for name in re.findall(r"`([a-z_]+)`", row[0])}
    assert told == {name: str(limit) if limit else "all" for name, limit in audit_chain.EVENTS.items()}


def test_every_event_that_the_firmware_notes_is_known():
    """An unknown one would be a failure in the middle of what it tells of."""
    noted = set()
    for path in [path for path in FIRMWARE.rglob("*.py") if "drivers" not in path.parts]:
        noted |= set(re.findall(r'(?:\.note|\._note|_tell|\._append|\._write)\(\s*"([a-z_]+)"', path.read_text()))
    assert {"boot", "attack", "provisioned", "session_opened", "update_started"} <= noted
    assert noted <= set(audit_chain.EVENTS), noted - set(audit_chain.EVENTS)


def test_every_setting():
    rows = table("setting")
    assert [row[0] for row in rows] == [f"`{setting.name}`" for setting in settings.SETTINGS]
    for row, setting in zip(rows, settings.SETTINGS, strict=True):
        assert row[1] == f"`{setting.right}`" and row[4] == setting.meaning
        assert row[2] == ("the board file's" if setting.default is None else str(setting.default) or "empty")
        if setting.kind == "profile":
            assert row[3] == ", ".join(f"`{profile.name}`" for profile in profiles.PROFILES)
        else:
            assert row[3].startswith(f"{setting.low} to {setting.high} {setting.unit}".strip())


def test_every_counter():
    told = {row[0].strip("`"): re.findall(r"`([a-z_]+)`", row[1]) for row in table("group")}
    assert tuple(told) == statistics.GROUPS
    for group, names in statistics.COUNTED.items():
        assert tuple(told[group]) == names
    source = (FIRMWARE / "app" / "statistics.py").read_text()
    assert told["storage"] == re.findall(r'"([a-z_]+)": ', source)


def test_bounds_are_those_of_the_code():
    formats = (DOCS / "formats" / "audit.md").read_text()
    assert f"{audit.RING} files at most" in formats and f"at most {audit.SEGMENT_BYTES} bytes" in formats
    assert f"at most {audit_chain.LARGEST_ENTRY} bytes" in formats and f"{audit_chain.LONGEST_TEXT} char" in formats
    assert audit_chain.HEAD in formats and audit_chain.GENESIS.rstrip(b"\0").decode() in formats
    assert f"after {audit.MOST_COUNTED}," in PAGE and f"{audit.RING} files" in PAGE
    assert f"{files.LARGEST_FILE // 1024} KiB" in PAGE and f"{files.LARGEST_TOTAL // 1024} KiB" in PAGE
    assert f"1 to {files.LONGEST_NAME} of letters" in PAGE


def test_the_bound_verdict_lists_what_is_bound_in_order():
    page = (DOCS / "formats" / "bound-verdict.md").read_text()
    listed = page[page.index("the values of") : page.index("where those")]
    assert tuple(re.findall(r"`([a-z_]+)`", listed)) == binding.FIELDS and binding.TAG in page
