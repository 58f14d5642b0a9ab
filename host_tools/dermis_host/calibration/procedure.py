"""The calibration procedure: show targets, take bursts, compute, correct, measure again, judge. It never writes."""

from __future__ import annotations

import importlib.metadata
import math
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from typing import Any, Protocol

from dermis.core import calibration as record_format
from dermis.core.calibration_fields import MOST_MEASUREMENTS

from dermis_host.calibration import causes, spectra
from dermis_host.calibration.bench import Bench, StepVoid
from dermis_host.calibration.limits import Measurement
from dermis_host.calibration.outcome import Cause, Outcome
from dermis_host.calibration.steps import STEPS, CannotMeasure, State, Step, StepData, Subject, check, swir, temperature
from dermis_host.calibration.steps.step import Pick
from dermis_host.calibration.targets import LEDS, Fixture
from dermis_host.errors import UsageError

__all__ = ["Subject", "Watcher", "compute", "plan", "run"]
NO_SWIR = Cause("miswired_photodiode", "The SWIR head gives no reading: check its cable and its ADC.")
TOOL = f"dermis {importlib.metadata.version('dermis')}"


class Watcher(Protocol):
    """Who follows a run: terminal, station, or nobody."""

    def begin(self, step: Step, number: int, of: int) -> None: ...

    def reading(self, text: str) -> None:
        """A line of the live read-out."""
        ...

    def measured(self, measurements: Sequence[Measurement]) -> None:
        """What the step's bursts showed, judged; called once a step."""
        ...

    def finished(self, step: Step, data: StepData) -> None:
        """The step is done; `data.save` keeps it for another run."""
        ...


def plan(fixture: Fixture, board: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps for this fixture (it may heat) and board (it may have no SWIR head)."""
    left_out = set()
    if not fixture.heats:
        left_out.add(temperature.NAME)
    if not board["swir"]:
        left_out.add(swir.NAME)
    return tuple(step for step in STEPS if step.name not in left_out)


def run(
    bench: Bench,
    fixture: Fixture,
    watcher: Watcher,
    *,
    operator: str,
    kept: Mapping[str, StepData] | None = None,
    today: date | None = None,
    pick: Pick = secrets.choice,
) -> Outcome:
    """Takes every step that `kept` lacks, computes and judges each at once.

    It ends early where a step cannot be measured, and does not heat a module that has failed already. A step in which
    somebody else used the module is taken once more. pick: chooses the target of the last check, by chance.

    Raises UsageError when the fixture is past its due date (`today`: by the computer's clock), HostError when the
    module goes away: what `watcher.finished` was handed can be handed in again.
    """
    check_due(fixture, today or date.today())
    kept = kept or {}
    steps = plan(fixture, bench.board)
    calibration = _Calibration(fixture, Subject(bench.serial, bench.sensors, bench.board), operator)
    for number, step in enumerate(steps, 1):
        if step.name == temperature.NAME and calibration.outcome.failed:
            break
        watcher.begin(step, number, len(steps))
        data = kept.get(step.name)
        if data is None:
            data = take(step, bench, fixture, watcher, pick)
            if not data.refused:
                watcher.finished(step, data)
        going_on = calibration.judge(step, data)
        watcher.measured(calibration.outcome.by_step.get(step.name, []))
        if not going_on:
            break
    return calibration.finish(steps)


def compute(data: Mapping[str, StepData], fixture: Fixture, subject: Subject, *, operator: str = "") -> Outcome:
    """Measurements, causes and fields from what the steps took, without a module."""
    steps = plan(fixture, subject.board)
    calibration = _Calibration(fixture, subject, operator)
    for step in steps:
        if step.name not in data or not calibration.judge(step, data[step.name]):
            break
    return calibration.finish(steps)


def check_due(fixture: Fixture, today: date) -> None:
    """Raises UsageError for a fixture whose certificate has run out, or starts in the future: a clock that is wrong."""
    if today > fixture.due:
        raise UsageError(
            f"The fixture {fixture.id} was due on {fixture.due} and today is {today} by this computer's clock: have it "
            "certified anew, or set the clock right."
        )
    if today < fixture.certified:
        raise UsageError(
            f"The fixture {fixture.id} was certified on {fixture.certified} and today is {today} by this computer's "
            "clock: set the clock right."
        )


def take(step: Step, bench: Bench, fixture: Fixture, watcher: Watcher, pick: Pick = secrets.choice) -> StepData:
    """One step's bursts, taken once more when somebody else used the module. Raises StepVoid the second time."""
    try:
        return step.take(bench, fixture, watcher.reading, pick)
    except StepVoid as void:
        watcher.reading(f"{void} The step is taken again.")
        return step.take(bench, fixture, watcher.reading, pick)


class _Calibration:
    """One calibration under way: judges steps in their order and makes the record's fields."""

    def __init__(self, fixture: Fixture, subject: Subject, operator: str):
        self.outcome = Outcome()
        self._operator = operator
        self._state = State(fixture, subject, self.outcome)
        self._judged: list[str] = []

    def judge(self, step: Step, data: StepData) -> bool:
        """False when nothing after this step can be measured."""
        self._state.step = step.name
        if data.refused:
            self.outcome.causes.append(causes.of_refusal(data.facts["refused"]))
            return False
        if step.name == check.NAME and not self._complete_before(step):
            return False
        if self._state.has_swir and not all(burst.meta["swir"] for burst in data.bursts.values()):
            self.outcome.causes.append(NO_SWIR)
            return False
        try:
            step.judge(self._state, data)
        except CannotMeasure as problem:
            self.outcome.causes.append(problem.cause)
            return False
        self._judged.append(step.name)
        return True

    def _complete_before(self, step: Step) -> bool:
        """Fills the record's fields for the last step. A record that cannot be written has its causes already."""
        if self.outcome.failed:
            return False
        self.outcome.fields = fields_of(self._state, self._operator)
        return True

    def finish(self, steps: Sequence[Step]) -> Outcome:
        outcome = self.outcome
        outcome.complete = self._judged == [step.name for step in steps]
        outcome.causes = causes.name(self._state)
        if outcome.fields:
            outcome.fields["measurements"] = [_entry(measurement) for measurement in outcome.measurements][
                :MOST_MEASUREMENTS
            ]
        return outcome


def _entry(measurement: Measurement) -> list[Any]:
    """[name, unit, value, low, high] in 1/1000 of the unit."""

    def milli(value: float | None) -> int | None:
        return None if value is None or not math.isfinite(value) else round(1000 * value)

    return [
        measurement.name[:40],
        measurement.unit[:40],
        milli(measurement.value) or 0,
        milli(measurement.low),
        milli(measurement.high),
    ]


def fields_of(state: State, operator: str) -> dict[str, Any]:
    """The record's fields (docs/formats/calibration.md) but for the list of measurements."""
    assert state.triangle is not None and state.reference is not None
    fixture = state.fixture
    skin = state.skin or spectra.skin_figures(
        spectra.design_peaks(state.temperature_c), spectra.design_drift(), state.temperature_c
    )
    known = len(state.peaks_nm) == len(LEDS) and all(math.isfinite(peak) for peak in state.peaks_nm.values())
    return {
        "format": record_format.FORMAT,
        "serial": state.subject.serial,
        "sensors": dict(state.subject.sensors),
        "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"),
        "operator": operator,
        "tool": TOOL,
        "fixture": {"id": fixture.id, "due": fixture.due.isoformat(), "hash": fixture.hash},
        "z_ref_um": round(1000 * state.triangle.z_ref_mm),
        "exposure_us": state.exposure_us,
        "temperature_cc": round(100 * state.temperature_c),
        "temperatures_cc": [round(100 * each) for each in state.temperatures_c],
        "linear": state.table.astype("<u2").tobytes(),
        "monitor": state.monitor,
        "flat": {band: nodes.astype("<u2").tobytes() for band, nodes in state.flat.items()},
        "reference": state.reference.tobytes(),
        "swir_white": [round(16 * level) for level in state.swir_white],
        "swir_dark": [max(0, round(16 * level)) for level in state.swir_dark] or [0] * 5,
        "swir_noise": max(1, round(16 * state.swir_noise)),
        "baseline_um": round(1000 * state.triangle.baseline_mm),
        "z_offset_um": round(1000 * state.triangle.offset_mm),
        "peaks_dnm": [round(10 * state.peaks_nm[led]) for led in LEDS] if known else [],
        "index_stretch_q12": skin.index_stretch_q12,
        "swir_ratio_stretch_q12": skin.ratio_stretch_q12,
        "monitor_drift": state.curves.get("monitor_drift") or spectra.design_monitor_curves(state.temperature_c),
        "index_drift": skin.index_drift,
        "swir_output_drift": state.curves.get("swir_output_drift") or spectra.design_output_curves(state.temperature_c),
        "swir_ratio_drift": skin.ratio_drift,
    }
