"""A cut of power at writes of an update, by the first stage and the firmware on MicroPython's LittleFS: a whole image
runs afterwards, and an update begun anew comes to its end.

Every write: `python -m tests.bench update-power`.
"""

from __future__ import annotations

import os
import subprocess

import update_cut_images
from test_under_micropython import FIRMWARE, HERE, micropython

STEP = 41  # every so many writes, and each of the last ones of a scenario
SCENARIOS = 14


def test_a_whole_image_runs_after_a_cut(tmp_path):
    update_cut_images.write(tmp_path)
    result = subprocess.run(
        [micropython(), "-X", "heapsize=64m", str(HERE / "update_cuts.py"), str(tmp_path), str(STEP)],
        env={**os.environ, "MICROPYPATH": f"{FIRMWARE}:{FIRMWARE / 'lib'}:{HERE}:.frozen"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    # Files that a cut left open say so when their memory is collected.
    told = [line for line in result.stdout.splitlines() if not line.startswith("OSError")]
    assert len(told) == SCENARIOS + 2 and told[-1].endswith("cuts in all"), told
    assert all(" cuts, " in line and " 0 cuts" not in line for line in told[1:-1]), told
    for scenario, other in (("mark:", "0.2.0 on trial"), ("test boot, then confirmed:", "times 0.2.0")):
        (line,) = [line for line in told if line.startswith(scenario)]
        assert "times 0.1.0" in line and other in line, line
