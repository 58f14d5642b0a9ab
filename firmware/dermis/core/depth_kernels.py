"""The inner loops of depth: search at seeds, following, consistency, triangulation. See `depth.DepthMapper`.

Every kernel takes one parameter block (`ptr32`, all values non-negative) beside its buffers, and all
intermediate values stay inside a signed 32-bit integer; the bound is named where it is close. Viper keeps its first
two locals in registers and is cheapest where a product stands to the left of what it is added to: hence `u`-like
arguments that only lend their register, and sums written `s = a[i] * b + s`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core.native import micropython

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython

# What one block of step x step pixels keeps: sum and sum of squares of the frame, five sums of products.
BLOCK_SUMS = 7


@micropython.viper
def seed(at: int, word: int, frame: ptr8, words: ptr32, ones: ptr8, costs: ptr8, guess: ptr8, block: ptr32):
    """Search at every third cell of every third row: the best disparity - min + 1 into `guess`; the others stay 0.

    Near what the seed before found first, where a cost of `sure` bits or fewer settles it; then everywhere.

    at, word: only lend their registers. words: as from `pack_row`, `width` for each row of seeds. ones: number of set
    bits of 0-2047. costs: scratch, one a disparity. guess: one a cell.
    block: width, step, columns, rows, disparities, bias (disparity + bias is never negative), min + bias, guard
    (neighbours of the best that do not count as rivals), margin (bits by which it must beat its best rival), limit
    (a cost above it is no match), sure, floor (energy of 32 pixels below which there are no dots, times 32), first
    row of seeds, their end.
    """
    width = int(block[0])
    step = int(block[1])
    columns = int(block[2])
    disparities = int(block[4])
    lowest_disparity = int(block[6]) - int(block[5])
    guard = int(block[7])
    limit = int(block[9])
    half_limit = limit - 16  # of half the window: it may hold a little more than its share
    sure = int(block[10])
    row = int(block[12])
    skip = 4 * width - 16
    line = 0
    while row < int(block[13]):
        top = (row * step + (step >> 1) - 7) * width
        column = 1
        likely = 0
        while column < columns - 1:
            u = column * step + (step >> 1)
            total = 0
            squares = 0
            if u >= 7 and u + 7 < width:
                at = top + u - 7 + width
                stop = at + 16 * width
                while at < stop:
                    end = at + 16
                    while at < end:
                        word = int(frame[at])
                        total = word + total
                        squares = word * word + squares
                        at += 2
                    at += skip
            if (squares << 5) - total * total >= int(block[11]):
                level = total >> 5
                w0 = 0
                w1 = 0
                w2 = 0
                w3 = 0
                x = 0
                while x < 4:
                    word = 0
                    at = top + u - 7 + 4 * x
                    stop = at + 15 * width
                    while at < stop:
                        word = (level - int(frame[at])) >> 30 & 1 | word << 1
                        at += width
                    at = stop + 2 - 15 * width
                    stop += 2
                    while at < stop:
                        word = (level - int(frame[at])) >> 30 & 1 | word << 1
                        at += width
                    w0 = w1
                    w1 = w2
                    w2 = w3
                    w3 = word
                    x += 1
                best = 255
                where = 0
                # Disparities that keep the window inside the reference.
                left = u - 7 - lowest_disparity
                begin = left + 15 - width
                if begin < 0:
                    begin = 0
                finish = left + 1
                if finish > disparities:
                    finish = disparities
                k = begin
                end = finish
                if likely:
                    if k < likely - 4:
                        k = likely - 4
                    if end > likely + 3:
                        end = likely + 3
                left += line * width
                while k < end:
                    at = left - k
                    word = int(words[at]) ^ w0
                    cost = int(ones[word & 2047]) + int(ones[word >> 11 & 2047]) + int(ones[word >> 22])
                    at += 8
                    word = int(words[at]) ^ w2
                    cost = int(ones[word & 2047]) + int(ones[word >> 11 & 2047]) + int(ones[word >> 22]) + cost
                    if cost <= half_limit:
                        at -= 4
                        word = int(words[at]) ^ w1
                        cost = int(ones[word & 2047]) + int(ones[word >> 11 & 2047]) + int(ones[word >> 22]) + cost
                        at += 8
                        word = int(words[at]) ^ w3
                        cost = int(ones[word & 2047]) + int(ones[word >> 11 & 2047]) + int(ones[word >> 22]) + cost
                    else:
                        cost = 255
                    costs[k] = cost
                    if cost < best:
                        best = cost
                        where = k
                    k += 1
                    if k == end and likely:
                        likely = 0
                        if best > sure:
                            best = 255
                            k = begin
                            end = finish
                        else:
                            likely = 1
                if best <= limit:
                    k = begin
                    while k < finish and not likely:
                        if int(costs[k]) < best + int(block[8]) and (k < where - guard or k > where + guard):
                            best = 255
                            k = finish
                        k += 1
                    likely = 0
                    if best < 255:
                        likely = where + 1
                        guess[row * columns + column] = likely
            column += 3
        line += 1
        row += 3


@micropython.viper
def follow(
    q: int,
    f: int,
    frame: ptr8,
    reference: ptr8,
    mean: ptr16,
    root: ptr16,
    roots: ptr16,
    sums: ptr32,
    bases: ptr16,
    guess: ptr8,
    disparity: ptr16,
    confidence: ptr8,
    block: ptr32,
):
    """Correlation at a likely disparity and beside it, for every cell that has no answer yet, in one direction.

    Likely is what the search found there, else what the neighbour behind found, else the one above (of the direction).
    q, f: only lend their registers. mean, root: `width` for each row of cells, from `window_row`. roots: of 1,024.
    sums: `BLOCK_SUMS` a block; bases: disparity of a block's first sum + bias, 0 for none; blocks are cells.
    guess: as from `seed`. disparity (array 'h', 1/16 px), confidence: in and out.
    block: width, step, columns, rows, bias, min + bias, max + bias, sum of the weights of a window's pixels, lowest
    correlation of 16384, lowest energy of a window, 0 (forwards) or 1 (backwards), weight of the middle block.

    With c the weighted covariance and E the energies, the correlation is c / sqrt(Ef Er). Energies stay below 2**24,
    covariances too. The peak is that of a parabola through c / sqrt(Er) at three disparities, which lies up to .0244 px
    too near to the whole pixel (planes at known distances, docs/depth.md): 100 / 65536 takes that off.
    """
    width = int(block[0])
    step = int(block[1])
    columns = int(block[2])
    rows = int(block[3])
    bias = int(block[4])
    lowest_shift = int(block[5]) - bias
    highest_shift = int(block[6]) - bias
    pixels = int(block[7])
    least = int(block[8])
    floor = int(block[9])
    weight = int(block[11])
    # Sums over the three blocks of a column of the window: the last three columns visited, in their order.
    total0 = total1 = total2 = 0
    squares0 = squares1 = squares2 = 0
    farther0 = farther1 = farther2 = 0
    middle0 = middle1 = middle2 = 0
    nearer0 = nearer1 = nearer2 = 0
    summed_cell = 0
    summed_shift = 0
    behind = 0 - 1
    cell = columns + 1
    row = 1
    if int(block[10]):
        behind = 1
        cell = columns * (rows - 1) - 2
        row = rows - 2
    above = behind * columns
    size = step * width
    skip = width + width - step
    last = columns - 1
    column = 0
    while row > 0 and row < rows - 1:
        column += 1
        while column < last and (
            confidence[cell] or not (guess[cell] or confidence[cell + behind] or confidence[cell + above])
        ):
            column += 1
            cell -= behind
        if column == last:
            column = 0
            cell -= behind + behind
            row -= behind
        else:
            place = column
            if behind > 0:
                place = columns - 1 - column
            candidate = 0
            before = 0 - 4096
            while candidate < 3:
                shift = 0 - 4096
                if candidate == 0:
                    if int(guess[cell]):
                        shift = int(guess[cell]) - 1 + lowest_shift
                else:
                    at = cell + behind
                    if candidate == 2:
                        at = cell + above
                    if confidence[at]:
                        f = (int(disparity[at]) ^ 32768) & 65535
                        if candidate == 1 and confidence[cell + above] and confidence[at + above]:
                            # As the surface went on from the row above.
                            k = (int(disparity[cell + above]) ^ 32768) & 65535
                            k -= (int(disparity[at + above]) ^ 32768) & 65535
                            if k < 24 and k > 0 - 24:
                                f += k
                        shift = (f - 32768 + 8) >> 4
                tries = 3
                if shift == before or shift < lowest_shift or shift > highest_shift:
                    tries = 0
                else:
                    before = shift
                while tries:
                    tries -= 1
                    # Only the foremost column is new where the cell behind was compared at the same disparity.
                    ahead = 0 - 1
                    if summed_shift == shift and summed_cell == cell + behind:
                        ahead = 1
                    summed_shift = shift
                    summed_cell = cell
                    want = shift + bias - 1
                    while ahead < 2:
                        total0 = total1
                        total1 = total2
                        total2 = 0
                        squares0 = squares1
                        squares1 = squares2
                        squares2 = 0
                        farther0 = farther1
                        farther1 = farther2
                        farther2 = 0
                        middle0 = middle1
                        middle1 = middle2
                        middle2 = 0
                        nearer0 = nearer1
                        nearer1 = nearer2
                        nearer2 = 0
                        at = cell - behind * ahead - columns
                        number = 0
                        while number < 3:
                            k = want - int(bases[at])
                            if k < 0 or k > 2:
                                p = (place - behind * ahead) * step
                                q = p - shift - 2
                                if q < 0 or q + step + 4 > width:
                                    tries = 0
                                    summed_cell = 0  # what is summed belongs together no longer
                                    ahead = 2
                                    number = 3
                                else:
                                    s0 = s1 = s2 = s3 = s4 = 0
                                    t = t2 = 0
                                    p -= q  # from a place in the reference to that in the frame
                                    q += (row - 1 + number) * size
                                    end = q + size
                                    while q < end:
                                        stop = q + step
                                        while q < stop:
                                            f = int(frame[q + p])
                                            s4 = int(reference[q]) * f + s4
                                            q += 1
                                            s3 = int(reference[q]) * f + s3
                                            q += 1
                                            s2 = int(reference[q]) * f + s2
                                            q += 1
                                            s1 = int(reference[q]) * f + s1
                                            q += 1
                                            s0 = int(reference[q]) * f + s0
                                            q -= 3
                                            t = f + t
                                            t2 = f * f + t2
                                        q += skip
                                    q = at * 7
                                    sums[q] = t
                                    sums[q + 1] = t2
                                    sums[q + 2] = s0
                                    sums[q + 3] = s1
                                    sums[q + 4] = s2
                                    sums[q + 5] = s3
                                    sums[q + 6] = s4
                                    bases[at] = want - 1
                                    k = 1
                            if ahead < 2:
                                f = 1
                                if number == 1:
                                    f = weight
                                q = at * 7
                                total2 = int(sums[q]) * f + total2
                                q += 1
                                squares2 = int(sums[q]) * f + squares2
                                q += k + 1
                                farther2 = int(sums[q]) * f + farther2
                                q += 1
                                middle2 = int(sums[q]) * f + middle2
                                q += 1
                                nearer2 = int(sums[q]) * f + nearer2
                                at += columns
                                number += 1
                        ahead += 1
                    if ahead == 2:
                        total = total1 * weight + total0 + total2
                        squares = squares1 * weight + squares0 + squares2
                        farther = farther1 * weight + farther0 + farther2
                        middle = middle1 * weight + middle0 + middle2
                        nearer = nearer1 * weight + nearer0 + nearer2
                        q = row * width + place * step + (step >> 1) - shift
                        energy = squares - (total * ((total << 5) // pixels) >> 5)
                        middle -= total * int(mean[q]) >> 5
                        if energy < floor or middle <= 0:
                            tries = 0
                        else:
                            farther = (farther - (total * int(mean[q + 1]) >> 5) << 6) // int(root[q + 1])
                            middle = (middle << 6) // int(root[q])
                            nearer = (nearer - (total * int(mean[q - 1]) >> 5) << 6) // int(root[q - 1])
                            if middle < farther or middle < nearer:
                                shift += 1 if nearer > farther else -1
                                if shift < lowest_shift or shift > highest_shift:
                                    tries = 0
                            else:
                                tries = 0
                                bend = 2 * middle - nearer - farther
                                k = 0
                                while energy > 65535:
                                    energy >>= 8
                                    k += 4
                                while energy > 1023:
                                    energy >>= 2
                                    k += 1
                                correlation = (middle << 14) // (int(roots[energy]) << k)
                                if correlation >= least and bend > 0:
                                    f = (256 * (nearer - farther) + bend) // (2 * bend)
                                    k = f if f > 0 else 0 - f
                                    f += f * (128 - k) * 100 + 32768 >> 16
                                    disparity[cell] = (shift << 4) + (f + 8 >> 4)
                                    if correlation > 16384:
                                        correlation = 16384
                                    confidence[cell] = (correlation * 255) >> 14
                                    candidate = 3
                candidate += 1
            cell -= behind


@micropython.viper
def agree(disparity: ptr16, confidence: ptr8, kept: ptr8, block: ptr32):
    """Drop the cells that too few of their eight neighbours agree with; those at the edge of the grid have no answer.

    kept: scratch as long as confidence. block: rows, columns, tolerance in 1/16 px, neighbours needed.
    """
    columns = int(block[1])
    cells = columns * int(block[0])
    tolerance = int(block[2])
    needed = int(block[3])
    at = 0
    while at < cells:
        if confidence[at]:
            kept[at] = 0
            lowest = ((int(disparity[at]) ^ 32768) & 65535) - tolerance
            highest = lowest + tolerance + tolerance
            friends = 0
            near = at - columns - 1
            number = 0
            while number < 9:
                if confidence[near]:
                    other = (int(disparity[near]) ^ 32768) & 65535
                    if other >= lowest and other <= highest:
                        friends += 1
                        if friends > needed:  # the cell itself is one of them
                            kept[at] = 1
                            number = 9
                number += 1
                near += 1
                if number == 3 or number == 6:
                    near += columns - 3
        at += 1
    at = 0
    while at < cells:
        if confidence[at] and not kept[at]:
            confidence[at] = 0
            disparity[at] = 0
        at += 1


@micropython.viper
def clear(disparity: ptr16, confidence: ptr8, guess: ptr8, bases: ptr16, cells: int):
    """No answer anywhere, no guess, and no block correlated."""
    at = 0
    while at < cells:
        guess[at] = 0
        bases[at] = 0
        disparity[at] = 0
        confidence[at] = 0
        at += 1


@micropython.viper
def extent(disparity: ptr16, confidence: ptr8, block: ptr32):
    """block: cells in; then out: lowest and highest disparity of the valid cells + 32768 (65536 and 0: none)."""
    cells = int(block[0])
    low = 65536
    high = 0
    at = 0
    while at < cells:
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
    cells = int(block[0])
    lowest = int(block[1])
    at = 0
    while at < cells:
        out[at] = 0
        if confidence[at]:
            out[at] = table[((int(disparity[at]) & 65535) ^ 32768) - lowest]
        at += 1
