"""The walk over a loaded model's objects against MicroPython's own collector, and the goals that are bytes."""

import sys

import packs
import pytest

from tests.bench import inference_memory

WHOLE = ("plain", "separable", "residual", "pooled", "two_inputs", "wide_dense", "reference")


@pytest.mark.parametrize("name", WHOLE)
def test_the_walk_finds_what_the_collector_counts(name):
    assert sys.maxsize > 1 << 32  # or `here` and `device` are one
    for found in inference_memory.measure(packs.read(name)[0][1]).values():
        assert found["here"] == found["measured"]
        assert found["device"] == sum(found["device_parts"].values()) < found["here"]


def test_goals():
    for name, file in inference_memory.files().items():
        heap = inference_memory.GOAL_HEAP if name == inference_memory.REFERENCE else inference_memory.RELEASED_HEAP
        for kernels, found in inference_memory.measure(file).items():
            assert found["here"] == found["measured"], (name, kernels)
            assert found["arena"] <= inference_memory.GOAL_ARENA, (name, kernels)
            assert found["device"] <= heap, (name, kernels)
