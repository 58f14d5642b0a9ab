"""The depth stage's assembler kernels give the viper kernels' bytes for what the benches' recordings do not show:
other steps, windows and sizes, grids of chance, long lists. (The recordings' calls: test_depth_on_the_core.)"""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from dermis.core import face_kernels, shape
from dermis.core.depth import DepthMapper, triangulate

from tests.xtensa import depth_calls
from tests.xtensa.analysis_calls import recording
from tests.xtensa.machine import MISSING, MachineError, is_installed
from tests.xtensa.rig import Rig

pytestmark = pytest.mark.skipif(not is_installed(), reason=MISSING)
CELLS = 48 * 64


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with Rig([], prefixed={depth_calls.PREFIX: depth_calls.ASSEMBLER_SOURCE}) as rig:
        yield rig


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def alike(rig: Rig, run: Callable[[], Any]) -> set[str]:
    """The assembler kernels that gave the bytes of what `run` calls; `count` raises where one does not."""
    with recording() as calls:
        run()
    mine = [call for call in calls if call.kernel in depth_calls.ASSEMBLER_KERNELS]
    depth_calls.count(rig, mine, assembled=True)
    return {call.kernel for call in mine}


@pytest.mark.parametrize(
    ("step", "window", "width", "height", "lowest", "highest"),
    [(3, 0, 70, 64, -5, 9), (4, 11, 97, 66, -30, 2), (5, 11, 101, 70, -12, 26), (7, 15, 130, 71, 0, 40)],
)
def test_any_geometry(rig: Rig, rng: np.random.Generator, step, window, width, height, lowest, highest):
    dots = np.where(rng.random((height, width)) < 0.18, rng.integers(90, 256, (height, width)), 20)
    # A slope, a step to something nearer, and a part without dots.
    moved = np.full_like(dots, 20)
    for v in range(height):
        for u in range(width):
            shift = (lowest + highest) // 2 + (u // 23) - (3 if v > height // 2 else 0)
            if 0 <= u - shift < width and u < width - width // 6:
                moved[v, u] = dots[v, u - shift]
    moved = np.clip(moved + rng.normal(0, 6, moved.shape), 0, 255)
    mapper = DepthMapper(width, height, step, window, lowest, highest)
    mapper.set_reference(dots.astype(np.uint8).tobytes())
    depth = array("H", [0] * len(mapper.disparity))

    def run() -> None:
        mapper.measure(moved.astype(np.uint8).tobytes())
        triangulate(mapper.disparity, mapper.confidence, depth, 330 << 8, 40_000, 450_000)

    assert {"clear", "seed", "follow", "agree", "extent", "look_up"} <= alike(rig, run)
    assert sum(1 for value in mapper.confidence if value) > len(depth) // 8


def test_bodies_of_chance(rig: Rig, rng: np.random.Generator):
    for density in (0.0, 0.1, 0.45, 0.7, 1.0):
        for reach in (1, 3):
            grid = np.where(rng.random(CELLS) < density, rng.integers(1, 65536 if density < 0.5 else 3000, CELLS), 0)
            first, last = sorted(int(value) for value in rng.integers(0, 3500, 2))
            if reach == 3:
                first, last = 0, 65535
            begin = 63 if density == 1 else int(rng.integers(0, 64))
            limits = array("i", [first, last, int(rng.integers(0, 1500)), reach, begin])
            depth = array("H", [int(value) for value in grid])
            state, queue, cells = bytearray(CELLS), array("H", [0] * CELLS), array("H", [0] * CELLS)
            bins, columns, rows = array("i", [0] * 512), array("i", [9] * 64), array("i", [9] * 48)

            def run(*, d=depth, s=state, q=queue, c=cells, b=limits, n=bins, u=columns, v=rows) -> None:
                face_kernels.count_depths(0, d, n, b[4])
                count = face_kernels.largest_body(0, 0, d, s, q, c, b)
                face_kernels.count_columns(c, count, u, v)

            assert alike(rig, run) == {"count_depths", "largest_body", "count_columns"}


def test_masks_of_chance(rig: Rig, rng: np.random.Generator):
    for density in (0.2, 0.6):
        known = rng.random(CELLS) < density
        depth = array("H", [int(value) for value in np.where(known, rng.integers(1, 9000, CELLS), 0)])
        light = array("i", [int(value) for value in rng.integers(-500, 4000, CELLS)])
        chosen = [int(at) for at in np.flatnonzero(known & (rng.random(CELLS) < 0.7))]
        cells = array("H", chosen + [0] * (CELLS - len(chosen)))
        out, mask = array("H", [7] * CELLS), bytearray(b"\x07" * CELLS)

        def run(*, d=depth, n=light, c=cells, o=out, m=mask, chosen=chosen) -> None:
            many = len(chosen)
            face_kernels.put(c, many, d, o, m, 4321)
            face_kernels.count_blind(0, d, n, m, 900)
            for least, box in ((3, (0, 48, 0, 64)), (9, (5, 30, 40, 60)), (1, (9, 9, 3, 3))):
                count = face_kernels.fill_gaps(0, 0, n, m, d, o, c, array("i", [*box, 800, least, 1200, many]))
            assert count == many  # an empty box

        assert alike(rig, run) == {"put", "count_blind", "fill_gaps"}


def test_no_depth_lies_within_limits_the_wrong_way_round(rig: Rig):
    depth, limits = array("H", [65535, 0, 500] * 1024), array("i", [600, 400, 9, 1, 0])
    buffers = bytearray(b"\x01" * CELLS), array("H", [0] * CELLS), array("H", [0] * CELLS)
    assert alike(rig, lambda: face_kernels.largest_body(0, 0, depth, *buffers, limits)) == {"largest_body"}


def test_sums_of_more_points_than_are_summed_at_once(rig: Rig, rng: np.random.Generator):
    for count in (0, 1, 512, 1100):
        points = array("H", [int(value) for value in rng.integers(1025, 3072, 3 * count)])
        dropped = bytearray(int(value) for value in rng.random(count) < 0.3)
        residuals = array("H", [int(value) for value in rng.integers(0, 99, count)])
        sums, histogram, fitted = array("i", [5] * 84), array("H", [5] * 99), array("H", [5] * count)
        blocks = [array("i", [count] + [0] * 7), array("i", [count, len(histogram)])]
        for reach in (200, 1 << 17):  # the steeper ones run into the limits
            blocks.append(array("i", [count, *(int(value) for value in rng.integers(-reach, reach + 1, 6))]))

        def run(*, p=points, d=dropped, s=sums, r=residuals, h=histogram, f=fitted, b=blocks) -> None:
            for which in (0, 1):
                shape._sum_products(0, 0, p, d, which, s, b[0], 0)
            shape._count(r, d, h, b[1])
            for fit in b[2:]:
                shape._residuals(p, f, fit, 0)

        assert alike(rig, run) == {"_sum_products", "_count", "_residuals"}


def test_ends_of_histograms(rig: Rig, rng: np.random.Generator):
    for bins in (2, 4, 64):
        histogram = array("H", [int(value) for value in rng.integers(0, 4, bins)])
        histogram[bins // 2] = 9

        def run(*, h=histogram) -> None:
            for many in (0, 1, 5, 1000):
                shape._farthest(h, len(h) // 2, many)
            for many in (0, 1, 4, 8):
                shape._range(h, len(h), many)

        assert alike(rig, run) == {"_farthest", "_range"}


def test_a_kernel_that_writes_behind_its_output_is_noticed(rig: Rig):
    # Twelve cells are said, eleven confidences are there.
    buffers = [bytes(24), bytes(11), bytes(12), bytes(24)]
    with pytest.raises(MachineError, match=r"asm\.clear writes outside buffer 1"):
        rig.call("asm.clear", [(0, 0), (1, 0), (2, 0), (3, 0), 12], buffers)


def test_other_bytes_are_noticed(rig: Rig):
    with recording() as calls:
        face_kernels.count_columns(array("H", [65]), 1, array("i", [0] * 64), array("i", [0] * 48))
    wrong = dataclasses.replace(calls[0], after=(calls[0].after[0], bytes(4 * 64), calls[0].after[2]))
    with pytest.raises(depth_calls.Differs, match=r"asm\.count_columns"):
        depth_calls.count(rig, [wrong], assembled=True)
