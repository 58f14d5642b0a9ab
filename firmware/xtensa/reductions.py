"""Sums over places and products of two tensors: drop-in replacements of the viper kernels of the same names."""

from __future__ import annotations

from .assembly import LOCALS, Kernel, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15

HIGHEST = 255
RAISED = 128


def kernels() -> list[Kernel]:
    return [mean(), pool()]


def scaled(k: Kernel, value: int, factor: int, low: int, bit: int) -> None:
    """value = value * factor / 2**31, rounded to nearest, halves up; right for every int32 and factor >= 0."""
    k.mull(low, value, factor)
    k.mulsh(value, value, factor)
    k.bits(bit, low, 31, 1)
    k.addx2(value, value, bit)
    k.bits(bit, low, 30, 1)
    k.add(value, value, bit)


def halved(k: Kernel, value: int, half: int, mask: int, spare: int) -> None:
    """value / 2**SAR, rounded to nearest, halves away from zero. half: of the divisor; mask: -1, but 0 where SAR is."""
    k.srai(spare, value, 31)
    k.and_(spare, spare, mask)
    k.add(value, value, half)
    k.add(value, value, spare)
    k.sra(value, value)


def mean() -> Kernel:
    k = Kernel("mean", "x, y, sums, block", "As kernels_simple.mean.")
    x, y, sums, block = a2, a3, a4, a5
    places = (a6, a7, a8)
    lefts = (a9, a10, a11)
    at, count, value, total, step = a12, a13, a14, a15, a0
    k.l32i(count, block, 4 * 8)
    k.movi(value, 0)
    k.mov(at, sums)
    with k.loop(count):
        k.s32i(value, at, 0)
        k.addi(at, at, 4)
    k.mov(places[0], sums)
    k.l32i(lefts[0], block, 0)
    for axis in range(2):
        k.label(f"AXIS{axis}")
        k.mov(places[axis + 1], places[axis])
        k.l32i(lefts[axis + 1], block, 4 * (axis + 1))
    k.label("AXIS2")
    k.mov(at, places[2])
    k.l32i(step, block, 4 * 7)
    k.l32i(count, block, 4 * 3)
    k.slli(step, step, 2)
    with k.loop(count):
        k.l8ui(value, x, 0)
        k.l32i(total, at, 0)
        k.addi(x, x, 1)
        k.add(total, total, value)
        k.s32i(total, at, 0)
        k.add(at, at, step)
    for axis in (2, 1, 0):
        k.l32i(step, block, 4 * (4 + axis))
        k.addi(lefts[axis], lefts[axis], -1)
        k.slli(step, step, 2)
        k.add(places[axis], places[axis], step)
        k.bnez(lefts[axis], f"AXIS{axis}")
    # The sums to means. Where the shift is 0, so are half of the divisor and what a negative value takes off.
    offset, factor, zero, half, mask, low, spare, highest = a2, a6, a7, a8, a9, a10, a11, a12
    left, shift, lowest = a15, a0, a0
    k.l32i(offset, block, 4 * 9)
    k.l32i(factor, block, 4 * 10)
    k.l32i(zero, block, 4 * 13)
    k.movi(highest, HIGHEST)
    k.l32i(left, block, 4 * 11)  # 0 but for outputs of a far smaller scale
    k.movi(a13, 1)
    k.ssl(left)
    k.sll(left, a13)
    k.l32i(shift, block, 4 * 12)
    k.movi(mask, 0)
    k.movi(half, 0)
    k.beqz(shift, "UNSHIFTED")
    k.movi(mask, -1)
    k.addi(half, shift, -1)
    k.ssl(half)
    k.sll(half, a13)
    k.label("UNSHIFTED")
    k.ssr(shift)
    k.movi(lowest, 0)
    k.l32i(count, block, 4 * 8)
    with k.loop(count):
        k.l32i(value, sums, 0)
        k.addi(sums, sums, 4)
        k.sub(value, value, offset)
        k.mull(value, value, left)
        scaled(k, value, factor, low, spare)
        halved(k, value, half, mask, spare)
        k.add(value, value, zero)
        k.maximum(value, value, lowest)
        k.minimum(value, value, highest)
        k.s8i(value, y, 0)
        k.addi(y, y, 1)
    return k


def pool() -> Kernel:
    k = Kernel("pool", "x, y, block", "As kernels_simple.pool.")
    x, y, block = a2, a3, a4
    base, rows, columns, depth, row_step = a5, a6, a7, a8, a9
    channels, at, line, value, found, rows_left, count = a10, a11, a12, a13, a14, a15, a0
    images_left_at, row_at, column_at = LOCALS
    images, height, width, channels_of, out_rows, out_columns = range(0, 24, 4)
    window, strides, pads, lowest, highest, largest = (24, 28), (32, 36), (40, 44), 48, 52, 56

    def covered(first: int, size: int, extent: int, axis: int, place_at: int, spare: int) -> None:
        """first, size = where the window lies on the image along an axis; extent = the image's own size."""
        k.l32i(first, a1, place_at)
        k.l32i(spare, block, strides[axis])
        k.mull(first, first, spare)
        k.l32i(spare, block, pads[axis])
        k.sub(first, first, spare)
        k.l32i(size, block, window[axis])
        k.add(size, size, first)
        k.movi(spare, 0)
        k.maximum(first, first, spare)
        k.l32i(extent, block, (height, width)[axis])
        k.minimum(size, size, extent)
        k.sub(size, size, first)

    def over_window(label: str, gather: str) -> None:
        """found = the largest or the sum ("maximum", "add") of one channel's window."""
        k.label(label)
        k.mov(line, at)
        with k.loop(columns):
            k.l8ui(value, line, 0)
            k.add(line, line, depth)
            getattr(k, gather)(found, found, value)
        k.addi(rows_left, rows_left, -1)
        k.add(at, at, row_step)
        k.bnez(rows_left, label)

    k.l32i(base, block, images)
    k.s32i(base, a1, images_left_at)
    k.label("IMAGE")
    k.movi(base, 0)
    k.s32i(base, a1, row_at)
    k.label("ROW")
    k.movi(base, 0)
    k.s32i(base, a1, column_at)
    k.label("PIXEL")
    covered(base, rows, depth, 0, row_at, value)
    covered(at, columns, depth, 1, column_at, value)
    k.mull(base, base, depth)  # so far the image's width
    k.l32i(channels, block, channels_of)
    k.add(base, base, at)
    k.mull(row_step, depth, channels)
    k.mull(base, base, channels)
    k.mov(depth, channels)
    k.add(base, base, x)
    k.mull(count, rows, columns)
    k.label("CHANNEL")
    k.l32i(value, block, largest)
    k.mov(at, base)
    k.movi(found, 0)
    k.mov(rows_left, rows)
    k.beqz(value, "AVERAGE")
    over_window("LARGEST", "maximum")
    k.j("CLAMP")
    k.label("AVERAGE")
    over_window("SUM", "add")
    # From the sum of raised values: half of the count with the sum's sign, then the quotient towards zero.
    sign, half = at, rows_left
    k.slli(value, count, 7)
    k.sub(found, found, value)
    k.srai(sign, found, 31)
    k.srli(half, count, 1)
    k.xor(half, half, sign)
    k.sub(half, half, sign)
    k.add(found, found, half)
    k.quos(found, found, count)
    k.movi(value, RAISED)
    k.add(found, found, value)
    k.label("CLAMP")
    k.l32i(value, block, lowest)
    k.maximum(found, found, value)
    k.l32i(value, block, highest)
    k.minimum(found, found, value)
    k.s8i(found, y, 0)
    k.addi(y, y, 1)
    k.addi(base, base, 1)
    k.addi(channels, channels, -1)
    k.bnez(channels, "CHANNEL")
    for place_at, most, label in ((column_at, out_columns, "PIXEL"), (row_at, out_rows, "ROW")):
        k.l32i(base, a1, place_at)
        k.addi(base, base, 1)
        k.s32i(base, a1, place_at)
        k.l32i(value, block, most)
        k.sub(value, value, base)
        k.bnez(value, label)
    k.l32i(value, block, height)
    k.mull(value, value, row_step)
    k.add(x, x, value)
    k.l32i(base, a1, images_left_at)
    k.addi(base, base, -1)
    k.s32i(base, a1, images_left_at)
    k.bnez(base, "IMAGE")
    return k
