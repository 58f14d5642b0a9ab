"""Cuts of power at every write of the flash of an update: upload, mark, test boot, confirm, going back.

`python -m tests.bench update-power`: the first stage's and the firmware's own code under MicroPython, on LittleFS and
two slots of a chip in memory, with small images; simulated.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "unit"
MICROPYTHON = Path(sys.executable).parent / "micropython"


def main() -> None:
    """Prints what was cut and found, a line a scenario. Exits with 1 when anything but a whole image ran."""
    sys.path.insert(0, str(UNIT))
    import update_cut_images  # type: ignore[import-not-found]

    with tempfile.TemporaryDirectory() as folder:
        update_cut_images.write(Path(folder))
        path = f"{ROOT / 'firmware'}:{ROOT / 'firmware' / 'lib'}:{UNIT}:.frozen"
        command = [str(MICROPYTHON), "-X", "heapsize=64m", str(UNIT / "update_cuts.py"), folder, "1"]
        environment = {**os.environ, "MICROPYPATH": path}
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for line in process.stdout:
                if not line.startswith("OSError"):  # a file that a cut left open, when its memory is collected
                    print("  " + line, end="", flush=True)
    if process.returncode:
        raise SystemExit(1)
