"""How far the face moved between two frames under the same light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core import fixed
from dermis.core.native import micropython
from dermis.core.reflectance import CELLS, COLUMNS, STEP

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython

# A cell's sum (25 pixels of 65535 counts) below which there is no picture that could move: dark skin at 700 mm gives
# fifty times as much.
DARKEST_SUM = 1000
# For what moved by more than a cell, or not at all, some of them do.
SOME_CELLS = 5
_SHIFT_LARGEST_Q4 = 16 * STEP * COLUMNS


@micropython.viper
def _totals_kernel(
    k: int, at: int, before: int, first: ptr32, second: ptr32, cells: ptr16, count: int, step: int, out: ptr32
):
    """out = sums of both over every `step`-th cell in units of 32: 3072 sums below 2^21 stay below 2^28.

    The arguments before the first pointer only lend their registers, here and below.
    """
    before = 0
    after = 0
    k = 0
    while k < count:
        at = int(cells[k])
        before += int(first[at]) >> 5
        after += int(second[at]) >> 5
        k += step
    out[0] = before
    out[1] = after


@micropython.viper
def _scale_kernel(
    k: int, at: int, value: int, source: ptr32, cells: ptr16, out: ptr32, count: int, step: int, divisor: int
):
    """out = source * 128 / divisor, at most 511; source < 2^21, so that the product stays below 2^28."""
    k = 0
    while k < count:
        at = int(cells[k])
        value = int(source[at]) * 128 // divisor
        if value > 511:
            value = 511
        out[at] = value
        k += step


@micropython.viper
def _gradient_kernel(
    at: int, x: int, t: int, first: ptr32, second: ptr32, cells: ptr16, count: int, step: int, out: ptr32
):
    """Sums over every `step`-th cell of xx, xy, yy, xt, yt, |t|, level; first and second within 0..511, none at the
    grid's edge.

    The largest, xx, is at most 3072 * 511^2 < 2^30.
    """
    xx = 0
    xy = 0
    yy = 0
    xt = 0
    yt = 0
    difference = 0
    level = 0
    k = 0
    while k < count:
        at = int(cells[k])
        t = int(first[at])
        level += t
        t = int(second[at]) - t
        x = (int(first[at + 1]) - int(first[at - 1])) >> 1
        xx += x * x
        xt += x * t
        y = (int(first[at + 64]) - int(first[at - 64])) >> 1
        xy += x * y
        yy += y * y
        yt += y * t
        if t < 0:
            t = 0 - t
        difference += t
        k += step
    out[0] = xx
    out[1] = xy
    out[2] = yy
    out[3] = xt
    out[4] = yt
    out[5] = difference
    out[6] = level


class Motion:
    """Shift and change of level between two pictures of the same face (Lucas and Kanade 1981, one step).

    After `measure` or `compare`: shift_q4, 1/16 px; shift_u_q8 and shift_v_q8, where to, 1/256 cells; level_permille,
    second against first (1000: the same); residual_permille, mean absolute difference against the mean level. Where
    there is no light to see by, nothing moves: what gives none back is for other checks.

    room: two arrays "i" of cells that nobody else needs from `measure` to the last `compare`; by default its own.
    """

    def __init__(self, room=None):
        self.shift_q4 = self.residual_permille = 0
        self.shift_u_q8 = self.shift_v_q8 = 0
        self.level_permille = 1000
        self._divisor = 1
        self._first, self._second = room or (fixed.zeros("i", CELLS), fixed.zeros("i", CELLS))
        self._sums = fixed.zeros("i", 8)

    def measure(self, first, second, light):
        """first, second: sums of cells (array "i", below 2^21). light: which cells, a loaded `Reflectance`."""
        sums = self._sums
        _totals_kernel(0, 0, 0, first, second, light.cells, light.count, 1, sums)
        self._divisor = max(1, (sums[0] << 5) // max(1, light.count))
        self._first[:] = light.nothing  # a lone cell at the outline has neighbours that are in no list
        _scale_kernel(0, 0, 0, first, light.around, self._first, light.around_count, 1, self._divisor)
        self._shift(second, light, 1)

    def compare(self, first, second, light):
        """The same for another `second`, by every `SOME_CELLS`-th cell. `first` is that of the last `measure`."""
        _totals_kernel(0, 0, 0, first, second, light.cells, light.count, SOME_CELLS, self._sums)
        self._shift(second, light, SOME_CELLS)

    def _shift(self, second, light, step):
        sums = self._sums
        self.shift_u_q8 = self.shift_v_q8 = 0
        before, after = sums[0], sums[1]
        count = (light.count + step - 1) // step
        # One of them lit is a face that came or went.
        if max(before, after) << 5 < DARKEST_SUM * max(1, count):
            self.level_permille, self.residual_permille, self.shift_q4 = 1000, 0, 0
            return
        self.level_permille = fixed.ratio(after, before, 1000)
        # The change of level is taken off before the shift is asked for.
        rest = max(1, self._divisor * self.level_permille // 1000)
        _scale_kernel(0, 0, 0, second, light.cells, self._second, light.count, step, rest)
        _gradient_kernel(0, 0, 0, self._first, self._second, light.cells, light.count, step, sums)
        xx, xy, yy, xt, yt, difference, total = sums[:7]
        self.residual_permille = fixed.ratio(difference, total, 1000)
        below = xx * yy - xy * xy
        if below <= 0:
            self.shift_q4 = 0
            return
        along_u, along_v = xy * yt - yy * xt, xy * xt - xx * yt
        u_q4 = fixed.ratio(along_u, below, 16 * STEP)
        v_q4 = fixed.ratio(along_v, below, 16 * STEP)
        self.shift_u_q8 = fixed.ratio(along_u, below, 256)
        self.shift_v_q8 = fixed.ratio(along_v, below, 256)
        self.shift_q4 = min(fixed.isqrt(u_q4 * u_q4 + v_q4 * v_q4), _SHIFT_LARGEST_Q4)
