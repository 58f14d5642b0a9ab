"""A cut of power at every write of a provisioning and of a change of state: before or after it, nothing between."""

from __future__ import annotations

import os
import subprocess

from test_under_micropython import FIRMWARE, HERE, micropython

SCENARIOS = 7


def test_a_cut_leaves_the_module_as_before_or_as_it_was_to_be():
    result = subprocess.run(
        [micropython(), "-X", "heapsize=32m", str(HERE / "access_cuts.py")],
        env={**os.environ, "MICROPYPATH": f"{FIRMWARE}:{FIRMWARE / 'lib'}:{HERE}:.frozen"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    # Files that a cut left open say so when their memory is collected.
    told = [line for line in result.stdout.splitlines() if not line.startswith("OSError")]
    assert len(told) == SCENARIOS and all(" cuts, " in line and " 0 cuts" not in line for line in told), told
