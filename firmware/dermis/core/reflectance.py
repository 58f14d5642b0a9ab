"""Codes to light: linearised, ambient taken off, summed over cells, set against the white target.

A cell is 5 x 5 pixels, the grid of `dermis.core.depth`: 48 rows of 64 columns. Logarithms are natural, Q14.
With c the counts of a cell without ambient light, F those of the white target at `z_ref` and g the gain that
the monitor tab gives, the reflectance factor is R = g c / F (z / z_ref)^2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core import burst, fixed, vocabulary
from dermis.core.calibration import FLAT_COLUMNS, FLAT_STEP
from dermis.core.native import SIGN_SHIFT, micropython

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython

STEP = 5
COLUMNS, ROWS = burst.WIDTH // STEP, burst.HEIGHT // STEP
CELLS = COLUMNS * ROWS
PIXELS_PER_CELL = STEP * STEP
# The gamma curve is steep at the top: from this code on a pixel counts as saturated.
SATURATED_CODE = 250

WEIGHT_850, WEIGHT_1050 = 287, 737  # of `water_index`, in 1/1024: .28 and .72


def dot_image(frame, dark, linear, out) -> None:
    """The dots without the ambient light: out = isqrt(linear[frame] - linear[dark]), 0 where that is negative.

    frame, dark: codes, 76,800 bytes; linear: array "H" of 256 (code to linear counts); out: bytearray of 76,800.
    The root evens out the noise and fits 8 bits. The calibration makes its `reference` with this same function.
    """
    _dot_kernel(frame, dark, linear, out, burst.FRAME_BYTES)


@micropython.viper
def _dot_kernel(frame: ptr8, dark: ptr8, linear: ptr16, out: ptr8, count: int):
    for i in range(count):
        value = linear[frame[i]] - linear[dark[i]]
        root = 0
        if value > 0:
            bit = 1 << 14
            while bit:
                if value >= root + bit:
                    value -= root + bit
                    root = (root >> 1) + bit
                else:
                    root >>= 1
                bit >>= 2
        out[i] = root


@micropython.viper
def _bin_kernel(frame: ptr8, dark: ptr8, linear: ptr16, sums: ptr32, saturated: ptr8, block: ptr32):
    """Sums of linear[frame] - linear[dark] a cell; `saturated` gains one for each pixel at or above the limit.

    block: columns, rows, step, width, limit. A sum is at most 25 * 65535 < 2^21; negative sums become 0.
    """
    columns = int(block[0])
    rows = int(block[1])
    step = int(block[2])
    width = int(block[3])
    limit = int(block[4])
    cell = 0
    for row in range(rows):
        for column in range(columns):
            at = row * step * width + column * step
            total = 0
            full = 0
            y = 0
            while y < step:
                x = 0
                while x < step:
                    code = frame[at + x]
                    total += linear[code] - linear[dark[at + x]]
                    if code >= limit:
                        full += 1
                    x += 1
                at += width
                y += 1
            if total < 0:
                total = 0
            sums[cell] = total
            saturated[cell] = saturated[cell] + full
            cell += 1


@micropython.viper
def _column_kernel(frame: ptr8, linear: ptr16, block: ptr32) -> int:
    """Sum of linear[frame] over a strip of columns, every row. block: first column, end column, width, rows.

    240 rows of at most 32 columns of 65535 stay below 2^29.
    """
    first = int(block[0])
    end = int(block[1])
    width = int(block[2])
    rows = int(block[3])
    total = 0
    row = 0
    while row < rows:
        at = row * width
        x = first
        part = 0
        while x < end:
            part += linear[frame[at + x]]
            x += 1
        total += part
        row += 1
    return total


@micropython.viper
def _histogram_kernel(frame: ptr8, out: ptr32, count: int):
    for code in range(256):
        out[code] = 0
    for i in range(count):
        out[frame[i]] = out[frame[i]] + 1


@micropython.viper
def _relative_kernel(sums: ptr32, flat: ptr16, out: ptr32, block: ptr32):
    """out = sum / 25 / flat in Q12: (2^16 << 12) < 2^31, and at most 2^20 over the least `flat` of a record, 256.

    block: cells, pixels a cell.
    """
    count = int(block[0])
    pixels = int(block[1])
    for i in range(count):
        mean = int(sums[i]) // pixels
        out[i] = (mean << 12) // int(flat[i])


@micropython.viper
def _widen_kernel(source: ptr16, out: ptr32, block: ptr32):
    """out = source * factor. block: cells, factor (at most 2^14)."""
    count = int(block[0])
    factor = int(block[1])
    for i in range(count):
        out[i] = int(source[i]) * factor


@micropython.viper
def _combine_kernel(ln_sums: ptr32, ln_flat: ptr32, ln_depth: ptr32, out: ptr32, block: ptr32):
    """ln R: out = ln_sums - ln_flat + 2 ln_depth + constant. block: cells, constant, sign shift."""
    count = int(block[0])
    shift = int(block[2])
    constant = (int(block[1]) << shift) >> shift
    for i in range(count):
        out[i] = int(ln_sums[i]) - int(ln_flat[i]) + 2 * int(ln_depth[i]) + constant


@micropython.viper
def _index_kernel(ln_850: ptr32, ln_970: ptr32, ln_1050: ptr32, out: ptr32, block: ptr32):
    """`water_index` of every cell, times block[3] / 4096, cut at +-2.

    block: cells, the weights in 1/1024 (they sum to 1024), factor, sign shift. Logarithms stay below 2^19, the factor
    below 2^15: every product stays below 2^31.
    """
    count = int(block[0])
    first = int(block[1])
    last = int(block[2])
    factor = int(block[3])
    shift = int(block[4])
    for i in range(count):
        a = (int(ln_850[i]) << shift) >> shift
        b = (int(ln_970[i]) << shift) >> shift
        c = (int(ln_1050[i]) << shift) >> shift
        index = ((b << 10) - first * a - last * c + 512) >> 10
        if index > 32767:
            index = 32767
        if index < 0 - 32767:
            index = 0 - 32767
        out[i] = (index * factor + 2048) >> 12


def water_index(ln_850, ln_970, ln_1050):
    """ln R970 - .28 ln R850 - .72 ln R1050, rounded to nearest: with these weights the melanin slope of skin cancels
    (PHYSICS.md)."""
    return ((ln_970 << 10) - WEIGHT_850 * ln_850 - WEIGHT_1050 * ln_1050 + 512) >> 10


class Reflectance:
    """The cells' counts and reflectances of one burst, and what the calibration says about every cell.

    sums: frame name -> array "i", counts summed over a cell's pixels, ambient taken off.
    relative_1050: array "i", c / F at 1050 nm in Q12 (without gain and distance).
    relative_850: the same at 850 nm. ln_r: band -> array "i", ln R. index: array "i", water index.
    saturated: bytearray, saturated pixels a cell over all lit frames. gain: band -> ln g.
    """

    LIT_FRAMES = ("850", "970", "1050", "850b")

    def __init__(self, monitor_columns):
        self.monitor_columns = monitor_columns
        self.sums = {}
        for name in self.LIT_FRAMES:
            self.sums[name] = fixed.zeros("i", CELLS)
        self.relative_850 = fixed.zeros("i", CELLS)
        self.relative_1050 = fixed.zeros("i", CELLS)
        self.ln_r = {}
        self.index = fixed.zeros("i", CELLS)
        self.saturated = bytearray(CELLS)
        self.gain = {}
        self._flat = {}
        self._ln_flat = fixed.zeros("i", CELLS)  # of the band at work
        for band in vocabulary.NIR_BANDS:
            self.ln_r[band] = fixed.zeros("i", CELLS)
            self._flat[band] = fixed.zeros("H", CELLS)
        self._work = fixed.zeros("i", CELLS)
        self._ln_depth = fixed.zeros("i", CELLS)
        self._block = fixed.zeros("i", 8)
        self._zero = bytes(CELLS)
        self._histogram = fixed.zeros("i", 256)

    def set_calibration(self, calibration):
        """Interpolate the white target's nodes to the cells. Once a record."""
        for band in vocabulary.NIR_BANDS:
            nodes, flat = calibration.flat[band], self._flat[band]
            for row in range(ROWS):
                v, dv = divmod(row * STEP + STEP // 2, FLAT_STEP)
                for column in range(COLUMNS):
                    u, du = divmod(column * STEP + STEP // 2, FLAT_STEP)
                    at = v * FLAT_COLUMNS + u
                    low = nodes[at] * (FLAT_STEP - du) + nodes[at + 1] * du
                    high = nodes[at + FLAT_COLUMNS] * (FLAT_STEP - du) + nodes[at + FLAT_COLUMNS + 1] * du
                    flat[row * COLUMNS + column] = (low * (FLAT_STEP - dv) + high * dv) // (FLAT_STEP * FLAT_STEP)

    def load(self, frames, linear):
        """Sum the lit frames over the cells. frames: name -> 76,800 codes, all of `LIT_FRAMES` and `dark`."""
        self.saturated[:] = self._zero
        for name in self.LIT_FRAMES:
            _bin_kernel(
                frames[name],
                frames["dark"],
                linear,
                self.sums[name],
                self.saturated,
                self._set(COLUMNS, ROWS, STEP, burst.WIDTH, SATURATED_CODE),
            )
        _relative_kernel(self.sums["850"], self._flat["850"], self.relative_850, self._set(CELLS, PIXELS_PER_CELL))
        _relative_kernel(self.sums["1050"], self._flat["1050"], self.relative_1050, self._set(CELLS, PIXELS_PER_CELL))

    def monitor_level(self, frame, linear):
        """Mean of the monitor tab in linear counts, ambient included."""
        first, end = self.monitor_columns
        total = _column_kernel(frame, linear, self._set(first, end, burst.WIDTH, burst.HEIGHT))
        return total // ((end - first) * burst.HEIGHT)

    def level(self, frame, linear):
        """(mean in linear counts, saturated pixels in 1/1000) of a whole frame."""
        histogram = self._histogram
        _histogram_kernel(frame, histogram, burst.FRAME_BYTES)
        total = sum([histogram[code] * linear[code] for code in range(256)])
        saturated = sum(histogram[SATURATED_CODE:])
        return total // burst.FRAME_BYTES, fixed.ratio(saturated, burst.FRAME_BYTES, 1000)

    def convert(self, depth, z_ref_mm, stretch_q12):
        """ln R of every cell from the loaded sums, `gain` and `depth` (array "H", 1/16 mm, no zeros), and the index.

        stretch_q12: what brings the index to the temperature of the record (`core.drift`), 1/4096, below 8.
        """
        work = self._work
        _widen_kernel(depth, work, self._set(CELLS, 1))
        fixed.ln_each(work, self._ln_depth, CELLS)
        at_reference = 2 * fixed.ln_q14(16 * z_ref_mm)
        for band in vocabulary.NIR_BANDS:
            _widen_kernel(self._flat[band], work, self._set(CELLS, PIXELS_PER_CELL))
            fixed.ln_each(work, self._ln_flat, CELLS)
            fixed.ln_each(self.sums[band], work, CELLS)
            _combine_kernel(
                work,
                self._ln_flat,
                self._ln_depth,
                self.ln_r[band],
                self._set(CELLS, self.gain[band] - at_reference, SIGN_SHIFT),
            )
        _index_kernel(
            self.ln_r["850"],
            self.ln_r["970"],
            self.ln_r["1050"],
            self.index,
            self._set(CELLS, WEIGHT_850, WEIGHT_1050, stretch_q12, SIGN_SHIFT),
        )

    def _set(self, *values):
        for i, value in enumerate(values):
            self._block[i] = value
        return self._block
