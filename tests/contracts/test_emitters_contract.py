"""The lights: one at a time, never too bright, never too long, dark whatever is broken, and no fault kept quiet."""

from __future__ import annotations

import pytest
from dermis.core import vocabulary
from dermis.core.errors import DermisError, InterlockOpen, SensorFault

from tests.contracts.benches import bench, boards
from tests.contracts.benches.emitters import BREAKS, Unbreakable
from tests.contracts.mutants import caught

LIGHTS = vocabulary.LIGHTS[1:]
PULSE_US = 80_000
NOMINAL_Q8 = 256
SLACK_US = 2_000  # of a program that is not real-time
LATER_US = 400_000  # longer than any pulse may last
REST_US = 11_000_000
# What must refuse a pulse, beside the interlock, and never does so without a word.
FAULTS = tuple(what for what in BREAKS if what != "interlock")


def dark_soon(lights):
    """Nothing burns, and nothing begins to."""
    assert lights.burning() == ""
    lights.advance_us(1000)
    assert lights.burning() == ""


def refused(lights, light, level_q8=NOMINAL_Q8, longest_us=PULSE_US, by=(DermisError, ValueError)):
    with pytest.raises(by):
        lights.driver.pulse(light, level_q8, longest_us)
    dark_soon(lights)


def each_light_burns_alone(lights):
    for light in (*LIGHTS, *reversed(LIGHTS)):
        lights.driver.pulse(light, NOMINAL_Q8, PULSE_US)
        lights.advance_us(5_000)
        assert lights.burning() == light
        assert abs(lights.level() - 1) < 0.01
    lights.driver.dark()
    dark_soon(lights)
    assert lights.switched_lit() == 0


def the_level_is_the_one_asked_for(lights):
    for level_q8 in (256, 128, 32):
        lights.driver.pulse("970", level_q8, PULSE_US)
        lights.advance_us(1000)
        assert abs(lights.level() - level_q8 / NOMINAL_Q8) < 0.01


def nothing_above_nominal(lights):
    for level_q8 in (257, 512, 65535):
        refused(lights, "850", level_q8)


def there_are_no_other_lights(lights):
    for light in (vocabulary.DARK, "1450", ""):
        refused(lights, light)


def a_pulse_ends_when_the_program_hangs(lights):
    one_shot_us = lights.board["one_shots"]["light_us"] if "one_shots" in lights.board else 0
    for light in LIGHTS:
        for asked_us in (PULSE_US, 10_000_000):
            lights.advance_us(LATER_US)
            before_us = lights.burned_us(light, LATER_US)
            lights.driver.pulse(light, NOMINAL_Q8, asked_us)
            lights.hang(LATER_US)
            assert lights.burning() == "", f"{light} burns on"
            most_us = min(asked_us, lights.board["longest_pulse_us"]) if lights.ends_itself else one_shot_us
            assert 0 < lights.burned_us(light, 2 * LATER_US) - before_us <= most_us + 100


def a_pulse_lasts_as_long_as_asked(lights):
    lights.driver.pulse("1050", NOMINAL_Q8, PULSE_US)
    lights.advance_us(PULSE_US - SLACK_US)
    assert lights.burning() == "1050"
    if lights.ends_itself:
        lights.advance_us(2 * SLACK_US)
        assert lights.burning() == ""


def dark_ends_a_pulse(lights):
    for light in LIGHTS:
        lights.driver.pulse(light, NOMINAL_Q8, PULSE_US)
        lights.advance_us(10_000)
        lights.driver.dark()
        dark_soon(lights)
        lights.driver.dark()  # and when nothing burns
        assert lights.burned_us(light, LATER_US) <= 10_000 + SLACK_US


def dark_works_whatever_is_broken(lights):
    for what in BREAKS:
        lights.driver.pulse("850", NOMINAL_Q8, PULSE_US)
        lights.advance_us(5_000)
        try:
            lights.break_(what)
        except Unbreakable:
            continue
        lights.driver.dark()
        dark_soon(lights)
        lights.mend(what)


def a_pulse_ends_whatever_breaks_under_it(lights):
    for what in BREAKS:
        lights.driver.pulse("dots", NOMINAL_Q8, PULSE_US)
        lights.advance_us(5_000)
        try:
            lights.break_(what)
        except Unbreakable:
            continue
        lights.hang(LATER_US)
        assert lights.burning() == ""
        lights.mend(what)


def faults_are_told_and_nothing_burns(lights):
    for what in FAULTS:
        try:
            lights.break_(what)
        except Unbreakable:
            continue
        for light in ("850", "970", "1050"):
            refused(lights, light, by=SensorFault)
        lights.mend(what)
        lights.advance_us(10_000)
        lights.driver.pulse("850", NOMINAL_Q8, PULSE_US)  # and it goes on once it is mended
        assert lights.burning() == "850", what
        lights.driver.dark()


def no_projector_without_its_diffuser(lights):
    lights.break_("interlock")
    refused(lights, "dots", by=InterlockOpen)
    lights.driver.pulse("850", NOMINAL_Q8, PULSE_US)
    assert lights.burning() == "850"
    lights.mend("interlock")
    lights.driver.pulse("dots", NOMINAL_Q8, PULSE_US)
    lights.advance_us(1000)
    assert lights.burning() == "dots"
    lights.break_("interlock")
    assert lights.burning() == "", "the projector burns without its diffuser"


def the_duty_limit_holds(lights):
    """Whoever asks again and again gets half of any ten seconds, and another light all the same."""
    window_us, part = lights.board.get("duty_window_us", 10_000_000), 0.5
    refused_at = []
    for turn in range(120):
        try:
            lights.driver.pulse("970", NOMINAL_Q8, 150_000)
        except SensorFault as fault:
            assert "rest" in str(fault)
            refused_at.append(turn)
            if len(refused_at) == 1:
                lights.driver.pulse("850", NOMINAL_Q8, PULSE_US)
                assert lights.burning() == "850"
        lights.advance_us(100_000)
        assert lights.burned_us("970", window_us) <= part * window_us + SLACK_US
    assert refused_at and refused_at[0] > 40
    lights.driver.dark()
    lights.advance_us(REST_US)
    lights.driver.pulse("970", NOMINAL_Q8, PULSE_US)
    assert lights.burning() == "970"


def a_fault_of_the_expander_moves_no_decoder_lit(lights):
    """Others use the expander too: one of them meets its fault, and the next sets it up anew."""
    expander = getattr(lights.driver, "_expander", None)
    if expander is None:
        return  # the twin's lights hang on none
    lights.driver.pulse("970", NOMINAL_Q8, PULSE_US)
    lights.break_("expander")
    with pytest.raises(SensorFault):
        expander.check()
    lights.mend("expander")
    expander.check()
    assert lights.burning() == "" and lights.switched_lit() == 0
    assert lights.burned_us("850", LATER_US) == 0, "a light burned that nobody asked for"


CHECKS = (
    each_light_burns_alone,
    the_level_is_the_one_asked_for,
    nothing_above_nominal,
    there_are_no_other_lights,
    a_pulse_ends_when_the_program_hangs,
    a_pulse_lasts_as_long_as_asked,
    dark_ends_a_pulse,
    dark_works_whatever_is_broken,
    a_pulse_ends_whatever_breaks_under_it,
    faults_are_told_and_nothing_burns,
    no_projector_without_its_diffuser,
    the_duty_limit_holds,
    a_fault_of_the_expander_moves_no_decoder_lit,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("board", boards("emitters"))
def test_lights(board, check):
    with bench("emitters", board) as lights:
        check(lights)


# Drivers that are wrong in one thing each.


def leaves_on(driver):
    driver.dark = lambda: None


def leaves_the_current(driver):
    """Dark by the pulse alone, and that only where the transmitter is asked."""
    driver._shot.end = lambda: None
    driver._end = lambda: None


def holds_the_pin(driver):
    """No one-shot: the program would have to end the pulse."""

    def fire(_length_us):
        driver._shot._pin.init(driver._shot._pin.OUT, value=1)

    driver._shot.fire = fire


def forgets_the_longest(driver):
    begin = driver._begin
    driver._begin = lambda _length_us: begin(1_000_000)


def knows_no_duty(driver):
    for limiter in driver._limiters.values():
        limiter.left_us = lambda _now_us: 200_000


def shares_the_duty(driver):
    """Counts one light's time against another."""
    driver._limiters = dict.fromkeys(driver._limiters, next(iter(driver._limiters.values())))


def forgets_what_burned(driver):
    """Counts a pulse only when somebody ends it."""
    for limiter in driver._limiters.values():
        limiter.end = lambda _now_us, limiter=limiter: setattr(limiter, "_on_us", -1)


def too_bright(driver):
    current = driver._current
    driver._current = lambda duty_u16: current(65535)


def takes_any_level(driver):
    pulse = driver.pulse
    driver.pulse = lambda light, level_q8, longest_us: pulse(light, min(level_q8, 256), longest_us)


def swallows_faults(driver):
    pulse = driver.pulse

    def quiet(light, level_q8, longest_us):
        try:
            pulse(light, level_q8, longest_us)
        except SensorFault:
            return

    driver.pulse = quiet


def knows_no_interlock(driver):
    active = driver._expander.active
    driver._expander.active = lambda name: name == "interlock" or active(name)


def knows_no_light_fault(driver):
    active = driver._expander.active
    driver._expander.active = lambda name: name != "light_fault" and active(name)


def trusts_the_decoder(driver):
    expander = driver._expander

    def unchecked():
        expander._bus.write_read(expander._address, b"\0", expander._word)

    expander.check = unchecked


def moves_the_decoder_lit(driver):
    dark = driver.dark

    def pulse(light, level_q8, longest_us, pulse=driver.pulse):
        driver.dark = lambda: None
        try:
            pulse(light, level_q8, longest_us)
        finally:
            driver.dark = dark

    driver.pulse = pulse


def wrong_light(driver):
    driver._select = {light: 3 - number for light, number in driver._select.items()}


def moves_the_decoder_after_a_fault(driver):
    driver._expander.before_begin = None


def asks_the_bus_to_be_dark(driver):
    dark = driver.dark

    def first_the_expander():
        driver._expander.check()
        dark()

    driver.dark = first_the_expander


MUTANTS = (
    leaves_on,
    leaves_the_current,
    holds_the_pin,
    forgets_the_longest,
    knows_no_duty,
    shares_the_duty,
    forgets_what_burned,
    too_bright,
    takes_any_level,
    swallows_faults,
    knows_no_interlock,
    knows_no_light_fault,
    trusts_the_decoder,
    moves_the_decoder_lit,
    wrong_light,
    moves_the_decoder_after_a_fault,
    asks_the_bus_to_be_dark,
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_wrong_drivers_of_lights_are_caught(mutant):
    assert caught("emitters", "esp32s3", mutant, CHECKS)
