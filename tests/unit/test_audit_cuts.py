"""A cut of power and failures at writes of the flash, on MicroPython's LittleFS: the audit log is whole afterwards.

Every write of every scenario: `python -m tests.bench audit-power`.
"""

from __future__ import annotations

import os
import subprocess

from test_under_micropython import FIRMWARE, HERE, micropython

STEP = 5  # every so many writes, and each of the last ones of a scenario


def run(file: str, *arguments: str) -> list[str]:
    result = subprocess.run(
        [micropython(), "-X", "heapsize=64m", str(HERE / file), *arguments],
        env={**os.environ, "MICROPYPATH": f"{FIRMWARE}:{FIRMWARE / 'lib'}:{HERE}:.frozen"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    # Files that a cut left open say so when their memory is collected.
    return [line for line in result.stdout.splitlines() if not line.startswith("OSError")]


def test_the_log_is_whole_after_a_cut():
    told = run("audit_cuts.py", str(STEP))
    assert len(told) == 8 and told[0] == "full partition: the chain holds", told
    assert all(" cuts; " in line and " 0 cuts" not in line for line in told[1:]), told


def test_the_log_is_whole_after_a_chip_that_did_not_answer():
    (told,) = run("audit_failures.py")
    assert "all told; the chain holds" in told
