"""The eye-safety worksheet: its arithmetic, and that no single fault leaves the limits of the standards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dermis_hw import eye_safety
from dermis_hw.boards.wiring import wired
from dermis_hw.eye_safety import cases
from dermis_hw.eye_safety.__main__ import worksheet
from dermis_hw.eye_safety.cases import CONTINUOUS, CORNEA, RETINA, Both, Leaky, Pattern
from dermis_hw.optics import DM1

CASES = cases.cases()


@pytest.mark.parametrize("case", [case for case in CASES if case.fault != "double"], ids=lambda case: case.name)
def test_no_single_fault_leaves_the_limits(case):
    assert case.margin > 1


def test_what_the_worksheet_must_hold():
    named = " / ".join(case.name for case in CASES)
    for fault in ("one-shot stuck", "two lights burn", "full scale", "diffuser gone", "program hung", "as often as it"):
        assert fault in named
    bare = next(case for case in CASES if "interlock failed" in case.name)
    # Two faults at once: nothing is left, and the worksheet says so instead of leaving it out.
    assert bare.fault == "double" and bare.margin < 0.1 and "NOTHING" in bare.protects


def test_the_worksheet_prints_every_case_and_that_nothing_was_measured():
    text = worksheet()
    assert all(case.name in text and case.protects in text for case in CASES)
    assert "No light has been measured" in text


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"dots_power_w": 0.25}, "brightest module"),
        ({"dots_zero_order": 0.02}, "one-shot stuck"),
        ({"led_intensity_w_sr": 2.5}, "one-shot stuck"),
        ({"duty_limit": 1.0}, "guard of the projector failed"),
    ],
)
def test_a_design_that_is_too_bright_is_found(changes, name):
    found = [case for case in cases.cases(replace(DM1, **changes)) if name in case.name]
    assert found and all(case.margin < 1 for case in found)


def test_without_the_projectors_guard_a_light_that_never_goes_out_is_too_bright():
    board = wired("esp32s3")
    held = cases.cases(board=replace(board, one_shots=board.one_shots | {"dots_guard_us": 10**10}))
    assert next(case for case in held if "one-shot stuck" in case.name).margin < 1


def test_a_current_set_with_room_above_nominal_counts():
    doubled = cases.cases(board=replace(wired("esp32s3"), nominal_duty_u16=32_768))
    name = "current set at full scale"
    of_both = [next(case for case in made if name in case.name).margin for made in (CASES, doubled)]
    assert of_both[1] == pytest.approx(of_both[0] / 2, rel=0.02)


def test_the_densest_stretch_of_a_pattern():
    pattern = Pattern(on_s=2, period_s=10)
    assert [pattern.mean(span) for span in (1, 2, 4, 10, 12, 1000)] == [1, 1, 0.5, 0.2, pytest.approx(4 / 12), 0.2]
    assert CONTINUOUS.mean(123.0) == 1


def test_a_leaky_store_lets_no_more_than_its_part_and_what_it_holds():
    leaky = Leaky(on_s=1.0, part=0.5)
    assert [leaky.mean(span) for span in (0.5, 1, 2, 1001)] == [1, 1, 0.75, pytest.approx(0.5, abs=1e-3)]
    both = Both(Pattern(2, 10), leaky)
    assert [both.mean(span) for span in (1, 2, 10)] == [1, 0.75, pytest.approx(0.2)]


def test_a_guard_as_it_is_built_lets_no_more_than_the_worksheet_counts():
    """The resistor, capacitor and Schmitt trigger step by step, against pulses of every kind."""
    step_s, upper, lower = 1e-3, cases.GUARD_OPENS, 0.45
    store_s = 1.0 / 1.14  # so that it opens a second after darkness
    allowed = Leaky(on_s=1.0, part=upper)
    for on_s, off_s in ((100.0, 0.0), (0.2, 0.01), (0.2, 0.09), (0.2, 0.1), (0.02, 0.01), (3.0, 0.5)):
        level, open_, burned = 0.0, False, []
        for step in range(20_000):
            asked = (step * step_s) % (on_s + off_s) < on_s
            burns = asked and not open_
            level += ((1.0 if burns else 0.0) - level) * step_s / store_s
            open_ = level >= upper or (open_ and level > lower)
            burned.append(burns)
        for span in (500, 1500, 5000, 12_000, 20_000):
            sums = [sum(burned[start : start + span]) for start in range(0, 20_001 - span, 500)]
            assert max(sums) / span <= allowed.mean(span * step_s) + 0.01


def test_the_limits_are_the_standards():
    # IEC 62471:2006, table 5.4: 18000 t^-0.75 up to 1000 s, 100 W/m2 beyond.
    assert eye_safety.cornea_limit(10.0) == pytest.approx(3200.8, rel=1e-3)
    assert eye_safety.cornea_limit(2000.0) == 100
    # 50000 / (alpha t^0.25) up to 10 s, 6000 / alpha beyond; alpha of 3 mm at 200 mm is 15 mrad.
    assert eye_safety.retina_limit(1.0, 3.0) == pytest.approx(50000 / 0.015)
    assert eye_safety.retina_limit(100.0, 3.0) == pytest.approx(6000 / 0.015)
    # IEC 60825-1:2014, table 3: 7e-4 t^0.75 C4 J up to 10 s, 0.39 C4 mW beyond; C4 of 940 nm is 3.02.
    assert eye_safety.laser_limit_w(1.0) == pytest.approx(7e-4 * 3.02, rel=1e-3)
    assert eye_safety.laser_limit_w(100.0) == pytest.approx(0.39e-3 * 3.02, rel=1e-3)


def test_lights_together_add_up():
    alone = {light: cases.worst({light: CONTINUOUS}, DM1)[0] for light in ("850", "970")}
    together, tissue = cases.worst({"850": CONTINUOUS, "970": CONTINUOUS}, DM1)
    assert tissue == CORNEA and together == pytest.approx(sum(alone.values()))
    assert cases.worst({"dots": CONTINUOUS}, DM1)[1] == RETINA


def test_the_interlock_has_less_time_for_a_brighter_beam():
    assert cases.interlock_us(cases.brightest()) < cases.interlock_us(DM1) < 5


def test_a_case_that_is_dark_has_no_end_of_margin():
    assert next(case for case in CASES if case.name == "diffuser gone").margin == float("inf")
