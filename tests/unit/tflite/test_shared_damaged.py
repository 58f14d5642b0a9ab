"""The files that campaigns kept (`python -m tests.campaign models --corpus`), again: the same errors and answers.

And the guards that campaigns rely on: what is planted is found.
"""

import sys

import packs

sys.path.insert(0, __file__.replace("\\", "/").rpartition("/")[0] + "/../../campaign")

import guarded  # pyright: ignore[reportMissingImports]
from dermis.tflite import kernels_moves, native, plan

SOUND = "relu_0"


def test_the_corpus_gives_the_same_errors_and_answers():
    entries = packs.read("mutated")
    kinds = set()
    for index, (name, file, _, _) in enumerate(entries):
        expected = name.split("\t")[0]
        for wide in (True, False):
            found = guarded.outcome(file, wide=wide)
            assert guarded.kept(found) == expected, (index, expected, found)
        # Numbered so that the blocks lie apart: other noise, so only that nothing is at fault.
        assert not guarded.outcome(file, 1).startswith("FAULT"), index
        loaded = guarded.loaded_for_assembler(file)
        assert loaded == "loaded" if expected.startswith("ran") else loaded.startswith(expected), (index, loaded)
        kinds.add(expected.split(" ")[0])
    assert len(entries) > 50 and kinds == {"BadModel", "UnsupportedOp", "ran"}


def sound():
    return next(file for name, file, _, _ in packs.read("single_ops") if name == SOUND)


def with_flip(flip, number):
    """The outcome of a sound file while `flip` stands for the kernel of that name."""
    original = kernels_moves.flip
    file = sound()
    kernels_moves.flip = flip
    try:
        return guarded.outcome(file, number)
    finally:
        kernels_moves.flip = original


def test_a_write_behind_a_result_breaks_a_guard_or_raises():
    original = kernels_moves.flip

    def flip(source, target, count):
        original(source, target, count)
        # Viper writes without looking; CPython's views look.
        kernels_moves.fill(target, 7, count + 1)

    for number in (0, 1):
        assert with_flip(flip, number).startswith("FAULT")
    assert guarded.outcome(sound()).startswith("ran")


def test_a_broken_guard_is_told():
    for at in (-guarded.GUARD_BYTES, -1, 10, 9 + guarded.GUARD_BYTES):
        made = guarded.Guarded(10)
        assert not made.broken() and len(made.inside) == 10
        made.memory[at + guarded.GUARD_BYTES] ^= 1
        assert made.broken(), at
    made = guarded.Guarded(10, ((4, 6),))
    made.inside[3] = made.inside[6] = 1
    assert not made.broken()
    made.inside[5] = 1
    assert made.broken()


def test_a_gap_between_two_tensors_is_guarded():
    arenas = []
    original = kernels_moves.look_up

    def look_up(source, target, table, count):
        original(source, target, table, count)
        start = guarded.GUARD_BYTES + arenas[0].index(target)
        arenas[0].made.memory[start + count] = 0

    class Watching(guarded.Guards):
        def _arena(self, size):
            view = super()._arena(size)
            arenas.insert(0, Found(self.guarded[-1]))
            return view

    class Found:
        def __init__(self, made):
            self.made = made

        def index(self, view):
            """Offset of `view` in the arena: where a mark written to one shows in the other."""
            kept = view[0]
            view[0] = kept ^ 255
            before = [position for position in range(len(self.made.inside)) if self.made.inside[position] == kept ^ 255]
            view[0] = kept
            return next(position for position in before if self.made.inside[position] == kept)

    guards, guarded.Guards = guarded.Guards, Watching
    file = sound()
    kernels_moves.look_up = look_up
    try:
        assert guarded.outcome(file, 1) == "FAULT: a guard byte is broken"
    finally:
        guarded.Guards, kernels_moves.look_up = guards, original


def test_an_exception_and_a_changing_answer_are_faults():
    def flip(*_):
        raise IndexError("planted")

    assert with_flip(flip, 0) == "FAULT: IndexError: planted"
    original = kernels_moves.flip
    calls = []

    def fickle(source, target, count):
        original(source, target, count)
        calls.append(0)
        target[0] = len(calls)

    assert "another answer" in with_flip(fickle, 0)


def test_an_answer_from_memory_that_nobody_wrote_is_a_fault():
    original = kernels_moves.look_up
    file = sound()
    for number in (0, 1):
        kernels_moves.look_up = lambda source, target, table, count: None
        try:
            assert "another answer" in guarded.outcome(file, number)
        finally:
            kernels_moves.look_up = original


def test_what_was_replaced_is_put_back():
    before = plan.place, plan.new_arena, native.WIDE
    for number in (0, 1):
        guarded.outcome(sound(), number, wide=False)
        guarded.outcome(b"", number)
    assert (plan.place, plan.new_arena, native.WIDE) == before
