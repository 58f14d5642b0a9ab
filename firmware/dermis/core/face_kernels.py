"""Kernels that find the face in the depth map. A cell is numbered row * 64 + column (48 rows); depths are 1/16 mm.

`cells` is the list of the body's cells (array "H"): what comes later walks the list, not the grid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core.native import micropython

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython


@micropython.viper
def count_depths(at: int, depth: ptr16, bins: ptr32, first_column: int):
    """bins[n] = cells from `first_column` on whose depth lies within n * 128 and n * 128 + 127; 512 bins, the first of
    which also holds unknown depths. at: lends its register."""
    at = 0
    while at < 512:
        bins[at] = 0
        at += 1
    at = 0
    while at < 3072:
        if at & 63 == 0:
            at += first_column
        n = depth[at] >> 7
        bins[n] = bins[n] + 1
        at += 1


@micropython.viper
def largest_body(at: int, other: int, depth: ptr16, state: ptr8, queue: ptr16, cells: ptr16, block: ptr32) -> int:
    """The cells of the body with most cells into `cells`; returns how many.

    Of a body are cells that hang together: at most block[3] apart along both axes and not farther in depth than
    block[2], among those with a depth from block[0] to block[1] in columns from block[4] on. A cell whose four
    neighbours all hang on it has nothing to gain from looking farther. at, other: lend their registers.
    """
    first = int(block[0])
    last = int(block[1])
    largest = int(block[2])
    reach = int(block[3])
    at = 0
    while at < 3072:
        if at & 63 == 0:
            other = at + int(block[4])
            while at < other:
                state[at] = 0
                at += 1
        here = int(depth[at])
        if here != 0 and here >= first and here <= last:
            state[at] = 1
        else:
            state[at] = 0
        at += 1
    best = 0
    seed = 0
    while seed < 3072:
        if state[seed] == 1:
            state[seed] = 2
            queue[0] = seed
            head = 0
            tail = 1
            while head < tail:
                at = int(queue[head])
                head += 1
                here = int(depth[at])
                row = at >> 6
                column = at & 63
                hanging = 0
                side = 0
                while side < 4:
                    other = at
                    inside = 1
                    if side == 0:
                        if column == 0:
                            inside = 0
                        other = at - 1
                    elif side == 1:
                        if column == 63:
                            inside = 0
                        other = at + 1
                    elif side == 2:
                        if row == 0:
                            inside = 0
                        other = at - 64
                    else:
                        if row == 47:
                            inside = 0
                        other = at + 64
                    if inside and state[other]:
                        step = int(depth[other]) - here
                        if step <= largest and step >= 0 - largest:
                            hanging += 1
                            if state[other] == 1:
                                state[other] = 2
                                queue[tail] = other
                                tail += 1
                    side += 1
                if hanging < 4:
                    y = row - reach
                    if y < 0:
                        y = 0
                    last_y = row + reach
                    if last_y > 47:
                        last_y = 47
                    x0 = column - reach
                    if x0 < 0:
                        x0 = 0
                    x1 = column + reach
                    if x1 > 63:
                        x1 = 63
                    while y <= last_y:
                        other = (y << 6) + x0
                        stop = (y << 6) + x1
                        while other <= stop:
                            if state[other] == 1:
                                step = int(depth[other]) - here
                                if step <= largest and step >= 0 - largest:
                                    state[other] = 2
                                    queue[tail] = other
                                    tail += 1
                            other += 1
                        y += 1
            if tail > best:
                best = tail
                at = 0
                while at < tail:
                    cells[at] = queue[at]
                    at += 1
        seed += 1
    return best


@micropython.viper
def count_columns(cells: ptr16, count: int, columns: ptr32, rows: ptr32):
    """How many of the cells lie in each of 64 columns and in each of 48 rows."""
    k = 0
    while k < 64:
        columns[k] = 0
        k += 1
    k = 0
    while k < 48:
        rows[k] = 0
        k += 1
    k = 0
    while k < count:
        at = int(cells[k])
        columns[at & 63] = columns[at & 63] + 1
        rows[at >> 6] = rows[at >> 6] + 1
        k += 1


@micropython.viper
def drop_below(cells: ptr16, count: int, first_column: int) -> int:
    """Keep in the list the cells in columns from `first_column` on; returns how many."""
    left = 0
    k = 0
    while k < count:
        at = int(cells[k])
        if at & 63 >= first_column:
            cells[left] = at
            left += 1
        k += 1
    return left


@micropython.viper
def depths_of(cells: ptr16, count: int, depth: ptr16, out: ptr32):
    """out = the cells' depths, one after the other."""
    k = 0
    while k < count:
        out[k] = depth[cells[k]]
        k += 1


@micropython.viper
def put(cells: ptr16, count: int, depth: ptr16, out: ptr16, mask: ptr8, median: int):
    """Mark the cells (1) and give them their depth; every other cell is 0 in the mask and has the median's depth."""
    at = 0
    while at < 3072:
        mask[at] = 0
        out[at] = median
        at += 1
    k = 0
    while k < count:
        at = int(cells[k])
        mask[at] = 1
        out[at] = depth[at]
        k += 1


@micropython.viper
def fill_gaps(
    at: int, other: int, light: ptr32, mask: ptr8, depth: ptr16, out: ptr16, cells: ptr16, block: ptr32
) -> int:
    """Add to the list, and mark 2, the lit cells of a rectangle without a depth of their own that enough of the body
    surrounds; `out` gets their neighbours' mean depth. Returns the new length of the list.

    Without a depth of their own are those of depth 0 and stray matches before the body. block: first and last + 1 row,
    first and last + 1 column, least light, least neighbours of 24 marked 1, largest step, length of the list.
    at, other: lend their registers.
    """
    least_light = int(block[4])
    least = int(block[5])
    step = int(block[6])
    count = int(block[7])
    row = int(block[0])
    while row < int(block[1]):
        at = (row << 6) + int(block[2])
        end = (row << 6) + int(block[3])
        while at < end:
            if mask[at] == 0 and int(light[at]) >= least_light:
                found = 0
                total = 0
                y = row - 2
                while y <= row + 2:
                    if y >= 0 and y < 48:
                        other = (y << 6) + (at & 63) - 2
                        stop = other + 5
                        while other < stop:
                            if other >> 6 == y and mask[other] == 1:
                                found += 1
                                total += depth[other]
                            other += 1
                    y += 1
                if found >= least:
                    mean = total // found
                    if depth[at] == 0 or int(depth[at]) < mean - step:
                        mask[at] = 2
                        out[at] = mean
                        cells[count] = at
                        count += 1
            at += 1
        row += 1
    return count


@micropython.viper
def count_blind(at: int, depth: ptr16, light: ptr32, mask: ptr8, least: int) -> int:
    """Cells outside the mask without a depth that give back at least so much light. at: lends its register."""
    found = 0
    at = 0
    while at < 3072:
        if mask[at] == 0 and depth[at] == 0 and int(light[at]) >= least:
            found += 1
        at += 1
    return found


@micropython.viper
def mark_ellipse(cells: ptr16, count: int, out: ptr8, block: ptr32):
    """Mark the cells within an ellipse; clears `out` first. block: centre row and column, half axes along rows and
    columns, in cells (at most 64)."""
    at = 0
    while at < 3072:
        out[at] = 0
        at += 1
    centre_v = int(block[0])
    centre_u = int(block[1])
    half_v = int(block[2])
    half_u = int(block[3])
    limit = half_u * half_u * half_v * half_v
    k = 0
    while k < count:
        at = int(cells[k])
        off_v = ((at >> 6) - centre_v) * half_u
        off_u = ((at & 63) - centre_u) * half_v
        if off_u * off_u + off_v * off_v <= limit:
            out[at] = 1
        k += 1
