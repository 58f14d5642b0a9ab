"""The ESP32-S3's drivers on a real MicroPython (the Unix port's): they compile, compose, keep time, files and 0x03."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from dermis.core import partitions
from dermis_host.device_code import FIRMWARE, find_micropython
from dermis_hw import boards

SCRIPT = Path(__file__).with_name("on_micropython.py")
CTRL_C = 3


def test_the_drivers_run_there(tmp_path):
    board = tmp_path / "board.json"
    board.write_bytes(boards.board_json("esp32s3"))
    command = [str(find_micropython()), "-X", "heapsize=2m", str(SCRIPT), str(board)]
    path = os.pathsep.join([str(FIRMWARE), str(FIRMWARE / "lib"), ".frozen"])
    finished = subprocess.run(
        command, input=b"noise\x03print(1)", capture_output=True, timeout=60, env={**os.environ, "MICROPYPATH": path}
    )
    assert finished.returncode == 0, finished.stdout.decode() + finished.stderr.decode()
    said = json.loads(finished.stdout)
    assert said["parts"] == ["clock", "camera", "link", "lock", "bus"]
    assert said["serial"] == "DM1-7CDFA1000001" and said["causes"] == ["crash", "software"]
    assert said["fed"] == 2 and said["key"] == -1 and said["released"] == CTRL_C and said["random"] == 33
    assert said["after_3000_s"] == 3000
    assert said["stored"] and said["names"] == ["cal"] and said["kept"] == "more"
    assert 0 < said["free"] < partitions.partition("data").size
    assert said["flash"] == [0xFF, 0x12, 0x34, 0xFF]
    assert [bytes(piece) for piece in said["console"]] == [b"noise\x03", b"print(1)"]
    assert said["first"] == "/data"
