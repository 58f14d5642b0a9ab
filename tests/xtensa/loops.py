"""What the hardware asks of zero-overhead loops and QEMU does not, checked on compiled machine code.

Ref: Cadence, Xtensa Instruction Set Architecture (ISA) Reference Manual, chapter 4.3.2 (Loop Option), and the pages of
LOOP, LOOPNEZ and LOOPGTZ; XCHAL_INST_FETCH_WIDTH of the ESP32-S3 in ESP-IDF's core-isa.h.
"""

from __future__ import annotations

from dataclasses import dataclass

FETCH_WORD = 4  # bytes that the ESP32-S3 fetches together
LOOP_FORMS = {8: "loop", 9: "loopnez", 10: "loopgtz"}
NARROW = 8  # instructions whose lowest four bits are at least this have two bytes
MULSH = 0xB2
ENTRY = 0x36  # the first byte of the instruction


@dataclass(frozen=True)
class Instruction:
    """target: where it may go to besides the next instruction, None where it goes nowhere else or nobody knows."""

    at: int
    data: bytes
    branches: bool
    target: int | None

    @property
    def is_loop(self) -> bool:
        return self.data[0] == 0x76 and self.data[1] >> 4 in LOOP_FORMS

    @property
    def after(self) -> int:
        return self.at + len(self.data)

    @property
    def loop_end(self) -> int:
        """The address behind a loop's last instruction."""
        return self.at + 4 + self.data[2]


def signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


def decode(code: bytes) -> list[Instruction]:
    """The instructions of a function. Raises ValueError where it ends within one or does not start with ENTRY: a jump
    over literals, which would be taken for instructions."""
    if code[0] != ENTRY:
        raise ValueError("the function does not start with ENTRY")
    found, at = [], 0
    while at < len(code):
        size = 2 if code[at] & 15 >= NARROW else 3
        data = code[at : at + size]
        if len(data) < size:
            if not any(data):  # what fills the code up to a multiple of a word
                break
            raise ValueError(f"the code ends within an instruction at {at}")
        found.append(Instruction(at, data, *_flow(at, data)))
        at += size
    return found


def _flow(at: int, data: bytes) -> tuple[bool, int | None]:
    """(whether it can go elsewhere than on, and where)."""
    operation, fields = data[0] & 15, int.from_bytes(data, "little")
    if operation == 5:  # CALLn
        return True, None
    if operation == 6:
        kind, detail = data[0] >> 4 & 3, data[0] >> 6
        if kind == 0:  # J
            return True, at + 4 + signed(fields >> 6, 18)
        if kind == 1:  # BEQZ ...
            return True, at + 4 + signed(fields >> 12, 12)
        if kind == 3 and detail == 0:  # ENTRY
            return False, None
        if kind == 3 and detail == 1 and data[1] >> 4 in LOOP_FORMS:
            return False, None
        return True, at + 4 + signed(data[2], 8)
    if operation == 7:
        return True, at + 4 + signed(data[2], 8)
    if operation == 12 and data[0] & 0x80:  # BEQZ.N, BNEZ.N
        return True, at + 4 + ((data[0] >> 4 & 3) << 4 | data[1] >> 4)
    if operation == 13 and data[1] == 0xF0 and data[0] >> 4 < 2:  # RET.N, RETW.N
        return True, None
    if operation == 0 and len(data) == 3 and data[2] == 0 and data[1] == 0:  # RET, RETW, JX, CALLX
        return True, None
    if operation == 0 and len(data) == 3 and data[2] == 0 and data[1] < 16 and data[0] & 0x80:  # with a register
        return True, None
    return False, None


def faults(code: bytes) -> list[str]:
    """What is wrong with the loops of a function, one sentence each."""
    instructions = decode(code)
    boundaries = {instruction.at for instruction in instructions} | {instructions[-1].after}
    found = []
    for loop in instructions:
        if not loop.is_loop:
            continue
        name = f"{LOOP_FORMS[loop.data[1] >> 4]} at {loop.at}"
        body = [inside for inside in instructions if loop.after <= inside.at < loop.loop_end]
        if loop.at % FETCH_WORD not in (1, 2):
            found.append(f"{name}: its first instruction may lie in two fetch words")
        if loop.loop_end not in boundaries or not body:
            found.append(f"{name}: it ends within an instruction, outside the function, or has no body")
            continue
        if any(inside.is_loop or inside.branches for inside in body):
            found.append(f"{name}: a branch, call, return or loop lies in it")
        if body[-1].data[0] & 15 == 0 and body[-1].data[-1] == MULSH:
            found.append(f"{name}: its last instruction is MULSH, which the core model emulates by an exception")
        for other in instructions:
            if other.target is not None and loop.after <= other.target < loop.loop_end:
                found.append(f"{name}: {other.at} jumps into it")
    return found


def count(code: bytes) -> int:
    return sum(instruction.is_loop for instruction in decode(code))
