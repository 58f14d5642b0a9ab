"""The ESP32-S3's drivers run under MicroPython itself, and cost little of its heap."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from dermis_hw.boards import board_json

from tests.unit.test_under_micropython import micropython

HERE = Path(__file__).parent / "on_micropython"
FIRMWARE = Path(__file__).parents[2] / "firmware"
# From sources on a machine of 64 bits, which takes about twice what compiled modules take on the device.
MOST_HEAP = 64 * 1024


def test_the_drivers_run_under_micropython(tmp_path):
    board = tmp_path / "board.json"
    board.write_bytes(board_json("esp32s3"))
    result = subprocess.run(
        [micropython(), "-X", "heapsize=2m", str(HERE / "drive.py"), str(board)],
        env={**os.environ, "MICROPYPATH": f"{HERE}:{FIRMWARE}:{FIRMWARE / 'lib'}:.frozen"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    heap, done = result.stdout.split("\n")[:2]
    assert done == "done"
    assert int(heap.split()[1]) < MOST_HEAP, heap
