"""The lock's side: relay, Wiegand, LED, buzzer and inputs, and that they are safe when all else has failed."""

from __future__ import annotations

import asyncio

import pytest
from dermis.core.errors import SensorFault
from dermis.core.wiegand import frame
from dermis.drivers.lock import COLOURS, LONGEST_WIEGAND, Inputs

from tests.contracts.benches import bench, boards

FRAMES = (
    frame("26", 200, 4711),
    frame("34", 65535, 0),
    frame("37", 65535, 524287),
    "0",
    "1",
    "0" * LONGEST_WIEGAND,
    "1" * LONGEST_WIEGAND,
    "01" * 32,
    "0" * 40 + "1",
)


@pytest.fixture(params=boards("lock"))
def lock(request):
    with bench("lock", request.param) as made:
        yield made


def starts_safe(lock):
    assert not lock.relay_closed() and lock.lines_high() and lock.led() == "off" and not lock.buzzer()


def does_as_it_is_told(lock):
    driver = lock.driver
    for closed in (True, True, False, True, False):
        driver.relay(closed)
        assert lock.relay_closed() == closed
    for colour in (*COLOURS, *reversed(COLOURS)):
        driver.led(colour)
        assert lock.led() == colour
        for on in (True, False):
            driver.buzzer(on)
            assert lock.buzzer() == on and lock.led() == colour
    with pytest.raises(ValueError):
        driver.led("blue")


def tells_its_inputs(lock):
    for trigger in (True, False):
        for tampered in (True, False):
            for power_good in (True, False):
                lock.set_input("trigger", trigger)
                lock.set_input("tampered", tampered)
                lock.set_input("power_good", power_good)
                assert lock.driver.inputs() == Inputs(trigger, tampered, power_good)


def sends_frames_bit_by_bit(lock):
    heard = ""
    for bits in FRAMES:
        before = lock.heard()
        lock.run(lambda bits=bits: lock.driver.wiegand(bits))
        heard = lock.heard()
        assert heard in (bits, before + bits), f"{heard[len(before) :]!r} was heard of {bits!r}"
        assert lock.lines_high()
    for wrong in ("", "012", "1" * (LONGEST_WIEGAND + 1)):
        with pytest.raises(ValueError):
            lock.run(lambda wrong=wrong: lock.driver.wiegand(wrong))
    assert lock.heard() == heard


def is_safe_whatever_was_on(lock):
    driver = lock.driver
    driver.relay(True)
    driver.led("amber")
    driver.buzzer(True)
    driver.safe()
    starts_safe(lock)


def opens_its_relay_though_the_expander_is_gone(lock):
    lock.driver.relay(True)
    lock.break_("expander")
    for work in (lock.driver.inputs, lambda: lock.driver.led("red"), lambda: lock.driver.buzzer(True)):
        with pytest.raises(SensorFault):
            work()
    lock.driver.safe()
    assert not lock.relay_closed() and lock.lines_high()


def says_that_the_relay_does_not_follow(lock):
    lock.break_("relay")
    with pytest.raises(SensorFault, match="relay"):
        lock.driver.relay(True)


def test_it_starts_safe_and_does_as_it_is_told(lock):
    starts_safe(lock)
    does_as_it_is_told(lock)
    tells_its_inputs(lock)
    is_safe_whatever_was_on(lock)


def test_frames(lock):
    if lock.has_wiegand:
        sends_frames_bit_by_bit(lock)
        return
    with pytest.raises(SensorFault, match="OSDP"):
        lock.run(lambda: lock.driver.wiegand("1"))
    assert lock.lines_high()


@pytest.mark.parametrize("board", [board for board in boards("lock") if board != "twin"])  # whose wires do not break
@pytest.mark.parametrize("check", [opens_its_relay_though_the_expander_is_gone, says_that_the_relay_does_not_follow])
def test_what_is_broken(board, check):
    with bench("lock", board) as lock:
        check(lock)


def test_after_a_reset_of_the_twins_chip_nothing_is_driven():
    with bench("lock", "twin") as lock:
        lock.driver.relay(True)
        lock.driver.led("red")
        lock.restart()
        starts_safe(lock)


@pytest.fixture
def s3():
    with bench("lock", "esp32s3") as made:
        yield made


def test_lines_that_do_not_start_together_start_again(s3):
    s3.run(lambda: s3.driver.wiegand("1"))  # makes the transmitters
    before = s3.heard()
    s3.stall(20_000)  # a collection of garbage, say
    bits = frame("26", 200, 4711)
    s3.run(lambda: s3.driver.wiegand(bits))
    assert s3.heard() == before + bits


def test_lines_that_never_start_together_send_nothing_whole(s3):
    s3.run(lambda: s3.driver.wiegand("1"))
    real = s3.driver._begin
    before = s3.heard()

    def stalled(trains):
        ticks = s3.clock.ticks_us
        s3.clock.ticks_us = lambda: (s3.chip.run(1000), ticks())[1]
        real(trains)

    s3.driver._begin = stalled
    with pytest.raises(SensorFault, match="together"):
        s3.run(lambda: s3.driver.wiegand("0110"))
    assert s3.heard() == before and s3.lines_high()


def test_a_frame_that_is_given_up_leaves_the_lines_high(s3):
    async def cancelled():
        task = asyncio.create_task(s3.driver.wiegand("01" * 20))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    s3.run(lambda: s3.driver.wiegand("1"))  # makes the transmitters
    s3.run(cancelled)
    s3.chip.run(200_000)
    assert s3.lines_high() and len(s3.heard()) < 40
    s3.run(lambda: s3.driver.wiegand("1"))  # and the next one goes out
    assert s3.heard()[-1] == "1"


def test_a_program_that_hangs_finishes_its_frame_and_no_more(s3):
    """The transmitters need no Python: a frame that began goes out whole."""
    s3.run(lambda: s3.driver.wiegand("1"))  # makes the transmitters
    bits = frame("37", 1, 2)

    async def hangs():
        task = asyncio.create_task(s3.driver.wiegand(bits))
        await asyncio.sleep(0)
        s3.chip.run(1_000_000)  # and nobody turns the loop
        assert s3.heard() == "1" + bits and s3.lines_high()
        await task

    s3.run(hangs)


def wrong_drivers():
    """name -> (what is changed in the ESP32-S3's driver, check that must fail)."""

    def lazy_relay(module, driver):
        driver.relay = lambda closed: None

    def blind(module, driver):
        driver.inputs = lambda: Inputs(False, False, True)

    def unsafe(module, driver):
        driver.safe = lambda: None

    def swallows(module, driver):
        driver.relay = lambda closed: driver._relay.value(1 if closed else 0)

    def mixed_lines(module, driver):
        real = driver._begin
        driver._begin = lambda trains: real((trains[1], trains[0]))

    def long_pulses(module, driver):
        driver._pulse_us = 500

    return {
        "relay that is not driven": (lazy_relay, does_as_it_is_told),
        "inputs not read": (blind, tells_its_inputs),
        "safe that does nothing": (unsafe, is_safe_whatever_was_on),
        "a relay's fault swallowed": (swallows, says_that_the_relay_does_not_follow),
        "D0 and D1 mixed up": (mixed_lines, sends_frames_bit_by_bit),
        "pulses too long": (long_pulses, sends_frames_bit_by_bit),
    }


@pytest.mark.parametrize("name", wrong_drivers())
def test_a_wrong_driver_fails(s3, name):
    change, check = wrong_drivers()[name]
    change(s3.module, s3.driver)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(s3)
