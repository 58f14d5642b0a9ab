"""Every built-in scene before a calibrated virtual module that nobody tuned to: the verdict its file expects."""

from __future__ import annotations

import pytest
from dermis_host.demo import runner

# Never used while limits or the model were chosen; `make demo-seeds` runs more.
UNTUNED_SEED = 7001

pytestmark = [pytest.mark.render, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def log() -> list[str]:
    return []


@pytest.fixture(scope="module")
def demo(log) -> runner.DemoResult:
    def nothing(*_: object) -> None:
        pass

    return runner.run(
        runner.scene_names(None), UNTUNED_SEED, told=nothing, tell=nothing, on_log=log.append, advance=nothing
    )


@pytest.mark.parametrize("name", runner.scene_names(None))
def test_verdict(demo, name):
    (scene,) = [each for each in demo.scenes if each.name == name]
    assert scene.ok, (scene.expected, scene.expected_reasons, scene.verdict)


def test_verdicts_carry_identities_and_times(demo):
    for scene in demo.scenes:
        verdict = scene.verdict
        assert verdict.firmware == demo.identity.firmware
        assert verdict.model_hash == demo.identity.model_hash
        assert verdict.calibration == demo.calibration_hash
        assert "capture" in verdict.stages_us


def test_every_bona_fide_score_lies_above_every_attack_score(demo):
    decided = [scene for scene in demo.scenes if scene.expected != "no_decision"]
    bona_fide = min(scene.verdict.score for scene in decided if scene.kind == "bona_fide")
    attack = max(scene.verdict.score for scene in decided if scene.kind == "attack")
    assert bona_fide > attack


def test_scene_names_never_reach_the_module(demo, log):
    """What the firmware said comes from what the firmware knows."""
    said = "\n".join(log)
    assert said
    assert not [scene.name for scene in demo.scenes if scene.name in said or scene.title in said]
