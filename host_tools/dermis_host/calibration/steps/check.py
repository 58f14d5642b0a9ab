"""A target that nobody chose: what the finished record makes of it, before it is a record."""

from __future__ import annotations

from dermis.core import calibration as record_format

from dermis_host.calibration import reading, spectra
from dermis_host.calibration.keys import DEVELOPMENT_KEY
from dermis_host.calibration.outcome import Cause
from dermis_host.calibration.steps.state import CannotMeasure, State
from dermis_host.calibration.steps.step import Shoot, Step, StepData
from dermis_host.calibration.targets import FAR, GREYS, NEAR

NAME = "check"
CHOICES = (*GREYS, NEAR, FAR)
FRAMES = ("dark", "850", "970", "1050", "dots")
PICKED = "picked"


def take(shoot: Shoot) -> StepData:
    picked = shoot.pick(CHOICES)
    shoot.data.facts[PICKED] = picked
    shoot.show(picked)
    shoot.burst(picked, FRAMES)
    return shoot.data


def judge(state: State, data: StepData) -> None:
    """The record is judged by its own bytes, encoded and decoded again."""
    picked = data.facts[PICKED]
    target = state.target(picked)
    fields = state.outcome.fields
    record = record_format.decode(record_format.encode(fields, DEVELOPMENT_KEY))
    burst = data.bursts[picked]
    state.ambient(burst, f"{picked} again")
    try:
        seen = reading.read([burst], record, state.subject.board)
    except ValueError as problem:
        raise CannotMeasure(
            Cause("wrong_target", f"The target {picked} was asked for and {problem}: put it there and start again.")
        ) from None
    state.add("depth", 100 * (seen.distance_mm / target.distance_mm - 1), f"{picked} again")
    for led, factor in seen.reflectance.items():
        state.add("reading", 100 * (factor / spectra.through(target.spectrum, led) - 1), f"{picked} again {led}")


STEP = Step(
    NAME,
    "Random target",
    (),
    "one target picked at random, judged with the record as the module would",
    15.0,
    take,
    judge,
)
