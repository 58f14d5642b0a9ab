"""CPython and MicroPython in its 2 MiB give the same evidence, findings and features, bit for bit, and in time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import synthetic
from dermis.core import vocabulary
from test_under_micropython import micropython

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[1] / "firmware"
# Limits of the project's plan, wide enough for a busy machine.
MICROPYTHON_MS, CPYTHON_MS = 400, 15000
# Six frames, the record and every buffer of the analysis; of 2 MiB, because the rest of the firmware needs room too.
HEAP_BYTES = 1400 * 1024
SURFACES = {"head": synthetic.head, "bent_sheet": synthetic.bent_sheet}


def outcome(command, folder):
    result = subprocess.run(
        [*command, str(HERE / "analyse_files.py"), str(folder)],
        env={**os.environ, "MICROPYPATH": f"{HERE}:{FIRMWARE}:{FIRMWARE / 'lib'}:.frozen"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    answer, figures = result.stdout.splitlines()
    took_ms, used = figures.split()
    return json.loads(answer), int(took_ms), int(used)


@pytest.mark.parametrize("name", SURFACES)
def test_both_interpreters_agree(name, tmp_path):
    burst = synthetic.make(SURFACES[name], ambient=3000)
    record = synthetic.file()
    (tmp_path / "record").write_bytes(record)
    (tmp_path / "record_size").write_text(str(len(record)))
    (tmp_path / "header").write_text(json.dumps(burst.header()))
    for frame in vocabulary.FRAMES:
        (tmp_path / frame).write_bytes(burst.frames[frame])
    device, device_ms, used = outcome([micropython(), "-X", "heapsize=2m"], tmp_path)
    host, host_ms, _ = outcome([sys.executable], tmp_path)
    assert device == host
    assert device_ms < MICROPYTHON_MS and host_ms < CPYTHON_MS
    assert used < HEAP_BYTES
