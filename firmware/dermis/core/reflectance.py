"""Codes to light: linearised, ambient taken off, summed over cells, set against the white target.

A cell is 5 x 5 pixels, the grid of `dermis.core.depth`: 48 rows of 64 columns. Logarithms are natural, Q14.
With c the counts of a cell without ambient light, F those of the white target at `z_ref` and g the gain that
the monitor tab gives, the reflectance factor is R = g c / F (z / z_ref)^2. docs/reflectance.md tells the whole way.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from dermis.core import burst, cell_kernels, fixed, vocabulary
from dermis.core.calibration import FLAT_COLUMNS, FLAT_STEP
from dermis.core.native import SIGN_SHIFT, micropython

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython

STEP = 5
COLUMNS, ROWS = burst.WIDTH // STEP, burst.HEIGHT // STEP
CELLS = COLUMNS * ROWS
PIXELS_PER_CELL = STEP * STEP
SAMPLES = 746  # of a frame's pixels, where only its mean is asked for: every 103rd
MANY_CELLS = 1000  # a face so near has light enough that some rows of a cell's pixels do
_ALL_ROWS, _SOME_ROWS = burst.WIDTH, 2 * burst.WIDTH  # of a cell's pixels: steps from one to the next
OFFSET = 1 << 24  # makes logarithms the positive numbers that `fixed.percentile` takes
# The gamma curve is steep at the top: from this code on a pixel counts as saturated.
SATURATED_CODE = 250
_SATURATED = 1 << 24  # above the linear counts in the kernels' table

WEIGHT_850, WEIGHT_1050 = 287, 737  # of `water_index`, in 1/1024: .28 and .72

_ROOTS_BELOW = 4096


def _roots():
    """Integer roots of 0..4095, and behind them those of 0, 16, 32, ... 65520."""
    out = bytearray(2 * _ROOTS_BELOW)
    root = 0
    for value in range(1 << 16):
        if (root + 1) * (root + 1) <= value:
            root += 1
        if value < _ROOTS_BELOW:
            out[value] = root
        if value & 15 == 0:
            out[_ROOTS_BELOW + (value >> 4)] = root
    return out


_ROOTS = _roots()


def dot_image(frame, dark, linear, out) -> None:
    """The dots without the ambient light: out = isqrt(linear[frame] - linear[dark]), 0 where that is negative.

    frame, dark: codes, 76,800 bytes; linear: array "H" of 256 (code to linear counts); out: bytearray of 76,800.
    The root evens out the noise and fits 8 bits. The calibration makes its `reference` with this same function.
    """
    _dot_kernel(0, 0, frame, dark, linear, out, _ROOTS, burst.FRAME_BYTES)


@micropython.viper
def _dot_kernel(i: int, value: int, frame: ptr8, dark: ptr8, linear: ptr16, out: ptr8, roots: ptr8, count: int):
    """roots: as `_roots` makes them; the root of a value is that of its 16 or one more. i, value: lend their
    registers."""
    i = 0
    while i < count:
        value = linear[frame[i]] - linear[dark[i]]
        if value >= 4096:
            root = roots[4096 + (value >> 4)]
            if (root + 1) * (root + 1) <= value:
                root += 1
            out[i] = root
        elif value > 0:
            out[i] = roots[value]
        else:
            out[i] = 0
        i += 1


def water_index(ln_850, ln_970, ln_1050):
    """ln R970 - .28 ln R850 - .72 ln R1050, rounded to nearest: with these weights the melanin slope of skin cancels
    (PHYSICS.md)."""
    return ((ln_970 << 10) - WEIGHT_850 * ln_850 - WEIGHT_1050 * ln_1050 + 512) >> 10


class Reflectance:
    """The cells' counts and reflectances of one burst, and what the calibration says about every cell.

    cells: array "H", the cells of the face, `count` of them; around: with those beside them. Only there do the
    following hold what they say.
    sums: frame name -> array "i", counts summed over a cell's pixels, ambient taken off.
    ln_r: band -> array "i", ln R. index: array "i", water index. saturated: bytearray, saturated pixels a cell over
    all lit frames. gain: frame name -> ln g, to be set before `convert`.
    relative: array "i", what `survey` looked at last: c / F in Q12 (without gain and distance). nothing: array "i" of
    zeros, one a cell.

    Memory lent to other steps of the analysis: `before_sums` holds `sums` and `ln_r` and is anybody's until `select`;
    `ln_r` is until `convert`; `scratch` (array "i" of cells) is, but for `convert`, which uses it. `relative` lies
    where the sums of the last frame do, which motion alone looks at: survey before they are added, or after that.
    """

    LIT_FRAMES = ("850", "970", "1050", "850b")

    def __init__(self, monitor_columns):
        first, end = monitor_columns
        self.monitor_columns = first, end - (end - first) % 2  # the kernel takes two at a time
        self.cells, self.count = fixed.zeros("H", CELLS), 0
        self.before_sums = fixed.zeros("i", CELLS * (len(self.LIT_FRAMES) + len(vocabulary.NIR_BANDS)))
        pieces = memoryview(self.before_sums)
        self.sums, self.ln_r = {}, {}
        for name in self.LIT_FRAMES:
            self.sums[name], pieces = pieces[:CELLS], pieces[CELLS:]
        self.relative = self.sums["850b"]
        self.index = fixed.zeros("i", CELLS)
        self.saturated = bytearray(CELLS)
        self.gain = {}
        self.around, self.around_count = fixed.zeros("H", CELLS), 0
        self._dark = fixed.zeros("i", CELLS)
        self._table = fixed.zeros("i", 256)
        self._flat = {}
        self._ln_flat = {}
        for band in vocabulary.NIR_BANDS:
            self.ln_r[band], pieces = pieces[:CELLS], pieces[CELLS:]
            self._flat[band] = fixed.zeros("H", CELLS)
            self._ln_flat[band] = fixed.zeros("i", CELLS)
        self.scratch = fixed.zeros("i", CELLS)
        self._linear = array("H")
        self.nothing = fixed.zeros("i", CELLS)
        self._block = fixed.zeros("i", 9)
        self._zero = bytes(CELLS)
        self._marks = bytearray(CELLS)

    def set_calibration(self, calibration):
        """Interpolate the white target's nodes to the cells. Once a record."""
        for code in range(256):
            self._table[code] = calibration.linear[code] + (_SATURATED if code >= SATURATED_CODE else 0)
        everywhere = array("H", range(CELLS))
        for band in vocabulary.NIR_BANDS:
            nodes, flat = calibration.flat[band], self._flat[band]
            for row in range(ROWS):
                v, dv = divmod(row * STEP + STEP // 2, FLAT_STEP)
                for column in range(COLUMNS):
                    u, du = divmod(column * STEP + STEP // 2, FLAT_STEP)
                    at = v * FLAT_COLUMNS + u
                    low = nodes[at] * (FLAT_STEP - du) + nodes[at + 1] * du
                    high = nodes[at + FLAT_COLUMNS] * (FLAT_STEP - du) + nodes[at + FLAT_COLUMNS + 1] * du
                    value = (low * (FLAT_STEP - dv) + high * dv) // (FLAT_STEP * FLAT_STEP)
                    flat[row * COLUMNS + column] = value
                    self._dark[row * COLUMNS + column] = value * PIXELS_PER_CELL
            block = self._set(CELLS, 0, SIGN_SHIFT)
            none, out = self.nothing, self._ln_flat[band]
            cell_kernels.logarithms(0, 0, self._dark, fixed.LN_TABLE, everywhere, none, none, out, block)
        self._linear = calibration.linear

    def survey(self, frames, name, rows, columns, without=None):
        """Look at a rectangle of cells (firsts, ends) of a frame by few pixels: fills `relative`, and returns it.

        without: bytearray, cells marked there keep what they had.
        """
        block = self._set(rows[0], rows[1], columns[0], columns[1])
        flat = self._flat[vocabulary.FRAME_LIGHT[name]]
        without = self._zero if without is None else without
        cell_kernels.survey(0, 0, frames[name], self._table, frames["dark"], flat, without, self.relative, block)
        return self.relative

    def level(self, frame):
        """(mean in linear counts, saturated part in 1/1000) of a whole frame, by few pixels."""
        block = self._set(0, 0)
        cell_kernels.sample(0, 0, frame, self._table, block)
        return block[0] // SAMPLES, fixed.ratio(block[1], SAMPLES, 1000)

    def select(self, frames, mask, rows, columns):
        """Take the cells of `mask`, which lie within a rectangle of cells (firsts, ends), for the face's; sum the dark
        frame over them. frames: name -> 76,800 codes."""
        # Kernels read a block's numbers without their sign.
        block = self._set(max(0, rows[0] - 1), rows[1] + 1, max(0, columns[0] - 1), columns[1] + 1)
        cell_kernels.list_cells(0, mask, self.cells, self.around, block)
        self.count, self.around_count = block[4], block[5]
        # Darkness is smooth, and the second look at 850 nm is for motion alone: some rows do.
        self._sum(frames["dark"], self.around, self.around_count, _SOME_ROWS, self.nothing, self._dark)
        self.saturated[:] = self._zero  # of the lit frames alone

    def add(self, frames, names):
        """Sum the lit frames of these names over the selected cells."""
        for name in names:
            # Motion is seen at the outline, too.
            beside = vocabulary.FRAME_LIGHT[name] == vocabulary.NIR_850
            cells, count = (self.around, self.around_count) if beside else (self.cells, self.count)
            step = _SOME_ROWS if name == "850b" or self.count > MANY_CELLS else _ALL_ROWS
            self._sum(frames[name], cells, count, step, self._dark, self.sums[name])

    def _sum(self, frame, cells, count, step, dark, out):
        block = self._set(count, step)
        cell_kernels.sum_pixels(0, 0, frame, self._table, cells, dark, out, self.saturated, block)

    def monitor_level(self, frame, fine):
        """Mean of the monitor tab in linear counts, ambient included. fine: by all of its rows, or by every fourth."""
        first, end = self.monitor_columns
        rows_apart = 1 if fine else 4
        total = cell_kernels.sum_tab(0, 0, frame, self._linear, first, end, rows_apart * burst.WIDTH)
        return total // ((end - first) * (burst.HEIGHT // rows_apart))

    def convert(self, depth, z_ref_um, stretch_q12):
        """ln R of every cell of the face from the loaded sums, `gain` and `depth` (array "H", 1/16 mm, no zeros), and
        the index.

        stretch_q12: what brings the index to the temperature of the record (`core.drift`) and to the nominal LEDs,
        1/4096, below 8.
        """
        at_reference = 2 * (fixed.ln_q14(2 * z_ref_um) - fixed.ln_q14(125))  # 16 / 1000: 1/16 mm of um
        none, ln_depth = self.nothing, self.scratch
        cell_kernels.widen(depth, self.cells, ln_depth, self.count)
        self._logarithms(ln_depth, none, none, ln_depth, 0)
        for band in vocabulary.NIR_BANDS:
            constant = self.gain[band] - at_reference
            self._logarithms(self.sums[band], self._ln_flat[band], ln_depth, self.ln_r[band], constant)
        cell_kernels.index_of(
            self.ln_r["850"],
            self.ln_r["970"],
            self.ln_r["1050"],
            self.cells,
            self.index,
            self._set(self.count, WEIGHT_850, WEIGHT_1050, stretch_q12, SIGN_SHIFT),
        )

    def _logarithms(self, values, base, twice, out, constant):
        block = self._set(self.count, constant, SIGN_SHIFT)
        cell_kernels.logarithms(0, 0, values, fixed.LN_TABLE, self.cells, base, twice, out, block)

    def mark_usable(self, mask, out):
        """Mark in `out` (bytearray of cells) those well inside the face that every band lights without saturating;
        returns how many."""
        out[:] = self._zero
        sums = self.sums
        return cell_kernels.mark_lit(
            0, mask, out, self.cells, self.saturated, sums["850"], sums["970"], sums["1050"], self.count
        )

    def keep_between(self, values, marks, lowest, highest):
        """Unmark the face's cells whose value lies outside; returns how many stay."""
        return cell_kernels.keep_between(self.cells, values, marks, self._set(self.count, lowest, highest, SIGN_SHIFT))

    def keep_both(self, first, second):
        """Keep marked in `first` which of the face's cells `second` marks as well: (how many there were, are)."""
        counts = cell_kernels.both(first, second, self.cells, self.count)
        return counts >> 16, counts & 0xFFFF

    def follow(self, marks, along_u_q8, along_v_q8):
        """Take off the marked cells' index what a moving face does to it.

        A face that brightens along its motion is seen brighter or darker by a frame taken later. along_u_q8,
        along_v_q8: its shift from band to band, weighed as the index weighs these, 1/256 cells.
        """
        block = self._set(self.count, along_u_q8, along_v_q8, SIGN_SHIFT)
        cell_kernels.rise_over_shift(0, 0, self.ln_r["850"], marks, self.cells, self.index, block)

    def middle_q2(self, marks, limit):
        """Row and column, in 1/4 cells, of the middle of the face's marked cells whose water index is at most `limit`
        (Q14); (0, 0) without such. marks: bytearray of cells."""
        block = self._set(self.count, limit, SIGN_SHIFT)
        cell_kernels.middle(self.index, marks, self.cells, block)
        found = max(1, block[3])
        return 4 * block[4] // found, 4 * block[5] // found

    def patches(self, marks, ellipse, limit):
        """How many cells of an ellipse have a water index above `limit` (Q14): marked cells with all their neighbours
        marked, themselves and in the mean of these nine, as one cell is mostly noise.

        marks: bytearray of cells. ellipse: as `Face.ellipse_q2` gives it.
        """
        row, column, half_v, half_u = ellipse
        first, end = max(1, (row - half_v) // 4), min(ROWS - 1, (row + half_v) // 4 + 1)
        left, right = max(1, (column - half_u) // 4), min(COLUMNS - 1, (column + half_u) // 4 + 1)
        block = self._set(first, end, left, right, limit, row, column, half_v, half_u)
        return cell_kernels.patches(0, 0, self.index, marks, block, SIGN_SHIFT)

    def saturated_cells(self, mask):
        """How many of the face's cells have a saturated pixel. mask: the face."""
        self._marks[:] = mask
        counts = cell_kernels.both(self._marks, self.saturated, self.cells, self.count)
        return counts & 0xFFFF

    def gather(self, values, marks, out):
        """The values (array "i", within 2^24 either way) of the face's marked cells plus `OFFSET` into `out`, one
        after the other; returns how many."""
        return cell_kernels.gather(0, values, marks, self.cells, out, self.count, OFFSET)

    def _set(self, *values):
        for i, value in enumerate(values):
            self._block[i] = value
        return self._block
