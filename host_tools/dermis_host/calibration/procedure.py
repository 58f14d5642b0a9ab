"""The calibration procedure: show targets, take bursts, compute, correct, measure again, judge. It never writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dermis_host.calibration.bench import Bench
from dermis_host.calibration.limits import Measurement
from dermis_host.calibration.outcome import Outcome
from dermis_host.calibration.steps import Step, StepData
from dermis_host.calibration.targets import Fixture


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


@dataclass(frozen=True)
class Subject:
    """The module that a record is made for, as it names itself."""

    serial: str
    sensors: dict[str, str]
    board: dict[str, Any]


def plan(fixture: Fixture, board: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps for this fixture (it may heat) and board (it may have no SWIR head)."""
    raise NotImplementedError


def run(
    bench: Bench, fixture: Fixture, watcher: Watcher, *, operator: str, kept: Mapping[str, StepData] | None = None
) -> Outcome:
    """Takes every step that `kept` lacks, and computes. Raises UsageError when the fixture is past its due date;
    HostError when the module goes away: what `watcher.finished` kept can be handed in again."""
    raise NotImplementedError


def compute(data: Mapping[str, StepData], fixture: Fixture, subject: Subject, *, operator: str = "") -> Outcome:
    """Measurements, causes and fields from what the steps took, without a module."""
    raise NotImplementedError
