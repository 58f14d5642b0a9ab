"""The whole procedure and its commit in one call, for the demo, benches and tests; people use `dermis calibrate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dermis.core import calibration as record_format

from dermis_host.calibration import procedure, targets
from dermis_host.calibration.keys import DEVELOPMENT_KEY
from dermis_host.calibration.limits import Measurement
from dermis_host.calibration.live_bench import LiveBench
from dermis_host.calibration.operators import Operator
from dermis_host.calibration.outcome import Outcome
from dermis_host.calibration.steps import Step, StepData
from dermis_host.errors import CalibrationFailed
from dermis_host.module import Module


class _Telling:
    """A watcher that hands on what is being done."""

    def __init__(self, told: Callable[[str], None]):
        self._told = told

    def begin(self, step: Step, number: int, of: int) -> None:
        self._told(f"{number}/{of} {step.title.lower()}")

    def reading(self, text: str) -> None:
        """What a person reads while placing a target."""

    def measured(self, measurements: Sequence[Measurement]) -> None:
        """The outcome has them all."""

    def finished(self, step: Step, data: StepData) -> None:
        """Nothing is kept."""


def calibrate(
    module: Module, operator: Operator, *, name: str = "", told: Callable[[str], None] = lambda _: None
) -> tuple[Outcome, str]:
    """(outcome, hash of the record now in force) with the twin's own fixture, at one temperature.

    Raises CalibrationFailed with the causes when something lies outside its limits; nothing is written then.
    """
    fixture = replace(targets.load(), temperatures_c=())
    bench = LiveBench(module, operator)
    outcome = procedure.run(bench, fixture, _Telling(told), operator=name)
    record = outcome.record(DEVELOPMENT_KEY)
    module.store_calibration(record)
    state = module.calibration_state()
    if state.hash != record_format.name_of(record):
        raise CalibrationFailed("The module stored the record but does not use it: run `dermis selftest`.")
    return outcome, state.hash
