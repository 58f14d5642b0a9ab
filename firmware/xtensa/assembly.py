"""A small assembler language: Python calls that become the lines of an `@micropython.asm_xtensa` function.

MicroPython's inline assembler knows half of the instructions that the kernels need; the others go through
`data(3, word)` with their name beside it. Zero-overhead loops get their length and, where the hardware asks for it,
a no-operation in front.

Ref: Cadence, Xtensa Instruction Set Architecture (ISA) Reference Manual, chapters 4.3.2 (LOOP), 4.3.7 (MAC16) and 6;
MicroPython 1.29, py/emitinlinextensa.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Instructions that MicroPython names, and the bytes that each takes.
NAMED = {
    **dict.fromkeys(("add", "sub", "addi", "addx2", "addx4", "and_", "or_", "xor", "mull", "neg"), 3),
    **dict.fromkeys(("slli", "srli", "srai", "sra", "sll", "ssr", "ssl"), 3),
    **dict.fromkeys(("l8ui", "l16ui", "l32i", "s8i", "s16i", "s32i"), 3),
    **dict.fromkeys(("mov", "nop_n"), 2),
}
# Branches: the bits that make each, the registers that they compare, where their distance stands and how long it is.
# Forward ones are coded here: mpy-cross 1.29 stops at some functions with branches both ways.
BRANCHES = {
    "beqz": (0x16, 1, 12, 12),
    "bnez": (0x56, 1, 12, 12),
    "bltz": (0x96, 1, 12, 12),
    "bgez": (0xD6, 1, 12, 12),
    "beq": (0x1007, 2, 16, 8),
    "bne": (0x9007, 2, 16, 8),
    "blt": (0x2007, 2, 16, 8),
    "bge": (0xA007, 2, 16, 8),
    "bgeu": (0xB007, 2, 16, 8),
    "bltu": (0x3007, 2, 16, 8),
    "j": (0x06, 0, 6, 18),
}
BRANCH_BASE = 4  # a distance counts from the branch's address and so much more
# Registers r, s, t of an instruction stand in its bits 12, 8 and 4.
R, S, T = 12, 8, 4
LOOP, LOOPNEZ = 0x008076, 0x009076
MOST_BODY = 256  # bytes between a LOOP and its end
FETCH = 4  # bytes; the first instruction of a loop must lie within one such word
ACCLO, MR = 16, 32  # special registers: the accumulator's low word, the first of MAC16's four operands

PROLOGUE = 5  # bytes of `entry` and of the store of a0 that MicroPython puts in front
SAVED_A0 = 0  # where, from a1; the 12 bytes after it are ours
LOCALS = (4, 8, 12)

a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15 = range(16)
m0, m1, m2, m3 = range(4)


class Kernel:
    """One function: its arguments in a2 to a5, its lines in order.

    Every instruction that MicroPython names is a method of that name (`k.add(a3, a4, a5)`); those of `CODED` likewise.
    a0 is free (MicroPython has saved it), a1 is the stack.
    """

    def __init__(self, name: str, arguments: str, says: str):
        self._lines: list[str] = []
        registers = ", ".join(f"a{2 + place}" for place in range(len(arguments.split(", "))))
        self._head = ["@micropython.asm_xtensa", f"def {name}({registers}):", f"    # {arguments}. {says}"]
        self._at = PROLOGUE
        self._labels: set[str] = set()
        self._ahead: list[tuple[int, int, str, list[int], str]] = []
        self._looping = False

    def text(self) -> str:
        return "\n".join(self._head + [f"    {line}" for line in self._lines])

    def _emit(self, line: str, size: int) -> None:
        self._lines.append(line)
        self._at += size

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name in BRANCHES:
            return lambda *operands: self._branch(name, *operands)
        if name not in NAMED:
            raise AttributeError(name)
        registers = REGISTERS.get(name, 3)

        def emit(*operands: int) -> None:
            texts = [f"a{value}" if place < registers else str(value) for place, value in enumerate(operands)]
            self._emit(f"{name}({', '.join(texts)})", NAMED[name])

        return emit

    def _branch(self, name: str, *operands: int | str) -> None:
        if self._looping:
            raise ValueError("a branch within a zero-overhead loop")
        registers, label = [int(value) for value in operands[:-1]], str(operands[-1])
        if label in self._labels:
            self._emit(f"{name}({', '.join([f'a{value}' for value in registers] + [label])})", 3)
        else:
            self._ahead.append((len(self._lines), self._at, name, registers, label))
            self._emit("", 3)

    def label(self, name: str) -> None:
        if self._looping:
            raise ValueError("a label within a zero-overhead loop")
        self._labels.add(name)
        self._lines.append(f"label({name})")
        for line, at, branch, registers, label in self._ahead:
            if label == name:
                word, _, place, length = BRANCHES[branch]
                distance = self._at - at - BRANCH_BASE
                if distance >> length - 1:
                    raise ValueError(f"{branch} to {name} is too far")
                for register, bit in zip(registers, (S, T), strict=False):
                    word |= register << bit
                says = ", ".join([f"a{register}" for register in registers] + [name])
                self._lines[line] = f"data(3, 0x{word | distance << place:06X})  # {branch} {says}"

    def _coded(self, word: int, says: str) -> None:
        self._emit(f"data(3, 0x{word:06X})  # {says}", 3)

    @contextmanager
    def loop(self, count: int, may_be_none: bool = False) -> Iterator[None]:
        """What is emitted within runs as often as register `count` says; at least once unless `may_be_none`."""
        if self._looping:
            raise ValueError("a zero-overhead loop within another")
        if self._at % FETCH in (0, FETCH - 1):
            self.nop_n()
        here, self._at = len(self._lines), self._at + 3
        start, self._looping = self._at, True
        yield
        self._looping = False
        size = self._at - start
        if not 0 < size <= MOST_BODY:
            raise ValueError(f"a loop of {size} bytes")
        name, word = ("loopnez", LOOPNEZ) if may_be_none else ("loop", LOOP)
        self._lines.insert(
            here, f"data(3, 0x{word | size - 1 << 16 | count << S:06X})  # {name} a{count}, {size} bytes"
        )

    def movi(self, t: int, value: int) -> None:
        """t = value, of 12 bits with its sign. MicroPython's own would load it from a literal in front of the code."""
        self._coded(0x00A002 | (value & 0xFF) << 16 | (value >> 8 & 15) << S | t << T, f"movi a{t}, {value}")

    def load_int16(self, t: int, s: int, offset: int) -> None:
        """t = the signed value at s + offset."""
        self._coded(0x009002 | offset >> 1 << 16 | s << S | t << T, f"l16si a{t}, a{s}, {offset}")

    def move_if_zero(self, r: int, s: int, t: int) -> None:
        """r = s where t is 0."""
        self._coded(0x830000 | r << R | s << S | t << T, f"moveqz a{r}, a{s}, a{t}")

    # Arithmetic without a name in MicroPython.
    def mulsh(self, r: int, s: int, t: int) -> None:
        """The high word of a signed product."""
        self._coded(0xB20000 | r << R | s << S | t << T, f"mulsh a{r}, a{s}, a{t}")

    def minimum(self, r: int, s: int, t: int) -> None:
        self._coded(0x430000 | r << R | s << S | t << T, f"min a{r}, a{s}, a{t}")

    def maximum(self, r: int, s: int, t: int) -> None:
        self._coded(0x530000 | r << R | s << S | t << T, f"max a{r}, a{s}, a{t}")

    def quos(self, r: int, s: int, t: int) -> None:
        """The quotient, towards zero."""
        self._coded(0xD20000 | r << R | s << S | t << T, f"quos a{r}, a{s}, a{t}")

    def quotient_down(self, r: int, n: int, d: int, spare: int) -> None:
        """r = n // d for d > 0, rounded down; n and `spare` are lost. |n| + d must stay below 2**31."""
        self.srai(spare, n, 31)
        self.sub(n, n, spare)
        self.and_(spare, spare, d)
        self.sub(n, n, spare)  # a negative n is now n + 1 - d
        self.quos(r, n, d)

    def clamp_int8(self, r: int, s: int) -> None:
        self._coded(0x330000 | r << R | s << S, f"clamps a{r}, a{s}, 7")

    def funnel(self, r: int, high: int, low: int) -> None:
        """r = the low word of high and low together, shifted right by SAR."""
        self._coded(0x810000 | r << R | high << S | low << T, f"src a{r}, a{high}, a{low}")

    def leading_zeros(self, t: int, s: int) -> None:
        self._coded(0x40F000 | s << S | t << T, f"nsau a{t}, a{s}")

    def bits(self, r: int, t: int, shift: int, count: int) -> None:
        """r = `count` bits of t from bit `shift` up."""
        self._coded(
            count - 1 << 20 | 4 << 16 | (shift >> 4) << 16 | r << R | (shift & 15) << S | t << T,
            f"extui a{r}, a{t}, {shift}, {count}",
        )

    def clamp(self, r: int, s: int, bits: int) -> None:
        """r = s within -2**bits and 2**bits - 1."""
        self._coded(0x330000 | r << R | s << S | bits - 7 << T, f"clamps a{r}, a{s}, {bits}")

    # MAC16. An accumulator of 40 bits, of which the kernels use the low 32; four registers m0 to m3 of two int16 each.
    def start(self, t: int) -> None:
        """The accumulator's low word = t. What its high byte holds does not matter: nothing carries down from it."""
        self._coded(0x130000 | ACCLO << S | t << T, f"wsr a{t}, acclo")

    def result(self, t: int) -> None:
        self._coded(0x030000 | ACCLO << S | t << T, f"rsr a{t}, acclo")

    def read_mr(self, t: int, m: int) -> None:
        self._coded(0x030000 | MR + m << S | t << T, f"rsr a{t}, m{m}")

    def load_next(self, m: int, s: int) -> None:
        """s += 4, then m = the two int16 there."""
        self._coded(0x800004 | m << R | s << S, f"ldinc m{m}, a{s}")

    def mac_and_load(self, half: str, x: int, y: int, m: int, s: int) -> None:
        """Accumulates the `half` ("LL" or "HH") of m registers x (0, 1) and y (2, 3), then loads m as `load_next`."""
        code = {"LL": 0x08, "HH": 0x0B}[half]
        self._coded(
            code << 16 | (x << 2 | m) << R | s << S | (y & 1) << 6 | 4,
            f"mula.dd.{half.lower()}.ldinc m{m}, a{s}, m{x}, m{y}",
        )

    def mac_weight_and_load(self, x: int, t: int, m: int, s: int) -> None:
        """Accumulates the low halves of m register x (0, 1) and of t, then loads m as `load_next`."""
        self._coded(0x480004 | (x << 2 | m) << R | s << S | t << T, f"mula.da.ll.ldinc m{m}, a{s}, m{x}, a{t}")

    def mac_pair(self, x: int, t: int, half: str, m: int | None, s: int) -> None:
        """Accumulates the `half` ("LL" or "HH") of m register x (0, 1) and of t; loads m as `load_next` unless None."""
        low, load = half == "LL", f".ldinc m{m}, a{s}," if m is not None else ""
        code = (0x68 if low else 0x6B) if m is None else (0x48 if low else 0x4B)
        registers = 0 if m is None else m << R | s << S
        self._coded(code << 16 | x << 14 | registers | t << T | 4, f"mula.da.{half.lower()}{load} m{x}, a{t}")

    def mac(self, s: int, t: int) -> None:
        """Accumulates the low halves of s and t."""
        self._coded(0x780004 | s << S | t << T, f"mula.aa.ll a{s}, a{t}")

    def mac_tap(self, tap: int, x: int, last: int) -> None:
        """Accumulates the low half of x with weight `tap` of nine: eight stand in m0 to m3, the ninth in `last`."""
        m, high = divmod(tap, 2)
        if tap == 8:
            self.mac(x, last)
        elif m < m2:
            self._coded(
                (0x69 if high else 0x68) << 16 | m << 14 | x << T | 4, f"mula.da.{'hl' if high else 'll'} m{m}, a{x}"
            )
        else:
            code, half = (0x3A, "lh") if high else (0x38, "ll")
            self._coded(code << 16 | x << S | (m & 1) << 6 | 4, f"mula.ad.{half} a{x}, m{m}")


# How many of a named instruction's first operands are registers, where it is not all of them.
REGISTERS = {
    **dict.fromkeys(("addi", "slli", "srli", "srai", "l8ui", "l16ui", "l32i", "s8i", "s16i", "s32i"), 2),
}
