"""Where the face is: the nearest connected body of plausible size in the depth map.

Everything stands on the grid of cells (`reflectance.COLUMNS` x `reflectance.ROWS`, 5 px apart); depths are 1/16 mm.
A cell of the face is `MEASURED` where its depth is known and `FILLED` where only its light is: spectacles, hair
and eyes swallow dots, and must neither split the face nor leave it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core import burst, fixed, vocabulary
from dermis.core.native import micropython
from dermis.core.reflectance import CELLS, COLUMNS, ROWS, STEP

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython

MEASURED, FILLED = 1, 2

SUBMM = 16  # depths are in 1/16 mm
BIN_MM = 10  # of the histogram that finds the foremost body
# The foremost 60 mm of a face (nose to cheeks) cover about 120 cm^2 in a frontal view, half of it at 45 degrees yaw.
FRONT_MM = 60
SMALLEST_FRONT_MM2 = 4500
# Nose tip to ear is 95-120 mm (ISO 7250-3, nose to tragion about 120); what lies farther behind is no face.
DEEPEST_MM = 130
# Two cells of one face lie at most `REACH_MM` apart (the rim of spectacles, a strand of hair between them) and
# differ by less than `LARGEST_STEP_MM`: the side of a nose, the rim of a jaw.
REACH_MM = 20
LARGEST_STEP_MM = 40
# Crown to chin is 232 mm for the 95th percentile of men (ISO 7250-3); lower down is neck and chest.
TALLEST_MM = 240
# Half axes of the window for shapes: bizygomatic breadth is 140 mm, brow to chin about 150 (ISO 7250-3).
WINDOW_U_MM, WINDOW_V_MM = 80, 62
# The monitor tab covers columns 0..5 of the frame and disturbs the windows that touch it.
FIRST_COLUMN = 3
# A cell lit to less than this part of a white at the reference distance (Q12) is background.
LIT_Q12 = 120
# Neighbours (of 24) in the measured face that make a lit cell without depth a part of it.
FILL_NEIGHBOURS = 8
# Nothing in depth, but light comes back. From skin of R850 = .4 it exceeds 1.6 nearer than 225 mm, where the
# disparities end; from a face at 760 to 1,100 mm it is .08 or more, and covers 3% of the frame or more; a wall of
# R850 = .8 gives that from 1,400 mm and covers most of the frame.
NEAR_LEVEL_Q12, NEAR_PERMILLE = 6500, 120
# As bright, but without depth beside a body that has some: more than the edge that no disparity reaches (31 of 320 px).
BLIND_PERMILLE = 250
FAR_LEVEL_Q12, FAR_LEAST_PERMILLE, FAR_MOST_PERMILLE = 320, 30, 500
# The nearest part is where this many percent of the depths are nearer: a nose tip is a few cells, a stray match one.
NEAREST_PERCENT = 1
# Part of the face's cells whose depth is known; less, and something covers it or drowns the dots.
LEAST_VALID_PERMILLE = 550


@micropython.viper
def _grow_kernel(state: ptr8, depth: ptr16, stack: ptr16, block: ptr32) -> int:
    """Mark what hangs together with the cell block[3]: state 1 becomes block[4]; returns how many cells.

    Cells hang together when at most block[5] apart along both axes and not farther in depth than block[2].
    block: columns, rows, largest step, seed, mark, reach. stack: as many as cells.
    """
    columns = int(block[0])
    rows = int(block[1])
    largest = int(block[2])
    mark = int(block[4])
    reach = int(block[5])
    stack[0] = int(block[3])
    state[int(block[3])] = mark
    top = 1
    found = 0
    while top > 0:
        top -= 1
        cell = int(stack[top])
        found += 1
        here = int(depth[cell])
        row = cell // columns
        column = cell - row * columns
        first = column - reach
        if first < 0:
            first = 0
        last = column + reach
        if last >= columns:
            last = columns - 1
        y = row - reach
        if y < 0:
            y = 0
        bottom = row + reach
        if bottom >= rows:
            bottom = rows - 1
        while y <= bottom:
            other = y * columns + first
            end = y * columns + last
            while other <= end:
                if state[other] == 1:
                    step = int(depth[other]) - here
                    if step <= largest and step >= 0 - largest:
                        state[other] = mark
                        stack[top] = other
                        top += 1
                other += 1
            y += 1
    return found


@micropython.viper
def _neighbours_kernel(mask: ptr8, depth: ptr16, block: ptr32) -> int:
    """Measured cells at most two away from the cell block[2]: count in the low 8 bits, their mean depth above.

    block: columns, rows, cell. 24 depths of 16 bits sum to less than 2^21.
    """
    columns = int(block[0])
    rows = int(block[1])
    cell = int(block[2])
    row = cell // columns
    column = cell - row * columns
    first = column - 2
    if first < 0:
        first = 0
    last = column + 2
    if last >= columns:
        last = columns - 1
    y = row - 2
    if y < 0:
        y = 0
    bottom = row + 2
    if bottom >= rows:
        bottom = rows - 1
    found = 0
    total = 0
    while y <= bottom:
        other = y * columns + first
        end = y * columns + last
        while other <= end:
            if mask[other] == 1:
                found += 1
                total += int(depth[other])
            other += 1
        y += 1
    if found == 0:
        return 0
    return ((total // found) << 8) | found


class Face:
    """The face of one burst, found by `find`.

    mask: bytearray, `MEASURED`, `FILLED` or 0 a cell. depth: array "H", 1/16 mm, without holes inside the mask and
    equal to the median outside. measured, filled: how many cells. row0, row1, column0, column1: box, ends excluded.
    nearest, median: 1/16 mm. centre_u_q4, centre_v_q4: centroid in 1/16 px. width_mm, height_mm: along v and u.
    """

    def __init__(self, board):
        self.focal_px_q8 = board["focal_px_q8"]
        self.near = board["z_near_mm"] * SUBMM
        self.far = board["z_far_mm"] * SUBMM
        self.mask = bytearray(CELLS)
        self.depth = fixed.zeros("H", CELLS)
        self._state = bytearray(CELLS)
        self._stack = fixed.zeros("H", CELLS)
        self._values = fixed.zeros("i", CELLS)
        self._block = fixed.zeros("i", 8)
        self.clear()

    def clear(self):
        """No face."""
        self.measured = self.filled = 0
        self.row0 = self.row1 = self.column0 = self.column1 = 0
        self.nearest = self.median = 0
        self.centre_u_q4 = self.centre_v_q4 = 0
        self.width_mm = self.height_mm = 0
        for cell in range(CELLS):
            self.mask[cell] = 0

    def find(self, depth, relative):
        """Segment the face; None, or the reason (vocabulary) why there is none to judge.

        depth: array "H" of cells, 1/16 mm, 0 where unknown. relative: array "i", light at 850 nm that comes back,
        Q12 of a white at the reference distance.
        """
        self.clear()
        front = self._front(depth)
        if front is None or not self._largest_body(depth, front):
            self.clear()
            return self._why_nothing(relative)
        self._cut_below(depth)
        self._fill(depth, relative)
        self._measure(depth)
        if self.nearest < self.near or self._blinds(depth, relative):
            return vocabulary.TOO_NEAR
        if self.nearest > self.far:
            return vocabulary.TOO_FAR
        if self.valid_permille() < LEAST_VALID_PERMILLE:
            return vocabulary.OCCLUDED
        return None

    def valid_permille(self):
        """Part of the face's cells whose depth is known."""
        return fixed.ratio(self.measured, self.measured + self.filled, 1000)

    def cell_mm_q8(self, depth):
        """Side of a cell at that depth (1/16 mm), in 1/256 mm."""
        return STEP * depth * 16 * 256 // self.focal_px_q8

    def _front(self, depth):
        """Depth where the foremost body of plausible area begins, 1/16 mm; None without one."""
        bins = [0] * (65536 // (BIN_MM * SUBMM) + 1)
        for row in range(ROWS):
            for cell in range(row * COLUMNS + FIRST_COLUMN, (row + 1) * COLUMNS):
                if depth[cell]:
                    bins[depth[cell] // (BIN_MM * SUBMM)] += 1
        width = FRONT_MM // BIN_MM
        for first in range(len(bins) - width):
            if bins[first]:
                side = self.cell_mm_q8((first * BIN_MM + FRONT_MM // 2) * SUBMM)
                area = sum(bins[first : first + width]) * (side * side >> 8) >> 8
                if area >= SMALLEST_FRONT_MM2:
                    return first * BIN_MM * SUBMM
        return None

    def _blinds(self, depth, relative):
        """Whether something too near for any depth fills the view beside what was measured (a neck, a chest)."""
        if self.nearest >= self.near + DEEPEST_MM * SUBMM:
            return False
        near = 0
        for cell in range(CELLS):
            near += depth[cell] == 0 and relative[cell] >= NEAR_LEVEL_Q12
        return near * 1000 >= BLIND_PERMILLE * CELLS

    @staticmethod
    def _why_nothing(relative):
        lit = near = 0
        for row in range(ROWS):
            for cell in range(row * COLUMNS + FIRST_COLUMN, (row + 1) * COLUMNS):
                lit += relative[cell] >= FAR_LEVEL_Q12
                near += relative[cell] >= NEAR_LEVEL_Q12
        if near * 1000 >= NEAR_PERMILLE * CELLS:
            return vocabulary.TOO_NEAR
        if FAR_LEAST_PERMILLE * CELLS <= lit * 1000 <= FAR_MOST_PERMILLE * CELLS:
            return vocabulary.TOO_FAR
        return vocabulary.NO_FACE

    def _largest_body(self, depth, front):
        """Mark the body with most cells among those of plausible depth; False when it is too small."""
        state, last = self._state, front + DEEPEST_MM * SUBMM
        for row in range(ROWS):
            for column in range(COLUMNS):
                cell = row * COLUMNS + column
                state[cell] = 1 if column >= FIRST_COLUMN and front <= depth[cell] <= last and depth[cell] else 0
        side = self.cell_mm_q8(front + FRONT_MM * SUBMM // 2)
        reach = ((REACH_MM << 8) + side // 2) // side
        best, best_mark, mark = 0, 0, 1
        for cell in range(CELLS):
            if state[cell] == 1:
                mark = mark + 1 if mark < 255 else 2
                found = _grow_kernel(
                    state, depth, self._stack, self._set(COLUMNS, ROWS, LARGEST_STEP_MM * SUBMM, cell, mark, reach)
                )
                if found > best:
                    best, best_mark = found, mark
                    for other in range(CELLS):
                        self.mask[other] = MEASURED if state[other] == mark else 0
        return best_mark > 0 and best * (side * side >> 8) >> 8 >= SMALLEST_FRONT_MM2

    def _cut_below(self, depth):
        """Take off what is lower than a head is tall below its top (u points up)."""
        count = self._gather(depth)
        side = self.cell_mm_q8(fixed.median(self._values, count))
        top = 0
        for column in range(COLUMNS - 1, -1, -1):
            inside = 0
            for row in range(ROWS):
                inside += self.mask[row * COLUMNS + column] == MEASURED
            if inside >= 2:
                top = column
                break
        bottom = top - (TALLEST_MM << 8) // side
        for row in range(ROWS):
            for column in range(max(0, min(bottom, COLUMNS))):
                self.mask[row * COLUMNS + column] = 0

    def _fill(self, depth, relative):
        mask, state = self.mask, self._state
        count = self._gather(depth)
        self.median = median = fixed.median(self._values, count)
        for cell in range(CELLS):
            self.depth[cell] = depth[cell] if mask[cell] == MEASURED else median
            state[cell] = 0
        for cell in range(CELLS):
            if mask[cell] == 0 and relative[cell] >= LIT_Q12 and cell % COLUMNS >= FIRST_COLUMN:
                near = _neighbours_kernel(mask, depth, self._set(COLUMNS, ROWS, cell))
                if near & 255 >= FILL_NEIGHBOURS and self._is_gap(depth[cell], near >> 8):
                    state[cell] = FILLED
                    self.depth[cell] = near >> 8
        for cell in range(CELLS):
            if state[cell] == FILLED:
                mask[cell] = FILLED

    @staticmethod
    def _is_gap(depth, around):
        """No depth, or a stray match before the face; what lies behind is background, what agrees was left out."""
        return depth == 0 or depth < around - LARGEST_STEP_MM * SUBMM

    def _measure(self, depth):
        mask = self.mask
        rows = [0] * ROWS
        columns = [0] * COLUMNS
        sum_u = sum_v = 0
        for cell in range(CELLS):
            if mask[cell]:
                row, column = divmod(cell, COLUMNS)
                rows[row] += 1
                columns[column] += 1
                sum_u += column
                sum_v += row
                self.measured += mask[cell] == MEASURED
                self.filled += mask[cell] == FILLED
        count = self.measured + self.filled
        self.row0, self.row1 = _extent(rows)
        self.column0, self.column1 = _extent(columns)
        self.centre_u_q4 = (sum_u * 16 * STEP) // count + 16 * (STEP // 2)
        self.centre_v_q4 = (sum_v * 16 * STEP) // count + 16 * (STEP // 2)
        gathered = self._gather(depth)
        self.nearest = fixed.percentile(self._values, gathered, NEAREST_PERCENT)
        side = self.cell_mm_q8(self.median)
        self.width_mm = (self.row1 - self.row0) * side >> 8
        self.height_mm = (self.column1 - self.column0) * side >> 8

    def _gather(self, depth):
        count = 0
        for cell in range(CELLS):
            if self.mask[cell] == MEASURED:
                self._values[count] = depth[cell]
                count += 1
        return count

    def window(self, out):
        """Mark the measured cells within the face's metric window in `out` (bytearray of cells): an ellipse about the
        centroid, `WINDOW_U_MM` and `WINDOW_V_MM` half axes. It leaves hair, ears and neck out."""
        side = self.cell_mm_q8(self.median)
        half_u, half_v = (WINDOW_U_MM << 8) // side, (WINDOW_V_MM << 8) // side
        centre_u, centre_v = self.centre_u_q4 // (16 * STEP), self.centre_v_q4 // (16 * STEP)
        limit = half_u * half_u * half_v * half_v
        for row in range(ROWS):
            off_v = (row - centre_v) * half_u
            for column in range(COLUMNS):
                off_u = (column - centre_u) * half_v
                cell = row * COLUMNS + column
                out[cell] = self.mask[cell] == MEASURED and off_u * off_u + off_v * off_v <= limit

    def centre_column(self):
        """Column of the cell that holds the centroid."""
        return self.centre_u_q4 // (16 * STEP)

    def box_px(self):
        """[u0, v0, u1, v1] of the face in pixels, ends excluded."""
        return [
            self.column0 * STEP,
            self.row0 * STEP,
            min(self.column1 * STEP, burst.WIDTH),
            min(self.row1 * STEP, burst.HEIGHT),
        ]

    def _set(self, *values):
        for i, value in enumerate(values):
            self._block[i] = value
        return self._block


def _extent(counts):
    """First index with at least two cells and the one after the last; (0, 0) without."""
    inside = [i for i in range(len(counts)) if counts[i] >= 2]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)
