"""One verification: bursts until the decision stands or the time is up. `verify`, `watch` and the lock's side run it to
its end, `verify_step` burst by burst."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from dermis.app.log import ERROR
from dermis.core import decision, vocabulary
from dermis.core.errors import DermisError, TooBright

if TYPE_CHECKING:
    from typing import Any

    from dermis.app.module import Module
    from dermis.drivers.clock import Clock

CAPTURE = "capture"  # name of the stage before those of the pipeline


async def verification(module: Module, time_limit_ms=0) -> dict:
    """{"verdict", "reasons", "score", "bursts", "evidence", "stages_us"}.

    What stands in the way (no record, no model, a sensor at fault) is a no-decision with its reason: it fails
    closed. The caller holds the sensors.
    """
    whole = Verification(module, time_limit_ms)
    while not await whole.burst():
        pass
    return whole.answer()


class Verification:
    """The same in steps: `burst` until it says that the verdict stands, then `answer`, once. Whoever steps it holds the
    sensors meanwhile, and calls `uncount` with what passed between two steps.

    taken: the burst of the last step; None where none came.
    """

    def __init__(self, module: Module, time_limit_ms=0):
        self._module = module
        self.taken: Any = None
        self._bursts = 0
        self._stages_us = {}
        self._fault = None  # (reason, sentence) of what stood in the way
        if module.calibration.record is None:
            self._fault = (vocabulary.NOT_CALIBRATED, module.calibration.fault)
        elif module.model is None:
            self._fault = (vocabulary.SENSOR_FAULT, module.model_fault)
        threshold = module.threshold()
        arguments = () if threshold is None else (threshold,)
        self._session = decision.Session(module.profile, time_limit_ms, *arguments)
        self._started = module.clock.ticks_us()

    def uncount(self, duration_us: int) -> None:
        """Take time that has passed off what the limit counts."""
        self._started += duration_us

    async def burst(self) -> bool:
        """Takes a burst and judges it; whether the verdict stands."""
        self.taken = None
        if self._fault:
            return True
        module, stages_us = self._module, self._stages_us
        clock: Clock = module.clock
        pipeline = module.pipeline
        before = clock.ticks_us()
        try:
            self.taken = burst = await module.taker.take(module.calibration.record, meanwhile=pipeline.early)
            self._bursts += 1
            gc.collect()  # between frames and analysis, where a pause costs least
            _add(stages_us, CAPTURE, clock.ticks_us() - before)
            for _ in pipeline.steps(burst, module.calibration.record):
                await clock.sleep_ms(0)
        except DermisError as error:
            module.log.event("sensor_fault", ERROR, reason=str(error))
            reason = vocabulary.TOO_BRIGHT if isinstance(error, TooBright) else vocabulary.SENSOR_FAULT
            self._fault = (reason, str(error))
            return True
        for stage in pipeline.stages_us:
            _add(stages_us, stage, pipeline.stages_us[stage])
        module.evidence = dict(pipeline.analysis.evidence)
        return self._session.add(pipeline.analysis, pipeline.score, (clock.ticks_us() - self._started) // 1000)

    def answer(self) -> dict:
        """The verdict, as `verification` gives it."""
        module = self._module
        if self._fault:
            reason, sentence = self._fault
            verdict, reasons, score = vocabulary.NO_DECISION, [reason], 0
            module.evidence = {"fault": sentence}  # it says what to do
        else:
            verdict, reasons, score = self._session.result()
            if vocabulary.SENSOR_FAULT in reasons and "fault" not in module.evidence:
                from dermis.app import blame  # seldom

                module.evidence["fault"] = blame.sentence(module.evidence, module.board)
        return {
            "verdict": verdict,
            "reasons": list(reasons),
            "score": score,
            "bursts": self._bursts,
            "evidence": module.evidence,
            "stages_us": self._stages_us,
        }


def _add(sums, name, value):
    sums[name] = sums.get(name, 0) + value
