"""The kernel calls of loading a model and of one inference under CPython, to be made again elsewhere.

Each call keeps all memory before and after it. Its buffers are whole (the arena, the model file, a parameter block)
and an argument is a place in one of them: a byte written anywhere in the arena shows, not only in the tensor meant.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from dermis.tflite import Model, kernels, kernels_moves, kernels_simple, native

from tests.xtensa.mpy import viper_functions
from tests.xtensa.rig import Argument

MODULES = (kernels, kernels_moves, kernels_simple)


def source(module: ModuleType) -> Path:
    return Path(inspect.getfile(module))


SOURCES = tuple(source(module) for module in MODULES)

LOADING, INPUTS = -2, -1  # as a call's step


@dataclass(frozen=True)
class Call:
    """One call and what it did.

    step: the operator that made it; LOADING, INPUTS (they are moved into the arena), or the number of operators for
    what moves the outputs out of it.
    """

    kernel: str
    step: int
    arguments: tuple[Argument, ...]
    before: tuple[bytes, ...]
    after: tuple[bytes, ...]


class _Recorder:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.step = LOADING

    def wrap(self, name: str, kernel: Any) -> Any:
        def run(*arguments: Any) -> None:
            owners: list[Any] = []
            places = tuple(value if isinstance(value, int) else place(value, owners) for value in arguments)
            before = tuple(content(owner) for owner in owners)
            kernel(*arguments)
            self.calls.append(Call(name, self.step, places, before, tuple(content(owner) for owner in owners)))

        return run


def place(argument: Any, owners: list[Any]) -> tuple[int, int]:
    """(number of the object whose bytes the argument shows, offset of the first); a new owner joins the list."""
    owner = memoryview(argument).obj
    number = next((number for number, other in enumerate(owners) if other is owner), len(owners))
    if number == len(owners):
        owners.append(owner)
    return number, _address(argument) - _address(owner)


def _address(buffer: Any) -> int:
    return np.frombuffer(buffer, np.uint8).ctypes.data


def content(owner: Any) -> bytes:
    """The bytes of an object as they are now."""
    return owner if isinstance(owner, bytes) else memoryview(owner).tobytes()


@contextmanager
def _replaced(recorder: _Recorder) -> Iterator[None]:
    originals = [
        (module, name, getattr(module, name))
        for module in MODULES
        for name in viper_functions(inspect.getsource(module))
    ]
    wide, native.WIDE = native.WIDE, False  # what a microcontroller runs
    try:
        for module, name, kernel in originals:
            setattr(module, name, recorder.wrap(name, kernel))
        yield
    finally:
        native.WIDE = wide
        for module, name, kernel in originals:
            setattr(module, name, kernel)


def record(file: bytes, inputs: Sequence[bytes]) -> tuple[list[Call], list[bytes], Model]:
    """(the calls in order of loading the model and of one inference, the outputs, the model)."""
    recorder = _Recorder()
    with _replaced(recorder):
        model = Model(file)
        recorder.step = INPUTS
        with numbered(model, recorder):
            outputs = [memoryview(output).tobytes() for output in model.invoke(inputs)]
    return recorder.calls, outputs, model


def kernel_names() -> set[str]:
    return {name for module in MODULES for name in viper_functions(inspect.getsource(module))}


@contextmanager
def numbered(model: Model, recorder: Any) -> Iterator[None]:
    """Within, the recorder's `step` is the number of the model's operator that runs."""
    steps = model._steps
    model._steps = [_Numbered(step, number, recorder) for number, step in enumerate(steps)]
    try:
        yield
    finally:
        model._steps = steps


class _Numbered:
    def __init__(self, step: Any, number: int, recorder: Any):
        self._step, self._number, self._recorder = step, number, recorder

    def run(self) -> None:
        self._recorder.step = self._number
        self._step.run()
        self._recorder.step = self._number + 1  # right for the outputs, and replaced by the next operator
