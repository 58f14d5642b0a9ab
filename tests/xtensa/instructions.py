"""The few Xtensa instructions that the rig's own guest code needs, as bytes; a1 is the stack, a2 the first argument.

Ref: Cadence, Xtensa Instruction Set Architecture (ISA) Reference Manual, chapters 4.7.1 (window exceptions) and 6.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

# An instruction whose encoding depends on where it stands: address -> bytes.
Placed = Callable[[int], bytes]


def _word(value: int) -> bytes:
    return struct.pack("<I", value)[:3]


def _rrr(base: int, r: int, s: int, t: int) -> bytes:
    return _word(base | r << 12 | s << 8 | t << 4)


def _rri8(kind: int, t: int, s: int, immediate: int) -> bytes:
    return _word((immediate & 255) << 16 | kind << 12 | s << 8 | t << 4 | 2)


def l8ui(t: int, s: int, offset: int) -> bytes:
    return _rri8(0, t, s, offset)


def l32i(t: int, s: int, offset: int) -> bytes:
    return _rri8(2, t, s, offset >> 2)


def s32i(t: int, s: int, offset: int) -> bytes:
    return _rri8(6, t, s, offset >> 2)


def movi(t: int, value: int) -> bytes:
    return _rri8(10, t, value >> 8 & 15, value)


def addi(t: int, s: int, value: int) -> bytes:
    return _rri8(12, t, s, value)


def add(r: int, s: int, t: int) -> bytes:
    return _rrr(0x800000, r, s, t)


def addx4(r: int, s: int, t: int) -> bytes:
    """r = 4 * s + t."""
    return _rrr(0xA00000, r, s, t)


def mull(r: int, s: int, t: int) -> bytes:
    """The low word of a product."""
    return _rrr(0x820000, r, s, t)


def mulsh(r: int, s: int, t: int) -> bytes:
    """The high word of a signed product. The ESP32-S3 has it, QEMU's core raises an exception: see `mulsh`."""
    return _rrr(0xB20000, r, s, t)


def extui(r: int, t: int, shift: int, count: int) -> bytes:
    """`count` bits of t from bit `shift` up."""
    return _word((count - 1) << 20 | (4 | shift >> 4) << 16 | r << 12 | (shift & 15) << 8 | t << 4)


def xor(r: int, s: int, t: int) -> bytes:
    return _rrr(0x300000, r, s, t)


def srai16(r: int, t: int) -> bytes:
    return _rrr(0x310000, r, 0, t)


def srai31(r: int, t: int) -> bytes:
    """-1 where t is negative, else 0."""
    return _rrr(0x310000, r, 15, t)


def moveqz(r: int, s: int, t: int) -> bytes:
    """r = s where t is 0."""
    return _rrr(0x830000, r, s, t)


def quos(r: int, s: int, t: int) -> bytes:
    """The quotient, towards zero."""
    return _rrr(0xD20000, r, s, t)


def rems(r: int, s: int, t: int) -> bytes:
    return _rrr(0xF20000, r, s, t)


def rsr(t: int, register: int) -> bytes:
    return _word(0x030000 | register << 8 | t << 4)


def wsr(t: int, register: int) -> bytes:
    return _word(0x130000 | register << 8 | t << 4)


def callx8(s: int) -> bytes:
    return _word(0xE0 | s << 8)


def s32e(t: int, s: int, offset: int) -> bytes:
    return _rrr(0x490000, (offset + 64) >> 2, s, t)


def l32e(t: int, s: int, offset: int) -> bytes:
    return _rrr(0x090000, (offset + 64) >> 2, s, t)


def jump(target: int) -> Placed:
    return lambda at: _word((target - at - 4 & 0x3FFFF) << 6 | 6)


def bne(s: int, t: int, target: int) -> Placed:
    """To a place at most 127 bytes off."""
    return lambda at: _word((target - at - 4 & 255) << 16 | 0x9007 | s << 8 | t << 4)


def l32r(t: int, literal: int) -> Placed:
    """Loads the word at `literal`, which lies below the instruction."""
    return lambda at: _word((literal - (at + 3 & -4) >> 2 & 0xFFFF) << 8 | t << 4 | 1)


ENTRY = _word(0x006136)  # with a frame of 48 bytes
RETW = _word(0x90)
NOP = _word(0x20F0)
RSYNC = _word(0x2010)
RFWO = _word(0x3400)
RFWU = _word(0x3500)
RFE = _word(0x3000)  # back from an exception

# Special registers.
EPC1, EXCSAVE1, PS, VECBASE, CCOUNT, WINDOWBASE, WINDOWSTART = 177, 209, 230, 231, 234, 72, 73
WINDOW_OVERFLOW_ENABLE = 0x40000  # in PS

# Spilling and filling a window of eight registers.
OVERFLOW8 = (
    *(s32e(0, 9, -16), l32e(0, 1, -12), s32e(1, 9, -12), s32e(2, 9, -8), s32e(3, 9, -4)),
    *(s32e(4 + i, 0, 4 * i - 32) for i in range(4)),
    RFWO,
)
UNDERFLOW8 = (
    *(l32e(0, 9, -16), l32e(1, 9, -12), l32e(2, 9, -8), l32e(7, 1, -12), l32e(3, 9, -4)),
    *(l32e(4 + i, 7, 4 * i - 32) for i in range(4)),
    RFWU,
)
