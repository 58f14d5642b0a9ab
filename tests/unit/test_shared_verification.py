"""A verification from bursts to verdict, with a pipeline that says what the test wants."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import fakes
from dermis.app.module import Module
from dermis.app.verification import verification
from dermis.core.errors import SensorFault

if TYPE_CHECKING:
    from typing import Any


class Analysis:
    def __init__(self, findings, usable):
        self.findings = findings
        self.usable = usable
        self.evidence = {"swir": True, "distance_mm": 450}


class ScriptedPipeline:
    """One (findings, score) a burst; the last one again and again."""

    def __init__(self, clock, script):
        self._clock = clock
        self._script = list(script)
        self.seen = []

    def early(self, burst, calibration):
        return False

    def steps(self, burst, calibration):
        findings, self.score = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        self.seen.append((len(burst.frames), calibration.hash))
        self.analysis = Analysis(findings, self.score is not None)
        self.stages_us = {"analysis": 1000}
        yield "analysis"
        self.stages_us["model"] = 200
        yield "model"


class Model:
    name, hash = "scripted", "00"

    def threshold(self, profile):
        return 6000 - profile.threshold_offset


def outcome(script, time_limit_ms=0, prepare=None):
    module: Any = Module(fakes.drivers(), dict(fakes.BOARD), None)
    module.calibration.record = fakes.FakeRecord()
    module.model = Model()
    module.pipeline = ScriptedPipeline(module.clock, script)
    if prepare:
        prepare(module)
    return module, asyncio.run(verification(module, time_limit_ms))


def test_bona_fide_in_as_many_bursts_as_the_profile_wants():
    module, answer = outcome([([], 9000)])
    assert answer["verdict"] == "bona_fide" and answer["reasons"] == [] and answer["score"] == 9000
    assert answer["bursts"] == module.profile.agreement == len(module.pipeline.seen)
    assert module.pipeline.seen[0] == (6, fakes.FakeRecord.hash)
    stages = answer["stages_us"]
    assert stages["analysis"] == 1000 * answer["bursts"] and stages["model"] == 200 * answer["bursts"]
    assert 400000 * answer["bursts"] < stages["capture"] < 1000000 * answer["bursts"]
    assert module.evidence == answer["evidence"] == {"swir": True, "distance_mm": 450}


def test_the_threshold_is_the_models_for_the_profile():
    assert outcome([([], 6000)])[1]["verdict"] == "bona_fide"
    answer = outcome([([], 5999)])[1]
    assert answer["verdict"] == "attack" and answer["reasons"] == ["model"]


def test_gates_are_heard():
    answer = outcome([([("attack", "flat"), ("attack", "not_skin_nir")], None)])[1]
    assert answer["verdict"] == "attack" and answer["bursts"] == 1 and "flat" in answer["reasons"]


def test_nobody_there_ends_with_the_time():
    module, answer = outcome([([("no_decision", "no_face")], None)], 1500)
    assert answer["verdict"] == "no_decision" and answer["reasons"] == ["no_face"]
    assert answer["bursts"] >= 2 and module.clock.now < 1500000 + 1000000


def test_a_face_that_comes_late_is_still_judged():
    answer = outcome([([("no_decision", "no_face")], None), ([], 9500)])[1]
    assert answer["verdict"] == "bona_fide" and answer["bursts"] == 3


def test_a_sensor_that_fails_on_the_way_fails_closed():
    def kill_a_light(module):
        module.taker._camera.levels["1050"] = 0

    module, answer = outcome([([], 9000)], prepare=kill_a_light)
    assert answer["verdict"] == "no_decision" and answer["reasons"] == ["sensor_fault"]
    assert "1050" in answer["evidence"]["fault"] and answer["bursts"] == 0 and module.log.errors >= 1

    def stop_the_thermometer(module):
        module.thermometer.fault = SensorFault("the thermometer does not answer")

    answer = outcome([([], 9000)], prepare=stop_the_thermometer)[1]
    assert answer["reasons"] == ["sensor_fault"] and "thermometer" in answer["evidence"]["fault"]


def test_a_tab_that_somebody_saturates_is_too_bright():
    def shine(module):
        module.taker._camera.levels["1050"] = 65000

    answer = outcome([([], 9000)], prepare=shine)[1]
    assert answer["verdict"] == "no_decision" and answer["reasons"] == ["too_bright"], answer
    assert "1050" in answer["evidence"]["fault"]


def test_an_accelerator_that_fails_closes():
    def pull_it_out(module):
        def steps(_burst, _calibration):
            yield "analysis"
            raise SensorFault("the Edge TPU is gone; plug it in")

        module.pipeline.steps = steps

    answer = outcome([([], 9000)], prepare=pull_it_out)[1]
    assert answer["verdict"] == "no_decision" and answer["reasons"] == ["sensor_fault"]
    assert "plug it in" in answer["evidence"]["fault"] and answer["bursts"] == 1
