"""What a failed test leaves in the reports: what the module said, and a burst where that was asked for.

Sections whose names begin with "Captured" stand in the terminal, in JUnit's output and in pytest-html's log; extras are
pytest-html's.
"""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dermis_host.rig import Rig
from dermis_host.wire import CONTINUE, START

LOG = "Captured log of the module"
MOST_CHARACTERS = 40_000  # of a log in a report: the last ones
BURST_S = 120.0
CONSOLE = "console.log"  # in a twin's folder: all that its module said


class Heard:
    """What the module says while a test runs.

    lines: what our client heard. Of a twin its console is looked at instead, which also holds what nobody read.
    """

    def __init__(self, rig: Rig):
        self.lines: list[str] = []
        self.listen_to(rig)

    def listen_to(self, rig: Rig) -> None:
        """From now on to that rig's module."""
        self._console = rig.twin.state_dir / CONSOLE if rig.twin else None
        self._from = self._console.stat().st_size if self._console else 0

    def line(self, line: str) -> None:
        """For `Module(on_log=...)`."""
        self.lines.append(line)

    def text(self, item: pytest.Item) -> str:
        """All of it, the frames between the lines left out."""
        if self._console:
            with self._console.open("rb") as file:
                file.seek(self._from)
                return "\n".join(_readable(file.read()))
        lines = list(self.lines)
        dut = getattr(item, "funcargs", {}).get("dut")
        if dut is not None:
            lines = list(_readable(Path(dut.logfile).read_bytes()))
        return "\n".join(lines)


def _readable(said: bytes) -> Iterator[str]:
    for line in said.split(b"\n"):
        if text := re.split(b"|".join(map(re.escape, (START, CONTINUE))), line)[0].strip(b"\r\0"):
            yield text.decode(errors="replace")


def add_log(report: pytest.TestReport, heard: Heard, item: pytest.Item) -> None:
    """The module's log into the report of a test that failed."""
    text = heard.text(item) or "The module said nothing."
    report.sections.append((LOG, text[-MOST_CHARACTERS:]))


def burst(rig: Rig, folder: Path, name: str) -> list[dict[str, Any]]:
    """A burst of what stands before the module now, kept in the folder: as extras of pytest-html.

    A burst shows a face: it is taken only where somebody asked for it.
    """
    from pytest_html import extras

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (re.sub(r"[^\w.-]+", "_", name) + ".npz")
    words = ["capture", "-p", rig.port, "-o", str(path), "--force"]
    words += ["--keyring", str(rig.keyring)] if rig.keyring else []
    done = subprocess.run(
        [sys.executable, "-m", "dermis_host.cli", *words], capture_output=True, text=True, timeout=BURST_S
    )
    if done.returncode:
        return [extras.text(done.stderr, name="no burst")]
    data = base64.b64encode(path.read_bytes()).decode()
    kept = [extras.url(f"data:application/octet-stream;base64,{data}", name=path.name)]
    if (sheet := path.with_suffix(".png")).exists():
        kept.append(extras.png(base64.b64encode(sheet.read_bytes()).decode(), name="the burst"))
    return kept
