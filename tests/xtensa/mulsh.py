"""MULSH for QEMU's core, which lacks it: an exception handler that computes it and counts how often it did.

The handler is one straight line, so what it costs is known to the instruction and can be taken off a count. With it,
a MULSH counts as one instruction, as on the ESP32-S3. It must not be the last instruction of a zero-overhead loop: a
core does not go round such a loop within an exception (`loops` checks this).

Ref: Cadence, Xtensa Instruction Set Architecture (ISA) Reference Manual, chapters 4.4.1 (exceptions) and 6 (MULSH).
"""

from __future__ import annotations

from collections.abc import Callable

from tests.xtensa import instructions as isa

TIMES = 64  # offset of the counter in the save area, behind a0 to a15
SAVE_BYTES = 68
OPERATION, KIND = 0xB2, 0  # third byte, and the low four bits of the first


def handler(save: int, other: int, constant: Callable[[int, int], isa.Placed]) -> list[bytes | isa.Placed]:
    """The code, given its save area, where to go for any other exception, and how to load a word.

    `other` must lie close by; it finds a0 to a15 lost.
    """
    s, t, sign = (5, 6, 7)
    return [
        *(isa.wsr(0, isa.EXCSAVE1), constant(0, save), *(isa.s32i(i, 0, 4 * i) for i in range(1, 16))),
        *(isa.rsr(1, isa.EXCSAVE1), isa.s32i(1, 0, 0), isa.rsr(1, isa.EPC1)),
        *(isa.l8ui(2, 1, 0), isa.l8ui(3, 1, 1), isa.l8ui(4, 1, 2), isa.extui(5, 2, 0, 4)),
        *(constant(6, OPERATION), constant(7, KIND), isa.bne(4, 6, other), isa.bne(5, 7, other)),
        # The operands, from the saved registers.
        *(isa.extui(s, 3, 0, 4), isa.extui(t, 2, 4, 4), isa.extui(sign, 3, 4, 4)),
        *(isa.addx4(s, s, 0), isa.addx4(t, t, 0), isa.addx4(sign, sign, 0), isa.l32i(s, s, 0), isa.l32i(t, t, 0)),
        # Halves of 16 bits: s = (12, 8), t = (13, 9).
        *(isa.extui(8, s, 0, 16), isa.extui(9, t, 0, 16), isa.srai16(12, s), isa.srai16(13, t)),
        # Low product's high half; two middle products; the high one.
        *(isa.mull(10, 8, 9), isa.extui(10, 10, 16, 16)),
        *(isa.mull(11, 12, 9), isa.add(11, 11, 10)),
        *(isa.mull(14, 8, 13), isa.extui(15, 11, 0, 16), isa.add(14, 14, 15)),
        *(isa.mull(15, 12, 13), isa.srai16(11, 11), isa.srai16(14, 14), isa.add(15, 15, 11), isa.add(15, 15, 14)),
        *(isa.s32i(15, sign, 0), isa.l32i(8, 0, TIMES), isa.addi(8, 8, 1), isa.s32i(8, 0, TIMES)),
        *(isa.addi(1, 1, 3), isa.wsr(1, isa.EPC1)),
        *(*(isa.l32i(i, 0, 4 * i) for i in range(1, 16)), isa.l32i(0, 0, 0), isa.RFE),
    ]
