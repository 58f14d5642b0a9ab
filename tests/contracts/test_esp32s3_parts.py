"""What the ESP32-S3's drivers stand on: the I2C bus and the pulses, each where it goes wrong."""

from __future__ import annotations

import sys

import pytest
from dermis.core.errors import SensorFault

from tests.contracts.benches.emitters_esp32s3 import S3EmittersBench
from tests.contracts.benches.esp32s3_parts import S3Bench, on_the_chip

EXPANDER, THERMOMETER, NOBODY = 0x20, 0x48, 0x33
INPUTS = b"\x00"
CLEARED_IN_US = 2_000  # of a bus that is held, without a timeout of the controller


@pytest.fixture
def bus():
    with on_the_chip(S3Bench) as bench:
        yield bench


def read(bench, address=EXPANDER, count=2):
    answer = bytearray(count)
    bench.bus.write_read(address, INPUTS, answer)
    return bytes(answer)


def clocks(bench, since_us):
    scl = bench.board["pins"]["i2c_scl"]
    return sum(1 for at_us, pin, level in bench.chip.log if pin == scl and level and at_us >= since_us)


def test_who_does_not_answer_is_named(bus):
    bus.module.thermometer.absent = True
    for address, name in ((THERMOMETER, "thermometer at 0x48"), (NOBODY, "part at 0x33")):
        for request in (lambda at=address: read(bus, at), lambda at=address: bus.bus.write(at, b"\0")):
            with pytest.raises(SensorFault, match=name):
                request()
    assert len(read(bus)) == 2  # the others go on


@pytest.mark.parametrize("needed", [1, 4, 9])
def test_a_part_that_lost_its_place_is_clocked_free(bus, needed):
    read(bus)
    bus.module.hold.begin("sda", clocks=needed)
    begun_us = bus.chip.now_us
    assert read(bus) == read(bus)
    assert needed <= clocks(bus, begun_us) <= needed + 2  # and a stop
    assert bus.chip.now_us - begun_us < CLEARED_IN_US and not bus.chip.i2c_timeouts


@pytest.mark.parametrize(("line", "name"), [("sda", "SDA"), ("scl", "SCL")])
def test_a_bus_that_stays_low_is_told_at_once_and_used_again_when_free(bus, line, name):
    read(bus)
    bus.module.hold.begin(line)
    for _ in range(3):
        begun_us = bus.chip.now_us
        with pytest.raises(SensorFault, match=f"something holds {name}"):
            read(bus)
        assert bus.chip.now_us - begun_us < CLEARED_IN_US
    bus.module.hold.end()
    assert len(read(bus)) == 2 and not bus.chip.i2c_timeouts


def quick(bench, address=EXPANDER):
    answer = bytearray(2)
    bench.bus.read(address, answer)
    return bytes(answer)


def test_a_quick_read_finds_a_bus_that_falls_and_frees_it_or_says_so(bus):
    assert len(quick(bus)) == 2  # the controller is made by it, too
    bus.module.hold.begin("sda", clocks=4)
    assert len(quick(bus)) == 2 and bus.chip.i2c_timeouts == 1
    bus.module.hold.begin("scl")
    with pytest.raises(SensorFault, match="something holds SCL"):
        quick(bus)
    bus.module.hold.end()
    bus.module.thermometer.absent = True
    with pytest.raises(SensorFault, match="thermometer at 0x48"):
        quick(bus, THERMOMETER)
    assert len(quick(bus)) == 2


def test_low_before_the_first_use(bus):
    bus.module.hold.begin("sda")
    with pytest.raises(SensorFault, match="SDA"):
        read(bus)
    bus.module.hold.end()
    assert len(read(bus)) == 2


def test_a_part_that_stretches_the_clock_for_ever_is_given_up(bus):
    bus.module.thermometer.stretches = True
    begun_us = bus.chip.now_us
    with pytest.raises(SensorFault, match="thermometer"):
        read(bus, THERMOMETER)
    assert bus.chip.now_us - begun_us < 20_000
    bus.module.thermometer.stretches = False
    assert len(read(bus, THERMOMETER)) == 2


def test_the_expander_is_set_up_before_it_drives_anything(bus):
    """Its outputs get their levels first, then become outputs: no decoder moves in between."""
    written = []
    write = bus.module.expander.write
    bus.module.expander.write = lambda data, chip: (written.append(data[0]), write(data, chip))
    bus.expander.check()
    configured = written.index(6)
    assert 2 in written[:configured]


def test_an_expander_that_forgot_itself_is_seen_and_set_up_again(bus):
    bus.expander.select("light_select_", 2)
    bus.expander.check()
    bus.module.expander.power_on()
    with pytest.raises(SensorFault, match="expander"):
        bus.expander.check()
    bus.expander.select("light_select_", 2)
    bus.expander.check()


# Pulses.


@pytest.fixture
def lights():
    with on_the_chip(S3EmittersBench) as bench:
        yield bench


def test_a_long_pulse_has_no_gap(lights):
    """It is longer than one duration of the transmitter."""
    lights.driver.pulse("850", 256, 200_000)
    lights.hang(250_000)
    (burn,) = lights.module.lights.burns
    assert abs(burn.off_us - burn.on_us - 200_000) < 100


def test_a_pulse_asked_for_again_does_not_wait_for_the_last(lights):
    for _ in range(3):
        lights.driver.pulse("850", 256, 200_000)
        lights.advance_us(1000)
    assert not lights.chip.waited_for_rmt_us


def failing(*_arguments):
    raise OSError("RMT is deinitialized")


def test_a_transmitter_that_sends_nothing_is_told_and_left(lights):
    lights.driver.pulse("850", 256, 80_000)
    lights.advance_us(5_000)
    lights.driver._shot._rmt.write_pulses = failing
    with pytest.raises(SensorFault, match="transmitter"):
        lights.driver.pulse("970", 256, 80_000)
    assert not lights.burning()
    lights.driver.pulse("970", 256, 80_000)  # by a new one
    assert lights.burning() == "970"


def test_a_transmitter_that_cannot_be_asked_is_left(lights):
    lights.driver.pulse("850", 256, 80_000)
    lights.advance_us(5_000)
    lights.driver._shot._rmt.active = failing
    lights.driver.dark()
    assert not lights.burning()
    lights.driver.pulse("970", 256, 80_000)
    assert lights.burning() == "970" and len(lights.chip.rmt) == 1


def test_dark_takes_the_pin_from_a_transmitter_that_does_not_stop(lights):
    lights.driver.pulse("dots", 256, 80_000)
    lights.driver._shot._rmt.active = lambda *_value: True
    lights.driver.dark()
    assert not lights.burning()
    lights.advance_us(80_000)
    assert not lights.burning()
    lights.driver.pulse("dots", 256, 80_000)
    assert lights.burning() == "dots"
    assert len(lights.chip.rmt) == 1  # the old one was given back


def test_dark_goes_on_where_one_of_its_two_ways_fails(lights):
    lights.driver.pulse("850", 256, 80_000)

    def broken():
        raise OSError("no such channel")

    lights.driver._shot._rmt.active = lambda *_value: False  # says that it stopped, and did not
    lights.driver.dark()
    assert not lights.burning()  # the current is gone
    lights.driver.pulse("850", 256, 80_000)
    lights.driver._shot.end = broken
    with pytest.raises(OSError):
        lights.driver.dark()
    assert not lights.burning()


def test_without_a_free_transmitter_there_is_a_fault_and_no_light(lights):
    esp32, machine = sys.modules["esp32"], sys.modules["machine"]  # the chip's
    others = [esp32.RMT(pin=machine.Pin(pin)) for pin in (38, 41, 42, 48)]
    with pytest.raises(SensorFault, match="transmitter"):
        lights.driver.pulse("850", 256, 80_000)
    assert not lights.burning()
    others.pop().deinit()
    lights.driver.pulse("850", 256, 80_000)
    assert lights.burning() == "850"


def test_the_pins_are_dark_from_the_drivers_making_on():
    with on_the_chip(S3EmittersBench) as bench:
        pins = bench.board["pins"]
        for name in ("light_pulse", "light_current"):
            assert bench.chip.pin(pins[name]).mode == "out" and bench.chip.level(pins[name]) == 0
        assert not bench.chip.rmt  # no transmitter before the first pulse
