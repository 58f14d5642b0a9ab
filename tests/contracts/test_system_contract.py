"""The machine: one number for good, why it started, a watchdog that cannot be talked out of it."""

from __future__ import annotations

import contextlib

import pytest

from tests.contracts.benches.machine import Unbreakable
from tests.contracts.machine_benches import bench, machines, replaced

# How a start came about -> what may be said of it. A panic that is called a restart that was asked for would let a
# broken update pass for a good one.
CAUSES = {
    "power": ("power_on",),
    "brown_out": ("power_on",),
    "panic": ("crash",),
    "watchdog": ("watchdog",),
    "soft": ("soft_reset",),
    "host": ("hard_reset",),
}
LIMITS_MS = (60_000, 15 * 60_000, 24 * 3_600_000)
LONGEST_SERIAL = 32  # what a calibration record takes


def has_one_number(system):
    serial = system.driver.serial()
    assert 0 < len(serial) <= LONGEST_SERIAL and serial.isprintable() and " " not in serial
    with contextlib.suppress(Unbreakable):
        system.restart("power")
    assert system.driver.serial() == serial


def tells_why_it_started(system):
    for why, told in CAUSES.items():
        try:
            system.restart(why)
        except Unbreakable:
            continue
        assert system.driver.reset_cause() in told, why
    assert system.reset(), "the driver did not reset"
    assert system.driver.reset_cause() == "software"
    assert system.driver.reset_cause() == "software", "asked twice it says something else"


def forgets_that_it_was_asked(system):
    """What crashes after a reset that was asked for is a crash."""
    system.reset()
    system.restart("panic")
    assert system.driver.reset_cause() == "crash"


def is_watched(system):
    assert system.pass_ms(10 * LIMITS_MS[-1]) == "", "nobody started the watchdog"
    system.driver.feed()  # nothing happens before it was started
    for limit_ms in LIMITS_MS:
        system.driver.start_watchdog(limit_ms)
        for _ in range(3):
            assert system.pass_ms(limit_ms * 9 // 10) == "", "it bit too early"
            system.driver.feed()
        # Made longer as the prompt does, it must not bite at the time it was set to before.
    assert system.pass_ms(LIMITS_MS[-1] * 11 // 10) == "watchdog"


def draws(system):
    drawn = system.driver.random(64)
    assert isinstance(drawn, bytes) and len(drawn) == 64 and len(set(drawn)) > 32
    assert system.driver.random(64) != drawn
    assert len(system.driver.random(1)) == 1 and len(system.driver.random(300)) == 300


CHECKS = (has_one_number, tells_why_it_started, forgets_that_it_was_asked, is_watched, draws)


@pytest.mark.parametrize("board", machines())
@pytest.mark.parametrize("check", CHECKS)
def test_the_machine_keeps_its_contract(board, check):
    with bench(board, "system") as system:
        check(system)


def test_two_chips_have_two_numbers():
    with bench("esp32s3", "system") as system:
        first = system.driver.serial()
        system.chip.unique_id = bytes.fromhex("7cdfa1000002")
        assert system.driver.serial() != first and system.driver.serial() == "DM1-7CDFA1000002"


def test_the_firmware_learns_the_cause_from_the_first_stage_that_took_the_note():
    from dermis.core import handover

    with bench("esp32s3", "system") as system:
        system.reset()
        handover.leave({"cause": system.driver.reset_cause()})
        try:
            system.restart("reset")  # a second driver of the same start
            assert system.driver.reset_cause() == "software"
        finally:
            import sys

            del sys.modules[handover.KEY]  # type: ignore[arg-type]


def test_wrong_machines_are_caught():
    with bench("esp32s3", "system") as system:
        from dermis.drivers.system import esp32s3

        def silent(self):
            esp32s3.machine.reset()  # type: ignore[attr-defined]

        def unfed(self):
            return None

        def always_fresh(self, limit_ms):
            self._watchdog = self._watchdog or esp32s3.machine.WDT(timeout=limit_ms)  # type: ignore[attr-defined]

        wrong = [
            (tells_why_it_started, esp32s3.S3System, {"reset": silent}),
            (tells_why_it_started, esp32s3.S3System, {"_cause_now": lambda self: "power_on"}),
            (tells_why_it_started, esp32s3.S3System, {"reset": unfed}),
            (is_watched, esp32s3.S3System, {"feed": unfed}),
            (is_watched, esp32s3.S3System, {"start_watchdog": lambda self, limit_ms: None}),
            (is_watched, esp32s3.S3System, {"start_watchdog": always_fresh}),
            (draws, esp32s3.S3System, {"random": lambda self, count: bytes(count)}),
        ]
        for check, thing, names in wrong:
            system.restart("power")
            with replaced(thing, **names):
                system.restart("power")
                with pytest.raises(AssertionError):
                    check(system)
