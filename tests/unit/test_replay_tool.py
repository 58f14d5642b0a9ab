"""`dermis.tools.replay`: jobs and their results, the same under CPython and MicroPython."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import synthetic
from dermis.core.burst import Burst
from dermis_hw.boards import board_json
from test_under_micropython import FIRMWARE, micropython

NAMES = ("dark", "850", "970", "1050", "dots", "850b")


@pytest.fixture
def job(tmp_path):
    rng = np.random.default_rng(1)
    files = {}
    for name in NAMES:
        pixels = rng.integers(4, 40, (240, 320), np.uint8)
        pixels.tofile(tmp_path / f"{name}.bin")
        files[name] = f"{name}.bin"
    burst = Burst()
    burst.exposure_us, burst.dark_levels = 6000, (100, 9000)
    meta = burst.header()
    sound = {"meta": meta, "frames": files, "calibration": ""}
    short = dict(files, dark="short.bin")
    (tmp_path / "short.bin").write_bytes(b"1234")
    (tmp_path / "board.json").write_bytes(board_json("twin"))
    bursts = [
        sound,
        dict(sound, frames=short),
        dict(sound, frames={"green": "dark.bin"}),
        {"frames": files},
        dict(sound, calibration="lost.bin"),
        sound,
    ]
    write(tmp_path, {"bursts": bursts, "board": "board.json", "model": None, "features_only": False})
    return tmp_path


def write(folder, job):
    (folder / "job.json").write_text(json.dumps(job))


def run(interpreter, folder):
    """(exit status, results without times, stderr)."""
    command = [interpreter, "-m", "dermis.tools.replay", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(FIRMWARE)}
    if "micropython" in os.path.basename(interpreter):
        command[1:1] = ["-X", "heapsize=2m"]
        environment["MICROPYPATH"] = f"{FIRMWARE}:{FIRMWARE / 'lib'}:.frozen"
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    path = folder / "results.jsonl"
    results = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    for result in results:
        result.pop("stages_us", None)
    return done.returncode, results, done.stderr


def test_every_burst_gets_a_line_and_bad_ones_a_sentence(job):
    status, results, _ = run(sys.executable, job)
    assert status == 1 and len(results) == 6
    assert ["error" in result for result in results] == [False, True, True, True, True, False]
    for result in results:
        if "error" in result:
            assert ";" in result["error"]
        else:
            assert result["verdict"] == "no_decision" and "not_calibrated" in result["reasons"]
            assert ["no_decision", "moving"] in result["findings"]
    again = run(micropython(), job)
    assert again[0] == 1 and again[1] == results


def test_a_record_is_found_again_after_one_that_is_none(job):
    """The record is kept from burst to burst: a bad one in between must not stand for it."""
    (job / "sound.bin").write_bytes(synthetic.file())
    (job / "damaged.bin").write_bytes(b"damaged")
    told = json.loads((job / "job.json").read_text())
    bursts = [dict(told["bursts"][0], calibration=name) for name in ("sound.bin", "damaged.bin", "sound.bin")]
    write(job, dict(told, bursts=bursts))
    status, results, _ = run(sys.executable, job)
    assert status == 1 and "DRMCAL2" in results[1]["error"]
    assert results[0] == results[2] and ["no_decision", "not_calibrated"] not in results[0]["findings"]


def test_features_only(job):
    told = json.loads((job / "job.json").read_text())
    write(job, dict(told, features_only=True, bursts=told["bursts"][:1]))
    status, results, _ = run(sys.executable, job)
    assert status == 0 and "verdict" not in results[0] and results[0]["usable"] is False
    assert len(results[0]["maps"]) == 2 * 28 * 24 * 5 and len(results[0]["spectra"]) == 20


@pytest.mark.parametrize("change", [{"board": "lost.json"}, {"model": "lost.tflite"}, {"bursts": None}, None])
def test_a_job_that_cannot_be_run_is_one_sentence_and_status_2(job, change):
    told = json.loads((job / "job.json").read_text())
    if change is None:
        (job / "job.json").unlink()
    elif change == {"bursts": None}:
        del told["bursts"]
        write(job, told)
    else:
        write(job, dict(told, **change))
    status, _, stderr = run(sys.executable, job)
    assert status == 2 and stderr.count("\n") == 1 and "Traceback" not in stderr
