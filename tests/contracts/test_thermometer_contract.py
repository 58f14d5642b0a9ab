"""The thermometer: right over its range, and no number where it has none."""

from __future__ import annotations

import pytest
from dermis.core.errors import SensorFault

from tests.contracts.benches import bench, boards
from tests.contracts.benches.emitters import Unbreakable
from tests.contracts.benches.thermometer import BREAKS
from tests.contracts.mutants import caught

STEP_CC = 7  # the coarsest sensor's step, rounded up


def tells_the_temperature(thermometer):
    for celsius in (25.0, -20.0, -0.5, 0.0, 21.37, 60.0, 85.0):
        thermometer.warm(celsius)
        assert abs(thermometer.driver.centi_celsius() - 100 * celsius) <= STEP_CC, celsius


def faults_are_told(thermometer):
    for what in BREAKS:
        thermometer.warm(30.0)
        before = thermometer.driver.centi_celsius()
        try:
            thermometer.break_(what)
        except Unbreakable:
            continue
        fresh = what == "other_part"  # which is asked for its name before the first reading and after a fault
        if not fresh:
            with pytest.raises(SensorFault) as told:
                thermometer.driver.centi_celsius()
            assert len(str(told.value)) > 20
        thermometer.mend(what)
        assert thermometer.driver.centi_celsius() == before


def another_part_is_found(thermometer):
    try:
        thermometer.break_("other_part")
    except Unbreakable:
        return
    with pytest.raises(SensorFault):
        thermometer.driver.centi_celsius()
    thermometer.mend("other_part")
    assert thermometer.driver.centi_celsius() == 2500


CHECKS = (tells_the_temperature, faults_are_told, another_part_is_found)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("board", boards("thermometer"))
def test_thermometer(board, check):
    with bench("thermometer", board) as thermometer:
        check(thermometer)


def test_the_thermometers_number_is_its_own():
    with bench("thermometer", "esp32s3") as thermometer:
        assert thermometer.driver.number() == "0123456789ab"
        thermometer.break_("absent")
        with pytest.raises(SensorFault):
            thermometer.driver.number()


# Drivers that are wrong in one thing each.


def knows_no_frost(driver):
    register = driver._chip._register
    driver._chip._register = lambda number: register(number) & 0x7FFF


def rounds_to_degrees(driver):
    read = driver.centi_celsius
    driver.centi_celsius = lambda: round(read() / 100) * 100


def swallows_faults(driver):
    read = driver.centi_celsius

    def quiet():
        try:
            return read()
        except SensorFault:
            return 2500

    driver.centi_celsius = quiet


def believes_everything(driver):
    def read():
        raw = driver._chip._register(0)
        return (raw - (raw >> 15 << 16)) * 100 // 128

    driver.centi_celsius = read


def asks_nobodys_name(driver):
    driver._chip._known = True


MUTANTS = (knows_no_frost, rounds_to_degrees, swallows_faults, believes_everything, asks_nobodys_name)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_wrong_drivers_of_thermometers_are_caught(mutant):
    assert caught("thermometer", "esp32s3", mutant, CHECKS)
