"""The inner loops of depth: contrast, packing, search, refinement, consistency. Called by `depth.DepthMapper`.

Every kernel takes one parameter block (`ptr32`, all values non-negative) beside its buffers, and all
intermediate values stay inside a signed 32-bit integer; the bound is named where it is close.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core.native import micropython

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython

MIDDLE = 128  # a contrast byte holds deviation + MIDDLE
NCC_ONE = 1 << 14  # a correlation of 1


@micropython.viper
def blur(source: ptr8, out: ptr8, block: ptr32):
    """Weights 1 2 1 along both axes, rounded to nearest; the outermost pixels are copied.

    source, out: width*height bytes, not the same. block: width, height.
    """
    width = int(block[0])
    size = width * int(block[1])
    at = 0
    while at < size:
        out[at] = source[at]
        at += 1
    row = width
    while row < size - width:
        at = row + 1
        left = int(source[at - width - 1]) + 2 * int(source[at - 1]) + int(source[at + width - 1])
        here = int(source[at - width]) + 2 * int(source[at]) + int(source[at + width])
        while at < row + width - 1:
            right = int(source[at - width + 1]) + 2 * int(source[at + 1]) + int(source[at + width + 1])
            out[at] = left + 2 * here + right + 8 >> 4
            left = here
            here = right
            at += 1
        row += width


@micropython.viper
def contrast(source: ptr8, curve: ptr8, out: ptr8, columns: ptr32, block: ptr32):
    """Deviation from the local mean, clamped to +-127 and stored with `MIDDLE` added.

    source, out: width*height. curve: 256 values applied to the codes first. columns: width + 2*half running
    sums. block: width, height, half, first row, end row, multiplier = gain * 65536 / (2*half + 1)**2.
    Beyond the edge the outermost pixel is repeated. |pixels*255| * multiplier < 2**31 for a gain of up to 127.
    """
    width = int(block[0])
    height = int(block[1])
    half = int(block[2])
    row = int(block[3])
    end = int(block[4])
    multiplier = int(block[5])
    span = 2 * half + 1
    pixels = span * span
    last = (height - 1) * width
    u = 0
    while u < width:
        total = 0
        v = row - half
        while v <= row + half:
            at = v * width
            if at < 0:
                at = 0
            if at > last:
                at = last
            total += int(curve[int(source[at + u])])
            v += 1
        columns[half + u] = total
        u += 1
    while row < end:
        u = 0
        while u < half:
            columns[u] = int(columns[half])
            columns[half + width + u] = int(columns[half + width - 1])
            u += 1
        total = 0
        u = 0
        while u < span - 1:
            total += int(columns[u])
            u += 1
        leaving = (row - half) * width
        if leaving < 0:
            leaving = 0
        entering = (row + half + 1) * width
        if entering > last:
            entering = last
        here = row * width
        u = 0
        while u < width:
            total += int(columns[u + span - 1])
            value = (int(curve[int(source[here + u])]) * pixels - total) * multiplier + 32768 >> 16
            if value > 127:
                value = 127
            if value < -127:
                value = -127
            out[here + u] = value + 128
            total -= int(columns[u])
            u += 1
        u = 0
        while u < width:
            columns[half + u] = (
                int(columns[half + u]) + int(curve[int(source[entering + u])]) - int(curve[int(source[leaving + u])])
            )
            u += 1
        row += 1


@micropython.viper
def pack_row(image: ptr8, words: ptr16, block: ptr32):
    """One word a column: bit k says whether pixel (top + k, u) is brighter than its surroundings.

    image: contrast bytes. words: `width` of them from `offset`. block: width, top row, bits (at most 15), offset.
    """
    width = int(block[0])
    at = int(block[1]) * width
    bits = int(block[2])
    offset = int(block[3])
    u = 0
    while u < width:
        word = 0
        pixel = at + u
        k = 0
        while k < bits:
            word = word << 1 | (128 - int(image[pixel])) >> 30 & 1
            pixel += width
            k += 1
        words[offset + u] = word
        u += 1


@micropython.viper
def search_row(frame: ptr16, reference: ptr16, ones: ptr8, running: ptr32, costs: ptr16, block: ptr32):
    """Differing bits of each cell's window, for every cell of a row and every disparity.

    frame: `width` words. reference: words from `offset`. ones: number of set bits of 0-255. running: width + 1.
    costs: [disparity - min][cell - first]. block: width, offset, half, disparities, bias (disparity + bias
    is never negative), min + bias, first cell's u, step, cells.
    A window that leaves the frame or the reference costs 65535.
    """
    width = int(block[0])
    offset = int(block[1])
    half = int(block[2])
    disparities = int(block[3])
    bias = int(block[4])
    disparity = int(block[5]) - bias
    first = int(block[6])
    step = int(block[7])
    cells = int(block[8])
    left = first - half
    if left < 0:
        left = 0
    right = first + (cells - 1) * step + half + 1
    if right > width:
        right = width
    at = 0
    k = 0
    while k < disparities:
        begin = left
        if begin < disparity:
            begin = disparity
        end = right
        if end > width + disparity:
            end = width + disparity
        total = 0
        u = begin
        shift = offset - disparity
        while u < end:
            running[u] = total
            word = int(frame[u]) ^ int(reference[shift + u])
            total += int(ones[word & 255]) + int(ones[word >> 8])
            u += 1
        running[u] = total
        u = first
        cell = 0
        while cell < cells:
            if u - half >= begin and u + half < end:
                costs[at] = int(running[u + half + 1]) - int(running[u - half])
            else:
                costs[at] = 65535
            at += 1
            u += step
            cell += 1
        disparity += 1
        k += 1


@micropython.viper
def choose_row(costs: ptr16, best: ptr16, block: ptr32):
    """The cheapest disparity of each cell, and whether it stands out.

    costs: as from `search_row`. best: one a cell: index of the disparity + 1, or 0 for none.
    block: disparities, cells, guard (neighbours of the best that do not count as rivals),
    margin (bits by which it must beat its best rival), limit (a cost above it is no match).
    """
    disparities = int(block[0])
    cells = int(block[1])
    guard = int(block[2])
    margin = int(block[3])
    limit = int(block[4])
    cell = 0
    while cell < cells:
        lowest = 65535
        where = 0
        k = 0
        at = cell
        while k < disparities:
            cost = int(costs[at])
            if cost < lowest:
                lowest = cost
                where = k
            at += cells
            k += 1
        best[cell] = 0
        if lowest <= limit:
            rival = 65535
            k = 0
            at = cell
            while k < disparities:
                if k < where - guard or k > where + guard:
                    cost = int(costs[at])
                    if cost < rival:
                        rival = cost
                at += cells
                k += 1
            if rival - lowest >= margin:
                best[cell] = where + 1
        cell += 1


@micropython.viper
def refine_row(
    frame: ptr8, reference: ptr8, best: ptr16, disparity: ptr16, confidence: ptr8, work: ptr32, block: ptr32
):
    """Correlation at the chosen disparity and beside it, and the peak between them in 1/16 px.

    frame, reference: contrast bytes. best: from `choose_row`. disparity (array 'h'), confidence: the results,
    written from `at`. work: 4 values. block: width, half, first cell's u, v, step, cells, at, bias, min + bias,
    lowest correlation of 16384, lowest energy of a window.

    With c the sum of products and E the energies, the correlation is c / sqrt(Ef Er); each square root is taken
    of E * 64 (E < 2**24 for a window of up to 31 pixels square), so that 3 bits of its fraction stay.
    """
    width = int(block[0])
    half = int(block[1])
    u = int(block[2])
    v = int(block[3])
    step = int(block[4])
    cells = int(block[5])
    at = int(block[6])
    minimum = int(block[8]) - int(block[7])
    lowest = int(block[9])
    floor = int(block[10])
    cell = 0
    while cell < cells:
        confidence[at] = 0
        disparity[at] = 0
        tries = 3
        if int(best[cell]) == 0:
            tries = 0
        shift = minimum + int(best[cell]) - 1
        while tries > 0:
            tries -= 1
            left = u - half - shift
            if left < 1 or left + 2 * half + 1 >= width:
                tries = 0
            else:
                nearer = 0
                middle = 0
                farther = 0
                energy = 0
                reference_energy = 0
                before = 0
                after = 0
                pixel = (v - half) * width + u - half
                row = 0
                while row <= 2 * half:
                    there = pixel - shift
                    low = int(reference[there - 1]) - 128
                    here = int(reference[there]) - 128
                    before += low * low
                    after -= here * here
                    end = pixel + 2 * half + 1
                    p = pixel
                    while p < end:
                        there += 1
                        high = int(reference[there]) - 128
                        value = int(frame[p]) - 128
                        nearer += value * low
                        middle += value * here
                        farther += value * high
                        energy += value * value
                        reference_energy += here * here
                        low = here
                        here = high
                        p += 1
                    before -= low * low
                    after += here * here
                    pixel += width
                    row += 1
                if energy < floor or middle <= 0:
                    tries = 0
                else:
                    work[0] = energy
                    work[1] = reference_energy + before
                    work[2] = reference_energy
                    work[3] = reference_energy + after
                    k = 0
                    while k < 4:
                        rest = int(work[k]) << 6
                        root = 0
                        bit = 1 << 28
                        while bit > rest:
                            bit >>= 2
                        while bit:
                            if rest >= root + bit:
                                rest -= root + bit
                                root = (root >> 1) + bit
                            else:
                                root >>= 1
                            bit >>= 2
                        work[k] = root + 1
                        k += 1
                    root = int(work[0])
                    if nearer < 0:
                        nearer = 0
                    if farther < 0:
                        farther = 0
                    nearer = (((nearer << 6) // root) << 14) // int(work[1])
                    middle = (((middle << 6) // root) << 14) // int(work[2])
                    farther = (((farther << 6) // root) << 14) // int(work[3])
                    if middle < nearer or middle < farther:
                        shift += 1 if nearer > farther else -1
                    else:
                        tries = 0
                        bend = 2 * middle - nearer - farther
                        if middle >= lowest and bend > 0:
                            disparity[at] = (shift << 4) + (16 * (nearer - farther) + bend) // (2 * bend)
                            if middle > 16384:
                                middle = 16384
                            confidence[at] = (middle * 255) >> 14
        at += 1
        u += step
        cell += 1


@micropython.viper
def agree(disparity: ptr16, confidence: ptr8, kept: ptr8, block: ptr32):
    """Drop the cells that too few of their eight neighbours agree with.

    kept: scratch as long as confidence. block: rows, columns, tolerance in 1/16 px, neighbours needed.
    """
    rows = int(block[0])
    columns = int(block[1])
    tolerance = int(block[2])
    needed = int(block[3])
    row = 0
    at = 0
    while row < rows:
        column = 0
        while column < columns:
            kept[at] = 0
            if confidence[at]:
                centre = ((int(disparity[at]) & 65535) ^ 32768) - 32768
                friends = 0
                y = row - 1
                while y <= row + 1:
                    if y >= 0 and y < rows:
                        x = column - 1
                        while x <= column + 1:
                            if x >= 0 and x < columns:
                                near = y * columns + x
                                if confidence[near]:
                                    off = ((int(disparity[near]) & 65535) ^ 32768) - 32768 - centre
                                    if off <= tolerance and off >= 0 - tolerance:
                                        friends += 1
                            x += 1
                    y += 1
                if friends > needed:  # the cell itself is one of them
                    kept[at] = 1
            at += 1
            column += 1
        row += 1
    at = 0
    while at < rows * columns:
        if not kept[at]:
            confidence[at] = 0
            disparity[at] = 0
        at += 1


@micropython.viper
def clear(disparity: ptr16, confidence: ptr8, cells: int):
    """No answer anywhere."""
    at = 0
    while at < cells:
        disparity[at] = 0
        confidence[at] = 0
        at += 1


@micropython.viper
def extent(disparity: ptr16, confidence: ptr8, block: ptr32):
    """block: cells in; then out: lowest and highest disparity of the valid cells + 32768 (65536 and 0: none)."""
    low = 65536
    high = 0
    at = 0
    while at < int(block[0]):
        if confidence[at]:
            value = (int(disparity[at]) & 65535) ^ 32768
            if value < low:
                low = value
            if value > high:
                high = value
        at += 1
    block[1] = low
    block[2] = high


@micropython.viper
def look_up(disparity: ptr16, confidence: ptr8, table: ptr16, out: ptr16, block: ptr32):
    """out: table[disparity - lowest] of the valid cells, else 0. block: cells, lowest disparity + 32768."""
    lowest = int(block[1])
    at = 0
    while at < int(block[0]):
        out[at] = 0
        if confidence[at]:
            out[at] = table[((int(disparity[at]) & 65535) ^ 32768) - lowest]
        at += 1
