"""Unmodified tools as processes: what they are called, what they said, and that they end."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

LIMIT_S = 60.0  # of any command but a whole upload, on a busy computer: whoever waits longer believes that it hangs
COLUMNS = "1000"  # of the terminal that they believe to have: smpmgr cuts off what does not fit in
KEPT = 1500  # characters of either end of what a tool said; smpmgr prints the packet that was not answered
_COLOURS_AND_FRAMES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[─-╿⠀-⣿━•]")


@dataclass(frozen=True)
class Said:
    """Exit code, and what it said on either stream, without colours, as words one space apart."""

    code: int
    text: str


def command(tool: str) -> list[str]:
    """How to start it. Skips where it is not installed."""
    found = shutil.which(str(Path(sys.executable).parent / tool)) or shutil.which(tool)
    if not found:
        pytest.skip(f"{tool} is not installed; `make setup` installs it (smpmgr from Python 3.11 on)")
    return [found]


def start(tool: str, *words: object) -> subprocess.Popen[str]:
    """The tool, running."""
    return subprocess.Popen(
        [*command(tool), *(str(word) for word in words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "COLUMNS": COLUMNS},
    )


def ended(process: subprocess.Popen[str], limit_s: float = LIMIT_S) -> Said:
    """What it said, once it has ended. Fails, and ends it, when it does not end by itself in time."""
    try:
        said, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        pytest.fail(f"{process.args} did not end within {limit_s:g} s; it had said: {said}")
    text = " ".join(_COLOURS_AND_FRAMES.sub(" ", said).split())
    return Said(process.returncode, text if len(text) <= 2 * KEPT else f"{text[:KEPT]} ... {text[-KEPT:]}")


def run(tool: str, *words: object, limit_s: float = LIMIT_S) -> Said:
    """What came of a command, whatever it was."""
    return ended(start(tool, *words), limit_s)


def told(tool: str, *words: object, limit_s: float = LIMIT_S) -> str:
    """What a command said that must succeed."""
    said = run(tool, *words, limit_s=limit_s)
    assert said.code == 0, said
    return said.text
