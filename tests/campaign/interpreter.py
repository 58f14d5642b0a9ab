"""The MicroPython that campaigns run."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

FIRMWARE = Path(__file__).parents[2] / "firmware"


def micropython() -> str:
    """Path of the interpreter: DERMIS_MICROPYTHON, one on the path, or one beside this Python."""
    found = os.environ.get("DERMIS_MICROPYTHON") or shutil.which("micropython")
    beside = Path(sys.executable).parent / "micropython"
    if not found and beside.exists():
        found = str(beside)
    if not found:
        raise SystemExit("There is no micropython for this platform; name one by DERMIS_MICROPYTHON.")
    return found


def environment() -> dict[str, str]:
    return {**os.environ, "MICROPYPATH": f"{FIRMWARE}:{FIRMWARE / 'lib'}:.frozen"}
