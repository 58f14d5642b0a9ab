"""Kernels that go over cells once: what is left of `depth_kernels`, and the counting ones of `face_kernels`."""

from __future__ import annotations

from .assembly import Kernel, a0, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15

EIGHT = 8  # cells that `clear` takes at once
GRID_COLUMNS, GRID_ROWS, BINS = 64, 48, 512  # of `face_kernels`


def kernels() -> list[Kernel]:
    return [agree(), clear(), extent(), look_up(), count_depths(), count_columns()]


def agree() -> Kernel:
    k = Kernel("agree", "disparity, confidence, kept, block", "As depth_kernels.agree.")
    disparity, confidence, kept, cells, columns, tolerance, needed = a2, a3, a4, a5, a6, a7, a8
    left, here, lowest, span, friends, near, value = a9, a10, a11, a12, a13, a14, a15
    trusted = a0
    k.l32i(columns, a5, 4)
    k.l32i(tolerance, a5, 8)
    k.l32i(needed, a5, 12)
    k.l32i(cells, a5, 0)
    k.mull(cells, cells, columns)
    k.beqz(cells, "END")
    k.add(span, tolerance, tolerance)
    k.mov(left, cells)
    k.addi(columns, columns, 1)  # from a cell to the one behind and above
    k.label("CELL")
    k.l8ui(here, confidence, 0)
    k.beqz(here, "NO_ANSWER")
    k.load_int16(lowest, disparity, 0)
    k.movi(friends, -1)  # the cell itself is one of them
    k.sub(lowest, lowest, tolerance)
    k.sub(trusted, confidence, columns)
    k.sub(near, disparity, columns)
    k.sub(near, near, columns)
    for row in range(3):
        for column in range(3):
            k.l8ui(here, trusted, column)
            k.beqz(here, f"STRANGER{row}{column}")
            k.load_int16(value, near, 2 * column)
            k.sub(value, value, lowest)
            k.bltu(span, value, f"STRANGER{row}{column}")
            k.addi(friends, friends, 1)
            k.label(f"STRANGER{row}{column}")
        if row < 2:
            k.add(trusted, trusted, columns)
            k.addx2(near, columns, near)
            k.addi(trusted, trusted, -1)
            k.addi(near, near, -2)
    k.movi(value, 1)
    k.bge(friends, needed, "KEPT")
    k.movi(value, 0)
    k.label("KEPT")
    k.s8i(value, kept, 0)
    k.label("NO_ANSWER")
    k.addi(confidence, confidence, 1)
    k.addi(disparity, disparity, 2)
    k.addi(kept, kept, 1)
    k.addi(left, left, -1)
    k.bnez(left, "CELL")
    k.sub(confidence, confidence, cells)
    k.sub(disparity, disparity, cells)
    k.sub(disparity, disparity, cells)
    k.sub(kept, kept, cells)
    k.movi(value, 0)
    k.label("DROP")
    k.l8ui(here, confidence, 0)
    k.beqz(here, "STAYS")
    k.l8ui(here, kept, 0)
    k.bnez(here, "STAYS")
    k.s8i(value, confidence, 0)
    k.s16i(value, disparity, 0)
    k.label("STAYS")
    k.addi(confidence, confidence, 1)
    k.addi(disparity, disparity, 2)
    k.addi(kept, kept, 1)
    k.addi(cells, cells, -1)
    k.bnez(cells, "DROP")
    k.label("END")
    return k


def clear() -> Kernel:
    k = Kernel("clear", "words", "As depth_kernels.clear; its arguments.")
    disparity, confidence, guess, bases, cells, eights, zero = a3, a4, a5, a6, a7, a8, a9
    for place, register in enumerate((disparity, confidence, guess, bases, cells)):
        k.l32i(register, a2, 4 * place)
    k.movi(zero, 0)
    k.srli(eights, cells, 3)
    k.bits(cells, cells, 0, 3)
    for count, together in ((eights, EIGHT), (cells, 1)):
        with k.loop(count, may_be_none=True):
            for place in range(together):
                k.s8i(zero, confidence, place)
                k.s8i(zero, guess, place)
                k.s16i(zero, disparity, 2 * place)
                k.s16i(zero, bases, 2 * place)
            k.addi(confidence, confidence, together)
            k.addi(guess, guess, together)
            k.addi(disparity, disparity, 2 * together)
            k.addi(bases, bases, 2 * together)
    return k


def extent() -> Kernel:
    k = Kernel("extent", "disparity, confidence, block", "As depth_kernels.extent.")
    count, low, high, value, other, trusted, none, raised, zero = a5, a6, a7, a8, a9, a10, a11, a12, a13
    k.l32i(count, a4, 0)
    k.movi(raised, 1)
    k.slli(raised, raised, 15)
    k.add(none, raised, raised)
    k.movi(zero, 0)
    k.mov(low, none)
    k.movi(high, 0)
    with k.loop(count, may_be_none=True):
        k.load_int16(value, a2, 0)
        k.l8ui(trusted, a3, 0)
        k.add(value, value, raised)
        k.mov(other, value)
        k.move_if_zero(value, none, trusted)
        k.move_if_zero(other, zero, trusted)
        k.minimum(low, low, value)
        k.maximum(high, high, other)
        k.addi(a2, a2, 2)
        k.addi(a3, a3, 1)
    k.s32i(low, a4, 4)
    k.s32i(high, a4, 8)
    return k


def look_up() -> Kernel:
    k = Kernel("look_up", "words", "As depth_kernels.look_up; its arguments.")
    disparity, confidence, table, out, block, cells, trusted, value = a3, a4, a5, a6, a7, a8, a9, a10
    for place, register in enumerate((disparity, confidence, table, out, block)):
        k.l32i(register, a2, 4 * place)
    k.l32i(cells, block, 0)
    k.l32i(value, block, 4)
    k.beqz(cells, "END")
    k.movi(trusted, 1)
    k.slli(trusted, trusted, 15)
    k.sub(value, trusted, value)  # from a disparity to its place
    k.addx2(table, value, table)
    k.label("CELL")
    k.l8ui(trusted, confidence, 0)
    k.movi(value, 0)
    k.beqz(trusted, "NO_ANSWER")
    k.load_int16(value, disparity, 0)
    k.addx2(value, value, table)
    k.l16ui(value, value, 0)
    k.label("NO_ANSWER")
    k.s16i(value, out, 0)
    k.addi(confidence, confidence, 1)
    k.addi(disparity, disparity, 2)
    k.addi(out, out, 2)
    k.addi(cells, cells, -1)
    k.bnez(cells, "CELL")
    k.label("END")
    return k


def count_depths() -> Kernel:
    k = Kernel("count_depths", "at, depth, bins, first_column", "As face_kernels.count_depths.")
    depth, bins, first, count, rows, value, at, number = a3, a4, a5, a6, a7, a8, a9, a10
    k.movi(value, 0)
    k.movi(count, BINS // 8)
    k.mov(at, bins)
    with k.loop(count):
        for place in range(8):
            k.s32i(value, at, 4 * place)
        k.addi(at, at, 32)
    k.movi(rows, GRID_ROWS)
    k.movi(count, GRID_COLUMNS)
    k.sub(count, count, first)
    k.label("ROW")
    k.addx2(depth, first, depth)
    with k.loop(count, may_be_none=True):
        k.l16ui(value, depth, 0)
        k.addi(depth, depth, 2)
        k.srli(value, value, 7)
        k.addx4(at, value, bins)
        k.l32i(number, at, 0)
        k.addi(number, number, 1)
        k.s32i(number, at, 0)
    k.addi(rows, rows, -1)
    k.bnez(rows, "ROW")
    return k


def count_columns() -> Kernel:
    k = Kernel("count_columns", "cells, count, columns, rows", "As face_kernels.count_columns.")
    cells, count, columns, rows, value, at, number, fours = a2, a3, a4, a5, a6, a7, a8, a9
    k.movi(value, 0)
    for counts, many in ((columns, GRID_COLUMNS), (rows, GRID_ROWS)):
        k.mov(at, counts)
        k.movi(fours, many // 4)
        with k.loop(fours):
            for place in range(4):
                k.s32i(value, at, 4 * place)
            k.addi(at, at, 16)
    with k.loop(count, may_be_none=True):
        k.l16ui(value, cells, 0)
        k.addi(cells, cells, 2)
        k.bits(at, value, 0, 6)
        k.srli(value, value, 6)
        k.addx4(at, at, columns)
        k.addx4(value, value, rows)
        for counted in (at, value):
            k.l32i(number, counted, 0)
            k.addi(number, number, 1)
            k.s32i(number, counted, 0)
    return k
