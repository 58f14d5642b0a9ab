"""The clock: never back, never wrapping, and a date that stays."""

from __future__ import annotations

import asyncio

import pytest

from tests.contracts.benches.machine import Unbreakable
from tests.contracts.machine_benches import bench, machines, replaced

SET = 1_790_000_000  # some day in 2026
SLACK_US = 100_000


def does_not_wrap(clock):
    """Twice the time after which MicroPython's counter wraps, fed as the firmware feeds."""
    for seconds in (400, 600, 1500):
        before = clock.driver.ticks_us()
        clock.pass_s(seconds)
        passed = clock.driver.ticks_us() - before
        assert abs(passed - seconds * 1_000_000) < SLACK_US, passed


def sleeps_at_least(clock):
    async def sleep():
        took = []
        for duration_ms in (0, 1, 20, 350):
            before = clock.driver.ticks_us()
            await clock.driver.sleep_ms(duration_ms)
            took.append((duration_ms, clock.driver.ticks_us() - before))
        return took

    for duration_ms, took_us in clock.run(sleep):
        assert duration_ms * 1000 <= took_us <= duration_ms * 1000 + SLACK_US


def lets_others_run(clock):
    async def both():
        order = []

        async def other():
            order.append("other")

        task = asyncio.create_task(other())
        await clock.driver.sleep_ms(0)
        await clock.driver.sleep_ms(5)
        order.append("sleeper")
        await task
        return order

    assert clock.run(both) == ["other", "sleeper"]


def keeps_its_date(clock):
    driver = clock.driver
    assert driver.unix_time() == 0, "a clock that was never set tells a time"
    driver.set_unix_time(SET)
    assert abs(driver.unix_time() - SET) <= 1
    clock.pass_s(90)
    assert abs(driver.unix_time() - SET - 90) <= 1
    before = driver.ticks_us()
    driver.set_unix_time(SET - 5_000_000)
    assert abs(driver.unix_time() - SET + 5_000_000) <= 1
    assert 0 <= driver.ticks_us() - before < SLACK_US, "setting the date moved the module's time"


def waits_without_a_turn_for_anybody(clock):
    async def wait():
        turns, took = [], []

        async def other():
            turns.append(1)

        task = asyncio.create_task(other())
        for duration_us in (0, 1, 80, 900):
            before = clock.driver.ticks_us()
            clock.driver.wait_us(duration_us)
            took.append((duration_us, clock.driver.ticks_us() - before))
        assert not turns
        await task
        return took

    for duration_us, took_us in clock.run(wait):
        assert duration_us <= took_us <= duration_us + SLACK_US


CHECKS = (does_not_wrap, sleeps_at_least, waits_without_a_turn_for_anybody, lets_others_run, keeps_its_date)


@pytest.mark.parametrize("board", machines())
@pytest.mark.parametrize("check", CHECKS)
def test_the_clock_keeps_its_contract(board, check):
    with bench(board, "clock") as clock:
        try:
            check(clock)
        except Unbreakable as what:
            pytest.fail(f"a clock's bench lets time pass: {what}")


def test_the_date_outlives_a_reset_and_not_a_loss_of_power():
    with bench("esp32s3", "clock") as clock:
        clock.driver.set_unix_time(SET)
        for why, left in (("panic", SET), ("watchdog", SET), ("brown_out", 0)):
            clock.chip.reset_state.start(why)
            assert abs(type(clock.driver)().unix_time() - left) <= 1, why


def test_wrong_clocks_are_caught():
    with bench("esp32s3", "clock") as clock:
        from dermis.drivers.clock import esp32s3
        from dermis.drivers.system.esp32s3 import S3System

        def wrapping(self):
            return esp32s3.time.ticks_us()  # type: ignore[attr-defined]

        async def never(self, duration_ms):
            return None

        wrong = [
            (does_not_wrap, esp32s3.S3Clock, {"ticks_us": wrapping}),
            (does_not_wrap, S3System, {"feed": lambda self: None}),
            (sleeps_at_least, esp32s3.S3Clock, {"sleep_ms": never}),
            (keeps_its_date, esp32s3.S3Clock, {"set_unix_time": lambda self, seconds: None}),
            (keeps_its_date, esp32s3, {"SET_FROM": 0}),
        ]
        for check, thing, names in wrong:
            clock.chip.reset_state.start("power")
            with replaced(thing, **names), pytest.raises(AssertionError):
                check(clock)
