"""What a chip starts: nothing when it is blank, what was flashed when it is not, and never the checkout beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dermis.first_stage import contents
from dermis_host.building import sources
from dermis_host.building.targets import target
from dermis_host.flashing import partition_table
from dermis_host.flashing.stand_in import stand_in
from dermis_hw.twin import Twin

from tests.twin.conftest import wait_for
from tests.twin.flashed import boot_partition, runtime, write_parts

FIRST_STAGE = Path(contents.__file__).parent


def _said(twin: Twin) -> list[dict]:
    """The lines of JSON that the programs of this twin have printed."""
    lines = (twin.state_dir / "console.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.fixture
def flashed(make_twin, tmp_path):
    """A twin whose boot partition holds these sources."""

    def make(files: dict[str, str], **options) -> Twin:
        write_parts(tmp_path / "flashed", {"runtime": runtime(), "boot": boot_partition(files)})
        return make_twin("flashed", **options)

    return make


def _drivers() -> dict[str, str]:
    """The sources of the first stage's modules, for a `main.py` of the test's own."""
    return {str(place): text.decode() for place, text in sources.boot(target("twin")).items()}


def test_boot_and_main_run_from_flash_and_see_nothing_else(flashed):
    twin = flashed(
        {
            "boot.py": "import json\nfirst = 'boot'\n",
            "main.py": "import os, sys\n"
            "print(json.dumps({'first': first, 'files': sorted(os.listdir('/')), 'path': sys.path}))\n"
            "try:\n    import dermis.main\nexcept ImportError:\n    print(json.dumps({'dermis': False}))\n"
            "try:\n    open('/new', 'w')\nexcept OSError as e:\n"
            "    print(json.dumps({'errno': e.errno}))\n"
            "print(json.dumps({'board': os.getenv('DERMIS_BOARD'), 'model': os.getenv('DERMIS_MODEL')}))\n",
        }
    )
    facts: dict = {}
    for line in wait_for(lambda: len(said := _said(twin)) == 4 and said, "what main.py says"):
        facts |= line
    assert facts["first"] == "boot" and facts["files"] == ["boot.py", "main.py"]
    assert facts["path"] == ["", ".frozen", "/lib"]
    assert facts["dermis"] is False, "the checkout's sources were to be had"
    assert facts["errno"] and facts["board"] is None and facts["model"] is None
    assert twin.status()["from_flash"]


def test_a_program_from_flash_resets_the_chip(flashed):
    twin = flashed({"main.py": "import machine\nprint('{\"up\": 1}')\nmachine.reset()\n"})
    wait_for(lambda: twin.status()["boots"] >= 3, "a few resets")
    assert _said(twin)[:2] == [{"up": 1}, {"up": 1}]


def test_a_watchdog_that_is_not_fed_resets_and_says_so(flashed):
    program = (
        "import json, struct, time\n"
        "from dermis.core import twin_wire as wire\n"
        "from dermis.drivers.twin_channel import open_channel\n"
        "channel = open_channel()\n"
        "print(json.dumps({'cause': channel.hello['reset_cause']}))\n"
        "def feed(ms):\n    channel.ask(wire.WATCHDOG, struct.pack(wire.WATCHDOG_REQUEST, ms))\n"
        "if channel.hello['reset_cause'] == 'power_on':\n"
        "    for _ in range(4):\n        feed(200)\n        time.sleep(0.1)\n"
        "    print(json.dumps({'fed': True}))\n"
        "    time.sleep(60)\n"
        "try:\n    feed(0)\nexcept Exception as e:\n    print(json.dumps({'refused': str(e)}))\n"
        "feed(600000)\n"
        "time.sleep(60)\n"
    )
    twin = flashed(_drivers() | {"main.py": program})
    said = wait_for(lambda: len(lines := _said(twin)) == 4 and lines, "the watchdog")
    assert [line.get("cause") for line in said] == ["power_on", None, "watchdog", None]
    assert said[1] == {"fed": True}, "the watchdog bit although it was fed"
    assert "cannot be stopped" in said[3]["refused"]


def test_a_file_system_of_the_first_stage_outlives_it(flashed):
    """Frames are under way on the module's channel while files are read on the flash chip's."""
    program = (
        "import gc, json, struct, sys\n"
        "from dermis.core import twin_wire as wire\n"
        "from dermis.drivers import twin_channel\n"
        "first = twin_channel.open_channel()\n"
        "flash = twin_channel.open_flash_channel()\n"
        "flash.ask(wire.FLASH_READ, struct.pack(wire.FLASH_READ_REQUEST, 0, 4))\n"
        "for name in [name for name in sys.modules if name.startswith('dermis')]:\n    del sys.modules[name]\n"
        "del first, flash, twin_channel\n"
        "gc.collect()\n"
        "from dermis.drivers import twin_channel\n"
        "channel = twin_channel.open_channel()\n"
        "waiting = channel._send(wire.TEMPERATURE, b'', None, 0)\n"
        "import late\n"
        "while not waiting.done:\n    channel._take()\n"
        "print(json.dumps({'late': late.HERE, 'bytes': len(waiting.answer)}))\n"
    )
    twin = flashed(_drivers() | {"main.py": program, "late.py": "HERE = 'x' * 3000\n"})
    (said,) = wait_for(lambda: _said(twin), "the late file")
    assert said == {"late": "x" * 3000, "bytes": 2}


def test_a_boot_partition_without_files_is_said_again_and_again(make_twin, tmp_path):
    folder = tmp_path / "no_boot"
    write_parts(folder, {"runtime": runtime()})
    make_twin("no_boot")
    log = folder / "console.log"
    wait_for(lambda: log.read_text().count("holds no file system") == 2, "the complaint after the next start")
    assert ">>>" not in log.read_text(), "the prompt was open"


@pytest.mark.parametrize("lost", ["dermis/boot.py", "dermis/first_stage/launch.py"])
def test_a_boot_partition_that_lacks_a_module_does_not_end_at_the_prompt(flashed, lost):
    files = {name: text for name, text in _drivers().items() if name != lost}
    assert len(files) == len(_drivers()) - 1
    for name in contents.AT_ROOT:
        files[f"{name}.py"] = (FIRST_STAGE / f"{name}.py").read_text()
    twin = flashed(files | {"hardware.json": '{"board": "twin", "revision": 1}'})
    wait_for(lambda: twin.status()["boots"] >= 2, "the next start")
    said = (twin.state_dir / "console.log").read_text()
    assert "ImportError" in said and ">>>" not in said


def test_the_partition_table_in_flash_says_where_boot_lies(make_twin, tmp_path):
    """As MicroPython's builds bring it, the table names another place, or none."""
    folder = tmp_path / "tables"
    write_parts(folder, {"runtime": stand_in(), "boot": boot_partition({"main.py": "print('up')"})})
    twin = make_twin("tables")
    log = folder / "console.log"
    wait_for(lambda: "holds no file system" in log.read_text(), "a file system that lies elsewhere")
    twin.stop()
    write_parts(folder, {"runtime": stand_in()[: partition_table.OFFSET]})
    make_twin("tables")
    wait_for(lambda: "names no partition vfs" in log.read_text(), "the missing table")


def test_cpython_stands_in_for_no_runtime(make_twin, tmp_path):
    write_parts(tmp_path / "cpython", {"runtime": runtime()})
    twin = make_twin("cpython", interpreter="cpython")
    assert twin.status()["state"] == "held"
    assert "needs a MicroPython to stand in for it" in "".join(twin.log_lines)


def test_a_blank_chip_waits_and_stays_blank_without_sources(make_twin, tmp_path):
    link = tmp_path / "module"
    twin = make_twin("blank", blank=True, pty=link)
    status = twin.status()
    assert status["state"] == "empty" and not status["from_flash"] and status["module_pid"] is None
    with open(link, "rb", buffering=0) as port:
        heard = b""
        while b"invalid header" not in heard:
            heard += port.read(4096)
    assert b"ESP-ROM:esp32s3" in heard and b"invalid header: 0xffffffff" in heard
    twin.reset()
    assert twin.status()["state"] == "empty"
    twin.enter_loader()
    assert twin.status()["state"] == "loader"


def test_blank_erases_what_lay_in_the_folder(flashed, make_twin):
    twin = flashed({"main.py": ""})
    assert twin.status()["from_flash"]
    twin.stop()
    assert make_twin("flashed", blank=True).status()["state"] == "empty"


def test_a_twin_from_sources_needs_no_runtime(make_twin):
    status = make_twin().status()
    assert status["state"] == "running" and not status["from_flash"]
