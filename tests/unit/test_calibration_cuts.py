"""A cut of power at writes of the flash, on MicroPython's LittleFS: one whole record is in force afterwards.

Every write of every scenario, with records of a module's size: `python -m tests.bench calibration-power`.
"""

from __future__ import annotations

import os
import subprocess

from test_under_micropython import FIRMWARE, HERE, micropython

STEP = 41  # every so many writes, and each of the last ones of a scenario


def test_one_whole_record_is_in_force_after_a_cut():
    result = subprocess.run(
        [micropython(), "-X", "heapsize=32m", str(HERE / "calibration_cuts.py"), "small", str(STEP)],
        env={**os.environ, "MICROPYPATH": f"{FIRMWARE}:{FIRMWARE / 'lib'}:{HERE}:.frozen"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    # Files that a cut left open say so when their memory is collected.
    told = [line for line in result.stdout.splitlines() if not line.startswith("OSError")]
    assert len(told) == 11 and told[0] == "full flash: the record in force stays", told
    assert all(" cuts, " in line and " 0 cuts" not in line for line in told[1:]), told
