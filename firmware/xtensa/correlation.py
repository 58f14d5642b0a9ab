"""The parts of `follow` that calculate: a block's sums of products, and the correlation that a window's sums give."""

from __future__ import annotations

from .assembly import LOCALS, Kernel, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15
from .following_words import BLOCK_BYTES, SLOT, SUMMED, WORDS, W, load, store


def compare(k: Kernel) -> None:
    """The correlation and its two neighbours; to DONE, TRY or CANDIDATE."""
    total, squares, farther, middle, nearer = SUMMED
    spare, other, window, mean, root, shift = a3, a4, a5, a6, a7, a0
    k.label("COMPARE")
    load(k, (a13, "weight"))
    for place, register in enumerate(SUMMED):
        k.l32i(spare, W, WORDS["slots"] + 4 * place)
        k.l32i(other, W, WORDS["slots"] + SLOT + 4 * place)
        k.add(register, register, spare)
        k.mull(other, other, a13)
        k.add(register, register, other)
    load(k, (window, "window"), (shift, "shift"), (mean, "mean"), (root, "root"), (a13, "pixels"), (a14, "floor"))
    k.sub(window, window, shift)
    k.addi(window, window, -1)  # so that what is read stands at 0, 2, 4
    k.addx2(mean, window, mean)
    k.addx2(root, window, root)
    k.slli(spare, total, 5)
    k.quos(spare, spare, a13)
    k.mull(spare, spare, total)
    k.srai(spare, spare, 5)
    k.sub(squares, squares, spare)  # the energy
    k.blt(squares, a14, "POOR")
    for register, place in ((middle, 2), (farther, 4), (nearer, 0)):
        k.l16ui(spare, mean, place)
        k.mull(spare, spare, total)
        k.srai(spare, spare, 5)
        k.sub(register, register, spare)
    k.beqz(middle, "POOR")
    k.bgez(middle, "RICH")
    k.label("POOR")
    k.j("CANDIDATE")
    k.label("RICH")
    for register, place in ((farther, 4), (nearer, 0)):
        k.l16ui(spare, root, place)
        k.slli(register, register, 6)
        k.quotient_down(register, register, spare, other)
    k.l16ui(spare, root, 2)
    k.slli(middle, middle, 6)
    k.quos(middle, middle, spare)
    k.blt(middle, farther, "CLIMB")
    k.bge(middle, nearer, "PEAK")
    k.label("CLIMB")
    k.addi(spare, shift, 1)
    k.addi(shift, shift, -1)
    k.bge(farther, nearer, "CLIMBED")
    k.mov(shift, spare)
    k.label("CLIMBED")
    load(k, (spare, "lowest"), (other, "highest"), (a13, "tries"))
    k.blt(shift, spare, "LOST")
    k.blt(other, shift, "LOST")
    k.beqz(a13, "LOST")
    k.mov(a9, shift)
    k.j("TRY")
    k.label("LOST")
    k.j("CANDIDATE")

    k.label("PEAK")
    bend, energy, half, peak = a13, squares, a14, a15
    k.add(bend, middle, middle)
    k.sub(bend, bend, nearer)
    k.sub(bend, bend, farther)
    k.beqz(bend, "LOST")
    k.bltz(bend, "LOST")
    # The energy's root to ten bits: half as many binary places are put back behind it as were taken off.
    k.leading_zeros(spare, energy)
    k.movi(half, 23)
    k.sub(half, half, spare)
    k.movi(spare, 0)
    k.maximum(half, half, spare)
    k.srli(half, half, 1)
    k.add(spare, half, half)
    k.ssr(spare)
    k.sra(energy, energy)
    load(k, (other, "roots"), (a7, "least"))
    k.addx2(other, energy, other)
    k.l16ui(other, other, 0)
    k.ssl(half)
    k.sll(other, other)
    k.slli(spare, middle, 14)
    k.quos(spare, spare, other)  # the correlation
    k.blt(spare, a7, "LOST")
    k.sub(peak, nearer, farther)
    k.slli(peak, peak, 8)
    k.add(peak, peak, bend)
    k.add(bend, bend, bend)
    k.quotient_down(peak, peak, bend, other)
    # What the parabola leans towards the whole pixel.
    k.neg(other, peak)
    k.maximum(other, other, peak)
    k.movi(a7, 128)
    k.sub(other, a7, other)
    k.mull(other, other, peak)
    k.movi(a7, 100)
    k.mull(other, other, a7)
    k.movi(a7, 1)
    k.slli(a7, a7, 15)
    k.add(other, other, a7)
    k.srai(other, other, 16)
    k.add(peak, peak, other)
    k.addi(peak, peak, 8)
    k.srai(peak, peak, 4)
    k.slli(shift, shift, 4)
    k.add(peak, peak, shift)
    k.srli(a7, a7, 1)
    k.minimum(spare, spare, a7)  # 16384
    k.slli(other, spare, 8)
    k.sub(other, other, spare)
    k.srai(other, other, 14)
    load(k, (a5, "cell"), (a6, "disparity"), (a7, "confidence"))
    k.addx2(a6, a5, a6)
    k.s16i(peak, a6, 0)
    k.add(a7, a7, a5)
    k.s8i(other, a7, 0)
    k.j("DONE")


def sums_of_products(k: Kernel) -> None:
    """The block `a12` of a column at five disparities; then that column again. a3: want, a8: the column's first block.

    Five pixels of a row at a time: the reference's pixels go through five registers round and round.
    """
    frame_at, reference_at, f, product, total = a0, a2, a3, a4, a5
    sums = (a6, a7, a8, a9, a10)
    ring = (a11, a12, a13, a14, a15)
    words_at, lines_at, block_at = LOCALS
    k.label("CORRELATE")
    load(k, (a4, "left"), (a5, "shift"), (a6, "width"), (a7, "step"), (a9, "row"), (a10, "size"), (a11, "columns"))
    k.sub(a4, a4, a5)
    k.addi(a4, a4, -2)  # where it begins in the reference's row
    k.bltz(a4, "OUTSIDE")
    k.add(a7, a7, a4)
    k.addi(a7, a7, 4)
    k.bge(a6, a7, "INSIDE")
    k.label("OUTSIDE")
    k.movi(a4, 0)
    store(k, (a4, "summed_cell"))  # what is summed belongs together no longer
    k.j("CANDIDATE")
    k.label("INSIDE")
    k.mull(a11, a11, a12)
    k.add(a8, a8, a11)  # this block
    load(k, (a13, "bases"), (a14, "sums"))
    k.addx2(a13, a8, a13)
    k.addi(a3, a3, -1)
    k.s16i(a3, a13, 0)
    k.movi(a15, BLOCK_BYTES)
    k.mull(a8, a8, a15)
    k.add(a14, a14, a8)
    k.s32i(a14, a1, block_at)
    k.add(a9, a9, a12)
    k.addi(a9, a9, -1)
    k.mull(a9, a9, a10)
    k.add(a4, a4, a9)
    load(k, (a13, "reference"), (a14, "frame"), (a15, "lines"))
    k.s32i(a15, a1, lines_at)
    k.s32i(W, a1, words_at)
    k.add(frame_at, a14, a4)
    k.add(frame_at, frame_at, a5)
    k.addi(frame_at, frame_at, 2)
    k.add(reference_at, a13, a4)
    k.movi(total, 0)
    k.start(total)
    for register in sums:
        k.movi(register, 0)
    k.label("LINE")
    for place in range(4):
        k.l8ui(ring[place], reference_at, place)
    k.l32i(product, a1, words_at)
    k.l32i(product, product, WORDS["fives"])
    with k.loop(product, may_be_none=True):
        for pixel in range(5):
            k.l8ui(f, frame_at, pixel)
            k.l8ui(ring[(pixel + 4) % 5], reference_at, pixel + 4)
            for disparity in range(5):
                k.mull(product, ring[(pixel + disparity) % 5], f)
                k.add(sums[4 - disparity], sums[4 - disparity], product)
            k.add(total, total, f)
            k.mac(f, f)
        k.addi(frame_at, frame_at, 5)
        k.addi(reference_at, reference_at, 5)
    k.l32i(product, a1, words_at)
    k.l32i(product, product, WORDS["rest"])
    with k.loop(product, may_be_none=True):
        k.l8ui(f, frame_at, 0)
        k.addi(frame_at, frame_at, 1)
        for disparity in range(5):
            k.l8ui(ring[0], reference_at, disparity)
            k.mull(product, ring[0], f)
            k.add(sums[4 - disparity], sums[4 - disparity], product)
        k.add(total, total, f)
        k.mac(f, f)
        k.addi(reference_at, reference_at, 1)
    k.l32i(product, a1, words_at)
    k.l32i(product, product, WORDS["skip"])
    k.l32i(f, a1, lines_at)
    k.add(frame_at, frame_at, product)
    k.add(reference_at, reference_at, product)
    k.addi(f, f, -1)
    k.s32i(f, a1, lines_at)
    k.bnez(f, "LINE")
    k.l32i(W, a1, words_at)
    k.l32i(f, a1, block_at)
    k.result(product)
    k.s32i(total, f, 0)
    k.s32i(product, f, 4)
    for place, register in enumerate(sums):
        k.s32i(register, f, 8 + 4 * place)
    k.j("COLUMN")
