"""The assembler kernels as a file: written by the generator, compiled, and right for the hardware's loops."""

from __future__ import annotations

import importlib
import re
import sys

import pytest
from xtensa import assembly, write_kernels

from tests.xtensa import loops, mpy
from tests.xtensa.on_the_core import ASSEMBLER_KERNELS, ASSEMBLER_SOURCE

LOOP_OF_TWO = "data(3, 0x058276)"  # loop a2, 6 bytes


@pytest.fixture(scope="module")
def compiled() -> mpy.NativeModule:
    return mpy.compile_module(ASSEMBLER_SOURCE)


def compile_function(tmp_path, *lines: str) -> bytes:
    source = tmp_path / "kernel.py"
    source.write_text("\n    ".join(["@micropython.asm_xtensa\ndef kernel(a2):", *lines]) + "\n")
    return mpy.compile_module(source).kernels["kernel"]


def test_the_file_is_what_the_generator_writes():
    assert ASSEMBLER_SOURCE.read_text() == write_kernels.text(), "run python -m xtensa.write_kernels"


def test_every_function_is_of_assembler(compiled: mpy.NativeModule):
    assert tuple(compiled.kernels) == ASSEMBLER_KERNELS
    assert compiled.assembler == set(ASSEMBLER_KERNELS)


def test_no_kernel_moves_the_stack():
    written = re.compile(r"^ +(?!s8i|s16i|s32i|b[a-z]+)[a-z0-9_]+\(a1,|# (?!s)[a-z.]+ a1,", re.MULTILINE)
    assert written.search("    add(a1, a2, a3)") and written.search("    data(3, 0)  # mulsh a1, a2, a3")
    assert written.search(ASSEMBLER_SOURCE.read_text()) is None


def test_every_loop_satisfies_the_hardware(compiled: mpy.NativeModule):
    assert {name: loops.faults(code) for name, code in compiled.kernels.items()} == {
        name: [] for name in compiled.kernels
    }
    assert all(loops.count(code) for code in compiled.kernels.values())


@pytest.mark.parametrize("nops", range(4))
def test_a_loop_in_the_wrong_place_is_found(tmp_path, nops: int):
    # The prologue takes 5 bytes, a narrow nop 2: the loop stands at 5, 7, 9, 11.
    code = compile_function(tmp_path, *["nop_n()"] * nops, LOOP_OF_TWO, "add(a3, a3, a2)", "add(a3, a3, a2)")
    assert bool(loops.faults(code)) == ((5 + 2 * nops) % 4 == 3)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ((LOOP_OF_TWO, "add(a3, a3, a2)", "mov(a4, a3)", "nop()"), "ends within"),
        ((LOOP_OF_TWO, "label(BACK)", "add(a3, a3, a2)", "add(a3, a3, a2)", "bnez(a3, BACK)"), "jumps into it"),
        (("label(BACK)", "nop()", "nop_n()", LOOP_OF_TWO, "add(a3, a3, a2)", "bnez(a3, BACK)"), "a branch"),
        ((LOOP_OF_TWO, "add(a3, a3, a2)", "callx0(a3)"), "a branch"),
        ((LOOP_OF_TWO, "add(a3, a3, a2)", "jx(a3)"), "a branch"),
        ((LOOP_OF_TWO, "add(a3, a3, a2)", "data(3, 0xB23340)"), "MULSH"),
        ((LOOP_OF_TWO, "data(3, 0x0082 << 16 | 0x8276)", "nop()"), "a branch, call, return or loop"),
        (("data(3, 0xF08276)", "nop()"), "outside the function"),
    ],
)
def test_a_broken_loop_is_found(tmp_path, lines: tuple[str, ...], fault: str):
    assert any(fault in found for found in loops.faults(compile_function(tmp_path, *lines)))


def test_code_with_literals_is_not_taken_for_instructions(tmp_path):
    with pytest.raises(ValueError, match="ENTRY"):
        loops.faults(compile_function(tmp_path, "movi(a3, 1)", LOOP_OF_TWO, "add(a3, a3, a2)", "add(a3, a3, a2)"))


def test_the_generator_refuses_broken_loops():
    kernel = assembly.Kernel("kernel", "count", "")
    with pytest.raises(ValueError, match="a branch within"), kernel.loop(2):
        kernel.bnez(2, "SOMEWHERE")
    kernel = assembly.Kernel("kernel", "count", "")
    with pytest.raises(ValueError, match="within another"), kernel.loop(2), kernel.loop(3):
        pass
    kernel = assembly.Kernel("kernel", "count", "")
    with pytest.raises(ValueError, match="a label within"), kernel.loop(2):
        kernel.label("HERE")
    long = assembly.Kernel("kernel", "count", "")
    with pytest.raises(ValueError, match="258 bytes"), long.loop(2):
        for _ in range(86):
            long.add(3, 3, 3)
    with pytest.raises(ValueError, match="0 bytes"), assembly.Kernel("kernel", "count", "").loop(2):
        pass
    with pytest.raises(AttributeError):
        kernel.divide(1, 2)


def test_a_branch_too_far_is_refused():
    kernel = assembly.Kernel("kernel", "count", "")
    kernel.bne(2, 3, "FAR")
    for _ in range(50):
        kernel.add(3, 3, 3)
    with pytest.raises(ValueError, match="too far"):
        kernel.label("FAR")


def test_nothing_else_imports_the_kernels():
    importlib.import_module("dermis.tflite")
    assert "dermis.tflite.kernels_xtensa" not in sys.modules
