"""`python -m dermis.tools.infer JOB_DIR`, under CPython and MicroPython, on a good job and on bad ones."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import packs
import pytest

FIRMWARE = Path(__file__).parents[3] / "firmware"
MAPS, SPECTRA = 28 * 24 * 5, 10


def command(interpreter):
    if interpreter == "cpython":
        return [sys.executable]
    beside = Path(sys.executable).parent / "micropython"
    found = os.environ.get("DERMIS_MICROPYTHON") or (str(beside) if beside.exists() else shutil.which("micropython"))
    if not found:
        pytest.skip("no micropython for this platform; DERMIS_MICROPYTHON names one")
    return [found, "-X", "heapsize=8m"]


def run(folder, interpreter="cpython"):
    """(exit code, result.json); nothing may be printed."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(FIRMWARE),
        "MICROPYPATH": f"{FIRMWARE}:{FIRMWARE / 'lib'}:.frozen",
    }
    done = subprocess.run(
        [*command(interpreter), "-m", "dermis.tools.infer", str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout + done.stderr == ""
    return done.returncode, json.loads((folder / "result.json").read_text())


@pytest.fixture
def job(tmp_path):
    """A folder with the two-input model and all of its vectors as one batch; `expected` beside them."""
    [(_, file, vectors, count)] = packs.read("two_inputs")
    (tmp_path / "model.tflite").write_bytes(file)
    width = len(vectors) // count
    rows = [vectors[width * n : width * (n + 1)] for n in range(count)]
    (tmp_path / "input_0.bin").write_bytes(b"".join(row[:MAPS] for row in rows))
    (tmp_path / "input_1.bin").write_bytes(b"".join(row[MAPS : MAPS + SPECTRA] for row in rows))
    (tmp_path / "expected").write_bytes(b"".join(row[MAPS + SPECTRA :] for row in rows))
    write_job(tmp_path, batch=count)
    return tmp_path


def write_job(folder, **changes):
    job = {"model": "model.tflite", "batch": 4, "inputs": ["input_0.bin", "input_1.bin"], **changes}
    (folder / "job.json").write_text(json.dumps({key: value for key, value in job.items() if value is not None}))


@pytest.mark.parametrize("interpreter", ["cpython", "micropython"])
def test_a_batch(job, interpreter):
    code, result = run(job, interpreter)
    assert code == 0
    assert (job / "output_0.bin").read_bytes() == (job / "expected").read_bytes()
    assert result["batch"] == 4
    [output] = result["outputs"]
    assert {key: output[key] for key in ("file", "shape", "dtype", "scale", "zero_point")} == {
        "file": "output_0.bin",
        "shape": [1, 1],
        "dtype": "int8",
        "scale": 1 / 256,
        "zero_point": -128,
    }
    assert [entry["shape"] for entry in result["inputs"]] == [[1, 28, 24, 5], [1, 10]]
    assert [entry["scale"] for entry in result["inputs"]] == [1.0, 1.0]
    assert result["macs"] == sum(entry["macs"] for entry in result["profile"])
    assert result["profile"][0]["op"] == "CONV_2D" and result["arena_bytes"] > 0
    assert result["load_us"] > 0


def test_an_absolute_path_of_the_model(job):
    write_job(job, model=str(job / "model.tflite"))
    assert run(job)[0] == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "nowhere.tflite"}, ["nowhere.tflite cannot be read"]),
        ({"model": "input_0.bin"}, ["not a .tflite"]),
        ({"model": None}, ["names the model"]),
        ({"inputs": None}, ["list the files"]),
        ({"inputs": ["input_0.bin"]}, ["takes 2 inputs, not 1"]),
        ({"inputs": ["input_1.bin", "input_0.bin"]}, ["input_1.bin must hold 4 times 3360 bytes"]),
        ({"inputs": ["input_0.bin", "gone.bin"]}, ["gone.bin cannot be read"]),
        ({"batch": 5}, ["input_0.bin must hold 5 times 3360 bytes"]),
        ({"batch": 3}, ["input_0.bin must hold 3 times 3360 bytes"]),
        ({"batch": 0}, ["batch", "at least 1"]),
        ({"batch": "4"}, ["batch", "whole number"]),
    ],
)
def test_bad_jobs_get_a_sentence(job, changes, words):
    write_job(job, **changes)
    code, result = run(job)
    assert code == 1 and list(result) == ["error"]
    for word in words:
        assert word in result["error"]


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00"])
def test_a_job_that_is_none(job, text):
    (job / "job.json").write_text(text)
    code, result = run(job)
    assert code == 1 and "job.json" in result["error"]


def test_a_bad_job_under_micropython(job):
    write_job(job, batch=5)
    code, result = run(job, "micropython")
    assert code == 1 and "must hold 5 times" in result["error"]
