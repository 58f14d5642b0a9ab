"""How far the face moved between two frames under the same light."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from dermis.core import fixed
from dermis.core.native import SIGN_SHIFT, micropython
from dermis.core.reflectance import CELLS, COLUMNS, ROWS, STEP

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython

_SHIFT_LARGEST_Q4 = 16 * STEP * COLUMNS


@micropython.viper
def _gradient_kernel(first: ptr32, second: ptr32, mask: ptr8, out: ptr32, block: ptr32, sign_shift: int):
    """Sums over the masked cells of xx, xy, yy, xt, yt, |t|, level; first and second within 0..511.

    The largest, xx, is at most 3072 * 511^2 < 2^30. block: columns, rows.
    """
    columns = int(block[0])
    rows = int(block[1])
    k = 0
    while k < 7:
        out[k] = 0
        k += 1
    row = 1
    while row < rows - 1:
        column = 1
        while column < columns - 1:
            at = row * columns + column
            if int(mask[at]):
                x = (int(first[at + 1]) - int(first[at - 1])) // 2
                y = (int(first[at + columns]) - int(first[at - columns])) // 2
                t = int(second[at]) - int(first[at])
                out[0] = int(out[0]) + x * x
                out[1] = ((int(out[1]) << sign_shift) >> sign_shift) + x * y
                out[2] = int(out[2]) + y * y
                out[3] = ((int(out[3]) << sign_shift) >> sign_shift) + x * t
                out[4] = ((int(out[4]) << sign_shift) >> sign_shift) + y * t
                out[5] = int(out[5]) + (t if t >= 0 else 0 - t)
                out[6] = int(out[6]) + int(first[at])
            column += 1
        row += 1


@micropython.viper
def _scale_kernel(source: ptr32, out: ptr32, count: int, divisor: int):
    """out = source * 128 / divisor, at most 511; source < 2^21, so that the product stays below 2^28."""
    for i in range(count):
        value = int(source[i]) * 128 // divisor
        if value > 511:
            value = 511
        out[i] = value


class Motion:
    """Shift and change of level between two pictures of the same face (Lucas and Kanade 1981, one step).

    After `measure`: shift_q4, 1/16 px; level_permille, second against first (1000: the same);
    residual_permille, mean absolute difference against the mean level.
    """

    def __init__(self):
        self.shift_q4 = self.residual_permille = 0
        self.level_permille = 1000
        self._first = fixed.zeros("i", CELLS)
        self._second = fixed.zeros("i", CELLS)
        self._sums = fixed.zeros("i", 8)
        self._block = array("i", [COLUMNS, ROWS])

    def measure(self, first, second, mask, level):
        """first, second: sums of cells (array "i", below 2^21); mask: the face; level: median of `first` there."""
        divisor = max(level, 1)
        _scale_kernel(first, self._first, CELLS, divisor)
        before = after = 0
        for cell in range(CELLS):
            if mask[cell]:
                before += first[cell]
                after += second[cell]
        self.level_permille = fixed.ratio(after, before, 1000)
        # The change of level is taken off before the shift is asked for.
        _scale_kernel(second, self._second, CELLS, max(1, divisor * self.level_permille // 1000))
        _gradient_kernel(self._first, self._second, mask, self._sums, self._block, SIGN_SHIFT)
        xx, xy, yy, xt, yt, difference, total = self._sums[:7]
        self.residual_permille = fixed.ratio(difference, total, 1000)
        below = xx * yy - xy * xy
        if below <= 0:
            self.shift_q4 = 0
            return
        u_q4 = fixed.ratio(xy * yt - yy * xt, below, 16 * STEP)
        v_q4 = fixed.ratio(xy * xt - xx * yt, below, 16 * STEP)
        self.shift_q4 = min(fixed.isqrt(u_q4 * u_q4 + v_q4 * v_q4), _SHIFT_LARGEST_Q4)
