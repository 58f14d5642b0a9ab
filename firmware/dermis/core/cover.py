"""Whether one face is all that stands there: edges inside its outline, a body too wide, a body behind.

A hand before a face hides what the imager should see and holds living skin into the SWIR head's spot: before a mask
it would vouch for the mask. Two faces as one body would vouch for each other. Neither is a face to judge.
Everything stands on the grid of cells (`reflectance.COLUMNS` x `reflectance.ROWS`); depths are 1/16 mm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core import fixed
from dermis.core.native import micropython
from dermis.core.reflectance import COLUMNS, ROWS

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython

SUBMM = 16  # depths are in 1/16 mm
# Between neighbouring cells (3.8 mm apart at 250 mm, 10.6 mm at 700): the side of a nose falls by 10 to 15 mm over
# one, the edge of a finger (16 mm thick) or of a hand (28 mm) that touches a face by 18 mm or more.
CLIFF_MM = 18
# How far from the centroid's height a head is measured: a brim droops to 15 mm above it.
LEVEL_MM = 8
# What lies up to this far behind the foremost body may be what that body covers.
BEHIND_MM = 400
# Of it, so much must show above the middle of the foremost body: half of what the smallest body needs.
LEAST_BEHIND_CM2 = 25


@micropython.viper
def _cliffs_kernel(depth: ptr16, window: ptr8, block: ptr32) -> int:
    """Pairs of neighbours well inside the window whose depths differ by more than block[3]: both with all their four
    neighbours in it. At the window's rim a small or far face ends and falls away by itself.

    block: columns, first and last + 1 row (neither of the grid's outer two), step. Marks are 0 or 1.
    """
    columns = int(block[0])
    least = int(block[3])
    found = 0
    row = int(block[1])
    while row < int(block[2]):
        cell = row * columns + 1
        end = row * columns + columns - 2
        while cell < end:
            if window[cell] and window[cell - 1] & window[cell + 1] & window[cell - columns] & window[cell + columns]:
                here = int(depth[cell])
                beside = cell + 1
                if window[beside + 1] & window[beside - columns] & window[beside + columns]:
                    step = int(depth[beside]) - here
                    if step > least or step < 0 - least:
                        found += 1
                beside = cell + columns
                if window[beside - 1] & window[beside + 1] & window[beside + columns]:
                    step = int(depth[beside]) - here
                    if step > least or step < 0 - least:
                        found += 1
            cell += 1
        row += 1
    return found


@micropython.viper
def _rows_kernel(mask: ptr8, block: ptr32) -> int:
    """Rows from the first to the last with two cells or more in columns block[2] to block[3] - 1; 0 without any.

    block: columns, rows, first and last + 1 column.
    """
    columns = int(block[0])
    rows = int(block[1])
    end = int(block[3])
    first = 0 - 1
    last = 0 - 1
    row = 0
    while row < rows:
        found = 0
        column = int(block[2])
        while column < end:
            if int(mask[row * columns + column]):
                found += 1
            column += 1
        if found >= 2:
            if first < 0:
                first = row
            last = row
        row += 1
    if first < 0:
        return 0
    return last - first + 1


@micropython.viper
def _behind_kernel(depth: ptr16, mask: ptr8, block: ptr32) -> int:
    """Cells outside the mask at or beyond column block[2] with a depth up to block[3]. block: columns, rows, ..."""
    columns = int(block[0])
    rows = int(block[1])
    last = int(block[3])
    found = 0
    row = 0
    while row < rows:
        column = int(block[2])
        while column < columns:
            cell = row * columns + column
            if int(mask[cell]) == 0 and int(depth[cell]) != 0 and int(depth[cell]) <= last:
                found += 1
            column += 1
        row += 1
    return found


class Cover:
    """Measures on a segmented `core.face.Face`. Lengths in mm, areas in cm2."""

    def __init__(self):
        self._block = fixed.zeros("i", 4)

    def cliffs_mm(self, face, window):
        """Length of the steps in depth inside `window` (bytearray of cells, as `Face.window` fills it)."""
        first, end = max(face.row0, 1), min(face.row1, ROWS - 2)
        count = _cliffs_kernel(face.depth, window, self._set(COLUMNS, first, end, CLIFF_MM * SUBMM))
        return count * face.cell_mm_q8(face.median) >> 8

    def head_width_mm(self, face):
        """Extent of the body along v at the height of its centroid, where a head has neither shoulders nor a brim."""
        side = face.cell_mm_q8(face.median)
        middle, reach = face.centre_column(), max(1, (LEVEL_MM << 8) // side)
        first, end = max(0, middle - reach), min(COLUMNS, middle + reach + 1)
        rows = _rows_kernel(face.mask, self._set(COLUMNS, ROWS, first, end))
        return rows * side >> 8

    def behind_cm2(self, face, depth):
        """Area of what shows behind and above the centroid of the body; `depth` is the map that it was found in.

        Cells are counted at the body's own depth: what lies behind is larger than that.
        """
        last = min(face.median + BEHIND_MM * SUBMM, 65535)
        count = _behind_kernel(depth, face.mask, self._set(COLUMNS, ROWS, face.centre_column(), last))
        side = face.cell_mm_q8(face.median)
        return count * (side * side >> 8) // (256 * 100)

    def _set(self, *values):
        for i, value in enumerate(values):
            self._block[i] = value
        return self._block
