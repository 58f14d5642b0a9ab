"""One kernel, compiled for the ESP32-S3, called on the core model: its result, the memory after it, its instructions.

    with Rig([KERNELS / "kernels_moves.py"]) as rig:
        outcome = rig.call("fill", [(0, 0), 7, 16], [bytes(32)])
        outcome.buffers[0], outcome.instructions

Counted are the instructions of the kernel itself and of the services that viper code asks of MicroPython's runtime,
which here are a few guest instructions each (a device's conversions of arguments cost more, once a call). What an
instruction costs in cycles, flash and caches included, no count tells.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dermis.core.native import SPARE_WORDS

from tests.xtensa import instructions as isa
from tests.xtensa import mpy, mulsh
from tests.xtensa.machine import Machine, MachineError, retired

# Addresses. The first three are fixed offsets from VECBASE, which is 0.
OVERFLOW_AT, UNDERFLOW_AT, EXCEPTION_AT = 0x80, 0xC0, 0x300
LITERALS, BOX, SAVE, STOP, CODE, SERVICES, STACK, HEAP = 0x400, 0x800, 0x900, 0xA00, 0x1000, 0x3000, 0x7FF00, 0x80000
MEMORY_END = 128 << 20  # what QEMU's board "sim" has; the core raises an exception at a load or store beyond
# Words of the box by which host and guest speak.
FUNCTION, ARGUMENTS, RESULT, BEFORE, AFTER, REASON = 0, 4, 20, 24, 28, 32
MOST_WORDS = 4  # that a call passes in registers here; an assembler kernel finds more in a block, with room behind them
EXCEPTION = 0x1000  # as a reason; smaller ones are 1 + the number of a runtime service

# Ref: MicroPython 1.29 py/nativeglue.h, the order of mp_fun_table_t.
SERVICE_COUNT = 90
FROM_OBJECT, TO_OBJECT, SWAP_GLOBALS, CHECK_ARGUMENTS, FLOOR_DIVIDE = 3, 4, 5, 44, 46

NOPS = 1000  # by which the counting is checked when a rig starts
GUARD = bytes(range(0xA0, 0xB0))  # before and behind every buffer

# A kernel's argument: an integer, or (number of the buffer, offset into it).
Argument = int | tuple[int, int]


@dataclass(frozen=True)
class Outcome:
    """result: the word that the kernel returned. buffers: as they are afterwards. instructions: exactly so many."""

    result: int
    buffers: tuple[bytes, ...]
    instructions: int


class Rig:
    """A core with the kernels of some firmware modules loaded. A context manager.

    Raises MpyError where a module cannot be compiled, MachineError where QEMU is missing or does not count exactly.
    """

    def __init__(self, sources: Iterable[Path], prefixed: Mapping[str, Path] | None = None):
        """`prefixed`: further sources, whose kernels are called by their names behind a prefix."""
        modules = [("", mpy.compile_module(source)) for source in sources]
        modules += [(prefix, mpy.compile_module(source)) for prefix, source in (prefixed or {}).items()]
        self._machine = Machine()
        try:
            self._literal, self._heap, self._overhead = LITERALS, HEAP, 0
            self._mulsh_cost = 0
            self._place_guest_code()
            self._kernels: dict[str, tuple[int, int | None]] = {}  # code, and the object of a viper function
            for prefix, module in modules:
                self._load(prefix, module)
            self._calibrate()
        except BaseException:
            self._machine.close()
            raise

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *_: object) -> None:
        self._machine.close()

    @property
    def kernels(self) -> frozenset[str]:
        return frozenset(self._kernels)

    def call(
        self, kernel: str, arguments: Sequence[Argument], buffers: Sequence[bytes], last: int | None = None
    ) -> Outcome:
        """Calls a kernel on copies of the buffers, of which number `last` ends where memory does.

        Raises MachineError when it writes just outside a buffer, reads behind the `last`, raises another exception of
        the core, asks for a service that the rig has not, or does not end.
        """
        address, function = self._kernels[kernel]
        mark = self._heap
        try:
            guards = [b"" if number == last else GUARD for number in range(len(buffers))]  # behind each
            places = [
                self._allocate(GUARD + bytes(data) + guard, guard == b"") + len(GUARD)
                for data, guard in zip(buffers, guards, strict=True)
            ]
            values = [value if isinstance(value, int) else places[value[0]] + value[1] for value in arguments]
            if function is None and len(values) <= MOST_WORDS:
                result, count = self._run(address, *values)
            elif function is None:
                block = self._allocate(bytes(4 * (len(values) + SPARE_WORDS)))
                self._machine.write_words(block, *values)
                result, count = self._run(address, block)
            else:
                block = self._allocate(bytes(4 * len(values)))
                self._machine.write_words(block, *values)
                result, count = self._run(address, function, len(values), 0, block)
            after = [
                self._machine.read(at - len(GUARD), len(GUARD) + len(data) + len(guard))
                for at, data, guard in zip(places, buffers, guards, strict=True)
            ]
        finally:
            self._heap = mark
        for number, (data, guard) in enumerate(zip(after, guards, strict=True)):
            if not (data.startswith(GUARD) and data.endswith(guard)):
                raise MachineError(f"{kernel} writes outside buffer {number}.")
        found = tuple(data[len(GUARD) : len(data) - len(guard)] for data, guard in zip(after, guards, strict=True))
        return Outcome(result, found, count)

    def floor_divide(self, numerator: int, denominator: int) -> int:
        """What the rig's own runtime service answers, so that a test can check it."""
        return struct.unpack("<i", struct.pack("<I", self._run(self._floor_divide, numerator, denominator)[0]))[0]

    def _allocate(self, data: bytes, at_the_end: bool = False) -> int:
        address = self._heap
        if at_the_end:  # a word at a time is loaded: the end may be three bytes off
            address = MEMORY_END - len(data) & -4
        else:
            self._heap = address + len(data) + 15 & -16
        self._machine.write(address, data)
        return address

    def _code(self, address: int, *parts: bytes | isa.Placed) -> int:
        """Places code; the next aligned address."""
        for part in parts:
            data = part(address) if callable(part) else part
            self._machine.write(address, data)
            address += len(data)
        return address + 3 & -4

    def _constant(self, register: int, value: int) -> isa.Placed:
        """Loads a word of 32 bits."""
        at = self._literal
        self._literal += 4
        self._machine.write_words(at, value)
        return isa.l32r(register, at)

    def _place_guest_code(self) -> None:
        machine, constant = self._machine, self._constant
        machine.break_at(STOP)
        self._code(STOP, isa.jump(STOP))
        self._code(OVERFLOW_AT, *isa.OVERFLOW8)
        self._code(UNDERFLOW_AT, *isa.UNDERFLOW8)
        at = self._code(
            CODE,
            *(isa.movi(2, 0), isa.wsr(2, isa.VECBASE), isa.wsr(2, isa.WINDOWBASE), isa.RSYNC),
            *(isa.movi(3, 1), isa.wsr(3, isa.WINDOWSTART), isa.RSYNC),
            *(constant(3, isa.WINDOW_OVERFLOW_ENABLE), isa.wsr(3, isa.PS), isa.RSYNC),
            *(constant(1, STACK), constant(2, BOX), isa.l32i(8, 2, FUNCTION)),
            *(isa.l32i(10 + i, 2, ARGUMENTS + 4 * i) for i in range(MOST_WORDS)),
            *(isa.rsr(3, isa.CCOUNT), isa.callx8(8), isa.rsr(4, isa.CCOUNT)),
            *(isa.s32i(10, 2, RESULT), isa.s32i(3, 2, BEFORE), isa.s32i(4, 2, AFTER), isa.jump(STOP)),
        )
        same = at  # conversions of words to and from objects; the number of arguments is right
        at = self._code(same, isa.ENTRY, isa.RETW)
        self._floor_divide = at
        at = self._code(
            at,
            *(isa.ENTRY, isa.quos(4, 2, 3), isa.rems(5, 2, 3), isa.xor(6, 5, 3), isa.srai31(6, 6)),
            *(isa.moveqz(6, 5, 5), isa.add(2, 4, 6), isa.RETW),  # one less where there is a rest of the other sign
        )
        refused = at
        at = self._code(refused, constant(2, BOX), isa.s32i(3, 2, REASON), isa.jump(STOP))
        raised = at
        at = self._code(
            raised,
            isa.rsr(4, isa.EPC1),
            constant(2, BOX),
            isa.s32i(4, 2, RESULT),
            constant(3, EXCEPTION),
            isa.jump(refused),
        )
        machine.write_words(SAVE, *[0] * (mulsh.SAVE_BYTES // 4))
        other = at
        at = self._code(other, isa.jump(raised))
        emulation = mulsh.handler(SAVE, other, constant)
        self._mulsh_cost = len(emulation) + 1  # and the jump to it
        self._code(EXCEPTION_AT, isa.jump(at))
        at = self._code(at, *emulation)
        known = {FROM_OBJECT: same, TO_OBJECT: same, SWAP_GLOBALS: same, CHECK_ARGUMENTS: same}
        known[FLOOR_DIVIDE] = self._floor_divide
        for number in range(SERVICE_COUNT):
            machine.write_words(SERVICES + 4 * number, known.get(number, at))
            if number not in known:
                at = self._code(at, isa.movi(3, 1 + number), isa.jump(refused))

    def _load(self, prefix: str, module: mpy.NativeModule) -> None:
        """Gives each kernel a function object, as MicroPython's loader would.

        Ref: py/obj.h mp_module_context_t and py/objfun.h mp_obj_fun_bc_t.
        """
        constants = self._allocate(bytes(4 * len(module.constants)))
        self._machine.write_words(constants, *(SERVICES if is_services else 0 for is_services in module.constants))
        names = self._allocate(struct.pack(f"<{module.names}H", *range(module.names)))
        context = self._allocate(struct.pack("<4I", 0, 0, names, constants))
        for own_name, code in module.kernels.items():
            name = prefix + own_name
            if name in self._kernels:
                raise MachineError(f"Two kernels are called {name}.")
            address, function = self._allocate(code), None
            if own_name not in module.assembler:
                function = self._allocate(struct.pack("<4I", 0, context, 0, address))
            self._kernels[name] = address, function

    def _calibrate(self) -> None:
        """Takes off what the call itself costs, so that an empty function counts two, and checks the counting."""
        self._overhead = self._run(self._allocate(isa.ENTRY + isa.RETW))[1] - 2
        if self._run(self._allocate(isa.ENTRY + isa.NOP * NOPS + isa.RETW))[1] != NOPS + 2:
            raise MachineError("This QEMU does not count instructions exactly.")
        self._product = self._allocate(isa.ENTRY + isa.mulsh(2, 2, 3) + isa.RETW)
        if self.high_product(3 << 20, 5 << 20) != (15 << 8, 3):
            raise MachineError("MULSH is not emulated rightly.")

    def high_product(self, a: int, b: int) -> tuple[int, int]:
        """(MULSH of two words, instructions with the call), so that a test can check the emulation."""
        result, count = self._run(self._product, a, b)
        return struct.unpack("<i", struct.pack("<I", result))[0], count

    def _run(self, address: int, *words: int) -> tuple[int, int]:
        """(returned word, instructions)."""
        padding = [0] * (MOST_WORDS - len(words))
        self._machine.write_words(BOX, address, *words, *padding, 0, 0, 0, 0)
        self._machine.write_words(SAVE + mulsh.TIMES, 0)
        self._machine.run_from(CODE)
        result, before, after, reason = self._machine.read_words(BOX + RESULT, 4)
        if reason == EXCEPTION:
            raise MachineError(f"The kernel raises an exception of the core at {result:#x}.")
        if reason:
            raise MachineError(f"The kernel asks for runtime service {reason - 1}, which no kernel should need.")
        emulated = self._machine.read_words(SAVE + mulsh.TIMES, 1)[0] * self._mulsh_cost
        return result, retired(after) - retired(before) - self._overhead - emulated
