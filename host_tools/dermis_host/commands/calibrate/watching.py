"""A run as it goes by, on the terminal; finished steps into the work folder."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from dermis_host.calibration import words
from dermis_host.calibration.limits import Measurement
from dermis_host.calibration.steps import Step, StepData
from dermis_host.calibration.work import Work
from dermis_host.output import Output


class Watching:
    """`procedure.Watcher`. resumed: steps that an earlier run had finished; done: those and the ones finished now."""

    def __init__(self, work: Work, resumed: tuple[str, ...], output: Output):
        self.resumed = resumed
        self.done = list(resumed)
        self._work, self._output = work, output

    def begin(self, step: Step, number: int, of: int) -> None:
        taken = "  (kept)" if step.name in self.resumed else ""
        self._output.say(Text.assemble((f"{number}/{of} {step.title}", "bold"), (taken, "dim")))

    def reading(self, text: str) -> None:
        self._output.tick(text)

    def measured(self, measurements: Sequence[Measurement]) -> None:
        for measurement in measurements:
            self._output.say(line(measurement))

    def finished(self, step: Step, data: StepData) -> None:
        self._work.keep(step, data)
        if step.name not in self.done and not data.refused:
            self.done.append(step.name)


def line(measurement: Measurement) -> Text:
    """One measurement: a mark, and the sentence of `words`."""
    mark, style = ("  ok    ", "green") if measurement.passed else ("  FAIL  ", "bold red")
    if words.marginal(measurement):
        mark, style = "  close ", "yellow"
    return Text.assemble((mark, style), words.sentence(measurement))
