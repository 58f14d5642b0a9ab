"""Assembler kernels with a viper kernel's name and arguments give its bytes for whatever they are called with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from dermis.tflite import kernels_moves, kernels_simple
from dermis.tflite.native import int32_array

from tests.xtensa import on_the_core
from tests.xtensa.machine import MISSING, is_installed
from tests.xtensa.rig import Rig

pytestmark = pytest.mark.skipif(not is_installed(), reason=MISSING)
CASES = 40


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with on_the_core.rig() as rig:
        yield rig


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def random_bytes(rng: np.random.Generator, count: int) -> bytes:
    return rng.integers(0, 256, count).astype(np.uint8).tobytes()


def whole(rng: np.random.Generator, low: int, high: int, count: int) -> list[int]:
    return [int(value) for value in rng.integers(low, high, count)]


def target_on_the_core(rig: Rig, kernel: str, buffers: list[Any], target: int) -> bytes:
    """What a kernel leaves in its argument `target` on the core, all arguments being whole buffers, of which each has
    been the one behind which nothing may be read."""
    places = [(number, 0) for number in range(len(buffers))]
    given = [memoryview(buffer).tobytes() for buffer in buffers]
    outcomes = [rig.call(on_the_core.PREFIX + kernel, places, given, last) for last in range(len(buffers))]
    [left] = {outcome.buffers[target] for outcome in outcomes}
    return left


def test_moves_at_every_alignment_and_length(rig: Rig, rng: np.random.Generator):
    table = random_bytes(rng, 256)
    for count in (0, 1, 3, 4, 15, 16, 17, 35, 64):
        for start in range(4):
            for target in (0, start, 3):
                source = random_bytes(rng, start + count)
                moved, blank = source[start:], bytes(target)
                buffers = [source, bytes(target + count), table]
                for kernel, extra, expected in (
                    ("flip", [], bytes(value ^ 128 for value in moved)),
                    ("copy_bytes", [], moved),
                    ("look_up", [(2, 0)], bytes(table[value] for value in moved)),
                ):
                    arguments = [(0, start), (1, target), *extra, count]
                    outcome = rig.call(on_the_core.PREFIX + kernel, arguments, buffers, last=0)
                    assert outcome.buffers[1] == blank + expected, (kernel, count, start, target)
                filled = rig.call(on_the_core.PREFIX + "fill", [(1, target), 0x5A, count], buffers)
                assert filled.buffers[1] == blank + b"\x5a" * count


def test_copy(rig: Rig, rng: np.random.Generator):
    for _ in range(CASES):
        counts = [*whole(rng, 1, 6, 3), int(rng.integers(1, 40))]
        steps = [*whole(rng, -9, 30, 3), int(rng.choice([1, 1, 2, -1, 0]))]
        strides = [*whole(rng, 0, 60, 3), int(rng.choice([1, 1, 3]))]
        ends = [step * (count - 1) for step, count in zip(steps, counts, strict=True)]
        first = -sum(min(end, 0) for end in ends) + int(rng.integers(4))
        target_first = int(rng.integers(4))
        block = int32_array(
            (*counts, *(max(step, 0) for step in steps), *strides, first, target_first, *(max(-s, 0) for s in steps))
        )
        source = random_bytes(rng, first + sum(max(end, 0) for end in ends) + 1)
        size = target_first + sum(stride * (count - 1) for stride, count in zip(strides, counts, strict=True)) + 1
        target = bytearray(size)
        kernels_moves.copy(memoryview(source), target, block)
        assert target_on_the_core(rig, "copy", [source, bytes(size), block], 1) == target


def test_mean(rig: Rig, rng: np.random.Generator):
    for _ in range(CASES):
        counts, gone = whole(rng, 1, 5, 4), rng.random(4) < 0.5
        strides, size = [0] * 4, 1
        for axis in (3, 2, 1, 0):
            if not gone[axis]:
                strides[axis], size = size, size * counts[axis]
        averaged = int(np.prod(counts)) // size
        shift = int(rng.choice([0, 0, 1, 3, 7, 12]))
        left = 0 if shift else int(rng.integers(0, 4))
        factor = int(rng.integers(1 << 26, 1 << 31))
        block = int32_array(
            (*counts, *strides, size, int(rng.integers(256)) * averaged, factor, left, shift, int(rng.integers(256)))
        )
        x, y, sums = random_bytes(rng, size * averaged), bytearray(size), int32_array([0] * size)
        kernels_simple.mean(x, y, sums, block)
        assert target_on_the_core(rig, "mean", [x, bytes(size), bytes(4 * size), block], 1) == y


def test_pool(rig: Rig, rng: np.random.Generator):
    for case in range(CASES):
        batches, depth = int(rng.integers(1, 3)), int(rng.integers(1, 7))
        window, strides = whole(rng, 1, 5, 2), whole(rng, 1, 4, 2)
        size = [extent + int(rng.integers(0, 5)) for extent in window]
        same = case % 2 == 0
        out = [
            -(-count // stride) if same else (count + stride - extent) // stride
            for count, stride, extent in zip(size, strides, window, strict=True)
        ]
        pads = [
            max((n - 1) * stride + extent - count, 0) // 2 if same else 0
            for n, stride, extent, count in zip(out, strides, window, size, strict=True)
        ]
        clamps = (0, 255) if rng.random() < 0.5 else (40, 200)
        block = int32_array((batches, *size, depth, *out, *window, *strides, *pads, *clamps, int(rng.integers(2))))
        x, y = random_bytes(rng, batches * size[0] * size[1] * depth), bytearray(batches * out[0] * out[1] * depth)
        kernels_simple.pool(x, y, block)
        assert target_on_the_core(rig, "pool", [x, bytes(len(y)), block], 1) == y
