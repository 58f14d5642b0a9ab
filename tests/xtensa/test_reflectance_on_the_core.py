"""The reflectance stage on the ESP32-S3's core model: the same bytes as under CPython, within its instructions."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.xtensa import analysis_calls
from tests.xtensa.machine import MISSING, is_installed
from tests.xtensa.rig import Rig

RECORDING = Path(__file__).parents[1] / "recordings" / "bona_fide_light.npz"
# Measured, and a little above: what grows beyond has to be looked at. The goal is 3,000,000.
CEILINGS = {"stage": 3_000_000, "face": 2_150_000}


@pytest.fixture(scope="module")
def recorded() -> tuple[list[analysis_calls.Call], Counter[str]]:
    calls, executed = analysis_calls.of_recording(RECORDING)
    watched = (*analysis_calls.REFLECTANCE, *analysis_calls.SEGMENTATION)
    return [call for call in calls if call.asked_by in watched], executed


@pytest.fixture(scope="module")
def calls(recorded) -> list[analysis_calls.Call]:
    return recorded[0]


@pytest.mark.skipif(not is_installed(), reason=MISSING)
def test_every_call_is_byte_equal_and_the_stage_within_its_instructions(calls: list[analysis_calls.Call]):
    spent: Counter[str] = Counter()
    with Rig([analysis_calls.source(module) for module in analysis_calls.modules_with_kernels()]) as rig:
        for number, call in enumerate(calls):
            same, instructions = analysis_calls.replay(rig, call)
            assert same, f"call {number}: {call.kernel}, asked for by {call.asked_by}"
            if call.kernel not in analysis_calls.NOT_OF_REFLECTANCE:
                spent["face" if call.asked_by in analysis_calls.SEGMENTATION else "stage"] += instructions
    for part, ceiling in CEILINGS.items():
        assert 0.9 * ceiling < spent[part] <= ceiling, (part, spent[part])


def test_every_kernel_of_the_stage_is_called(calls: list[analysis_calls.Call]):
    """Those of the rarer ways (a view that is blinded, a face that moves) aside, which the tests of the units call."""
    called = {call.kernel for call in calls}
    of_the_stage = {
        name
        for module in analysis_calls.modules_with_kernels()
        if module.__name__.rpartition(".")[2]
        in ("cell_kernels", "face_kernels", "motion", "swir", "reflectance", "features")
        for name in analysis_calls.kernel_names(module)
    }
    assert of_the_stage - called == {"count_blind", "rise_over_shift"}


def test_no_loop_over_cells_is_left_in_python(recorded):
    """A bytecode costs what dozens of a kernel's instructions do; one walk over the 3,072 cells is 30,000 of them."""
    executed = recorded[1]
    glue = sum(executed[module] for module in analysis_calls.GLUE)
    assert 0 < glue < 60_000, executed
    assert 0 < executed["face"] < 10_000, executed
