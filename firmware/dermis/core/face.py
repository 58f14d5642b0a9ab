"""Where the face is: the nearest connected body of plausible size in the depth map.

Everything stands on the grid of cells (`reflectance.COLUMNS` x `reflectance.ROWS`, 5 px apart); depths are 1/16 mm.
A cell of the face is `MEASURED` where its depth is known and `FILLED` where only its light is: spectacles, hair
and eyes swallow dots, and must neither split the face nor leave it.
"""

from __future__ import annotations

from dermis.core import burst, face_kernels, fixed, vocabulary
from dermis.core.reflectance import CELLS, COLUMNS, ROWS, STEP

MEASURED, FILLED = 1, 2

SUBMM = 16  # depths are in 1/16 mm
BIN_MM, BINS = 8, 512  # of the histogram that finds the foremost body (`face_kernels.count_depths`)
# The foremost 60 mm of a face (nose to cheeks) cover about 120 cm^2 in a frontal view, half of it at 45 degrees yaw.
FRONT_MM = 64  # whole bins
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
# Ellipses: how far the centre lies below the middle of the skin, half axes along u and v. One as large as that window,
# and a smaller one, which hat and headscarf leave free and of which spectacles cover the uppermost part only.
WHOLE, MIDDLE = (0, WINDOW_U_MM, WINDOW_V_MM), (10, 56, 44)
# How far from the window's centre the middle of the skin may draw them, along u and along v: turned heads in a scarf do
# to 20 mm (drawn presentations); a mask over half of the face, 25 to 35, and would leave the ellipse.
SKIN_OFF_MM = 16
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


class Face:
    """The face of one burst, found by `find`.

    mask: bytearray, `MEASURED`, `FILLED` or 0 a cell. depth: array "H", 1/16 mm, without holes inside the mask and
    equal to the median outside. measured, filled: how many cells. row0, row1, column0, column1: box, ends excluded.
    nearest, median: 1/16 mm. centre_u_q4, centre_v_q4: centroid in 1/16 px. width_mm, height_mm: along v and u.

    room: array "i" of cells that nobody else needs while `find` runs; by default its own.
    """

    def __init__(self, board, room=None):
        self.focal_px_q8 = board["focal_px_q8"]
        self.near = board["z_near_mm"] * SUBMM
        self.far = board["z_far_mm"] * SUBMM
        self.mask = bytearray(CELLS)
        self.depth = fixed.zeros("H", CELLS)
        self._nothing = bytes(CELLS)
        self._state = bytearray(CELLS)
        self._queue = fixed.zeros("H", CELLS)
        self._cells = fixed.zeros("H", CELLS)  # of the face: first the measured ones, then the filled ones
        self._values = fixed.zeros("i", CELLS) if room is None else room
        self._bins = fixed.zeros("i", BINS)
        self._columns = fixed.zeros("i", COLUMNS)
        self._rows = fixed.zeros("i", ROWS)
        self._block = fixed.zeros("i", 8)
        self.clear()

    def clear(self):
        """No face."""
        self.measured = self.filled = 0
        self.row0 = self.row1 = self.column0 = self.column1 = 0
        self.nearest = self.median = 0
        self.centre_u_q4 = self.centre_v_q4 = 0
        self.width_mm = self.height_mm = 0
        self.mask[:] = self._nothing

    def find(self, depth, survey):
        """Segment the face; None, or the reason (vocabulary) why there is none to judge.

        depth: array "H" of cells, 1/16 mm, 0 where unknown. survey: called with a rectangle of cells ((first, end) of
        rows and of columns) and a mask, gives an array "i" that holds there, outside the mask, the light at 850 nm
        that comes back, Q12 of a white at the reference distance.
        """
        self.clear()
        front = self._front(depth)
        count = 0 if front is None else self._largest_body(depth, front)
        if count == 0:
            return self._why_nothing(survey((0, ROWS), (0, COLUMNS), self.mask))
        self.measured = self._cut_below(depth, count)
        self._fill(depth, survey)
        self._measure()
        if self.nearest < self.near or self._blinds(depth, survey):
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
        bins = self._bins
        face_kernels.count_depths(0, depth, bins, FIRST_COLUMN)
        bins[0] = 0  # unknown depths
        width = FRONT_MM // BIN_MM
        for first in range(BINS - width):
            if bins[first]:
                side = self.cell_mm_q8((first * BIN_MM + FRONT_MM // 2) * SUBMM)
                area = sum(bins[first : first + width]) * (side * side >> 8) >> 8
                if area >= SMALLEST_FRONT_MM2:
                    return first * BIN_MM * SUBMM
        return None

    def _blinds(self, depth, survey):
        """Whether something too near for any depth fills the view beside what was measured (a neck, a chest)."""
        if self.nearest >= self.near + DEEPEST_MM * SUBMM:
            return False
        light = survey((0, ROWS), (0, COLUMNS), self.mask)
        near = face_kernels.count_blind(0, depth, light, self.mask, NEAR_LEVEL_Q12)
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
        """List the body with most cells among those of plausible depth; how many it has, 0 when it is too small.

        A chest in the light, cut off from a small head by the shadow of its chin, has more cells: what begins behind
        the front is left out, and looked for again is what lies before it.
        """
        count = self._largest_within(depth, front, front + DEEPEST_MM * SUBMM)
        # What lies behind the front by its median may yet begin there: a face in profile.
        if count and self._middle(depth, count) > front + FRONT_MM * SUBMM:
            begin = fixed.percentile(self._values, count, NEAREST_PERCENT)
            if begin > front + FRONT_MM * SUBMM:
                count = self._largest_within(depth, front, begin - 1)
                self._middle(depth, count)
        return count

    def _largest_within(self, depth, first, last):
        side = self.cell_mm_q8(first + FRONT_MM * SUBMM // 2)
        reach = ((REACH_MM << 8) + side // 2) // side
        block = self._set(first, last, LARGEST_STEP_MM * SUBMM, reach, FIRST_COLUMN)
        count = face_kernels.largest_body(0, 0, depth, self._state, self._queue, self._cells, block)
        return count if count * (side * side >> 8) >> 8 >= SMALLEST_FRONT_MM2 else 0

    def _cut_below(self, depth, count):
        """Take off what is lower than a head is tall below its top (u points up); how many cells are left."""
        side = self.cell_mm_q8(self.median)
        face_kernels.count_columns(self._cells, count, self._columns, self._rows)
        _, top = _extent(self._columns)
        bottom = max(0, top - 1 - (TALLEST_MM << 8) // side)
        return face_kernels.drop_below(self._cells, count, bottom)

    def _middle(self, depth, count):
        """Median depth of the first `count` cells of the list, kept as the face's; their depths stay in `_values`."""
        face_kernels.depths_of(self._cells, count, depth, self._values)
        self.median = fixed.median(self._values, count)
        return self.median

    def _fill(self, depth, survey):
        """Mask and depths of the listed cells, and those that gaps in the depth map belong to."""
        self._middle(depth, self.measured)
        # Of these same depths.
        self.nearest = fixed.percentile(self._values, self.measured, NEAREST_PERCENT)
        face_kernels.put(self._cells, self.measured, depth, self.depth, self.mask, self.median)
        face_kernels.count_columns(self._cells, self.measured, self._columns, self._rows)
        # The neighbours that fill a gap are at most two cells away.
        rows, columns = _reaching(self._rows, 0), _reaching(self._columns, FIRST_COLUMN)
        light = survey(rows, columns, self.mask)
        step = LARGEST_STEP_MM * SUBMM
        block = self._set(rows[0], rows[1], columns[0], columns[1], LIT_Q12, FILL_NEIGHBOURS, step, self.measured)
        count = face_kernels.fill_gaps(0, 0, light, self.mask, depth, self.depth, self._cells, block)
        self.filled = count - self.measured

    def _measure(self):
        count = self.measured + self.filled
        rows, columns = self._rows, self._columns
        face_kernels.count_columns(self._cells, count, columns, rows)
        self.row0, self.row1 = _extent(rows)
        self.column0, self.column1 = _extent(columns)
        sum_u = sum([column * columns[column] for column in range(COLUMNS)])
        sum_v = sum([row * rows[row] for row in range(ROWS)])
        self.centre_u_q4 = (sum_u * 16 * STEP) // count + 16 * (STEP // 2)
        self.centre_v_q4 = (sum_v * 16 * STEP) // count + 16 * (STEP // 2)
        side = self.cell_mm_q8(self.median)
        self.width_mm = (self.row1 - self.row0) * side >> 8
        self.height_mm = (self.column1 - self.column0) * side >> 8

    def window(self, out):
        """Mark the measured cells within the face's metric window in `out` (bytearray of cells): an ellipse about the
        centroid, `WINDOW_U_MM` and `WINDOW_V_MM` half axes. It leaves hair, ears and neck out."""
        side = self.cell_mm_q8(self.median)
        half_u, half_v = (WINDOW_U_MM << 8) // side, (WINDOW_V_MM << 8) // side
        centre_u, centre_v = self.centre_u_q4 // (16 * STEP), self.centre_v_q4 // (16 * STEP)
        block = self._set(centre_v, centre_u, half_v, half_u)
        face_kernels.mark_ellipse(self._cells, self.measured, out, block)

    def ellipse_q2(self, ellipse, skin):
        """Row and column of the centre of `WHOLE` or `MIDDLE` and its half axes along v and u, in 1/4 cells.

        skin: row and column of its middle, 1/4 cells; beyond `SKIN_OFF_MM` from the centroid it counts as there."""
        side = self.cell_mm_q8(self.median)
        below, half_u, half_v = [length * 1024 // side for length in ellipse]
        most = SKIN_OFF_MM * 1024 // side
        centre = [(at - 16 * (STEP // 2)) // (4 * STEP) for at in (self.centre_v_q4, self.centre_u_q4)]
        row, column = [fixed.clip(at, middle - most, middle + most) for at, middle in zip(skin, centre)]
        return row, column - below, half_v, half_u

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


def _reaching(counts, lowest):
    """(first, end) of the indices at most two from one with cells, from `lowest` on."""
    inside = [i for i in range(len(counts)) if counts[i]]
    return max(lowest, inside[0] - 2), min(len(counts), inside[-1] + 3)
