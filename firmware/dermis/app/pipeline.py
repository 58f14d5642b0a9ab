"""From a burst to evidence, findings and a score: `core.analysis`, then the model. Needs no drivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.app import burst_checks
from dermis.app.spoof_model import SpoofModel
from dermis.core.analysis import Analyser

if TYPE_CHECKING:
    from typing import Any

ANALYSIS, MODEL = "analysis", "model"  # names of the stages


class Pipeline:
    """board: the board file's values. model: `SpoofModel`, or None. ticks_us: the clock for the times of stages.

    After the steps of a burst: analysis (core.analysis.Analysis, good until the next burst), score (0..10000, or
    None where the model was not asked), stages_us (name -> us, of this burst alone).
    """

    def __init__(self, board: dict, model: SpoofModel | None, ticks_us):
        self.analyser = Analyser(board)
        self.model = model
        self._ticks_us = ticks_us
        self.analysis: Any = self.analyser.result  # one object, filled anew for each burst
        self.score = None
        self.stages_us = {}

    def adopt(self, calibration) -> None:
        """Take what bursts will need of a record (`core.analysis.Analyser.adopt`)."""
        self.analyser.adopt(calibration)

    def early(self, burst, calibration) -> bool:
        """Does a piece of the work while the burst is still being taken; False when there is nothing to do (yet).
        `steps` leaves out what was done so; its time counts as the burst's."""
        return self.analyser.early(burst, calibration)

    def steps(self, burst, calibration):
        """Does the work; yields after each piece of it, so that a loop can run its other tasks in between (their
        time is not counted)."""
        self.score = None
        self.stages_us = {}
        self.stages_us[ANALYSIS] = 0
        analysis = self.analysis
        started = self._ticks_us()
        for _ in self.analyser.steps(burst, calibration):
            self.stages_us[ANALYSIS] += self._ticks_us() - started
            yield ANALYSIS
            started = self._ticks_us()
        burst_checks.add_findings(analysis, burst)
        self.stages_us[ANALYSIS] += self._ticks_us() - started
        yield ANALYSIS
        if analysis.usable and self.model is not None:
            started = self._ticks_us()
            self.score = self.model.score(analysis.maps, analysis.spectra)
            self.stages_us[MODEL] = self._ticks_us() - started
            yield MODEL

    def run(self, burst, calibration):
        """All steps at once, for those who have no loop."""
        for _ in self.steps(burst, calibration):
            pass
