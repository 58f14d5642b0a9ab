"""Two tensors in, one out, with broadcasting: sums by tables, and products."""

from __future__ import annotations

from .assembly import Kernel, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15
from .blocks import PAIRS
from .windows import requantise

OUTER_AXES = (2, 1, 0)


def kernels() -> list[Kernel]:
    return [pairs("add_pair"), pairs("mul_pair")]


def pairs(name: str) -> Kernel:
    says = "Sums of what two tables say, requantised." if name == "add_pair" else "Products of steps, requantised."
    k = Kernel(name, "block, a, b, y", says)
    p = PAIRS
    block, a, b, y = a2, a3, a4, a5
    of_a, of_b, factor, addend, step_a, step_b = a6, a7, a8, a9, a10, a11
    first, second, count, spare = a12, a13, a14, a15
    k.l32i(first, block, p["shift"])
    k.l32i(factor, block, p["factor"])
    k.l32i(addend, block, p["addend"])
    k.l32i(step_a, block, p["steps_a"] + 12)
    k.l32i(step_b, block, p["steps_b"] + 12)
    k.ssr(first)
    k.l32i(of_a, block, p["of_a"])
    k.l32i(of_b, block, p["of_b"])
    if name == "add_pair":  # where the tables stand, else the raised zero points
        k.add(of_a, of_a, block)
        k.add(of_b, of_b, block)
    for axis in reversed(OUTER_AXES):
        k.l32i(count, block, p["counts"] + 4 * axis)
        k.s32i(count, block, p["left"] + 4 * axis)
        k.s32i(a, block, p["a"] + 4 * axis)
        k.s32i(b, block, p["b"] + 4 * axis)
    k.label("AXIS2")
    k.l32i(count, block, p["counts"] + 12)
    with k.loop(count):
        k.l8ui(first, a, 0)
        k.l8ui(second, b, 0)
        if name == "add_pair":
            k.addx4(first, first, of_a)
            k.addx4(second, second, of_b)
            k.l32i(first, first, 0)
            k.l32i(second, second, 0)
            k.add(first, first, second)
        else:
            k.sub(first, first, of_a)
            k.sub(second, second, of_b)
            k.slli(first, first, 2)
            k.mull(first, first, second)
        k.add(a, a, step_a)
        k.add(b, b, step_b)
        requantise(k, first, factor, addend, spare, True)
        k.s8i(first, y, 0)
        k.addi(y, y, 1)
    for axis in OUTER_AXES:
        for at, name_of in ((a, "a"), (b, "b")):
            k.l32i(at, block, p[name_of] + 4 * axis)
            k.l32i(spare, block, p["steps_" + name_of] + 4 * axis)
            k.add(at, at, spare)
            k.s32i(at, block, p[name_of] + 4 * axis)
        k.l32i(count, block, p["left"] + 4 * axis)
        k.addi(count, count, -1)
        k.s32i(count, block, p["left"] + 4 * axis)
        # The inner axes start anew from here.
        for inner in range(axis + 1, 3):
            k.l32i(spare, block, p["counts"] + 4 * inner)
            k.s32i(spare, block, p["left"] + 4 * inner)
            k.s32i(a, block, p["a"] + 4 * inner)
            k.s32i(b, block, p["b"] + 4 * inner)
        k.bnez(count, "AXIS2")
    return k
