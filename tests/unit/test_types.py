"""That `make lint` would see it: a forgotten await, a wrong type, a constant that the chip's interpreter has not."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIGURATION = "pyrightconfig-esp32s3.json"
STUBS = "typings-esp32s3"
ELSEWHERE = ("twin", "coral")  # boards whose drivers the other configuration checks
AWAITED = re.compile(r"^( *)await (?!asyncio\.gather)")
PLANTED = '''"""Mistakes, a line each."""

import machine
from camera import Camera, PixelFormat
from esp32 import RMT

from dermis.drivers.camera import Camera as Contract

machine.Pin(14, machine.Pin.OUTPUT)
machine.I2C(0, freq="fast")
RMT(0, pinn=machine.Pin(14))
machine.PWM(machine.Pin(21), freq=1000, duty_u16=0.5)
Camera(data_pins=[1, 2], pixel_format=PixelFormat.GREY)
machine.WDT(timeout=1000).stop()


class Wrong(Contract):
    async def start(self, exposure_us: str, gain_q8: int, buffers: int = 2) -> None: ...
    def identity(self) -> int:
        return 1
'''
PLANTED_AT = "firmware/dermis/drivers/esp32s3_planted.py"
MISTAKES = (9, 10, 11, 12, 13, 14, 18, 19)  # lines of these


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> tuple[Path, set[tuple[str, int]], Counter]:
    """Of a copy of the firmware in which no statement awaits what it calls, and with the planted driver: its folder,
    the awaits that were taken out (file, line), and the errors found there."""
    if not (ROOT / STUBS).is_dir():
        pytest.skip(f"there is no {STUBS}; `make {STUBS}` fetches it")
    folder = tmp_path_factory.mktemp("types")
    shutil.copytree(ROOT / "firmware", folder / "firmware", ignore=shutil.ignore_patterns("__pycache__"))
    taken_out = set()
    for path in sorted((folder / "firmware/dermis").rglob("*.py")):
        if path.stem.partition("_")[0] in ELSEWHERE:
            continue
        lines = path.read_text().splitlines(keepends=True)
        for number, line in enumerate(lines):
            if AWAITED.match(line):
                lines[number] = AWAITED.sub(r"\1", line)
                taken_out.add((path.relative_to(folder).as_posix(), number + 1))
        path.write_text("".join(lines))
    (folder / PLANTED_AT).write_text(PLANTED)
    text = (ROOT / CONFIGURATION).read_text()
    for here, there in (
        (f'"{STUBS}"', json.dumps(str(ROOT / STUBS))),
        ('"venvPath": "."', f'"venvPath": {json.dumps(str(ROOT))}'),
        ('["firmware/dermis"]', json.dumps(sorted({where for where, _ in taken_out} | {PLANTED_AT}))),  # it takes time
    ):
        assert here in text
        text = text.replace(here, there)
    (folder / CONFIGURATION).write_text(text)
    pyright = Path(sys.executable).parent / "pyright"
    ended = subprocess.run(
        [pyright, "-p", folder / CONFIGURATION, "--outputjson"], capture_output=True, text=True, timeout=150
    )
    found: Counter = Counter()
    for one in json.loads(ended.stdout)["generalDiagnostics"]:
        if one["severity"] == "error":
            where = Path(one["file"]).resolve().relative_to(folder.resolve()).as_posix()
            found[(where, one["range"]["start"]["line"] + 1)] += 1
    return folder, taken_out, found


def test_each_await_that_is_forgotten_is_an_error(told):
    """Where a coroutine is called and nothing is made of it: the others come to light at once."""
    folder, taken_out, found = told
    assert len(taken_out) > 40, "there must be awaits to take out"
    unseen = sorted(
        f"{where}:{line}: {(folder / where).read_text().splitlines()[line - 1].strip()}"
        for where, line in taken_out
        if not found[(where, line)]
    )
    assert not unseen, "name the type of what is awaited there:\n" + "\n".join(unseen)


def test_wrong_types_and_constants_are_errors(told):
    _, _, found = told
    lines = sorted({line for where, line in found if where == PLANTED_AT})
    assert lines == list(MISTAKES)


def test_the_firmware_itself_has_none(told):
    """Whatever else is found lies where something was taken out or planted; `make lint` asks the other files."""
    _, taken_out, found = told
    others = {place for place in found if place not in taken_out and place[0] != PLANTED_AT}
    assert not others
