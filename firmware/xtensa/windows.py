"""Convolutions and fully connected layers: patches of a padded image, and pixels."""

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
from .blocks import CONV, DIRECT

UNRAISED = -128  # added to a clamped int8 it gives the byte raised by 128, modulo 256
WORDS_BEHIND = 2  # of a channel's weights: what is added before the shift; and for signed kernels the shift
SHORT_LENGTHS = (8, 12, 16)  # pixels of so many channels lie in registers, two a register


def kernels() -> list[Kernel]:
    return [
        *(conv(signed) for signed in (False, True)),
        *(direct(signed) for signed in (False, True)),
        *(direct_short(length) for length in SHORT_LENGTHS),
    ]


def named(name: str, signed: bool) -> str:
    return name + "_signed" if signed else name


def requantise(k: Kernel, value: int, factor: int, addend: int, spare: int, signed: bool) -> None:
    """value: an accumulator -> its raised output.

    With the accumulator scaled up by 2**k, the high word of its product with the factor still holds all that
    rounding asks for: `addend` carries both halves and the zero point. TensorFlow Lite rounds a negative tie down,
    which one step less does; the signed kernels' accumulators are scaled by 4, where that step is 2.
    """
    k.mulsh(value, value, factor)
    if signed:
        k.srai(spare, value, 31)
        k.addx2(value, spare, value)
    k.add(value, value, addend)
    k.sra(value, value)
    k.clamp_int8(value, value)
    k.addi(value, value, UNRAISED)


def behind_weights(signed: bool) -> int:
    """Bytes from the factor, the word that follows the weights and is loaded like one, to the next channel."""
    return 12 if signed else 8


def channel_loop(k: Kernel, patch: int, quads: int, signed: bool) -> None:
    """One pixel's channels: a4 weights, a5 output; a patch of int16 at offset `patch` of the block.

    `quads` is a register; a5 moves on, a4 does not. Uses a8 to a11, a13, a14 and all of MAC16.
    """
    weights, end, acc, at, factor, addend = a13, a14, a8, a9, a10, a11
    k.mov(weights, a4)
    k.label("CHANNEL")
    k.l32i(acc, weights, 0)
    k.addi(at, a2, patch - 4)
    k.start(acc)
    k.load_next(m0, at)
    k.load_next(m2, weights)
    with k.loop(quads):
        k.mac_and_load("LL", 0, 2, m1, at)
        k.mac_and_load("HH", 0, 2, m3, weights)
        k.mac_and_load("LL", 1, 3, m0, at)
        k.mac_and_load("HH", 1, 3, m2, weights)
    k.result(acc)
    k.read_mr(factor, m2)
    k.l32i(addend, weights, 4)
    if signed:
        k.l32i(at, weights, 8)
        k.ssr(at)
    requantise(k, acc, factor, addend, at, signed)
    k.s8i(acc, a5, 0)
    k.addi(a5, a5, 1)
    k.addi(weights, weights, behind_weights(signed))
    k.bne(a5, end, "CHANNEL")


def conv(signed: bool) -> Kernel:
    k = Kernel(named("conv", signed), "block, x, weights, y", "Any window over an image with its padding.")
    p = CONV
    columns, quads = a15, a12
    patch, gap, runs, fours, rest, source, first, second, step = a0, a6, a7, a8, a9, a10, a11, a13, a14
    if not signed:
        k.l32i(a8, a2, p["shift"])
        k.ssr(a8)
    k.l32i(quads, a2, p["quads"])
    k.l32i(a8, a2, p["images"])
    k.s32i(a8, a2, p["image_left"])
    k.label("IMAGE")
    k.s32i(a3, a2, p["image_x"])
    k.l32i(a8, a2, p["rows"])
    k.s32i(a8, a2, p["row_left"])
    k.label("ROW")
    k.s32i(a3, a2, p["row_x"])
    k.l32i(columns, a2, p["columns"])
    k.label("PIXEL")
    k.addi(patch, a2, p["patch"])
    k.mov(source, a3)
    k.l32i(gap, a2, p["gaps"])
    k.l32i(runs, a2, p["runs"])
    k.l32i(fours, a2, p["fours"])
    k.l32i(rest, a2, p["rest"])
    k.add(gap, gap, a2)
    k.label("RUN")
    with k.loop(fours, may_be_none=True):
        k.l8ui(first, source, 0)
        k.l8ui(second, source, 1)
        k.s16i(first, patch, 0)
        k.l8ui(first, source, 2)
        k.s16i(second, patch, 2)
        k.l8ui(second, source, 3)
        k.s16i(first, patch, 4)
        k.addi(source, source, 4)
        k.s16i(second, patch, 6)
        k.addi(patch, patch, 8)
    with k.loop(rest, may_be_none=True):
        k.l8ui(first, source, 0)
        k.addi(source, source, 1)
        k.s16i(first, patch, 0)
        k.addi(patch, patch, 2)
    k.l32i(step, gap, 0)
    k.addi(gap, gap, 4)
    k.add(source, source, step)
    k.addi(runs, runs, -1)
    k.bnez(runs, "RUN")
    k.l32i(a14, a2, p["channels"])
    k.add(a14, a5, a14)
    channel_loop(k, p["patch"], quads, signed)
    k.l32i(a8, a2, p["pixel_step"])
    k.addi(columns, columns, -1)
    k.add(a3, a3, a8)
    k.bnez(columns, "PIXEL")
    for what in ("row", "image"):
        k.l32i(a3, a2, p[what + "_x"])
        k.l32i(a8, a2, p[what + "_step"])
        k.l32i(a9, a2, p[what + "_left"])
        k.add(a3, a3, a8)
        k.addi(a9, a9, -1)
        k.s32i(a9, a2, p[what + "_left"])
        k.bnez(a9, what.upper())
    return k


def direct(signed: bool) -> Kernel:
    k = Kernel(named("direct", signed), "block, x, weights, y", "A fully connected layer, or single pixels.")
    p = DIRECT
    pixels, quads, channels, mask = a15, a12, a7, a6
    patch, even, odd = a8, a9, a10
    if not signed:
        k.l32i(a8, a2, p["shift"])
        k.ssr(a8)
    for register, name in ((pixels, "pixels"), (quads, "quads"), (channels, "channels"), (mask, "mask")):
        k.l32i(register, a2, p[name])
    k.label("PIXEL")
    k.addi(patch, a2, p["patch"])
    with k.loop(quads):  # four bytes to four int16, the inner two exchanged; so are the weights
        k.l32i(odd, a3, 0)
        k.addi(a3, a3, 4)
        k.and_(even, odd, mask)
        k.srli(odd, odd, 8)
        k.s32i(even, patch, 0)
        k.and_(odd, odd, mask)
        k.s32i(odd, patch, 4)
        k.addi(patch, patch, 8)
    k.add(a14, a5, channels)
    channel_loop(k, p["patch"], quads, signed)
    k.addi(pixels, pixels, -1)
    k.bnez(pixels, "PIXEL")
    return k


def direct_short(length: int) -> Kernel:
    """Pixels of few channels: they stay in registers, so that only weights are loaded, all of them within products.

    A channel's words: the first two weights, the accumulator's start, the other weights, the factor, the addend. The
    products of a word's two weights load the words that are needed next; at a channel's end the next one's first two.
    """
    k = Kernel(f"direct_{length}", "block, x, weights, y", f"As direct, for pixels of {length} channels.")
    p = DIRECT
    pairs = length // 2
    block_at, left_at = LOCALS[0], LOCALS[1]
    x = (a0, a2, a6, a7, a8, a9, a10, a11)[:pairs]
    weights, value, other, spare = a12, a13, a14, a15
    k.s32i(a2, a1, block_at)
    k.l32i(value, a2, p["shift"])
    k.l32i(other, a2, p["pixels"])
    k.ssr(value)
    k.label("PIXEL")
    k.s32i(other, a1, left_at)
    k.l32i(spare, a2, p["mask"])
    for even, odd, place in zip(x[::2], x[1::2], range(0, length, 4), strict=True):
        k.l32i(odd, a3, place)
        k.and_(even, odd, spare)
        k.srli(odd, odd, 8)
        k.and_(odd, odd, spare)
    k.l32i(spare, a1, block_at)
    k.addi(a3, a3, length)
    k.l32i(spare, spare, p["channels"])
    k.addi(weights, a4, -4)
    k.load_next(m1, weights)
    k.load_next(m0, weights)
    with k.loop(spare):
        k.read_mr(value, m0)
        k.start(value)
        # Weights of an even pair stand in m1, of an odd one in m0; what a register held is used up when it is loaded.
        for pair in range(pairs):
            here = m0 if pair % 2 else m1
            if pair == pairs - 2:
                first, second = m3, m2  # the factor and the addend
            elif pair == pairs - 1:
                first, second = m1, m0  # the next channel's first weights and its start
            else:
                first, second = (m0 if pair == 0 else None), here
            k.mac_pair(here, x[pair], "LL", first, weights)
            k.mac_pair(here, x[pair], "HH", second, weights)
        k.result(value)
        k.read_mr(other, m3)
        k.mulsh(value, value, other)
        k.read_mr(other, m2)
        k.add(value, value, other)
        k.sra(value, value)
        k.clamp_int8(value, value)
        k.addi(value, value, UNRAISED)
        k.s8i(value, a5, 0)
        k.addi(a5, a5, 1)
    k.l32i(other, a1, left_at)
    k.l32i(a2, a1, block_at)
    k.addi(other, other, -1)
    k.bnez(other, "PIXEL")
    return k
