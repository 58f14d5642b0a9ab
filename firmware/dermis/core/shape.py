"""How far a surface is from a plane and from a cylinder: what tells a head from a photo, flat or bent.

Cells of a depth grid inside a mask become points (x, y, z), x = (u - centre_u) z / f and likewise y, and are
fitted by least squares in z:

* plane: z = a + b x + c y, exact for any plane under the pinhole;
* cylinder: the plane plus k (x cos t + y sin t)**2, curved along one direction only; the best of 16 directions t.

The residual is the root mean square over the cells of z minus fit. The two hundredths of the cells that lie
farthest from a quadric (plane plus k1 x x + k2 x y + k3 y y) are left out beforehand: stray matches at the outline.
Relief is the range from the 5th to the 95th percentile of z minus the plane.

Least squares without floats: one pass sums the products of the seven columns 1, x, y, xx, xy, yy, z (each
centred and scaled to 11 bits, sums kept in two halves), and the sum of squares that a fit leaves is the quotient
of two determinants of these sums, det[G r; r' zz] / det[G], in exact integers. Depths are in 1/16 mm throughout.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from dermis.core.errors import BadInput
from dermis.core.exact import determinants, integer_root, solve
from dermis.core.native import SIGN_SHIFT, micropython

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython

FEWEST_CELLS = 24  # four for each of the quadric's six parameters
_COLUMNS = 7  # 1, x, y, xx, xy, yy, z
_PAIRS = _COLUMNS * (_COLUMNS + 1) // 2
_SPAN = 1023  # of x, y and z once scaled: a product of two columns stays below 2**21
_BINS = 4096  # of the residuals' histogram, one a unit of scaled z
_OUTLIERS_PER_1000 = 20
_RELIEF_PER_1000 = 50
_COEFFICIENT_LIMIT = 1 << 17  # 2**17 * 1024 * 6 terms < 2**30

# 256 * cos and sin of 0, 11.25, ... 168.75 degrees: a step of 11 degrees leaves 1% of the curvature unseen.
_DIRECTIONS = (
    (256, 0),
    (251, 50),
    (237, 98),
    (213, 142),
    (181, 181),
    (142, 213),
    (98, 237),
    (50, 251),
    (0, 256),
    (-50, 251),
    (-98, 237),
    (-142, 213),
    (-181, 181),
    (-213, 142),
    (-237, 98),
    (-251, 50),
)
_PLANE = (0, 1, 2)
_QUADRIC = (0, 1, 2, 3, 4, 5)


@micropython.viper
def _points(depth: ptr16, mask: ptr8, points: ptr16, block: ptr32) -> int:
    """x, y, z (1/16 mm, x and y with 32768 added) and the cell of each cell inside the mask; returns how many.

    block: rows, columns, first u less the centre + 32768, first v likewise, step, focal length (all 1/16 px).
    |u| < 2048 px keeps u * z below 2**31.
    """
    rows = int(block[0])
    columns = int(block[1])
    first_u = int(block[2]) - 32768
    v = int(block[3]) - 32768
    step = int(block[4])
    focal = int(block[5])
    count = 0
    at = 0
    row = 0
    while row < rows:
        u = first_u
        column = 0
        while column < columns:
            if mask[at] and depth[at]:
                z = int(depth[at])
                x = u * z // focal
                y = v * z // focal
                if x > -32768 and x < 32768 and y > -32768 and y < 32768:
                    points[3 * count] = x + 32768
                    points[3 * count + 1] = y + 32768
                    points[3 * count + 2] = z
                    count += 1
            at += 1
            column += 1
            u += step
        v += step
        row += 1
    return count


@micropython.viper
def _extent(points: ptr16, block: ptr32):
    """block: count in; then out: lowest and highest x, lowest and highest y, lowest and highest z, as stored."""
    count = int(block[0])
    axis = 0
    while axis < 3:
        low = 65535
        high = 0
        at = axis
        while at < 3 * count:
            value = int(points[at])
            if value < low:
                low = value
            if value > high:
                high = value
            at += 3
        block[1 + 2 * axis] = low
        block[2 + 2 * axis] = high
        axis += 1


@micropython.viper
def _scale(points: ptr16, block: ptr32):
    """Centre and scale in place: (value - middle) >> shift, rounded, with 2048 added.

    block: count, middle x, y, z (as stored), shift of x and y, shift of z.
    """
    count = int(block[0])
    shift = int(block[4])
    shift_z = int(block[5])
    half = 1 << shift >> 1
    half_z = 1 << shift_z >> 1
    at = 0
    while at < 3 * count:
        points[at] = (int(points[at]) - int(block[1]) + half >> shift) + 2048
        points[at + 1] = (int(points[at + 1]) - int(block[2]) + half >> shift) + 2048
        points[at + 2] = (int(points[at + 2]) - int(block[3]) + half_z >> shift_z) + 2048
        at += 3


@micropython.viper
def _sum_products(t: int, x: int, points: ptr16, dropped: ptr8, which: int, sums: ptr32, block: ptr32, sign_shift: int):
    """Sums of the products of every two of the seven columns over the points whose `dropped` is `which`.

    t, x: only lend their registers. sums: `_PAIRS` sums of (product >> 10), then as many of (product & 1023), then
    scratch: `_PAIRS` plain sums of up to 512 products below 2**21 each. block: count, then room for 7 columns.
    """
    count = int(block[0])
    k = 0
    while k < 84:
        sums[k] = 0
        k += 1
    block[1] = 1024
    waiting = 0
    at = 0
    while at < count:
        if int(dropped[at]) == which:
            x = int(points[3 * at]) - 2048
            y = int(points[3 * at + 1]) - 2048
            block[2] = x
            block[3] = y
            block[4] = x * x + 512 >> 10
            block[5] = x * y + 512 >> 10
            block[6] = y * y + 512 >> 10
            block[7] = int(points[3 * at + 2]) - 2048
            t = 56
            i = 1
            while i < 8:
                x = int(block[i])
                j = 1
                while j <= i:
                    sums[t] = int(block[j]) * x + int(sums[t])  # its low 32 bits are right without the signs
                    t += 1
                    j += 1
                i += 1
            waiting += 1
        at += 1
        if waiting == 512 or at == count:
            waiting = 0
            k = 0
            while k < 28:
                t = (int(sums[k + 56]) << sign_shift) >> sign_shift
                sums[k + 56] = 0
                sums[k] = ((int(sums[k]) << sign_shift) >> sign_shift) + (t >> 10)
                sums[k + 28] = int(sums[k + 28]) + (t & 1023)
                k += 1


@micropython.viper
def _residuals(points: ptr16, residuals: ptr16, block: ptr32, sign_shift: int):
    """z minus the fit of each point, clamped to +-2047, with 2048 added.

    block: count, then six coefficients (Q12) of the columns 1, x, y, xx, xy, yy.
    """
    count = int(block[0])
    c0 = (int(block[1]) << sign_shift) >> sign_shift
    c1 = (int(block[2]) << sign_shift) >> sign_shift
    c2 = (int(block[3]) << sign_shift) >> sign_shift
    c3 = (int(block[4]) << sign_shift) >> sign_shift
    c4 = (int(block[5]) << sign_shift) >> sign_shift
    c5 = (int(block[6]) << sign_shift) >> sign_shift
    at = 0
    while at < count:
        x = int(points[3 * at]) - 2048
        y = int(points[3 * at + 1]) - 2048
        fit = c0 * 1024 + c1 * x + c2 * y
        fit += c3 * (x * x + 512 >> 10) + c4 * (x * y + 512 >> 10) + c5 * (y * y + 512 >> 10)
        rest = int(points[3 * at + 2]) - 2048 - (fit + 2048 >> 12)
        if rest > 2047:
            rest = 2047
        if rest < -2047:
            rest = -2047
        residuals[at] = rest + 2048
        at += 1


@micropython.viper
def _count(residuals: ptr16, dropped: ptr8, histogram: ptr16, block: ptr32):
    """How often each residual occurs among the points not dropped. block: count, bins."""
    bins = int(block[1])
    at = 0
    while at < bins:
        histogram[at] = 0
        at += 1
    count = int(block[0])
    at = 0
    while at < count:
        if not dropped[at]:
            slot = int(residuals[at])
            histogram[slot] = int(histogram[slot]) + 1
        at += 1


@micropython.viper
def _drop(residuals: ptr16, dropped: ptr8, block: ptr32) -> int:
    """Drop the points whose residual is beyond the limit; returns how many stay. block: count, middle, limit."""
    count = int(block[0])
    low = int(block[1]) - int(block[2])
    high = int(block[1]) + int(block[2])
    kept = 0
    at = 0
    while at < count:
        value = int(residuals[at])
        if value < low or value > high:
            dropped[at] = 1
        else:
            dropped[at] = 0
            kept += 1
        at += 1
    return kept


@micropython.viper
def _farthest(histogram: ptr16, middle: int, allowed: int) -> int:
    """The largest distance from the middle beyond which no more than `allowed` residuals lie; 0 at least."""
    limit = middle - 1
    beyond = 0
    while limit > 0:
        beyond += int(histogram[middle + limit]) + int(histogram[middle - limit])
        if beyond > allowed:
            return limit
        limit -= 1
    return 0


@micropython.viper
def _range(histogram: ptr16, bins: int, tail: int) -> int:
    """From the residual below which at most `tail` lie to that above which at most `tail` do; there are more than
    that in all."""
    low = 0
    below = int(histogram[0])
    while below <= tail:
        low += 1
        below += int(histogram[low])
    high = bins - 1
    above = int(histogram[high])
    while above <= tail:
        high -= 1
        above += int(histogram[high])
    return high - low


class ShapeFitter:
    """Residuals and relief of one grid of depths. All memory is allocated here.

    After a successful `measure`: plane_residual, cylinder_residual (RMS), relief, all in 1/16 mm; cells (that took
    part); direction (0-15, of the curvature, 11.25 degrees each from u towards v).
    """

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.cells = self.plane_residual = self.cylinder_residual = self.relief = self.direction = 0
        self._points = array("H", [0] * (3 * rows * columns))
        self._residuals = array("H", [0] * (rows * columns))
        self._dropped = bytearray(rows * columns)
        self._histogram = array("H", [0] * _BINS)
        self._sums = array("i", [0] * (3 * _PAIRS))
        self._sums_dropped = array("i", [0] * (3 * _PAIRS))
        self._block = array("i", [0] * (_COLUMNS + 1))

    def measure(self, depth, mask, step, focal_px_q8, centre_u_q8, centre_v_q8):
        """Fit the cells whose mask is not 0 and whose depth is not 0. False where there is no answer: fewer than
        `FEWEST_CELLS`, or all on a line; the figures are then 0.

        depth: array('H') of rows * columns, 1/16 mm. mask: as many bytes. step: pixels between cells, the first
        at step // 2. Lens constants in 1/256 px. Raises BadInput for arrays of another size
        or a lens beyond the fixed point.
        """
        self.cells = self.plane_residual = self.cylinder_residual = self.relief = self.direction = 0
        if len(depth) != self.rows * self.columns or len(mask) != len(depth):
            raise BadInput("depth and mask must hold %d x %d cells" % (self.rows, self.columns))
        if focal_px_q8 < 256 or max(abs(centre_u_q8), abs(centre_v_q8)) >= 2048 * 256:
            raise BadInput("the focal length must be at least 1 px and the centre within 2048 px")
        first_u = (step // 2) * 16 - (centre_u_q8 >> 4) + 32768
        first_v = (step // 2) * 16 - (centre_v_q8 >> 4) + 32768
        block = self._fill(self.rows, self.columns, first_u, first_v, step * 16, focal_px_q8 >> 4)
        count = _points(depth, mask, self._points, block)
        if count < FEWEST_CELLS:
            return False
        shift_z = self._normalise(count)
        _drop(self._residuals, self._dropped, self._fill(count, 0, _BINS * 16))  # beyond any: none is dropped
        _sum_products(0, 0, self._points, self._dropped, 1, self._sums_dropped, self._fill(count), SIGN_SHIFT)  # none
        coefficients = solve(self._products(count, _QUADRIC), len(_QUADRIC))
        if coefficients is None:
            return False
        self.cells = self._trim(count, coefficients)
        _sum_products(0, 0, self._points, self._dropped, 1, self._sums_dropped, self._fill(count), SIGN_SHIFT)
        plane = solve(self._matrix(_PLANE), len(_PLANE))
        if plane is None:
            return False
        self._fit_residuals(shift_z)
        self.relief = self._relief(count, plane, shift_z)
        return True

    def _fill(self, *values):
        for index in range(len(values)):
            self._block[index] = values[index]
        return self._block

    def _normalise(self, count):
        """Centre and scale the points; returns the shift of z."""
        block = self._fill(count)
        _extent(self._points, block)
        low, high = [block[1], block[3], block[5]], [block[2], block[4], block[6]]
        middle = [(low[axis] + high[axis]) // 2 for axis in range(3)]
        shift = shift_z = 0
        while max(high[0] - low[0], high[1] - low[1]) + 2 >> (shift + 1) >= _SPAN:
            shift += 1
        while high[2] - low[2] + 2 >> (shift_z + 1) >= 2 * _SPAN:
            shift_z += 1
        _scale(self._points, self._fill(count, middle[0], middle[1], middle[2], shift, shift_z))
        return shift_z

    def _products(self, count, columns):
        """Sum the products of all points, then their matrix for these columns."""
        _sum_products(0, 0, self._points, self._dropped, 0, self._sums, self._fill(count), SIGN_SHIFT)
        return self._matrix(columns)

    def _product(self, i, j):
        if i < j:
            i, j = j, i
        k = i * (i + 1) // 2 + j
        high, low = self._sums[k] - self._sums_dropped[k], self._sums[_PAIRS + k] - self._sums_dropped[_PAIRS + k]
        return (high << 10) + low

    def _matrix(self, columns):
        """Products of these columns and, last, z."""
        chosen = columns + (_COLUMNS - 1,)
        return [[self._product(i, j) for j in chosen] for i in chosen]

    def _fit_residuals(self, shift_z):
        """RMS of what plane and best cylinder leave, 1/16 mm to nearest, and the direction of that cylinder.

        The plane's columns are eliminated once. What is left for the others is bilinear in rows and columns, so that
        a cylinder's column, cos**2 xx + 2 cos sin xy + sin**2 yy, is the same sum of what is left for xx, xy and yy.
        """
        matrix = self._matrix(_QUADRIC)
        of_plane = determinants(matrix, len(_PLANE))[len(_PLANE)]
        xx_xx, xx_xy, xx_yy, xx_z = matrix[3][3:]
        xy_xy, xy_yy, xy_z = matrix[4][4:]
        yy_yy, yy_z = matrix[5][5:]
        z_z = matrix[6][6]
        least = (z_z << 2 * shift_z) // (of_plane * self.cells)
        self.plane_residual = self.cylinder_residual = integer_root(least)
        for index in range(len(_DIRECTIONS)):
            cos, sin = _DIRECTIONS[index]
            a, b, c = cos * cos, 2 * cos * sin, sin * sin
            square = a * (a * xx_xx + 2 * (b * xx_xy + c * xx_yy)) + b * (b * xy_xy + 2 * c * xy_yy) + c * c * yy_yy
            if square <= 0:
                continue  # a curvature that the points do not show
            with_z = a * xx_z + b * xy_z + c * yy_z
            rest = (square * z_z - with_z * with_z) // of_plane  # exact: the determinant with this column
            left = (rest << 2 * shift_z) // (square * self.cells)
            if left < least:  # as roots are, or equal
                residual = integer_root(left)
                if residual < self.cylinder_residual:
                    least, self.cylinder_residual, self.direction = left, residual, index

    def _spread(self, count, coefficients):
        """The histogram of the residuals of the points that are not dropped."""
        limited = [max(-_COEFFICIENT_LIMIT, min(_COEFFICIENT_LIMIT, value)) for value in coefficients]
        _residuals(self._points, self._residuals, self._fill(count, *(limited + [0] * (6 - len(limited)))), SIGN_SHIFT)
        _count(self._residuals, self._dropped, self._histogram, self._fill(count, _BINS))
        return self._histogram

    def _trim(self, count, coefficients):
        """Drop the points that lie farthest from the quadric; returns how many stay."""
        histogram = self._spread(count, coefficients)
        limit = _farthest(histogram, _BINS // 2, count * _OUTLIERS_PER_1000 // 1000)
        return _drop(self._residuals, self._dropped, self._fill(count, _BINS // 2, limit))

    def _relief(self, count, plane, shift_z):
        histogram = self._spread(count, plane)
        tail = self.cells * _RELIEF_PER_1000 // 1000
        return max(0, _range(histogram, _BINS, tail)) << shift_z
