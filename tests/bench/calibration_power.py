"""Cuts of power at every write of the flash while calibration records are handed over and chosen.

`python -m tests.bench calibration-power`: small records at every write (minutes), then records of a module's size at
every `WHOLE_STEP`-th and at each of the last writes of a scenario.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "unit"
MICROPYTHON = Path(sys.executable).parent / "micropython"
WHOLE_STEP = 97  # a module's record takes some 800 writes


def main() -> None:
    """Prints what was cut and found, a line a scenario. Exits with 1 when anything but one whole record was found."""
    path = f"{ROOT / 'firmware'}:{ROOT / 'firmware' / 'lib'}:{UNIT}:.frozen"
    for size, step in (("small", 1), ("whole", WHOLE_STEP)):
        print(f"{size} records, every {step}. write and the last ones", flush=True)
        command = [str(MICROPYTHON), "-X", "heapsize=64m", str(UNIT / "calibration_cuts.py"), size, str(step)]
        environment = {**os.environ, "MICROPYPATH": path}
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for line in process.stdout:
                if not line.startswith("OSError"):  # a file that a cut left open, when its memory is collected
                    print("  " + line, end="", flush=True)
        if process.returncode:
            raise SystemExit(1)
