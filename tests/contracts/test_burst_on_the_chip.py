"""The firmware's own burst taker on the ESP32-S3's drivers: whole bursts, and parts that fail under them."""

from __future__ import annotations

import asyncio
import random

import pytest
from dermis.app.burst_checks import dark_slot_unseen
from dermis.app.burst_taker import BurstTaker
from dermis.app.frame_identity import gamma_table
from dermis.core import vocabulary
from dermis.core.errors import DermisError, InterlockOpen, SensorFault

from tests.contracts.benches.esp32s3_parts import S3Bench, on_the_chip

WITHIN_US = 1_600_000  # a burst with its SWIR readings and an imager that has to be woken
ENOUGH_LATER_US = 400_000


class Random:
    def __init__(self, seed):
        self._random = random.Random(seed)

    def random(self, count):
        return self._random.randbytes(count)


class BurstBench(S3Bench):
    """A taker on all of the board's drivers."""

    def __init__(self, module, seed=1):
        super().__init__(module)
        from dermis.drivers.camera.esp32s3 import S3Camera
        from dermis.drivers.emitters.esp32s3 import S3Emitters
        from dermis.drivers.swir.esp32s3 import S3SwirHead
        from dermis.drivers.thermometer.dm1 import Dm1Thermometer

        self.chip.run(1_000_000)  # the thermometer has measured
        board, clock = self.board, self.clock
        self.thermometer = Dm1Thermometer(self.bus, board["i2c"]["thermometer"])
        self.camera = S3Camera(board, clock, self.thermometer.number)
        self.emitters = S3Emitters(board, self.expander, clock)
        self.swir = S3SwirHead(board, self.expander, self.bus, clock)
        self.taker = BurstTaker(board, clock, self.camera, self.emitters, self.swir, self.thermometer, Random(seed))

    def take(self, breaks_at_us=0, part=None):
        """A burst, in which `part()` happens after that time."""

        async def work():
            if part is not None:
                self.chip.at(self.chip.now_us + breaks_at_us, part)
            return await self.taker.take()

        return asyncio.run(asyncio.wait_for(work(), 30))

    def dark(self):
        return not self.module.lights.burning() and not self.module.swir.burning()


@pytest.fixture
def bursts():
    with on_the_chip(BurstBench) as bench:
        yield bench


def test_bursts_are_whole_and_lit_as_named(bursts):
    table = gamma_table(bursts.board["black_code"], bursts.board["gamma_q8"])
    ambient = bursts.module.imager.ambient
    for _ in range(8):
        begun_us = bursts.chip.now_us
        burst = bursts.take()
        assert bursts.chip.now_us - begun_us < WITHIN_US
        assert set(burst.frames) == set(vocabulary.FRAMES) and not dark_slot_unseen(burst)
        assert not burst.foreign_frames and bursts.dark()
        for name, pixels in burst.frames.items():
            light = vocabulary.FRAME_LIGHT[name]
            wanted = ambient + bursts.board["monitor_nominal"].get(light, 0)
            seen = sum(table[pixels[row * 320 + 2]] for row in range(240)) / 240
            assert abs(seen - wanted) <= 0.06 * wanted + 300, name
        assert burst.temperature_cc == 2500
        for (on, off, pairs), band in zip(burst.swir, vocabulary.SWIR_BANDS, strict=True):
            assert abs((on - off) / pairs - bursts.module.swir_levels[str(band)]) < 200
        bursts.chip.run(2_000_000)  # the lights rest
    assert bursts.module.lights.switched == bursts.module.swir.switched == []
    assert bursts.chip.i2c_timeouts == bursts.chip.waited_for_rmt_us == 0


def test_the_loop_waits_for_no_frame_once_the_imager_is_awake(bursts):
    bursts.take()
    bursts.chip.blocked_us = 0
    bursts.take()
    assert bursts.chip.blocked_us == 0


def test_lost_frames_are_taken_again(bursts):
    bursts.take()
    first = bursts.module.imager.frames
    bursts.module.imager.lost = {first + 4, first + 5, first + 9, first + 14}
    assert set(bursts.take().frames) == set(vocabulary.FRAMES)


def broken(bench):
    """name -> (what fails, what of it the fault must name, what mends it)."""
    module, chip = bench.module, bench.chip
    bits = bench.board["expander"]

    def put(thing, name, value):
        return lambda: setattr(thing, name, value)

    def outside(name, active):
        bit, level = bits[name]
        return lambda: module.expander.outside.update({bit: level if active else 1 - level})

    imager, expander, adc = module.imager, module.expander, module.adc
    thermometer = module.thermometer
    return {
        "imager silent": (put(imager, "silent", True), "imager", put(imager, "silent", False)),
        "imager short": (put(imager, "short_bytes", 640), "whole", put(imager, "short_bytes", 0)),
        "imager frozen": (put(imager, "frozen", True), "same frame", put(imager, "frozen", False)),
        "expander absent": (put(expander, "absent", True), "expander", put(expander, "absent", False)),
        "adc absent": (put(adc, "absent", True), "swir adc", put(adc, "absent", False)),
        "adc stuck": (put(adc, "stuck", 99), "ADC", put(adc, "stuck", None)),
        "bus held low": (lambda: module.hold.begin("sda"), "SDA", module.hold.end),
        "clock held low": (lambda: module.hold.begin("scl"), "SCL", module.hold.end),
        "light fault": (outside("light_fault", True), "lights", outside("light_fault", False)),
        "diffuser missing": (outside("interlock", False), "diffuser", outside("interlock", True)),
        "970 dead": (lambda: module.lights.dead.add("970"), "970", lambda: module.lights.dead.clear()),
        "current stuck": (put(chip, "broken_pwm", True), "current", put(chip, "broken_pwm", False)),
        "thermometer absent": (put(thermometer, "absent", True), "thermometer", put(thermometer, "absent", False)),
    }


NAMES = (
    "imager silent",
    "imager short",
    "imager frozen",
    "expander absent",
    "adc absent",
    "adc stuck",
    "bus held low",
    "clock held low",
    "light fault",
    "diffuser missing",
    "970 dead",
    "current stuck",
    "thermometer absent",
)
# From the start of a burst, whose SWIR readings take the first 0.2 s.
AT_THE_START_US, IN_SWIR_US, IN_LIGHT_US = 0, 60_000, 420_000
# What the burst has used for the last time (the projector in the order that this seed gives).
DONE_BY_THEN = {
    ("thermometer absent", IN_SWIR_US),
    ("thermometer absent", IN_LIGHT_US),
    ("adc absent", IN_LIGHT_US),
    ("adc stuck", IN_LIGHT_US),
    ("diffuser missing", IN_LIGHT_US),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_part_that_fails_is_named_and_leaves_nothing_lit(bursts, name):
    bursts.take()
    fail, named, mend = broken(bursts)[name]
    for at_us in (IN_LIGHT_US, AT_THE_START_US, IN_SWIR_US):  # the first in the order of lights that this seed gives
        bursts.chip.run(2_000_000)
        if (name, at_us) in DONE_BY_THEN:
            bursts.take(at_us, fail)
        else:
            with pytest.raises((SensorFault, InterlockOpen)) as fault:
                bursts.take(at_us, fail)
            assert named.lower() in str(fault.value).lower(), at_us
        bursts.chip.run(ENOUGH_LATER_US)
        assert bursts.dark(), at_us
        mend()
        bursts.chip.run(2_000_000)
        assert set(bursts.take().frames) == set(vocabulary.FRAMES), at_us  # and the next burst is taken as ever
        assert bursts.dark(), at_us


def test_a_supply_that_dips_is_set_up_again(bursts):
    """The expander has forgotten everything; the driver sees it before it lights anything."""
    bursts.take()
    bursts.chip.run(2_000_000)
    bursts.module.expander.power_on()
    try:
        bursts.take()
    except DermisError:
        bursts.chip.run(2_000_000)
        bursts.take()
    assert bursts.dark()


def test_a_part_that_lost_its_place_is_clocked_free_within_the_burst(bursts):
    bursts.take()
    bursts.chip.run(2_000_000)
    assert set(bursts.take(IN_SWIR_US, lambda: bursts.module.hold.begin("sda", clocks=5)).frames)
    assert bursts.chip.i2c_timeouts <= 1
