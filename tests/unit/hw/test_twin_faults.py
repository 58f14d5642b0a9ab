"""Faults of the twin, each by what it does physically: cable, lights, projector, SWIR head, flash, clock, reset."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from dermis.core import partitions, vocabulary
from dermis.core import twin_wire as wire
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1
from dermis_hw.twin import ballast, knock, synthetic
from dermis_hw.twin.cable import Noise, Wire
from dermis_hw.twin.chip import Board
from dermis_hw.twin.errors import TwinError
from dermis_hw.twin.faults import Faults
from dermis_hw.twin.flash import SECTOR, Flash
from dermis_hw.twin.imager import Imager
from dermis_hw.twin.peripherals import Peripherals, SuddenReset
from dermis_hw.twin.world import World

MODULE = ModuleInstance()
DATA = partitions.partition("data")
PAIRS = 64


class Hardware:
    """A twin's hardware without a program on it; `ask` is what a driver would."""

    def __init__(self, folder):
        self.world = World(DM1, virtual=True)
        self.world.show(synthetic.plane)
        self.flash = Flash(folder / "flash.bin")
        self.imager = Imager(DM1, MODULE, self.world, 1)
        self.peripherals = Peripherals(
            self.world,
            self.imager,
            self.flash,
            optics=DM1,
            module=MODULE,
            swir_fitted=True,
            virtual=True,
            seed=1,
            on_console=lambda ours: None,
        )
        self.faults = Faults(self.world, self.imager, self.flash, self.peripherals, Board(bytes(6)), 1)
        self.peripherals.started("power_on")
        self.ask(wire.HELLO, struct.pack(wire.HELLO_REQUEST, wire.VERSION))

    def ask(self, op: int, payload: bytes = b"", at_us: int = 1000) -> bytes:
        status, self.answered_us, answer = self.peripherals.answer(op, at_us, payload)
        assert status == wire.STATUS_OK, answer
        return answer

    def swir(self, band: int) -> float:
        index = vocabulary.SWIR_BANDS.index(band)
        answer = self.ask(wire.SWIR_READ, struct.pack(wire.SWIR_READ_REQUEST, index, PAIRS))
        on, off, _ = struct.unpack(wire.SWIR_READ_RESPONSE, answer)
        return (on - off) / PAIRS

    def burned(self, light: str) -> dict[str, float]:
        """Which light burned how long in an exposure under a pulse of that one."""
        now = self.world.now_us()
        self.world.pulse(now, light, 1.0, 10_000)
        burned = self.world.lit_us(np.array([now, now + 1000]), 5000)
        self.world.dark(now + 10_000)
        return {name: float(rows[0]) for name, rows in burned.items()}


@pytest.fixture
def hardware(tmp_path):
    made = Hardware(tmp_path)
    yield made
    made.flash.close()


# --- the cable


def rng():
    return np.random.default_rng(5)


def test_bytes_come_twice_as_often_as_the_chance_says():
    data = bytes(range(256)) * 100
    spoilt = Noise(double=0.1).spoil(data, rng())
    assert 1.08 < len(spoilt) / len(data) < 1.12
    assert bytes(dict.fromkeys(spoilt)) == bytes(range(256)), "in order, and none that was not sent"


def test_what_comes_in_one_go_comes_twice():
    assert Noise(repeat=1.0).spoil(b"packet\n", rng()) == b"packet\npacket\n"
    assert Noise().spoil(b"packet\n", rng()) == b"packet\n"


def test_a_stalled_cable_keeps_all_and_brings_it_in_order():
    now = [0.0]
    cable = Wire(rng(), lambda: now[0])
    cable.stall(2.0, after=5)
    assert cable.carry(b"abc") == b"abc" and cable.waits
    assert not cable.stalled
    assert cable.carry(b"defg") == b"de" and not cable.waits and cable.stalled
    assert cable.carry(b"hi") == b"" and cable.released() == b""
    now[0] = 2.0
    assert cable.deadline == 2.0
    assert cable.released() == b"fghi" and cable.released() == b""
    assert cable.carry(b"j") == b"j"


def test_clear_mends_the_cable():
    cable = Wire(rng())
    cable.noise = Noise(drop=1.0)
    cable.stall(60.0, after=0)
    assert cable.carry(b"abc") == b""
    cable.clear()
    assert cable.carry(b"abc") == b"abc"


# --- the lights


def test_a_dim_light_gives_its_part(hardware):
    hardware.faults.apply("dim_light", {"light": "970", "left": 0.6})
    assert hardware.burned("970") == {"970": pytest.approx(3000)}
    assert hardware.burned("850") == {"850": pytest.approx(5000)}
    hardware.faults.apply("clear", {})
    assert hardware.burned("970") == {"970": pytest.approx(5000)}


def test_swapped_lights_burn_for_each_other(hardware):
    hardware.faults.apply("swapped_lights", {"first": "850", "second": "1050"})
    assert hardware.burned("850") == {"1050": pytest.approx(5000)}
    assert hardware.burned("1050") == {"850": pytest.approx(5000)}
    assert hardware.burned("dots") == {"dots": pytest.approx(5000)}


def test_leds_of_the_swir_head_dim_and_swap(hardware):
    hardware.world.show(synthetic.face)
    sound = {band: hardware.swir(band) for band in vocabulary.SWIR_BANDS}
    hardware.faults.apply("dim_light", {"light": "swir1300", "left": 0.5})
    assert hardware.swir(1300) == pytest.approx(sound[1300] / 2, rel=0.02)
    hardware.faults.apply("clear", {})
    hardware.faults.apply("swapped_lights", {"first": "swir1300", "second": "swir1450"})
    assert hardware.swir(1300) == pytest.approx(sound[1450], abs=10)
    assert hardware.swir(1450) == pytest.approx(sound[1300], rel=0.02)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("dim_light", {"light": "blue"}),
        ("dim_light", {"light": "850", "left": 1.5}),
        ("swapped_lights", {"first": "850", "second": "850"}),
        ("swapped_lights", {"first": "850", "second": "swir1450"}),
        ("shifted_projector", {"du": 1000}),
        ("noisy_swir", {"times": 0}),
        ("bad_block", {"partition": "attic"}),
        ("bad_block", {"after": 0}),
        ("full_flash", {"free": -1}),
        ("sudden_reset", {"after": 0}),
        ("clock_jump", {"seconds": float("nan")}),
        ("serial_noise", {"double": 2.0}),
        ("serial_noise", {"direction": "up"}),
        ("serial_stall", {"seconds": 0}),
        ("serial_stall", {"direction": "up"}),
    ],
)
def test_what_cannot_be_is_refused(hardware, name, arguments):
    with pytest.raises(TwinError, match=name):
        hardware.faults.apply(name, arguments)
    assert name not in hardware.faults.active


# --- the projector


def test_a_knocked_projector_shows_its_pattern_elsewhere_on_the_same_surface():
    field = synthetic.face()
    moved = knock.shifted(field, 3.0, 2.0)
    inside = np.s_[60:180, 100:220]
    pattern = field.dots / np.maximum(field.bands["970"], 1e-6)
    found = moved.dots / np.maximum(field.bands["970"], 1e-6)
    assert np.allclose(found[inside], np.roll(pattern, (2, 3), (0, 1))[inside], atol=1e-3)
    assert moved.bands is field.bands and moved.depth_mm is field.depth_mm
    half = knock.shifted(field, 0.5, 0.0)
    assert float(half.dots[inside].mean()) == pytest.approx(float(field.dots[inside].mean()), rel=0.02)


def test_the_world_knocks_it_and_sets_it_right(hardware):
    sound = hardware.world.field(0)
    hardware.faults.apply("shifted_projector", {"du": 4})
    moved = hardware.world.field(0)
    assert not np.array_equal(moved.dots, sound.dots) and hardware.world.field(0) is moved
    hardware.faults.apply("clear", {})
    assert hardware.world.field(0) is sound


# --- the SWIR head


def test_a_noisy_head_scatters_as_much_more_and_no_mean_moves(hardware):
    def readings(count=60):
        return np.array([hardware.swir(1200) for _ in range(count)])

    sound = readings()
    hardware.faults.apply("noisy_swir", {"times": 50})
    noisy = readings()
    assert 30 < noisy.std() / sound.std() < 80
    assert noisy.mean() == pytest.approx(sound.mean(), abs=4 * noisy.std() / 60**0.5)


# --- the flash


def test_a_worn_block_keeps_what_it_held_and_takes_nothing(hardware):
    flash, at = hardware.flash, DATA.offset
    flash.program(at, b"old")
    hardware.faults.apply("bad_block", {"partition": "data", "after": 2})
    assert hardware.faults.waiting() == ["bad_block"]
    flash.erase(at + SECTOR, SECTOR)
    flash.erase(partitions.partition("slot0").offset, SECTOR)  # another partition's do not count
    flash.erase(at, SECTOR)
    assert flash.read(at, 3) == b"old" and hardware.faults.waiting() == []
    flash.program(at, b"\0\0\0")
    assert flash.read(at, 3) == b"old"
    flash.program(at + SECTOR - 2, b"\1\2\3\4")  # half of it lies in the next block, which is sound
    assert flash.read(at + SECTOR - 2, 4) == b"\xff\xff\3\4"
    hardware.faults.apply("clear", {})
    flash.erase(at, SECTOR)
    assert flash.read(at, 3) == b"\xff\xff\xff"


def test_a_full_flash_takes_no_file_and_is_as_before_once_it_is_cleared(hardware):
    littlefs = pytest.importorskip("littlefs")
    with pytest.raises(TwinError, match="no file system"):
        hardware.faults.apply("full_flash", {})
    system, _ = _formatted(hardware.flash, littlefs)
    with system.open("kept", "wb") as file:
        file.write(b"a record" * 1000)
    system.unmount()
    switched = []
    hardware.faults.restart = lambda work: (switched.append("off"), work(), switched.append("on"))[0]
    hardware.faults.apply("full_flash", {})
    system, error = ballast._mounted(hardware.flash)
    with pytest.raises(error), system.open("more", "wb") as file:
        file.write(bytes(2 * SECTOR))
    system.unmount()
    hardware.faults.apply("clear", {})
    system, _ = ballast._mounted(hardware.flash)
    with system.open("kept", "rb") as file:
        assert file.read() == b"a record" * 1000
    assert ballast.NAME not in system.listdir("/")
    assert switched == ["off", "on"] * 2


def _formatted(flash, littlefs):
    system = littlefs.LittleFS(
        context=ballast._Chip(flash),
        mount=False,
        block_size=SECTOR,
        block_count=DATA.size // SECTOR,
        read_size=partitions.LFS_READ_SIZE,
        prog_size=partitions.LFS_PROG_SIZE,
        cache_size=partitions.LFS_CACHE_SIZE,
        lookahead_size=partitions.LFS_LOOKAHEAD,
    )
    system.format()
    system.mount()
    return system, littlefs.LittleFSError


# --- clock and reset


def test_the_clock_leaps_once_and_the_world_does_not(hardware):
    hardware.ask(wire.TEMPERATURE, at_us=1000)
    before = hardware.world.now_us()
    hardware.faults.apply("clock_jump", {"seconds": 5})
    hardware.ask(wire.TEMPERATURE, at_us=2000)
    assert hardware.answered_us == 5_002_000
    assert hardware.world.now_us() - before == 1000
    hardware.ask(wire.TEMPERATURE, at_us=5_003_000)
    assert hardware.answered_us == 5_003_000 and hardware.world.now_us() - before == 2000


def test_the_date_goes_back_at_the_next_start(hardware):
    import json

    hello = struct.pack(wire.HELLO_REQUEST, wire.VERSION)
    date = json.loads(hardware.ask(wire.HELLO, hello))["unix_time"]
    hardware.faults.apply("clock_jump", {"seconds": -86400})
    hardware.ask(wire.TEMPERATURE, at_us=2000)
    assert hardware.answered_us == 2000, "a counter has no way back"
    hardware.peripherals.started("hard_reset")
    assert abs(json.loads(hardware.ask(wire.HELLO, hello))["unix_time"] - date + 86400) <= 1


def test_the_reset_comes_with_the_request_that_was_named(hardware):
    hardware.faults.apply("sudden_reset", {"after": 2})
    hardware.ask(wire.TEMPERATURE)
    with pytest.raises(SuddenReset):
        hardware.ask(wire.TEMPERATURE)
    hardware.ask(wire.TEMPERATURE)
