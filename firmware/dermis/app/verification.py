"""One verification: bursts until the decision stands or the time is up. `verify` and `watch` both run it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from dermis.app.log import ERROR
from dermis.core import decision, vocabulary
from dermis.core.errors import DermisError, TooBright

if TYPE_CHECKING:
    from dermis.app.module import Module
    from dermis.drivers.clock import Clock

CAPTURE = "capture"  # name of the stage before those of the pipeline


async def verification(module: Module, time_limit_ms=0) -> dict:
    """{"verdict", "reasons", "score", "bursts", "evidence", "stages_us"}.

    What stands in the way (no record, no model, a sensor at fault) is a no-decision with its reason: it fails
    closed. The caller holds the sensors.
    """
    if module.calibration.record is None:
        return _without(module, vocabulary.NOT_CALIBRATED, module.calibration.fault)
    if module.model is None:
        return _without(module, vocabulary.SENSOR_FAULT, module.model_fault)
    clock: Clock = module.clock
    pipeline = module.pipeline
    threshold = module.threshold()
    arguments = () if threshold is None else (threshold,)
    session = decision.Session(module.profile, time_limit_ms, *arguments)
    started = clock.ticks_us()
    stages_us = {}
    bursts = 0
    done = False
    while not done:
        before = clock.ticks_us()
        try:
            burst = await module.taker.take(module.calibration.record, meanwhile=pipeline.early)
            bursts += 1
            gc.collect()  # between frames and analysis, where a pause costs least
            _add(stages_us, CAPTURE, clock.ticks_us() - before)
            for _ in pipeline.steps(burst, module.calibration.record):
                await clock.sleep_ms(0)
        except DermisError as error:
            module.log.event("sensor_fault", ERROR, reason=str(error))
            reason = vocabulary.TOO_BRIGHT if isinstance(error, TooBright) else vocabulary.SENSOR_FAULT
            return _without(module, reason, str(error), bursts, stages_us)
        for stage in pipeline.stages_us:
            _add(stages_us, stage, pipeline.stages_us[stage])
        module.evidence = dict(pipeline.analysis.evidence)
        done = session.add(pipeline.analysis, pipeline.score, (clock.ticks_us() - started) // 1000)
    verdict, reasons, score = session.result()
    if vocabulary.SENSOR_FAULT in reasons and "fault" not in module.evidence:
        from dermis.app import blame  # seldom

        module.evidence["fault"] = blame.sentence(module.evidence, module.board)
    return {
        "verdict": verdict,
        "reasons": list(reasons),
        "score": score,
        "bursts": bursts,
        "evidence": module.evidence,
        "stages_us": stages_us,
    }


def _without(module, reason, sentence, bursts=0, stages_us=None):
    """A no-decision because something is missing; the sentence says what to do."""
    module.evidence = {"fault": sentence}
    return {
        "verdict": vocabulary.NO_DECISION,
        "reasons": [reason],
        "score": 0,
        "bursts": bursts,
        "evidence": module.evidence,
        "stages_us": stages_us or {},
    }


def _add(sums, name, value):
    sums[name] = sums.get(name, 0) + value
