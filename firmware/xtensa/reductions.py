"""Sums over places and products of two tensors: drop-in replacements of the viper kernels of the same names."""

from __future__ import annotations

from .assembly import Kernel, a0, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15

HIGHEST = 255


def kernels() -> list[Kernel]:
    return [mean()]


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
