"""The sums and the histograms of `shape`. Names are those of the viper kernels."""

from __future__ import annotations

from .assembly import LOCALS, Kernel, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15
from .blocks import offsets

WORDS = offsets("t", "x", "points", "dropped", "which", "sums", "block", "sign_shift")  # the arguments
ARGUMENTS = len(WORDS)
PAIRS, COLUMNS = 28, 7
ONE_BITS = 10  # the first column is 1024 everywhere
AT_ONCE_BITS = 9  # so many points' products fit into a plain sum
PLAIN = 2 * 4 * PAIRS  # where the plain sums stand
RAISED = 2048  # a coordinate
WHICH = LOCALS[0]


def kernels() -> list[Kernel]:
    return [sum_products(), residuals(), count(), farthest(), range_of_residuals()]


def sum_products() -> Kernel:
    k = Kernel("_sum_products", "words", "As shape._sum_products; its arguments.")
    points, dropped, left, sums, waiting, value, other, half, block = a3, a4, a5, a6, a7, a14, a15, a0, a2
    x, y, xx, xy, yy, z = columns = (a8, a9, a10, a11, a12, a13)
    k.l32i(points, a2, WORDS["points"])
    k.l32i(dropped, a2, WORDS["dropped"])
    k.l32i(sums, a2, WORDS["sums"])
    k.l32i(value, a2, WORDS["which"])
    k.s32i(value, a1, WHICH)
    k.l32i(block, a2, WORDS["block"])
    k.movi(value, 0)
    k.movi(waiting, 3 * PAIRS)
    with k.loop(waiting):
        k.s32i(value, sums, 0)
        k.addi(sums, sums, 4)
    k.movi(waiting, -4 * PAIRS)
    k.add(sums, sums, waiting)  # at the plain sums
    k.movi(waiting, 0)
    k.movi(value, 1 << ONE_BITS)
    k.s32i(value, block, 4)
    k.l32i(left, block, 0)
    k.movi(half, 1 << ONE_BITS - 1)
    k.beqz(left, "FAR_END")
    k.label("POINT")
    k.l8ui(value, dropped, 0)
    k.l32i(other, a1, WHICH)
    k.addi(dropped, dropped, 1)
    k.addi(left, left, -1)
    k.beq(value, other, "TAKEN")
    k.j("PASSED")
    k.label("FAR_END")
    k.j("END")
    k.label("TAKEN")
    k.movi(value, -RAISED)
    for place, coordinate in enumerate((x, y, z)):
        k.l16ui(coordinate, points, 2 * place)
        k.add(coordinate, coordinate, value)
    for product, first, second in ((xx, x, x), (xy, x, y), (yy, y, y)):
        k.mull(product, first, second)
        k.add(product, product, half)
        k.srai(product, product, ONE_BITS)
    at = 0
    for i in range(COLUMNS):
        for j in range(i + 1):
            if i == 0:
                k.movi(value, 1 << ONE_BITS)
                k.slli(value, value, ONE_BITS)
            elif j == 0:
                k.s32i(columns[i - 1], block, 4 * (i + 1))
                k.slli(value, columns[i - 1], ONE_BITS)
            else:
                k.mull(value, columns[i - 1], columns[j - 1])
            k.l32i(other, sums, at)
            k.add(other, other, value)
            k.s32i(other, sums, at)
            at += 4
    k.addi(waiting, waiting, 1)
    k.label("PASSED")
    k.addi(points, points, 6)
    k.beqz(left, "FLUSH")
    k.srli(value, waiting, AT_ONCE_BITS)
    k.bnez(value, "FLUSH")
    k.j("POINT")
    k.label("FLUSH")
    k.addi(sums, sums, -4 * PAIRS)
    k.addi(sums, sums, -4 * PAIRS)
    k.movi(waiting, PAIRS)
    k.movi(x, 0)
    with k.loop(waiting):
        k.l32i(value, sums, PLAIN)
        k.l32i(y, sums, 0)
        k.s32i(x, sums, PLAIN)
        k.srai(z, value, ONE_BITS)
        k.add(y, y, z)
        k.l32i(z, sums, PLAIN // 2)
        k.s32i(y, sums, 0)
        k.bits(value, value, 0, ONE_BITS)
        k.add(z, z, value)
        k.s32i(z, sums, PLAIN // 2)
        k.addi(sums, sums, 4)
    k.addi(sums, sums, 4 * PAIRS // 2)
    k.addi(sums, sums, 4 * PAIRS // 2)
    k.movi(waiting, 0)
    k.beqz(left, "END")
    k.j("POINT")
    k.label("END")
    return k


def residuals() -> Kernel:
    k = Kernel("_residuals", "points, residuals, block, sign_shift", "As shape._residuals.")
    points, out, half, x, y, value, total, product = a2, a3, a4, a12, a13, a14, a15, a0
    factors = (a5, a6, a7, a8, a9, a10)
    raised = a11
    k.l32i(value, a4, 0)
    for place, factor in enumerate(factors):
        k.l32i(factor, a4, 4 * (place + 1))
    k.slli(factors[0], factors[0], ONE_BITS)
    k.movi(half, 1 << ONE_BITS - 1)
    k.slli(raised, half, 2)
    k.add(factors[0], factors[0], raised)  # the half of the fit's rounding
    with k.loop(value, may_be_none=True):
        k.l16ui(x, points, 0)
        k.l16ui(y, points, 2)
        k.sub(x, x, raised)
        k.sub(y, y, raised)
        k.mull(total, factors[1], x)
        k.mull(product, factors[2], y)
        k.add(total, total, factors[0])
        k.add(total, total, product)
        for factor, first, second in ((factors[3], x, x), (factors[4], x, y), (factors[5], y, y)):
            k.mull(product, first, second)
            k.add(product, product, half)
            k.srai(product, product, ONE_BITS)
            k.mull(product, product, factor)
            k.add(total, total, product)
        k.l16ui(x, points, 4)
        k.srai(total, total, 12)
        k.sub(x, x, raised)
        k.sub(x, x, total)
        k.clamp(x, x, 11)
        k.add(x, x, raised)
        k.movi(y, 1)
        k.maximum(x, x, y)
        k.s16i(x, out, 0)
        k.addi(points, points, 6)
        k.addi(out, out, 2)
    return k


def count() -> Kernel:
    k = Kernel("_count", "residuals, dropped, histogram, block", "As shape._count.")
    residuals, dropped, histogram, left, bins, at, value = a2, a3, a4, a5, a6, a7, a8
    k.l32i(bins, a5, 4)
    k.l32i(left, a5, 0)
    k.mov(at, histogram)
    k.movi(value, 0)
    k.srli(a9, bins, 3)
    k.bits(bins, bins, 0, 3)
    for times, together in ((a9, 8), (bins, 1)):
        with k.loop(times, may_be_none=True):
            for place in range(together):
                k.s16i(value, at, 2 * place)
            k.addi(at, at, 2 * together)
    k.beqz(left, "END")
    k.label("POINT")
    k.l8ui(value, dropped, 0)
    k.bnez(value, "DROPPED")
    k.l16ui(at, residuals, 0)
    k.addx2(at, at, histogram)
    k.l16ui(value, at, 0)
    k.addi(value, value, 1)
    k.s16i(value, at, 0)
    k.label("DROPPED")
    k.addi(dropped, dropped, 1)
    k.addi(residuals, residuals, 2)
    k.addi(left, left, -1)
    k.bnez(left, "POINT")
    k.label("END")
    return k


def farthest() -> Kernel:
    k = Kernel("_farthest", "histogram, middle, allowed", "As shape._farthest.")
    below, limit, allowed, above, beyond, first, second = a2, a3, a4, a5, a6, a7, a8
    k.add(above, limit, limit)
    k.addi(above, above, -1)
    k.addx2(above, above, below)  # the middle and the limit
    k.addi(below, below, 2)  # the middle less the limit
    k.addi(limit, limit, -1)
    k.movi(beyond, -1)
    k.sub(beyond, beyond, allowed)  # not negative once there are more than allowed
    k.label("LIMIT")
    k.beqz(limit, "FOUND")
    k.bltz(limit, "NONE")
    k.l16ui(first, above, 0)
    k.l16ui(second, below, 0)
    k.addi(above, above, -2)
    k.add(beyond, beyond, first)
    k.add(beyond, beyond, second)
    k.bgez(beyond, "FOUND")
    k.addi(below, below, 2)
    k.addi(limit, limit, -1)
    k.j("LIMIT")
    k.label("NONE")
    k.movi(limit, 0)
    k.label("FOUND")
    k.mov(a2, limit)
    return k


def range_of_residuals() -> Kernel:
    k = Kernel("_range", "histogram, bins, tail", "As shape._range.")
    low, high, tail, total, value = a2, a3, a4, a5, a6
    k.addx2(high, high, low)
    for start, label, at, step in ((0, "LOW", low, 2), (-2, "HIGH", high, -2)):
        k.movi(total, 0)
        k.addi(at, at, start - step)
        k.label(label)
        k.addi(at, at, step)
        k.l16ui(value, at, 0)
        k.add(total, total, value)
        k.bge(tail, total, label)
    k.sub(high, high, low)
    k.srai(a2, high, 1)
    return k
