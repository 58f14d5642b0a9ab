"""What a module in the field must withstand beyond the built-in scenes: each with its reason, and no exception.

The built-in ones (an empty hall, two faces, a hand, glass beads, a mirror, back light, ...) run with all others in
`test_scenes_on_the_twin`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from dermis.core import vocabulary
from dermis_host import Module
from dermis_host.calibration import at_once
from dermis_host.calibration.operators import TwinOperator
from dermis_host.errors import RequestFailed
from dermis_hw import scenes
from dermis_hw.module_instance import draw
from dermis_hw.twin import Twin
from dermis_hw.twin.faults import SWIR_LIGHTS

UNTUNED_SEED = 7005
OCCLUDED = (vocabulary.NO_DECISION, vocabulary.OCCLUDED)
BONA_FIDE = (vocabulary.BONA_FIDE, None)
# A built-in scene, what is changed in its file, and what must be said.
VARIANTS = {
    "hand on the mouth": ("hand_before_face", {"[-40.0, 5.0, -45.0]": "[-75.0, 0.0, -10.0]"}, OCCLUDED),
    "hand beside the face": ("hand_before_face", {"[-40.0, 5.0, -45.0]": "[0.0, 125.0, -10.0]"}, BONA_FIDE),
    "hand before a resin mask": (
        "resin_mask",
        {"\n[pose]": '\n[[object]]\ngeometry = "hand"\nmaterial = "skin"\nposition_mm = [-60.0, 0.0, -15.0]\n[pose]'},
        OCCLUDED,
    ),
    "two faces, one in the middle": ("two_faces", {"side_mm = -86.0": "side_mm = -10.0"}, OCCLUDED),
    "face cut off above": ("face_at_edge", {"side_mm = 115.0": "up_mm = 130.0"}, OCCLUDED),
}

pytestmark = [pytest.mark.render, pytest.mark.timeout(300)]


# What must lie in one piece beside all that a calibrated module holds: a packet, its answer and the small things of a
# request, several times over.
LARGEST_PIECE_LEFT = 32 * 1024


@pytest.fixture(scope="module")
def told() -> list[str]:
    """The log of the module of `calibrated`, as it grows: a JSON object a line."""
    return []


@pytest.fixture(scope="module")
def calibrated(make_shared_twin, told) -> Iterator[tuple[Twin, Module]]:
    """A twin that looks at a face, and its calibrated module."""
    twin = make_shared_twin(
        provider=None, scene=scenes.builtin("target_cap"), module=draw(UNTUNED_SEED), seed=UNTUNED_SEED
    )
    with Module(twin.url, on_log=told.append) as module:
        at_once.calibrate(module, TwinOperator(twin.set_scene))
        yield twin, module


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_of_a_scene(calibrated, tmp_path, name):
    twin, module = calibrated
    builtin, changes, (expected, reason) = VARIANTS[name]
    text = scenes.builtin(builtin).read_text()
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    path = tmp_path / "scene.toml"
    path.write_text(text)
    twin.set_scene(path)
    verdict = module.verify()
    assert verdict.verdict == expected, verdict
    assert reason is None or reason in verdict.reasons, verdict


@pytest.fixture(scope="module")
def before_a_face(calibrated) -> tuple[Twin, Module]:
    twin, module = calibrated
    twin.set_scene(scenes.builtin("bona_fide_light"))
    assert module.verify().verdict == vocabulary.BONA_FIDE
    return twin, module


def test_a_module_is_calibrated_again_and_again_without_a_restart(before_a_face, told):
    twin, module = before_a_face
    boots, record = twin.status()["boots"], module.calibration_record()
    for _ in range(3):
        module.store_calibration(record)
    stored = [json.loads(line) for line in told if '"calibration_stored"' in line]
    assert len(stored) == 4 and len({event["hash"] for event in stored}) == 1
    left = [event["heap_largest"] for event in stored]
    if any(left):  # CPython does not count
        assert min(left) >= LARGEST_PIECE_LEFT, f"the largest free pieces after each record had {left} bytes"
    damaged = record[:-1] + bytes([record[-1] ^ 1])
    with pytest.raises(RequestFailed, match="damaged"):
        module.store_calibration(damaged)
    assert module.verify().verdict == vocabulary.BONA_FIDE, f"largest free pieces: {left} bytes"
    assert twin.status()["boots"] == boots


# Dying within a pulse of the next burst, and within one of the burst after (850 nm: of the same one).
@pytest.mark.parametrize("how", [{"burns_us": 50_000}, {"after": 1, "burns_us": 30_000}])
@pytest.mark.parametrize("light", vocabulary.LIGHTS[1:])
def test_a_light_that_dies_is_a_fault_with_its_name(before_a_face, light, how):
    twin, module = before_a_face
    twin.fault("dead_light", light=light, **how)
    try:
        verdict = module.verify()
    finally:
        twin.fault("clear")
    assert (verdict.verdict, verdict.reasons) == (vocabulary.NO_DECISION, [vocabulary.SENSOR_FAULT])
    assert light in verdict.evidence["fault"]


@pytest.mark.parametrize("light", SWIR_LIGHTS)
def test_a_dead_led_of_the_swir_head_is_a_fault_and_no_attack(before_a_face, light):
    twin, module = before_a_face
    twin.fault("dead_light", light=light)
    try:
        verdict = module.verify()
    finally:
        twin.fault("clear")
    assert (verdict.verdict, verdict.reasons) == (vocabulary.NO_DECISION, [vocabulary.SENSOR_FAULT])


def test_afterwards_the_face_is_seen_again(before_a_face):
    _, module = before_a_face
    assert module.verify().verdict == vocabulary.BONA_FIDE
