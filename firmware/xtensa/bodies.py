"""What `face_kernels` does about bodies, and `count_blind`. Names are those of the viper kernels."""

from __future__ import annotations

from .assembly import Kernel, a0, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15
from .blocks import offsets

WORDS = offsets(
    *("at", "other", "depth", "state", "queue", "cells", "block"),  # the arguments; what follows is scratch
    *("reach", "best", "seed"),
)
GAPS = offsets(
    *("at", "other", "light", "mask", "depth", "out", "cells", "block"),  # the arguments; what follows is scratch
    "count",
)
ARGUMENTS = WORDS["reach"] // 4
COLUMNS, ROWS, CELLS = 64, 48, 3072
UP_AND_LEFT = COLUMNS + 1  # cells from the base of a cell's neighbours to the cell
HERE, ROW, COLUMN, LARGEST = a8, a9, a10, a11
# The four sides: the neighbour's place, the register that says whether there is one, the value at which there is not.
SIDES = (
    (-1, "LEFT", COLUMN, 0),
    (1, "RIGHT", COLUMN, COLUMNS - 1),
    (-COLUMNS, "UP", ROW, 0),
    (COLUMNS, "DOWN", ROW, ROWS - 1),
)
W = a2


def kernels() -> list[Kernel]:
    return [largest_body(), fill_gaps(), put(), count_blind()]


def largest_body() -> Kernel:
    k = Kernel("largest_body", "words", "As face_kernels.largest_body; its arguments and room behind them.")
    mark(k)
    depth, state, head, tail, at, here, row, column, largest = a3, a4, a5, a6, a7, HERE, ROW, COLUMN, LARGEST
    twice, one, value, other, hanging, seed = a12, a13, a14, a15, a0, ROW
    k.l32i(value, W, WORDS["block"])
    k.l32i(largest, value, 8)
    k.l32i(value, value, 12)
    k.s32i(value, W, WORDS["reach"])
    k.add(twice, largest, largest)
    k.movi(one, 1)
    k.movi(value, 0)
    k.s32i(value, W, WORDS["best"])
    k.movi(seed, 0)
    k.label("SEED")
    k.l32i(state, W, WORDS["state"])
    k.movi(other, CELLS // 2)
    k.add(other, other, other)
    k.label("LOOK")
    k.bge(seed, other, "FINISHED")
    k.add(value, state, seed)
    k.l8ui(value, value, 0)
    k.addi(seed, seed, 1)
    k.bne(value, one, "LOOK")
    k.s32i(seed, W, WORDS["seed"])
    k.addi(at, seed, -1)
    k.add(other, state, at)
    k.movi(value, 2)
    k.s8i(value, other, 0)
    k.l32i(head, W, WORDS["queue"])
    k.s16i(at, head, 0)
    k.addi(tail, head, 2)
    k.j("CELL")
    k.label("FINISHED")
    k.l32i(a2, W, WORDS["best"])
    k.j("END")

    k.label("CELL")
    k.l32i(depth, W, WORDS["depth"])
    k.l32i(state, W, WORDS["state"])
    k.l16ui(at, head, 0)
    k.addi(head, head, 2)
    k.srli(row, at, 6)
    k.bits(column, at, 0, 6)
    k.addx2(depth, at, depth)
    k.l16ui(here, depth, 0)
    # The bases of the neighbours.
    k.add(state, state, at)
    k.addi(state, state, -UP_AND_LEFT)
    k.addi(depth, depth, -UP_AND_LEFT)
    k.addi(depth, depth, -UP_AND_LEFT)
    k.movi(hanging, 0)
    for step, name, place, edge in SIDES:
        if edge:
            k.addi(value, place, -edge)
            k.beqz(value, name)
        else:
            k.beqz(place, name)
        k.l8ui(other, state, UP_AND_LEFT + step)
        k.beqz(other, name)
        step_from(k, value, depth, 2 * (UP_AND_LEFT + step))
        k.bltu(twice, value, name)
        k.addi(hanging, hanging, 1)
        k.bne(other, one, name)
        k.movi(value, 2)
        k.s8i(value, state, UP_AND_LEFT + step)
        k.addi(value, at, step)
        k.s16i(value, tail, 0)
        k.addi(tail, tail, 2)
        k.label(name)
    k.addi(hanging, hanging, -4)
    k.beqz(hanging, "POPPED")
    look_farther(k)
    k.label("POPPED")
    k.bltu(head, tail, "MORE")
    k.j("BODY")
    k.label("MORE")
    k.j("CELL")

    k.label("BODY")
    k.l32i(head, W, WORDS["queue"])
    k.l32i(value, W, WORDS["best"])
    k.sub(tail, tail, head)
    k.srli(tail, tail, 1)
    k.bge(value, tail, "SMALLER")
    k.s32i(tail, W, WORDS["best"])
    k.l32i(other, W, WORDS["cells"])
    with k.loop(tail):
        k.l16ui(value, head, 0)
        k.addi(head, head, 2)
        k.s16i(value, other, 0)
        k.addi(other, other, 2)
    k.label("SMALLER")
    k.l32i(seed, W, WORDS["seed"])
    k.j("SEED")
    k.label("END")
    return k


def mark(k: Kernel) -> None:
    """state: 1 for the cells with a depth within the limits, from the first column on; else 0."""
    depth, state, first, span, begin, count, rows, value, other, one, block = (
        a3,
        a4,
        a5,
        a6,
        a7,
        a8,
        a9,
        a10,
        a11,
        a12,
        a13,
    )
    k.l32i(depth, W, WORDS["depth"])
    k.l32i(state, W, WORDS["state"])
    k.l32i(block, W, WORDS["block"])
    k.movi(one, 1)
    k.l32i(first, block, 0)
    k.l32i(span, block, 4)
    k.l32i(begin, block, 16)
    k.maximum(first, first, one)  # a depth of 0 is none
    k.sub(span, span, first)
    k.bgez(span, "ANY")
    k.slli(first, one, 15)  # no depth lies within: all are below 65536
    k.add(first, first, first)
    k.movi(span, 0)
    k.label("ANY")
    k.movi(count, COLUMNS)
    k.sub(count, count, begin)
    k.movi(rows, ROWS)
    k.label("MARK")
    k.movi(value, 0)
    with k.loop(begin, may_be_none=True):
        k.s8i(value, state, 0)
        k.addi(state, state, 1)
    k.addx2(depth, begin, depth)
    with k.loop(count, may_be_none=True):
        k.l16ui(value, depth, 0)
        k.addi(depth, depth, 2)
        k.sub(value, value, first)
        k.sub(other, span, value)
        k.or_(value, value, other)
        k.bits(value, value, 31, 1)  # the sign of either: outside
        k.xor(value, value, one)
        k.s8i(value, state, 0)
        k.addi(state, state, 1)
    k.addi(rows, rows, -1)
    k.bnez(rows, "MARK")


def look_farther(k: Kernel) -> None:
    """Around a cell (row, column) of depth `HERE`: every cell within reach that hangs on it, into the queue."""
    place, end, tail, first_column, row, column = a3, a4, a6, a7, ROW, COLUMN
    twice, one, value, other, last = a12, a13, a14, a15, a0
    k.l32i(value, W, WORDS["reach"])
    k.movi(other, 0)
    k.add(last, row, value)
    k.sub(row, row, value)
    k.maximum(row, row, other)
    k.sub(first_column, column, value)
    k.maximum(first_column, first_column, other)
    k.add(column, column, value)
    k.movi(other, COLUMNS - 1)
    k.minimum(column, column, other)
    k.movi(other, ROWS - 1)
    k.minimum(last, last, other)
    k.label("ROW")
    k.l32i(place, W, WORDS["state"])
    k.slli(value, row, 6)
    k.add(place, place, value)
    k.add(end, place, column)
    k.add(place, place, first_column)
    k.label("NEAR")
    k.l8ui(value, place, 0)
    k.bne(value, one, "FAR")
    k.l32i(value, W, WORDS["state"])
    k.l32i(other, W, WORDS["depth"])
    k.sub(value, place, value)
    k.addx2(other, value, other)
    step_from(k, value, other, 0)
    k.bltu(twice, value, "FAR")
    k.movi(value, 2)
    k.s8i(value, place, 0)
    k.l32i(value, W, WORDS["state"])
    k.sub(value, place, value)
    k.s16i(value, tail, 0)
    k.addi(tail, tail, 2)
    k.label("FAR")
    k.addi(place, place, 1)
    k.bgeu(end, place, "NEAR")
    k.addi(row, row, 1)
    k.bge(last, row, "ROW")


def step_from(k: Kernel, register: int, depth: int, offset: int) -> None:
    """register = how much farther a cell is than `HERE`, raised by `largest`: within 0 and twice that, it hangs."""
    k.l16ui(register, depth, offset)
    k.sub(register, register, HERE)
    k.add(register, register, LARGEST)


def fill_gaps() -> Kernel:
    k = Kernel("fill_gaps", "words", "As face_kernels.fill_gaps; its arguments and room behind them.")
    column, end, row, block, light, mask, value, other = a3, a4, a5, a6, a7, a8, a14, a15
    first, last, line, last_line, found, total, one = a9, a10, a11, a12, a13, a0, a7
    marked, depth = a8, a6
    k.l32i(block, W, GAPS["block"])
    k.l32i(row, block, 0)
    k.l32i(value, block, 28)
    k.s32i(value, W, GAPS["count"])
    k.label("ROW")
    k.l32i(block, W, GAPS["block"])
    k.l32i(value, block, 4)
    k.blt(row, value, "BEGIN")
    k.l32i(a2, W, GAPS["count"])
    k.j("END")
    k.label("BEGIN")
    k.l32i(column, block, 8)
    k.l32i(end, block, 12)
    k.label("CELL")
    k.bge(column, end, "ROW_END")
    k.l32i(mask, W, GAPS["mask"])
    k.slli(value, row, 6)
    k.add(value, value, column)
    k.add(mask, mask, value)
    k.l8ui(other, mask, 0)
    k.bnez(other, "PASS")
    k.l32i(block, W, GAPS["block"])
    k.l32i(light, W, GAPS["light"])
    k.l32i(other, block, 16)
    k.addx4(light, value, light)
    k.l32i(light, light, 0)
    k.bge(light, other, "LIT")
    k.label("PASS")
    k.addi(column, column, 1)
    k.j("CELL")
    k.label("ROW_END")
    k.addi(row, row, 1)
    k.j("ROW")
    k.label("LIT")
    # The neighbours within two cells.
    k.movi(found, 0)
    k.movi(total, 0)
    k.movi(one, 1)
    k.addi(first, column, -2)
    k.maximum(first, first, found)
    k.addi(line, row, -2)
    k.maximum(line, line, found)
    k.addi(last, column, 2)
    k.movi(value, COLUMNS - 1)
    k.minimum(last, last, value)
    k.addi(last_line, row, 2)
    k.movi(value, ROWS - 1)
    k.minimum(last_line, last_line, value)
    k.label("LINE")
    k.slli(value, line, 6)
    k.l32i(marked, W, GAPS["mask"])
    k.l32i(depth, W, GAPS["depth"])
    k.add(value, value, first)
    k.add(marked, marked, value)
    k.addx2(depth, value, depth)
    k.sub(value, last, first)
    k.add(value, value, marked)
    k.label("NEIGHBOUR")
    k.l8ui(other, marked, 0)
    k.addi(marked, marked, 1)
    k.bne(other, one, "OTHER")
    k.l16ui(other, depth, 0)
    k.addi(found, found, 1)
    k.add(total, total, other)
    k.label("OTHER")
    k.addi(depth, depth, 2)
    k.bgeu(value, marked, "NEIGHBOUR")
    k.addi(line, line, 1)
    k.bge(last_line, line, "LINE")
    k.l32i(block, W, GAPS["block"])
    k.l32i(value, block, 20)
    k.blt(found, value, "NO_GAP")
    k.quos(total, total, found)
    k.slli(line, row, 6)
    k.add(line, line, column)
    k.l32i(other, W, GAPS["depth"])
    k.l32i(value, block, 24)
    k.addx2(other, line, other)
    k.l16ui(other, other, 0)
    k.sub(value, total, value)
    k.beqz(other, "GAP")
    k.blt(other, value, "GAP")
    k.label("NO_GAP")
    k.j("PASS")
    k.label("GAP")
    k.l32i(mask, W, GAPS["mask"])
    k.l32i(other, W, GAPS["out"])
    k.movi(value, 2)
    k.add(mask, mask, line)
    k.s8i(value, mask, 0)
    k.addx2(other, line, other)
    k.s16i(total, other, 0)
    k.l32i(value, W, GAPS["count"])
    k.l32i(other, W, GAPS["cells"])
    k.addx2(other, value, other)
    k.s16i(line, other, 0)
    k.addi(value, value, 1)
    k.s32i(value, W, GAPS["count"])
    k.j("PASS")
    k.label("END")
    return k


def put() -> Kernel:
    k = Kernel("put", "words", "As face_kernels.put; its arguments.")
    cells, count, depth, out, mask, median, at, value, one, eights = a3, a4, a5, a6, a7, a8, a9, a10, a11, a12
    for place, register in enumerate((cells, count, depth, out, mask, median)):
        k.l32i(register, a2, 4 * place)
    k.movi(value, 0)
    k.movi(eights, CELLS // 8)
    with k.loop(eights):
        for place in range(8):
            k.s8i(value, mask, place)
            k.s16i(median, out, 2 * place)
        k.addi(mask, mask, 8)
        k.addi(out, out, 16)
    k.l32i(out, a2, 12)
    k.l32i(mask, a2, 16)
    k.movi(one, 1)
    with k.loop(count, may_be_none=True):
        k.l16ui(at, cells, 0)
        k.addi(cells, cells, 2)
        k.addx2(value, at, depth)
        k.l16ui(value, value, 0)
        k.add(a13, mask, at)
        k.s8i(one, a13, 0)
        k.addx2(at, at, out)
        k.s16i(value, at, 0)
    return k


def count_blind() -> Kernel:
    k = Kernel("count_blind", "words", "As face_kernels.count_blind; its arguments.")
    depth, light, mask, least, left, found, value = a3, a4, a5, a6, a7, a8, a9
    for place, register in enumerate((depth, light, mask, least)):
        k.l32i(register, a2, 4 * (place + 1))
    k.movi(found, 0)
    k.movi(left, CELLS // 2)
    k.add(left, left, left)
    k.label("CELL")
    k.l8ui(value, mask, 0)
    k.bnez(value, "PASS")
    k.l16ui(value, depth, 0)
    k.bnez(value, "PASS")
    k.l32i(value, light, 0)
    k.blt(value, least, "PASS")
    k.addi(found, found, 1)
    k.label("PASS")
    k.addi(mask, mask, 1)
    k.addi(depth, depth, 2)
    k.addi(light, light, 4)
    k.addi(left, left, -1)
    k.bnez(left, "CELL")
    k.mov(a2, found)
    return k
