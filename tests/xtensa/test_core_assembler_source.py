"""The depth stage's assembler kernels as a file: written by the generator, compiled, right for the hardware's loops;
and when they take the place of the viper kernels."""

from __future__ import annotations

import importlib
import inspect
import sys
from types import SimpleNamespace

import pytest
from dermis.core import assembler
from dermis.core.native import SPARE_WORDS
from xtensa import bodies, following_words, seeds, write_core_kernels

from tests.xtensa import loops, mpy
from tests.xtensa.depth_calls import ASSEMBLER_KERNELS, ASSEMBLER_SOURCE

REPLACED = [(home, name, name in few) for home, few, many in assembler.ALIKE for name in few + many]


@pytest.fixture(scope="module")
def compiled() -> mpy.NativeModule:
    return mpy.compile_module(ASSEMBLER_SOURCE)


def test_the_file_is_what_the_generator_writes():
    assert ASSEMBLER_SOURCE.read_text() == write_core_kernels.text(), "run python -m xtensa.write_core_kernels"


def test_every_loop_satisfies_the_hardware(compiled: mpy.NativeModule):
    assert compiled.assembler == set(ASSEMBLER_KERNELS)
    assert [(name, loops.faults(code)) for name, code in compiled.kernels.items() if loops.faults(code)] == []
    assert sum(loops.count(code) for code in compiled.kernels.values()) >= 10


def test_every_kernel_takes_the_place_of_one_with_as_many_arguments():
    assert sorted(name for _, name, _ in REPLACED) == sorted(ASSEMBLER_KERNELS)
    for home, name, few in REPLACED:
        arguments = len(inspect.signature(getattr(home, name)).parameters)
        assert (arguments <= assembler.MOST_ARGUMENTS) == few, name
        assert arguments <= assembler.MOST_WORDS


def test_what_does_not_fit_into_registers_fits_behind_the_arguments():
    kept = 4 * following_words.SUMS * 3
    assert following_words.WORDS["slots"] + kept <= 4 * (following_words.ARGUMENTS + SPARE_WORDS)
    for room in (seeds, bodies):
        assert max(room.WORDS.values()) < 4 * (room.ARGUMENTS + SPARE_WORDS)


def test_installing_and_removing():
    viper = [getattr(home, name) for home, name, _ in REPLACED]
    module = SimpleNamespace(**{name: print for _, name, _ in REPLACED})
    try:
        assembler.install(module, lambda kernel: ("wrapped", kernel))
        assembler.install(module, lambda kernel: ("wrapped", kernel))
        for home, name, few in REPLACED:
            assert getattr(home, name) == (print if few else ("wrapped", print))
    finally:
        assembler.remove()
    assert [getattr(home, name) for home, name, _ in REPLACED] == viper
    assert not assembler.is_xtensawin()


def test_nothing_imports_the_kernels_here():
    importlib.import_module("dermis.core.analysis")
    assert "dermis.core.kernels_xtensa" not in sys.modules
