"""Every built-in scene before a calibrated virtual module that nobody tuned to: the verdict its file expects."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from dermis_host import Module
from dermis_host.demo import runner
from dermis_hw import scenes

# Never used while limits or the model were chosen; `make demo-seeds` runs more.
UNTUNED_SEED = 7001

pytestmark = [pytest.mark.render, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def demo() -> runner.DemoResult:
    def nothing(*_: object) -> None:
        pass

    ignored = dict.fromkeys(("told", "on_log", "twin_log", "advance"), nothing)
    return runner.run(runner.scene_names(None), UNTUNED_SEED, pictured=False, **ignored)


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


def memory_of(pid: int) -> bytes:
    """What a process holds in its readable memory, its arguments and its environment."""
    proc = Path("/proc") / str(pid)
    held = [(proc / "cmdline").read_bytes(), (proc / "environ").read_bytes()]
    with open(proc / "mem", "rb", buffering=0) as memory:
        for line in (proc / "maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(start)
                held.append(memory.read(end - start))
            except OSError:  # a mapping of a device
                continue
    return b"".join(held)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the module's memory through /proc")
def test_scene_and_truth_never_reach_the_module(make_twin):
    """After a verdict, neither the scene's name nor its species nor its file stands anywhere in the module's memory."""
    path = scenes.builtin("silicone_mask_3mm")
    scene = scenes.load(path)
    twin = make_twin(provider=None, scene=path)
    with Module(twin.url) as module:
        module.verify()
        serial = module.identity().serial
        held = memory_of(twin.status()["module_pid"])
    assert serial.encode() in held  # the search finds what is there
    assert not [text for text in (path.stem, scene.name, scene.species) if text.encode() in held]
