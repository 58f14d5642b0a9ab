"""`depth_kernels.seed`: the search at every third cell of every third row. Names are those of the viper kernel."""

from __future__ import annotations

from .assembly import Kernel, a0, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15
from .blocks import offsets

WORDS = offsets(
    *("at", "word", "frame", "words", "ones", "costs", "guess", "block"),  # the arguments; what follows is scratch
    *("width", "step", "columns", "rows", "disparities", "bias", "lowest", "guard", "margin", "limit", "sure"),
    *("floor", "row", "end_row"),  # as in the block, but lowest without the bias
    *("half_limit", "line", "top", "column", "likely", "begin", "finish", "left"),
)
BLOCK = tuple(name for name, place in WORDS.items() if WORDS["width"] <= place <= WORDS["end_row"])
SAMPLED_LINES, SAMPLED_COLUMNS = 4, 8  # for the energy: every fourth row, every second pixel
LINES, HALF = 15, 7  # of the window
WORD_APART = 16  # bytes from a word of a window to the next but one in its row
TABLE_BITS, LEFT_BITS = 11, 10  # a word of 30 bits + 2 is looked up in three parts
ARGUMENTS = WORDS["width"] // 4
W = a2


def load(k: Kernel, *pairs: tuple[int, str]) -> None:
    for register, name in pairs:
        k.l32i(register, W, WORDS[name])


def store(k: Kernel, *pairs: tuple[int, str]) -> None:
    for register, name in pairs:
        k.s32i(register, W, WORDS[name])


def seed() -> Kernel:
    k = Kernel("seed", "words", "As depth_kernels.seed; its arguments and room behind them.")
    load(k, (a3, "block"))
    for place, name in enumerate(BLOCK):
        k.l32i(a4, a3, 4 * place)
        store(k, (a4, name))
    load(k, (a4, "lowest"), (a5, "bias"), (a6, "limit"))
    k.sub(a4, a4, a5)
    k.addi(a6, a6, -16)
    k.movi(a7, 0)
    store(k, (a4, "lowest"), (a6, "half_limit"), (a7, "line"))
    k.label("ROW")
    load(k, (a3, "row"), (a4, "end_row"), (a5, "step"), (a6, "width"))
    k.blt(a3, a4, "BEGIN_ROW")
    k.j("END")
    k.label("BEGIN_ROW")
    k.mull(a3, a3, a5)
    k.srli(a5, a5, 1)
    k.add(a3, a3, a5)
    k.addi(a3, a3, -HALF)
    k.mull(a3, a3, a6)
    k.movi(a4, 1)
    k.movi(a5, 0)
    store(k, (a3, "top"), (a4, "column"), (a5, "likely"))
    k.label("COLUMN")
    load(k, (a3, "column"), (a4, "columns"))
    k.addi(a4, a4, -1)
    k.blt(a3, a4, "BEGIN_COLUMN")
    load(k, (a3, "line"), (a4, "row"))
    k.addi(a3, a3, 1)
    k.addi(a4, a4, 3)
    store(k, (a3, "line"), (a4, "row"))
    k.j("ROW")
    k.label("BEGIN_COLUMN")
    bits_of_the_frame(k)
    search(k)
    rivals(k)
    k.label("NEXT")
    load(k, (a3, "column"))
    k.addi(a3, a3, 3)
    store(k, (a3, "column"))
    k.j("COLUMN")
    k.label("END")
    return k


def bits_of_the_frame(k: Kernel) -> None:
    """a4 to a7: the window's words; a8: where it begins in a row. To NEXT where there are no dots."""
    u, width, total, corner, at, value, count = a8, a9, a10, a11, a12, a13, a14
    load(k, (a5, "step"), (width, "width"), (corner, "top"), (a6, "frame"))
    k.mull(u, a3, a5)
    k.srli(a5, a5, 1)
    k.add(u, u, a5)
    k.addi(u, u, -HALF)
    k.bltz(u, "DARK")
    k.addi(a7, u, 2 * HALF)
    k.bge(a7, width, "DARK")
    k.add(corner, corner, u)
    k.add(corner, corner, a6)
    k.movi(total, 0)
    k.start(total)
    k.add(at, corner, width)
    k.slli(a7, width, 2)
    k.movi(count, SAMPLED_LINES)
    with k.loop(count):
        for place in range(SAMPLED_COLUMNS):
            k.l8ui(value, at, 2 * place)
            k.mac(value, value)
            k.add(total, total, value)
        k.add(at, at, a7)
    k.result(a3)
    load(k, (a4, "floor"))
    k.slli(a3, a3, 5)
    k.mull(a5, total, total)
    k.sub(a3, a3, a5)
    k.bge(a3, a4, "DOTS")
    k.label("DARK")
    k.j("NEXT")
    k.label("DOTS")
    level = total
    k.srli(level, total, 5)
    k.movi(a3, 31)
    k.ssr(a3)
    k.movi(count, LINES)
    for place, word in enumerate((a4, a5, a6, a7)):
        k.movi(word, 0)
        for column in (4 * place, 4 * place + 2):
            k.addi(at, corner, column)
            with k.loop(count):
                k.l8ui(value, at, 0)
                k.add(at, at, width)
                k.sub(value, level, value)
                k.funnel(word, word, value)  # its sign becomes the word's lowest bit


def look_up(k: Kernel, cost: int, word: int, table: int, spare: int, first: bool) -> None:
    """cost (+)= set bits of the word."""
    for place, count in ((0, TABLE_BITS), (TABLE_BITS, TABLE_BITS), (2 * TABLE_BITS, LEFT_BITS)):
        k.bits(spare, word, place, count)
        k.add(spare, spare, table)
        if first and place == 0:
            k.l8ui(cost, spare, 0)
        else:
            k.l8ui(spare, spare, 0)
            k.add(cost, cost, spare)


def search(k: Kernel) -> None:
    table, at, number, end, cost, word, spare, best, where, costs = a3, a8, a9, a10, a11, a12, a13, a14, a15, a0
    w = (a4, a5, a6, a7)
    load(k, (a9, "lowest"), (a10, "width"), (a11, "disparities"), (a12, "likely"), (a13, "line"))
    k.sub(a8, a8, a9)  # left
    k.addi(a9, a8, LINES)
    k.sub(a9, a9, a10)
    k.movi(a14, 0)
    k.maximum(a9, a9, a14)
    k.mull(a13, a13, a10)
    k.addi(a10, a8, 1)
    k.minimum(a10, a10, a11)
    k.add(a8, a8, a13)
    store(k, (a9, "begin"), (a10, "finish"), (a8, "left"))
    k.beqz(a12, "EVERYWHERE")
    k.addi(a13, a12, -4)
    k.maximum(a9, a9, a13)
    k.addi(a13, a12, 3)
    k.minimum(a10, a10, a13)
    k.label("EVERYWHERE")
    k.movi(best, 255)
    load(k, (table, "ones"))
    k.label("AGAIN")
    load(k, (costs, "costs"), (at, "left"), (spare, "words"))
    k.bge(number, end, "SEARCHED_")
    k.add(costs, costs, number)
    k.sub(at, at, number)
    k.addx4(at, at, spare)
    k.label("DISPARITY")
    k.l32i(word, at, 0)
    k.xor(word, word, w[0])
    look_up(k, cost, word, table, spare, first=True)
    k.l32i(word, at, 2 * WORD_APART)
    k.xor(word, word, w[2])
    look_up(k, cost, word, table, spare, first=False)
    load(k, (spare, "half_limit"))
    k.bge(spare, cost, "WHOLE")
    k.movi(cost, 255)
    k.j("COUNTED")
    k.label("SEARCHED_")
    k.j("SEARCHED")
    k.label("WHOLE")
    for place in (1, 3):
        k.l32i(word, at, place * WORD_APART)
        k.xor(word, word, w[place])
        look_up(k, cost, word, table, spare, first=False)
    k.label("COUNTED")
    k.s8i(cost, costs, 0)
    k.bge(cost, best, "WORSE")
    k.mov(best, cost)
    k.mov(where, number)
    k.label("WORSE")
    k.addi(number, number, 1)
    k.addi(costs, costs, 1)
    k.addi(at, at, -4)
    k.beq(number, end, "LAST")
    k.j("DISPARITY")
    k.label("LAST")
    load(k, (spare, "likely"), (cost, "sure"))
    k.beqz(spare, "SEARCHED")
    k.movi(spare, 1)
    k.bge(cost, best, "SETTLED")
    k.movi(spare, 0)
    store(k, (spare, "likely"))
    k.movi(best, 255)
    load(k, (number, "begin"), (end, "finish"))
    k.j("AGAIN")
    k.label("SETTLED")
    store(k, (spare, "likely"))
    k.label("SEARCHED")


def rivals(k: Kernel) -> None:
    """Unless a rival comes close: the guess."""
    best, where, costs, lowest, count, at, value, begin, guard, zero = a14, a15, a3, a4, a5, a6, a7, a8, a9, a10
    load(k, (value, "limit"), (a11, "likely"), (costs, "costs"), (begin, "begin"), (guard, "guard"))
    k.bge(value, best, "MATCHED")
    k.j("NEXT")
    k.label("MATCHED")
    k.bnez(a11, "ALONE")
    k.movi(zero, 0)
    k.movi(lowest, 255)
    k.sub(count, where, guard)
    k.sub(count, count, begin)
    k.maximum(count, count, zero)
    k.add(at, costs, begin)
    cheapest(k, lowest, at, count, value)
    load(k, (count, "finish"))
    k.add(at, where, guard)
    k.addi(at, at, 1)
    k.sub(count, count, at)
    k.maximum(count, count, zero)
    k.add(at, at, costs)
    cheapest(k, lowest, at, count, value)
    load(k, (value, "margin"))
    k.add(value, value, best)
    k.bge(lowest, value, "ALONE")
    store(k, (zero, "likely"))
    k.j("NEXT")
    k.label("ALONE")
    load(k, (a3, "row"), (a4, "columns"), (a5, "column"), (a6, "guess"))
    k.mull(a3, a3, a4)
    k.addi(where, where, 1)
    k.add(a3, a3, a5)
    store(k, (where, "likely"))
    k.add(a3, a3, a6)
    k.s8i(where, a3, 0)


def cheapest(k: Kernel, lowest: int, at: int, count: int, value: int) -> None:
    with k.loop(count, may_be_none=True):
        k.l8ui(value, at, 0)
        k.addi(at, at, 1)
        k.minimum(lowest, lowest, value)
