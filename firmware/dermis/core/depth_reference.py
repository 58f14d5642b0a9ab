"""The inner loops of taking a reference: smoothing, statistics of its windows, packed bits. See `depth.DepthMapper`.

The rules are those of `depth_kernels`. They run once a calibration record (`convert`: once a frame of linear codes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core.native import micropython

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython

# A packed word: 15 rows of the columns u and u + 2. Four of them, four columns apart, are the search's window.
PACKED_ROWS = 15
SEARCH_HALF = 7
SEARCH_BITS = 8 * PACKED_ROWS


@micropython.viper
def convert(source: ptr8, curve: ptr8, out: ptr8, count: int):
    """out: curve[source]."""
    at = 0
    while at < count:
        out[at] = curve[source[at]]
        at += 1


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
def window_row(reference: ptr8, mean: ptr16, root: ptr16, sums: ptr32, squares: ptr32, block: ptr32):
    """Weighted mean and root of the weighted energy of the window about each pixel of one row.

    mean: 1/32 codes. root: sqrt(64 * sum of w (r - mean)**2), floor, or
    65535, with which nothing correlates, where that sum is below the floor or the window leaves the image (the nearest
    mean stands there). Both from `offset`.
    sums, squares: scratch, width + 1 each.
    block: width, v of the centre, step, weight of the middle block, offset, floor, sum of all weights.

    The window is 3 x 3 blocks of step x step pixels, of these every second row; the middle row and column of blocks
    weigh `weight` times the others. The sum of all weights is at most 1032, so that 255 * 8160 times it stays below
    2**31.
    """
    width = int(block[0])
    v = int(block[1])
    step = int(block[2])
    weight = int(block[3])
    offset = int(block[4])
    floor = int(block[5])
    half = step >> 1
    reach = step + half
    pixels = int(block[6])
    total = 0
    total_squares = 0
    u = 0
    while u < width:
        sums[u] = total
        squares[u] = total_squares
        number = 0
        while number < 3:
            at = (v - reach + number * step) * width + u
            end = at + step * width
            factor = weight if number == 1 else 1
            while at < end:
                value = int(reference[at])
                total += factor * value
                total_squares += factor * value * value
                at += width + width
            number += 1
        u += 1
    sums[u] = total
    squares[u] = total_squares
    u = 0
    while u < width:
        mean[offset + u] = 0
        root[offset + u] = 65535
        left = u - reach
        right = left + step + step + step
        if left >= 0 and right <= width:
            total = int(sums[right]) - int(sums[left])
            total_squares = int(squares[right]) - int(squares[left])
            total += (weight - 1) * (int(sums[u - half + step]) - int(sums[u - half]))
            total_squares += (weight - 1) * (int(squares[u - half + step]) - int(squares[u - half]))
            average = ((total << 5) + (pixels >> 1)) // pixels
            mean[offset + u] = average
            rest = total_squares - (total * average >> 5)
            if rest >= floor:
                rest <<= 6
                value = 0
                bit = 1 << 28
                while bit > rest:
                    bit >>= 2
                while bit:
                    if rest >= value + bit:
                        rest -= value + bit
                        value = (value >> 1) + bit
                    else:
                        value >>= 1
                    bit >>= 2
                root[offset + u] = value
        u += 1
    u = 0
    while u < reach:
        mean[offset + u] = mean[offset + reach]
        mean[offset + width - 1 - u] = mean[offset + width - 1 - reach]
        u += 1


@micropython.viper
def pack_row(reference: ptr8, mean: ptr16, words: ptr32, block: ptr32):
    """A word for each column: is the pixel brighter than the mean about its column? The rows of u, then of u + 2.

    mean: as from `window_row`, from `offset`. words: `width` of them from `to`; the last two are 0.
    block: width, first row, offset, to.
    """
    width = int(block[0])
    top = int(block[1]) * width
    offset = int(block[2])
    to = int(block[3])
    u = 0
    while u < width:
        word = 0
        if u < width - 2:
            column = u
            while column < u + 3:
                level = int(mean[offset + column]) >> 5
                at = top + column
                k = 0
                while k < 15:
                    word = word << 1 | (level - int(reference[at])) >> 30 & 1
                    at += width
                    k += 1
                column += 2
        words[to + u] = word
        u += 1
