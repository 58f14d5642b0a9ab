"""Cuts of power at every write of the flash while the audit log grows and while a module is given its keys.

`python -m tests.bench audit-power`; then what the log costs the flash in a day: `python -m tests.bench audit-wear`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "unit"
MICROPYTHON = Path(sys.executable).parent / "micropython"


def _run(file: str, *arguments: str) -> None:
    path = f"{ROOT / 'firmware'}:{ROOT / 'firmware' / 'lib'}:{UNIT}:.frozen"
    command = [str(MICROPYTHON), "-X", "heapsize=64m", str(UNIT / file), *arguments]
    with subprocess.Popen(command, env={**os.environ, "MICROPYPATH": path}, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        for line in run.stdout:
            if not line.startswith("OSError"):  # a file that a cut left open, when its memory is collected
                print("  " + line, end="", flush=True)
    if run.returncode:
        raise SystemExit(1)


def main() -> None:
    """Prints what was cut and found, a line a scenario. Exits with 1 when anything but a whole log was found, or a
    module that is half provisioned."""
    print("audit log: every write, before it, in the middle of it and at its very end", flush=True)
    _run("audit_cuts.py", "1")
    print("keys and states: every write, before it, in the middle of it and at its very end", flush=True)
    _run("access_cuts.py")


def wear() -> None:
    """Prints erases and programs of a day; simulated flash, LittleFS as on the module."""
    _run("audit_wear.py")
