"""The Coral's machine: who it is, who watches it, what is done when it has ended, and how it is composed."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
from dermis import main as firmware
from dermis.core.errors import BadInput, SensorFault
from dermis.drivers import coral_board, coral_stopped
from dermis.drivers.composed import Drivers
from dermis.drivers.storage.coral import open_folder
from dermis.drivers.system import coral
from dermis.drivers.system.coral import CoralSystem
from dermis_hw.boards import board_file

from tests.fakes.coral.module import Dm1, dm1

BOARD = board_file("coral")


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No systemd, no serial number, no earlier stop."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setattr(coral, "SERIALS", (str(tmp_path / "first"), str(tmp_path / "second")))
    monkeypatch.setattr(coral, "BOOT_STATUS", str(tmp_path / "bootstatus"))
    monkeypatch.setattr(coral_stopped, "NOTE", str(tmp_path / "stopped"))
    return tmp_path


def test_the_serial_number_is_the_owners_else_the_boards_else_asked_for(nowhere):
    with pytest.raises(SensorFault, match="`serial`"):
        CoralSystem(BOARD).serial()
    (nowhere / "first").write_bytes(b"0000000000000000\0")  # a number that nobody gave
    (nowhere / "second").write_bytes(b"41 1B7C\x01EDF\n")
    assert CoralSystem(BOARD).serial() == "411B7CEDF"
    (nowhere / "first").write_bytes(b"x" * 50)
    assert len(CoralSystem(BOARD).serial()) == coral.LONGEST_SERIAL
    assert CoralSystem(BOARD | {"serial": "DM1-7"}).serial() == "DM1-7"


@pytest.mark.parametrize(("status", "cause"), [("32", "watchdog"), ("0", "power_on"), ("?", "power_on")])
def test_a_start_of_the_machine_is_its_watchdogs_or_its_powers(nowhere, status, cause):
    (nowhere / "bootstatus").write_text(status)
    assert CoralSystem(BOARD).reset_cause() == cause
    (nowhere / "stopped").write_text("crash")  # since then the service itself has ended
    assert CoralSystem(BOARD).reset_cause() == "crash"


def test_without_systemd_it_opens_the_machines_watchdog(nowhere, monkeypatch):
    asked = []
    device = nowhere / "watchdog"
    device.touch()
    monkeypatch.setattr(coral.fcntl, "ioctl", lambda _descriptor, request, seconds: asked.append((request, seconds)))
    system = CoralSystem(BOARD | {"devices": BOARD["devices"] | {"watchdog": str(device)}})
    system.feed()
    assert device.read_bytes() == b"", "nobody started it"
    system.start_watchdog(60_000)
    system.feed()
    system.start_watchdog(24 * 3_600_000)
    assert asked == [(coral.SET_TIMEOUT, struct.pack("i", seconds)) for seconds in (60, 128)]
    assert device.read_bytes() == b"\0" * 3  # never the letter that stops it


def test_where_nobody_watches_it_says_so(nowhere):
    system = CoralSystem(BOARD | {"devices": BOARD["devices"] | {"watchdog": str(nowhere / "none")}})
    with pytest.raises(SensorFault, match="dermis-module"):
        system.start_watchdog(1000)


def test_a_systemd_that_is_deaf_is_told(nowhere, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(nowhere / "nobody"))
    with pytest.raises(SensorFault, match="systemd"):
        CoralSystem(BOARD).start_watchdog(1000)


# What is done after a stop.


@pytest.fixture
def stopped(nowhere, monkeypatch):
    """A machine whose module has died with a light and the relay on; (machine, runs the helper)."""
    (nowhere / "board.json").write_text(json.dumps(BOARD))
    monkeypatch.setenv("DERMIS_BOARD", str(nowhere / "board.json"))
    with dm1() as module:
        for name in ("light_pulse", "swir_pulse", "relay"):
            pin = module.machine.pins[module.machine.numbers[name]]
            pin.mode, pin.latch = "out", 1
        for name in ("wiegand_d0", "wiegand_d1"):
            pin = module.machine.pins[module.machine.numbers[name]]
            pin.mode, pin.latch = "out", 0
        yield module.machine, coral_stopped.main


def test_after_every_end_it_is_dark_and_the_relay_open(stopped):
    machine, end = stopped
    assert end() == 0
    levels = {name: machine.level_of(name) for name in coral_stopped.IDLE}
    assert levels == {"light_pulse": 0, "swir_pulse": 0, "relay": 0, "wiegand_d0": 1, "wiegand_d1": 1}
    assert machine.taken == set(), "the next start finds them free"


def test_every_line_that_can_do_something_is_put_back():
    from dermis_hw.boards.wiring import wired

    outputs = {pin.name: pin.idle for pin in wired("coral").pins.values() if pin.direction == "out"}
    assert outputs == coral_stopped.IDLE


@pytest.mark.parametrize(
    ("result", "status", "cause"),
    [
        ("exit-code", "75", "software"),
        ("success", "0", "software"),
        ("exit-code", "1", "crash"),
        ("signal", "SEGV", "crash"),
        ("oom-kill", "KILL", "crash"),
        ("watchdog", "KILL", "watchdog"),
        ("", "", "crash"),
    ],
)
def test_the_reason_of_a_stop_is_the_next_starts_cause(stopped, monkeypatch, result, status, cause):
    _, end = stopped
    monkeypatch.setenv("SERVICE_RESULT", result)
    monkeypatch.setenv("EXIT_STATUS", status)
    assert end() == 0
    assert CoralSystem(BOARD).reset_cause() == cause


def test_what_could_not_be_done_is_said_and_the_rest_is_done(stopped, monkeypatch, capsys):
    machine, end = stopped
    machine.missing.add("/dev/gpiochip0")
    assert end() == 1
    assert machine.level_of("relay") == 0
    assert capsys.readouterr().err.count("/dev/gpiochip0") == 3  # one a line
    pins = {name: line for name, line in BOARD["pins"].items() if name != "light_pulse"} | {"swir_pulse": None}
    Path(os.environ["DERMIS_BOARD"]).write_text(json.dumps(BOARD | {"pins": pins}))
    machine.missing.clear()
    machine.pins[machine.numbers["relay"]].latch = 1
    assert end() == 1 and machine.level_of("relay") == 0
    told = capsys.readouterr().err
    assert "light_pulse" in told and "swir_pulse" in told
    monkeypatch.setenv("DERMIS_BOARD", "/nowhere/board.json")
    assert end() == 1 and "no line was driven" in capsys.readouterr().err
    monkeypatch.setattr(coral_stopped, "NOTE", "/nowhere/stopped")
    assert end() == 1 and "cannot be noted" in capsys.readouterr().err


# Composition.


@pytest.fixture
def module(nowhere, monkeypatch):
    monkeypatch.setenv("DERMIS_STORAGE", str(nowhere / "data"))
    with dm1() as made:
        yield made


def test_all_drivers_are_there_and_nothing_does_anything(module: Dm1, nowhere):
    drivers = firmware.drivers_of(BOARD | {"serial": "S1"})
    assert isinstance(drivers, tuple) and drivers._fields == Drivers._fields and None not in drivers
    machine = module.machine
    assert machine.lights.burns == [] and machine.swir_leds.burns == [] and machine.level_of("relay") == 0
    assert machine.level_of("wiegand_d0") == machine.level_of("wiegand_d1") == 1
    assert drivers.camera.identity() == "Grey Imager-0123456789ab" and drivers.swir.identity() == "mcp3221-S1"
    drivers.storage.write("keys", b"secret")
    assert os.stat(nowhere / "data").st_mode & 0o077 == 0, "others may look into the keys"


def test_a_dead_i2c_bus_keeps_no_module_from_starting(module: Dm1):
    module.machine.held_low = True
    drivers = firmware.drivers_of(BOARD | {"serial": "S1"})
    drivers.emitters.dark()
    assert drivers.lock
    drivers.lock.safe()
    assert drivers.camera.identity() == ""
    with pytest.raises(SensorFault, match="expander"):
        drivers.emitters.pulse("850", 256, 1000)
    module.machine.held_low = False
    drivers.emitters.pulse("850", 256, 1000)
    assert module.machine.lights.burning() == "850"


def test_a_second_firmware_gets_no_line(module: Dm1):
    firmware.drivers_of(BOARD)
    with pytest.raises(SensorFault, match="busy"):
        firmware.drivers_of(BOARD)


@pytest.mark.parametrize("missing", ["pins", "i2c", "devices", "one_shots", "link"])
def test_a_board_file_of_another_kind_is_refused(module: Dm1, missing):
    with pytest.raises(BadInput, match=r"install\.sh"):
        coral_board.drivers({name: value for name, value in BOARD.items() if name != missing})


def test_a_data_folder_that_cannot_be_had_fails_in_everything(tmp_path):
    (tmp_path / "file").touch()
    storage = open_folder(str(tmp_path / "file" / "data"))
    for work in (lambda: storage.read("x"), lambda: storage.write("x", b""), storage.names):
        with pytest.raises(OSError):
            work()


def test_what_is_written_is_on_the_disk_before_its_name(tmp_path, monkeypatch):
    order = []
    real_fsync, real_rename = os.fsync, os.rename
    monkeypatch.setattr(os, "fsync", lambda descriptor: (order.append(_name_of(descriptor)), real_fsync(descriptor)))
    monkeypatch.setattr(os, "rename", lambda old, new: (order.append("rename"), real_rename(old, new)))
    storage = open_folder(str(tmp_path / "data"))
    storage.write("cal", b"1" * 5000)
    assert order == ["cal.new", "rename", "data"]
    storage.append("cal", b"2")
    assert order[3:] == order[:3] and storage.read("cal") == b"1" * 5000 + b"2"


def _name_of(descriptor: int) -> str:
    return os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))
