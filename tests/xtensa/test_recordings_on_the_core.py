"""Recorded bursts on the ESP32-S3's core model: every kernel that they call gives CPython's bytes, and the model gives
the output recorded in tests/recordings/golden.json.

test_depth_on_the_core and test_reflectance_on_the_core hold the kernels of a bona fide face and of an empty scene,
with their instructions. Here are the ways that those do not take.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from dermis.app.spoof_model import MAPS_SHAPE
from dermis.tflite import Model
from dermis_host.recording import load
from dermis_host.released import released_model
from dermis_host.replaying import replay

from tests.recordings import golden
from tests.recordings.replayed import PATHS
from tests.xtensa import analysis_calls, depth_calls, on_the_core
from tests.xtensa.machine import MISSING, is_installed
from tests.xtensa.rig import Rig

pytestmark = pytest.mark.skipif(not is_installed(), reason=MISSING)

# A hand before a face takes every step, up to what lies behind the body; a face that moves ends on the way.
REFUSED = ("hand_before_face", "moving")
JUDGED = ("bona_fide_light", "silicone_mask_3mm")  # by the model, one either way


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """Every kernel of `dermis.core`, viper and assembler."""
    sources = [analysis_calls.source(module) for module in analysis_calls.modules_with_kernels()]
    with Rig(sources, prefixed={depth_calls.PREFIX: depth_calls.ASSEMBLER_SOURCE}) as rig:
        yield rig


def differing(rig: Rig, calls: list[analysis_calls.Call]) -> list[str]:
    """The calls that leave other bytes on the core than under CPython, by either kind of kernel."""
    found = []
    for number, call in enumerate(calls):
        assembled = [depth_calls.PREFIX] if call.kernel in depth_calls.ASSEMBLER_KERNELS else []
        for prefix in ("", *assembled):
            if not analysis_calls.replay(rig, call, prefix)[0]:
                found.append(f"call {number}: {prefix}{call.kernel}, asked for by {call.asked_by}")
    return found


@pytest.fixture(scope="module")
def recorded() -> dict[str, list[analysis_calls.Call]]:
    return {name: analysis_calls.of_recording(PATHS[name])[0] for name in REFUSED}


@pytest.mark.parametrize("name", REFUSED)
def test_every_call_is_byte_equal(rig: Rig, recorded, name: str):
    assert len(recorded[name]) > 40
    assert differing(rig, recorded[name]) == []


def test_the_hand_takes_steps_that_a_bare_face_does_not(recorded):
    assert "_behind_kernel" in {call.kernel for call in recorded["hand_before_face"]}


def test_the_models_output_is_the_one_recorded():
    file, known = released_model().read_bytes(), golden.recorded()["recordings"]
    features = replay([load(PATHS[name]) for name in JUDGED], None, features_only=True)
    with on_the_core.rig() as rig, on_the_core.running(rig) as core:
        for name, found in zip(JUDGED, features, strict=True):
            maps, spectra = bytes.fromhex(found["maps"]), bytes.fromhex(found["spectra"])
            assert hashlib.sha256(maps).hexdigest() == known[name]["features"]["maps_sha256"]
            maps_first = tuple(Model(file).inputs[0].shape) == MAPS_SHAPE
            [output], _ = on_the_core.infer(core, file, [maps, spectra] if maps_first else [spectra, maps])
            assert int.from_bytes(output, "little", signed=True) == known[name]["model"]["output"], (name, golden.HOW)
        assert {count.assembler for count in core.counts} == {True, False}
