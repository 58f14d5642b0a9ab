"""`depth_kernels.follow`: correlation at a likely disparity and beside it.

What a block of cells contributes is summed in registers (`correlation.sums_of_products`); what a window needs of it
stands in the words behind the arguments. Names are those of the viper kernel.
"""

from __future__ import annotations

from .assembly import Kernel, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15
from .correlation import compare, sums_of_products
from .following_words import BLOCK, BLOCK_BYTES, NONE, SLOT, SUMMED, WORDS, W, load, store


def follow() -> Kernel:
    k = Kernel("follow", "words", "As depth_kernels.follow; its arguments and room behind them.")
    prepare(k)
    next_cell(k)
    candidates(k)
    columns_of_blocks(k)
    compare(k)
    sums_of_products(k)
    k.label("END")
    return k


def prepare(k: Kernel) -> None:
    block, width, step, columns, rows, bias, spare, other = a3, a4, a5, a6, a7, a8, a9, a10
    load(k, (block, "block"))
    for place, name in enumerate(BLOCK):
        k.l32i(spare, block, 4 * place)
        store(k, (spare, name))
    load(k, (width, "width"), (step, "step"), (columns, "columns"), (rows, "rows"), (bias, "bias"))
    for name in ("lowest", "highest"):
        load(k, (spare, name))
        k.sub(spare, spare, bias)
        store(k, (spare, name))
    k.mull(spare, step, width)
    store(k, (spare, "size"))
    k.add(spare, width, width)
    k.sub(spare, spare, step)
    store(k, (spare, "skip"))
    k.addi(spare, step, 1)
    k.srli(spare, spare, 1)
    store(k, (spare, "lines"))
    k.movi(other, 5)
    k.quos(spare, step, other)
    store(k, (spare, "fives"))
    k.mull(spare, spare, other)
    k.sub(spare, step, spare)
    store(k, (spare, "rest"))
    k.movi(spare, 0)
    store(k, (spare, "summed_cell"), (spare, "summed_shift"))
    # Forwards.
    k.addi(a11, columns, 1)  # cell
    k.movi(a12, 1)  # row
    k.movi(a13, -1)  # behind
    load(k, (spare, "backwards"))
    k.beqz(spare, "DIRECTION")
    k.addi(a12, rows, -1)
    k.mull(a11, columns, a12)
    k.addi(a11, a11, -2)
    k.addi(a12, a12, -1)
    k.movi(a13, 1)
    k.label("DIRECTION")
    k.mull(a14, a13, columns)
    store(k, (a11, "cell"), (a12, "row"), (a13, "behind"), (a14, "above"))


def next_cell(k: Kernel) -> None:
    """To WORK for each cell without an answer that has a guess or a neighbour with an answer."""
    cell, column, confidence, guess, behind, above, last, here, spare = a3, a4, a5, a6, a7, a8, a9, a10, a11
    row = a12
    load(k, (cell, "cell"))
    k.label("ROW")
    load(k, (row, "row"), (spare, "rows"))
    k.addi(spare, spare, -1)
    k.sub(spare, row, spare)
    k.movi(column, 0)
    k.bgez(spare, "RETURN")
    k.bnez(row, "BEGIN_ROW")
    k.label("RETURN")
    k.j("END")
    k.label("BEGIN_ROW")
    k.label("NEXT")  # cell, column: the one that was done last, cell already moved on
    load(k, (confidence, "confidence"), (guess, "guess"), (behind, "behind"), (above, "above"), (last, "columns"))
    k.addi(last, last, -1)
    k.label("LOOK")
    k.addi(column, column, 1)
    k.bge(column, last, "ROW_END")
    k.add(here, confidence, cell)
    k.l8ui(spare, here, 0)
    k.bnez(spare, "PASS")
    k.add(spare, guess, cell)
    k.l8ui(spare, spare, 0)
    k.bnez(spare, "WORK")
    k.add(spare, here, behind)
    k.l8ui(spare, spare, 0)
    k.bnez(spare, "WORK")
    k.add(spare, here, above)
    k.l8ui(spare, spare, 0)
    k.bnez(spare, "WORK")
    k.label("PASS")
    k.sub(cell, cell, behind)
    k.j("LOOK")
    k.label("ROW_END")
    k.sub(cell, cell, behind)
    k.sub(cell, cell, behind)
    load(k, (row, "row"))
    k.sub(row, row, behind)
    store(k, (row, "row"))
    k.j("ROW")


def candidates(k: Kernel) -> None:
    """One after the other, then on to the next cell."""
    cell, column, confidence, guess, behind, above = a3, a4, a5, a6, a7, a8
    shift, number, at, spare, other = a9, a10, a11, a12, a13
    k.label("WORK")
    store(k, (cell, "cell"), (column, "column"))
    load(k, (a14, "row"), (a15, "width"), (spare, "step"))
    k.bltz(behind, "PLACED")
    load(k, (other, "columns"))
    k.addi(other, other, -1)
    k.sub(column, other, column)
    k.label("PLACED")
    store(k, (column, "place"))
    k.mull(a14, a14, a15)
    k.mull(a15, column, spare)
    k.srli(spare, spare, 1)
    k.add(a14, a14, a15)
    k.add(a14, a14, spare)
    store(k, (a14, "window"))
    k.movi(spare, NONE)
    store(k, (spare, "before"))
    k.movi(number, 0)
    store(k, (number, "candidate"))
    k.add(spare, guess, cell)
    k.l8ui(spare, spare, 0)
    k.beqz(spare, "CANDIDATE")
    load(k, (shift, "lowest"))
    k.addi(spare, spare, -1)
    k.add(shift, shift, spare)
    k.j("SHIFT")

    k.label("CANDIDATE")  # the next one; all registers but W are lost
    load(k, (number, "candidate"), (cell, "cell"), (behind, "behind"), (above, "above"), (confidence, "confidence"))
    k.addi(number, number, 1)
    store(k, (number, "candidate"))
    k.add(confidence, confidence, cell)
    k.addi(spare, number, -1)
    k.mov(at, behind)
    k.beqz(spare, "NEIGHBOUR")
    k.addi(spare, number, -2)
    k.mov(at, above)
    k.beqz(spare, "NEIGHBOUR")
    k.label("DONE")
    load(k, (cell, "cell"), (column, "column"), (behind, "behind"))
    k.sub(cell, cell, behind)
    k.j("NEXT")

    k.label("NEIGHBOUR")
    k.add(spare, confidence, at)
    k.l8ui(other, spare, 0)
    k.beqz(other, "CANDIDATE")
    load(k, (a14, "disparity"))
    k.addx2(a14, cell, a14)  # of this cell
    k.addx2(a15, at, a14)
    disparity_at(k, a6, a15)
    k.addi(other, number, -2)
    k.beqz(other, "ROUND")
    # As the surface went on from the row above.
    k.add(other, confidence, above)
    k.l8ui(other, other, 0)
    k.add(spare, spare, above)
    k.beqz(other, "ROUND")
    k.l8ui(spare, spare, 0)
    k.beqz(spare, "ROUND")
    k.addx2(a14, above, a14)
    k.addx2(a15, above, a15)
    disparity_at(k, spare, a14)
    disparity_at(k, other, a15)
    k.sub(spare, spare, other)
    k.addi(other, spare, -24)
    k.bgez(other, "ROUND")
    k.addi(other, spare, 23)
    k.bltz(other, "ROUND")
    k.add(a6, a6, spare)
    k.label("ROUND")
    k.addi(a6, a6, 8)
    k.srai(shift, a6, 4)

    k.label("SHIFT")  # shift: where this candidate begins
    load(k, (spare, "before"), (other, "lowest"), (a14, "highest"))
    k.beq(shift, spare, "REFUSED")
    k.blt(shift, other, "REFUSED")
    k.bge(a14, shift, "TAKEN")
    k.label("REFUSED")
    k.j("CANDIDATE")
    k.label("TAKEN")
    store(k, (shift, "before"))
    k.movi(spare, 3)
    store(k, (spare, "tries"))


def disparity_at(k: Kernel, register: int, address: int) -> None:
    """A signed 16-bit value."""
    k.l16ui(register, address, 0)
    k.slli(register, register, 15)
    k.slli(register, register, 1)
    k.srai(register, register, 16)


def columns_of_blocks(k: Kernel) -> None:
    """Sums of the columns of the window; only the foremost where the cell behind was compared at this disparity."""
    shift, spare, other, cell, behind, slot, at, left, columns = a9, a3, a4, a5, a6, a7, a8, a10, a11
    k.label("TRY")
    load(k, (spare, "tries"), (cell, "cell"), (behind, "behind"), (a12, "summed_shift"), (a13, "summed_cell"))
    load(k, (left, "place"), (a15, "step"), (columns, "columns"))
    k.addi(spare, spare, -1)
    store(k, (spare, "tries"), (shift, "summed_shift"), (cell, "summed_cell"), (shift, "shift"))
    k.add(spare, cell, behind)
    k.movi(slot, WORDS["slots"])
    k.add(slot, slot, W)
    k.bne(shift, a12, "ALL")
    k.bne(spare, a13, "ALL")
    for place in range(0, 2 * SLOT, 4):
        k.l32i(other, slot, place + SLOT)
        k.s32i(other, slot, place)
    k.addi(slot, slot, 2 * SLOT)
    k.movi(a12, 1)
    k.sub(at, cell, behind)
    k.sub(left, left, behind)
    k.j("COLUMNS")
    k.label("ALL")
    k.movi(a12, 3)
    k.mov(at, spare)
    k.add(left, left, behind)
    k.label("COLUMNS")
    k.sub(at, at, columns)
    k.mull(left, left, a15)
    store(k, (left, "left"), (slot, "slot"), (a12, "slots_left"), (at, "at"))

    # at: the first block of a column.
    want, base, sums, three, weight = a3, a4, a5, a6, a7
    k.label("COLUMN")
    load(k, (at, "at"), (base, "bases"), (columns, "columns"), (want, "bias"), (shift, "shift"))
    k.addx2(base, at, base)
    k.add(want, want, shift)
    k.movi(three, 3)
    k.addi(want, want, -1)
    for number, offset in enumerate((a13, a14, a15)):
        k.l16ui(offset, base, 0)
        k.sub(offset, want, offset)
        k.movi(a12, number)
        k.bgeu(offset, three, "MISSING")
        if number < 2:
            k.addx2(base, columns, base)
    k.j("KNOWN")
    k.label("MISSING")
    k.j("CORRELATE")
    k.label("KNOWN")
    k.movi(a12, BLOCK_BYTES)
    load(k, (sums, "sums"), (weight, "weight"))
    k.mull(at, at, a12)
    k.mull(a3, columns, a12)  # from block to block down the column
    k.add(sums, sums, at)
    k.addx4(a13, a13, sums)
    total, squares, farther, middle, nearer = SUMMED
    k.l32i(total, sums, 0)
    k.l32i(squares, sums, 4)
    k.l32i(farther, a13, 8)
    k.l32i(middle, a13, 12)
    k.l32i(nearer, a13, 16)
    k.add(sums, sums, a3)
    k.addx4(a14, a14, sums)
    for register, address, place in sources(sums, a14):
        k.l32i(a6, address, place)
        k.mull(a6, a6, weight)
        k.add(register, register, a6)
    k.add(sums, sums, a3)
    k.addx4(a15, a15, sums)
    for register, address, place in sources(sums, a15):
        k.l32i(a6, address, place)
        k.add(register, register, a6)
    load(k, (a13, "slots_left"), (a14, "slot"))
    for place, register in enumerate(SUMMED):
        k.s32i(register, a14, 4 * place)
    k.addi(a13, a13, -1)
    k.beqz(a13, "COMPARE")
    k.addi(a14, a14, SLOT)
    load(k, (a3, "at"), (a4, "behind"), (a5, "left"), (a6, "step"))
    store(k, (a13, "slots_left"), (a14, "slot"))
    k.sub(a3, a3, a4)
    k.mull(a6, a6, a4)
    store(k, (a3, "at"))
    k.sub(a5, a5, a6)
    store(k, (a5, "left"))
    k.j("COLUMN")


def sources(sums: int, shifted: int) -> list[tuple[int, int, int]]:
    """(register of the sum, where in a block's sums it stands)."""
    addresses = (sums, sums, shifted, shifted, shifted)
    return [(register, addresses[place], 4 * place) for place, register in enumerate(SUMMED)]
