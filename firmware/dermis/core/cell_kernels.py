"""Kernels of the reflectance stage: from pixels to sums over cells, from sums to logarithms, over lists of cells.

A face covers a sixth of the frame at arm's length, so nothing here walks the whole grid but `list_cells` and a thin
`survey`. A cell is numbered row * 64 + column; `cells` is a list of such numbers (array "H"), and what a kernel gives
for a cell stands at the cell's number in its output: cells not on the list keep what they had.
The table has a code's linear counts in its low 24 bits and 1 above them for a saturated code: sums over a cell's
pixels (25 * 65535 < 2^21) carry the number of saturated ones along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core.native import micropython

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython


@micropython.viper
def list_cells(at: int, mask: ptr8, cells: ptr16, around: ptr16, block: ptr32):
    """Cells of a rectangle that are in the mask into `cells`, with those beside one into `around`.

    The grid's outer ring is left out. block: first and last + 1 row, first and last + 1 column; then, filled in: how
    many there are of each. at: lends its register.
    """
    row = int(block[0])
    if row < 1:
        row = 1
    last_row = int(block[1])
    if last_row > 47:
        last_row = 47
    first = int(block[2])
    if first < 1:
        first = 1
    last = int(block[3])
    if last > 63:
        last = 63
    count = 0
    beside = 0
    while row < last_row:
        at = (row << 6) + first
        end = (row << 6) + last
        while at < end:
            if mask[at]:
                cells[count] = at
                count += 1
                around[beside] = at
                beside += 1
            elif mask[at - 1] or mask[at + 1] or mask[at - 64] or mask[at + 64]:
                around[beside] = at
                beside += 1
            at += 1
        row += 1
    block[4] = count
    block[5] = beside


@micropython.viper
def survey(
    at: int, cell: int, frame: ptr8, table: ptr32, dark: ptr8, flat: ptr16, without: ptr8, out: ptr32, block: ptr32
):
    """Light of a rectangle of cells from four pixels of each: out = (frame - dark) / flat in Q12, 0 to 32767; cells
    marked in `without` are left out.

    block: first and last + 1 row, first and last + 1 column. at, cell: lend their registers.
    """
    row = int(block[0])
    while row < int(block[1]):
        column = int(block[2])
        at = row * 1600 + column * 5 + 321
        cell = (row << 6) + column
        end = (row << 6) + int(block[3])
        while cell < end:
            if without[cell] == 0:
                value = table[frame[at]] + table[frame[at + 2]] + table[frame[at + 640]] + table[frame[at + 642]]
                before = table[dark[at]] + table[dark[at + 2]] + table[dark[at + 640]] + table[dark[at + 642]]
                value = (value & 0xFFFFFF) - (before & 0xFFFFFF)
                if value > 0:
                    value = (value << 10) // int(flat[cell])
                    if value > 32767:
                        value = 32767
                else:
                    value = 0
                out[cell] = value
            at += 5
            cell += 1
        row += 1


@micropython.viper
def sample(at: int, total: int, frame: ptr8, table: ptr32, block: ptr32):
    """Every 103rd pixel, prime to the row: block[0] becomes the sum of their counts, block[1] how many are saturated.

    746 pixels of 65535 stay below 2^26. at, total: lend their registers.
    """
    at = 0
    total = 0
    full = 0
    while at < 76800:
        value = table[frame[at]]
        total += value & 0xFFFFFF
        full += value >> 24
        at += 103
    block[0] = total
    block[1] = full


@micropython.viper
def sum_pixels(
    at: int,
    total: int,
    frame: ptr8,
    table: ptr32,
    cells: ptr16,
    dark: ptr32,
    out: ptr32,
    saturated: ptr8,
    block: ptr32,
):
    """Sums of a cell's 25 pixels less `dark`, at least 0; `saturated` gains one for each saturated pixel.

    block: cells, step from one row of pixels to the next. With a step of two rows (640) three of the five rows stand
    for all. at, total: lend their registers.
    """
    count = int(block[0])
    step = int(block[1])
    k = 0
    while k < count:
        cell = int(cells[k])
        at = (cell >> 6) * 1600 + (cell & 63) * 5
        end = at + 1600
        total = 0
        while at < end:
            total += table[frame[at]]
            total += table[frame[at + 1]]
            total += table[frame[at + 2]]
            total += table[frame[at + 3]]
            total += table[frame[at + 4]]
            at += step
        full = total >> 24
        if full:
            saturated[cell] = saturated[cell] + full
            total &= 0xFFFFFF
        if step == 640:
            total = total * 5 // 3
        total -= dark[cell]
        if total < 0:
            total = 0
        out[cell] = total
        k += 1


@micropython.viper
def sum_tab(at: int, total: int, frame: ptr8, linear: ptr16, first: int, end: int, step: int) -> int:
    """Linear counts of the columns from `first` to `end`, two at a time, over every row that a step of so many pixels
    from the first one meets: below 2^29 for 32 columns of 240 rows. at, total: lend their registers.
    """
    width = end - first
    at = first
    total = 0
    while at < 76800:
        stop = at + width
        while at < stop:
            total += linear[frame[at]]
            total += linear[frame[at + 1]]
            at += 2
        at += step - width
    return total


@micropython.viper
def logarithms(
    value: int,
    exponent: int,
    values: ptr32,
    table: ptr32,
    cells: ptr16,
    base: ptr32,
    twice: ptr32,
    out: ptr32,
    block: ptr32,
):
    """out = ln(value) - base + 2 twice + constant, Q14, as `fixed.ln_q14`; a value of 0 counts as 1. Values, base and
    twice are not negative.

    block: cells, constant, sign shift. value, exponent: lend their registers.
    """
    shift = int(block[2])
    constant = (int(block[1]) << shift) >> shift
    count = int(block[0])
    k = 0
    while k < count:
        cell = int(cells[k])
        value = values[cell]
        if value == 0:
            value = 1
        exponent = 16
        while value >= 131072:
            value >>= 1
            exponent += 1
        while value < 65536:
            value <<= 1
            exponent -= 1
        index = (value >> 9) - 128
        low = table[index]
        value = ((table[index + 1] - low) * (value & 511)) >> 9
        value = (((exponent * 726817) >> 4) + low + value + 2) >> 2
        out[cell] = value - base[cell] + 2 * twice[cell] + constant
        k += 1


@micropython.viper
def widen(values: ptr16, cells: ptr16, out: ptr32, count: int):
    """out = value for the cells."""
    k = 0
    while k < count:
        at = int(cells[k])
        out[at] = int(values[at])
        k += 1


@micropython.viper
def index_of(ln_850: ptr32, ln_970: ptr32, ln_1050: ptr32, cells: ptr16, out: ptr32, block: ptr32):
    """`reflectance.water_index` of the cells, times block[3] / 4096, cut at +-2 before.

    block: cells, the weights in 1/1024 (they sum to 1024), factor, sign shift. Logarithms stay below 2^19, the factor
    below 2^15: every product stays below 2^31.
    """
    first = int(block[1])
    last = int(block[2])
    factor = int(block[3])
    shift = int(block[4])
    count = int(block[0])
    k = 0
    while k < count:
        cell = int(cells[k])
        a = (int(ln_850[cell]) << shift) >> shift
        b = (int(ln_970[cell]) << shift) >> shift
        c = (int(ln_1050[cell]) << shift) >> shift
        index = ((b << 10) - first * a - last * c + 512) >> 10
        if index > 32767:
            index = 32767
        if index < 0 - 32767:
            index = 0 - 32767
        out[cell] = (index * factor + 2048) >> 12
        k += 1


@micropython.viper
def rise_over_shift(at: int, rise: int, values: ptr32, marks: ptr8, cells: ptr16, out: ptr32, block: ptr32):
    """Add to `out` of the marked cells what `values` rises over a shift, along both axes.

    block: cells, the shift along u and along v (1/256 cells, within 2^12 either way), sign shift. A rise is that
    between the cells on either side, as far as these are marked, and cut at +-2 in Q14 a cell: the products stay below
    2^29. at, rise: lend their registers.
    """
    shift = int(block[3])
    along_u = (int(block[1]) << shift) >> shift
    along_v = (int(block[2]) << shift) >> shift
    count = int(block[0])
    k = 0
    while k < count:
        at = int(cells[k])
        if marks[at]:
            total = 0
            step = 1
            along = along_u
            while step <= 64:
                rise = 0
                if marks[at + step]:
                    rise = values[at + step] - values[at]
                if marks[at - step]:
                    rise += values[at] - values[at - step]
                rise = (rise << shift) >> shift
                if not (marks[at - step] and marks[at + step]):
                    rise += rise
                if rise > 65535:
                    rise = 65535
                if rise < 0 - 65535:
                    rise = 0 - 65535
                total += rise * along
                step += 63
                along = along_v
            out[at] = out[at] + (total >> 9)
        k += 1


@micropython.viper
def mark_lit(
    at: int, mask: ptr8, out: ptr8, cells: ptr16, saturated: ptr8, sums: ptr32, others: ptr32, thirds: ptr32, count: int
) -> int:
    """Mark in `out` the cells that have light in all three sums and no saturated pixel, and are not beside one outside
    the mask; returns how many.

    Cells at the outline hold some background and graze the light. at: lends its register.
    """
    left = 0
    k = 0
    while k < count:
        at = int(cells[k])
        if (
            mask[at - 1] == 0
            or mask[at + 1] == 0
            or mask[at - 64] == 0
            or mask[at + 64] == 0
            or saturated[at] != 0
            or sums[at] == 0
            or others[at] == 0
            or thirds[at] == 0
        ):
            out[at] = 0
        else:
            out[at] = 1
            left += 1
        k += 1
    return left


@micropython.viper
def keep_between(cells: ptr16, values: ptr32, marks: ptr8, block: ptr32) -> int:
    """Unmark the cells whose value lies outside block[1] to block[2]; returns how many stay. block: cells, lowest,
    highest, sign shift."""
    shift = int(block[3])
    lowest = (int(block[1]) << shift) >> shift
    highest = (int(block[2]) << shift) >> shift
    count = int(block[0])
    left = 0
    k = 0
    while k < count:
        at = int(cells[k])
        if int(marks[at]):
            value = (int(values[at]) << shift) >> shift
            if value < lowest or value > highest:
                marks[at] = 0
            else:
                left += 1
        k += 1
    return left


@micropython.viper
def gather(at: int, values: ptr32, marks: ptr8, cells: ptr16, out: ptr32, count: int, offset: int) -> int:
    """The values of the marked cells plus `offset`, one after the other; returns how many. at: lends its register."""
    found = 0
    k = 0
    while k < count:
        at = int(cells[k])
        if marks[at]:
            out[found] = values[at] + offset
            found += 1
        k += 1
    return found


@micropython.viper
def both(first: ptr8, second: ptr8, cells: ptr16, count: int) -> int:
    """Keep in `first` what is in `second` as well; how many were in `first`, times 65536, plus how many stay."""
    before = 0
    after = 0
    k = 0
    while k < count:
        at = int(cells[k])
        if int(first[at]):
            before += 1
            if int(second[at]):
                after += 1
            else:
                first[at] = 0
        k += 1
    return before << 16 | after


@micropython.viper
def middle(values: ptr32, marks: ptr8, cells: ptr16, block: ptr32):
    """Leaves in the block behind its first three how many marked cells have a value of at most a limit, and the sums of
    their rows and of their columns; of every fourth cell, which is enough for a mean. block: number of cells, the
    limit, sign shift; |values| and |limit| < 2^24."""
    count = int(block[0])
    limit = int(block[1])
    sign = int(block[2])
    found = 0
    rows = 0
    columns = 0
    k = 0
    while k < count:
        at = int(cells[k])
        if int(marks[at]) and ((int(values[at]) - limit) << sign) >> sign <= 0:
            found += 1
            rows += at >> 6
            columns += at & 63
        k += 4
    block[3] = found
    block[4] = rows
    block[5] = columns


@micropython.viper
def patches(at: int, total: int, values: ptr32, marks: ptr8, block: ptr32, sign: int) -> int:
    """Marked cells of an ellipse whose value is above a limit, all of whose eight neighbours are marked, and about
    which the mean of the 3 x 3 is above it, too.

    block: first and last + 1 row, first and last + 1 column (none of the grid's outer ring), the limit; row and column
    of the ellipse's centre and its half axes along them in 1/4 cells, each below 128. |values| and |limit| < 2^24;
    differences are signed in their low 32 bits. Marks are 0 or 1. at, total: lend their registers.
    """
    limit = int(block[4])
    half_row = int(block[7])
    half_column = int(block[8])
    found = 0
    row = int(block[0])
    while row < int(block[1]):
        cell = (row << 6) + int(block[2])
        end = (row << 6) + int(block[3])
        while cell < end:
            if marks[cell] and ((int(values[cell]) - limit) << sign) >> sign > 0:
                down = ((row << 2) - int(block[5])) * half_column
                across = (((cell & 63) << 2) - int(block[6])) * half_row
                inside = half_row * half_column
                if down * down + across * across <= inside * inside:
                    total = 0
                    whole = 0
                    at = cell - 65
                    while at < cell + 65:
                        whole += marks[at] + marks[at + 1] + marks[at + 2]
                        total += int(values[at]) + int(values[at + 1]) + int(values[at + 2]) - 3 * limit
                        at += 64
                    if whole == 9 and (total << sign) >> sign > 0:
                        found += 1
            cell += 1
        row += 1
    return found
