"""docs/lock.md says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from dermis.app.lock import panel, settings, signals
from dermis.core import osdp
from dermis.core.wiegand import FORMATS

PAGE = (Path(__file__).parents[2] / "docs" / "lock.md").read_text()


def rows(heading: str) -> list[list[str]]:
    lines = PAGE.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    out = []
    for line in lines[at + 2 :]:
        if not line.startswith("|"):
            return out
        out.append([cell.strip() for cell in line.strip("|").split("|")])
    return out


def test_every_setting():
    table = rows("setting")
    assert [row[0] for row in table] == [f"`{setting.name}`" for setting in settings.SETTINGS]
    for row, setting in zip(table, settings.SETTINGS, strict=True):
        assert row[1] == f"`{setting.right}`" and row[2] == str(setting.default) and row[4] == setting.meaning
        if setting.kind == "word":
            assert row[3] == setting.unit.replace(" ", ", ")
        else:
            assert row[3] == f"{setting.low} to {setting.high} {setting.unit}".strip()


def test_bytes_and_times():
    begin, cancel, last = (row[1] for row in rows("MFG"))
    assert begin.startswith(f"{panel.BEGIN:02x}, transaction ({panel.TRANSACTION_BYTES} bytes")
    assert (cancel, last) == (f"{panel.CANCEL:02x}", f"{panel.LAST:02x}")
    [[_, answer]] = rows("MFGREP")
    assert answer.startswith(f"{panel.OUTCOME:02x}, transaction (4), verdict")
    for table in (panel.VERDICTS, panel.ASKERS):
        assert ", ".join(f"{number} {name.replace('_', ' ')}" for number, name in enumerate(table)) in answer
    assert panel.VENDOR.hex(" ").upper() in PAGE
    assert f"within {panel.FRESH_MS // 1000} s" in PAGE and f"up to {osdp.LARGEST} bytes" in PAGE
    assert f"green, {signals.SHOWN_MS // 1000} s" in PAGE


def test_formats():
    for name, form in FORMATS.items():
        assert re.search(rf"\b{name}( bits)? \([^)]*{form.facility}[^)]*{form.card}\)", PAGE), name
