"""Depthwise convolutions: any window, and the quick ones of 3x3."""

from __future__ import annotations

from .assembly import (
    LOCALS,
    Kernel,
    a0,
    a1,
    a2,
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
    a14,
    a15,
    m0,
    m1,
    m2,
    m3,
)  # fmt: skip
from .blocks import DEPTHWISE, DEPTHWISE3, PAD
from .windows import UNRAISED, behind_weights, named, requantise


def kernels() -> list[Kernel]:
    return [
        *(depthwise(signed) for signed in (False, True)),
        pad(),
        *(depthwise3(stride, signed) for stride in (1, 2) for signed in (False, True)),
    ]


def depthwise(signed: bool) -> Kernel:
    k = Kernel(
        named("depthwise", signed),
        "block, x, weights, y",
        "Any depthwise window over an image with its padding.",
    )
    p = DEPTHWISE
    channel_x, weights, line, lines, source, tap, taps = a6, a7, a8, a9, a10, a11, a12
    line_step, tap_step, depth_left, index_left = a13, a14, a15, a0
    value, factor, addend = tap, source, lines
    if not signed:
        k.l32i(a8, a2, p["shift"])
        k.ssr(a8)
    k.l32i(taps, a2, p["taps"])
    k.l32i(line_step, a2, p["line_step"])
    k.l32i(tap_step, a2, p["tap_step"])
    k.l32i(a8, a2, p["images"])
    k.s32i(a8, a2, p["image_left"])
    k.label("IMAGE")
    k.s32i(a3, a2, p["image_x"])
    k.l32i(a8, a2, p["rows"])
    k.s32i(a8, a2, p["row_left"])
    k.label("ROW")
    k.s32i(a3, a2, p["row_x"])
    k.l32i(a8, a2, p["columns"])
    k.s32i(a8, a2, p["column_left"])
    k.label("PIXEL")
    k.mov(channel_x, a3)
    k.mov(weights, a4)
    k.l32i(depth_left, a2, p["depth"])
    k.label("DEPTH")
    k.l32i(index_left, a2, p["multiplier"])
    k.label("INDEX")
    k.l32i(tap, weights, 0)
    k.mov(line, channel_x)
    k.start(tap)
    k.load_next(m0, weights)
    k.l32i(lines, a2, p["lines"])
    k.label("LINE")
    k.mov(source, line)
    with k.loop(taps):
        k.l8ui(tap, source, 0)
        k.add(source, source, tap_step)
        k.mac_weight_and_load(m0, tap, m0, weights)
    k.addi(lines, lines, -1)
    k.add(line, line, line_step)
    k.bnez(lines, "LINE")
    k.result(value)
    k.read_mr(factor, m0)
    k.l32i(addend, weights, 4)
    if signed:
        k.l32i(line, weights, 8)
        k.ssr(line)
    requantise(k, value, factor, addend, line, signed)
    k.s8i(value, a5, 0)
    k.addi(a5, a5, 1)
    k.addi(weights, weights, behind_weights(signed))
    k.addi(index_left, index_left, -1)
    k.bnez(index_left, "INDEX")
    k.addi(channel_x, channel_x, 1)
    k.addi(depth_left, depth_left, -1)
    k.bnez(depth_left, "DEPTH")
    k.l32i(a8, a2, p["pixel_step"])
    k.l32i(a9, a2, p["column_left"])
    k.add(a3, a3, a8)
    k.addi(a9, a9, -1)
    k.s32i(a9, a2, p["column_left"])
    k.bnez(a9, "PIXEL")
    for what in ("row", "image"):
        k.l32i(a3, a2, p[what + "_x"])
        k.l32i(a8, a2, p[what + "_step"])
        k.l32i(a9, a2, p[what + "_left"])
        k.add(a3, a3, a8)
        k.addi(a9, a9, -1)
        k.s32i(a9, a2, p[what + "_left"])
        k.bnez(a9, what.upper())
    return k


def pad() -> Kernel:
    k = Kernel("pad", "block, x, y", "An image with its padding, as depthwise3 takes it.")
    p = PAD
    word, pixel_step, fill, columns, rows, groups, between, count, row = a5, a6, a7, a8, a9, a10, a11, a12, a13

    def filled(words: int) -> None:
        with k.loop(words, may_be_none=True):
            k.s32i(fill, a4, 0)
            k.addi(a4, a4, 4)

    for register, name in ((pixel_step, "pixel_step"), (fill, "fill"), (columns, "columns"), (groups, "groups")):
        k.l32i(register, a2, p[name])
    k.l32i(between, a2, p["between"])
    k.label("GROUP")
    k.mov(row, a3)
    k.l32i(rows, a2, p["rows"])
    k.l32i(count, a2, p["above"])
    filled(count)
    k.label("ROW")
    k.mov(a14, row)
    with k.loop(columns):
        k.l32i(word, a14, 0)
        k.add(a14, a14, pixel_step)
        k.s32i(word, a4, 0)
        k.addi(a4, a4, 4)
    k.l32i(count, a2, p["row_step"])
    k.addi(rows, rows, -1)
    k.add(row, row, count)
    k.mov(count, between)
    k.bnez(rows, "MORE")
    k.l32i(count, a2, p["below"])
    k.label("MORE")
    filled(count)
    k.bnez(rows, "ROW")
    k.addi(a3, a3, 4)
    k.addi(groups, groups, -1)
    k.bnez(groups, "GROUP")
    return k


def depthwise3(stride: int, signed: bool) -> Kernel:
    """Down the columns of one channel: of nine values only the new rows' are loaded."""
    name = named(f"depthwise3_{stride}", signed)
    k = Kernel(name, "block, x, weights, y", "A depthwise window of 3x3 over what `pad` makes.")
    p = DEPTHWISE3
    block_at, addend_at = LOCALS[0], LOCALS[1]
    one, two = (a3, a4, a6), (a7, a8, a9)  # a row of three values each
    x, pitch, y, y_step, last, bias, factor, addend, value = a10, a11, a5, a12, a13, a14, a15, a0, a2

    def load(row: tuple[int, ...], place: int) -> None:
        k.l8ui(row[place], x, 4 * place)

    def output(first: tuple[int, ...], second: tuple[int, ...]) -> None:
        """One output, given its upper row; for stride 1 the second, too. Leaves its lowest row in `first`."""
        k.start(bias)
        for place in range(3):
            k.mac_tap(place, first[place], last)
            if place == 0:
                k.add(x, x, pitch)
            else:
                load(first if stride == 1 else second, place - 1)
        # Each load one instruction or more ahead of its use.
        k.mac_tap(3, second[0], last)
        load(first if stride == 1 else second, 2)
        if stride == 2:
            k.add(x, x, pitch)
        k.mac_tap(4, second[1], last)
        if stride == 2:
            load(first, 0)
        k.mac_tap(5, second[2], last)
        for place in range(3):
            if stride == 2 and place < 2:
                load(first, place + 1)
            k.mac_tap(6 + place, first[place], last)
        k.result(value)
        requantise(k, value, factor, addend, addend, False) if not signed else signed_requantise()
        k.s8i(value, y, 0)
        k.add(y, y, y_step)

    def signed_requantise() -> None:
        # One register is missing: the addend comes from the stack each time.
        k.mulsh(value, value, factor)
        k.srai(addend, value, 31)
        k.addx2(value, addend, value)
        k.l32i(addend, a1, addend_at)
        k.add(value, value, addend)
        k.sra(value, value)
        k.clamp_int8(value, value)
        k.addi(value, value, UNRAISED)

    k.s32i(a2, a1, block_at)
    k.s32i(a3, a2, p["group_x"])
    k.s32i(a4, a2, p["weights"])
    k.s32i(a5, a2, p["channel_y"])
    k.l32i(pitch, a2, p["pitch"])
    k.l32i(y_step, a2, p["y_step"])
    k.l32i(a6, a2, p["groups"])
    k.s32i(a6, a2, p["group_left"])
    if not signed:
        k.l32i(a6, a2, p["shift"])
        k.ssr(a6)
    k.label("GROUP")
    k.l32i(a6, a2, p["group_x"])
    k.s32i(a6, a2, p["channel_x"])
    k.movi(a6, 4)
    k.s32i(a6, a2, p["byte_left"])
    k.label("CHANNEL")
    k.l32i(a6, a2, p["weights"])
    k.l32i(bias, a6, 0)
    for m in (m0, m1, m2, m3):
        k.load_next(m, a6)
    k.l32i(last, a6, 4)
    k.l32i(factor, a6, 8)
    k.l32i(addend, a6, 12)
    if signed:
        k.s32i(addend, a1, addend_at)
        k.l32i(a7, a6, 16)
        k.ssr(a7)
    k.addi(a6, a6, 20 if signed else 16)
    k.s32i(a6, a2, p["weights"])
    k.l32i(x, a2, p["channel_x"])
    k.l32i(y, a2, p["channel_y"])
    k.l32i(a6, a2, p["columns"])
    k.label("COLUMN")
    k.s32i(a6, a2, p["column_left"])
    k.l32i(value, a2, p["pairs"])
    for place in range(3):
        load(one, place)
    if stride == 1:
        k.add(x, x, pitch)
        for place in range(3):
            load(two, place)
    with k.loop(value, may_be_none=True):
        output(one, two)
        if stride == 1:
            output(two, one)
    k.l32i(value, a1, block_at)
    if stride == 1:
        k.l32i(value, a2, p["odd"])
        with k.loop(value, may_be_none=True):
            output(one, two)
        k.l32i(a2, a1, block_at)
    k.l32i(a6, a2, p["x_back"])
    k.l32i(a7, a2, p["y_back"])
    k.add(x, x, a6)
    k.l32i(a6, a2, p["column_left"])
    k.add(y, y, a7)
    k.addi(a6, a6, -1)
    k.bnez(a6, "COLUMN")
    for name in ("channel_x", "channel_y"):
        k.l32i(a6, a2, p[name])
        k.addi(a6, a6, 1)
        k.s32i(a6, a2, p[name])
    k.l32i(a6, a2, p["byte_left"])
    k.addi(a6, a6, -1)
    k.s32i(a6, a2, p["byte_left"])
    k.bnez(a6, "CHANNEL")
    k.l32i(a6, a2, p["group_x"])
    k.l32i(a7, a2, p["plane"])
    k.l32i(a8, a2, p["group_left"])
    k.add(a6, a6, a7)
    k.s32i(a6, a2, p["group_x"])
    k.addi(a8, a8, -1)
    k.s32i(a8, a2, p["group_left"])
    k.bnez(a8, "GROUP")
    return k
