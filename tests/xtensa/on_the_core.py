"""A model that runs with every kernel on the core model, as it would on an ESP32-S3: the assembler kernels and, for
what they do not take, the viper ones. Python, between them, stays here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dermis.tflite import Model, assembler, kernels_moves, native

from tests.xtensa import calls
from tests.xtensa.mpy import native_functions, viper_functions
from tests.xtensa.rig import Rig

ASSEMBLER_SOURCE = Path(inspect.getfile(kernels_moves)).with_name("kernels_xtensa.py")
ASSEMBLER_KERNELS = tuple(native_functions(ASSEMBLER_SOURCE.read_text()))
PREFIX = "asm."  # of an assembler kernel's name in a rig, as some are called like viper ones


@dataclass(frozen=True)
class Count:
    """One call: `step` as `calls.Call`; `assembler` tells whose kernel it was."""

    kernel: str
    assembler: bool
    step: int
    instructions: int


class Core:
    """Kernels as functions that run on a rig; `counts` grows by each call."""

    def __init__(self, rig: Rig, at_the_end: bool):
        self._rig = rig
        self._at_the_end = at_the_end
        self.counts: list[Count] = []
        self.step = calls.LOADING

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in ASSEMBLER_KERNELS:
            raise AttributeError(name)
        return self.kernel(name, True)

    def kernel(self, name: str, of_assembler: bool) -> Callable[..., None]:
        def run(*arguments: Any) -> None:
            owners: list[Any] = []
            places = [value if isinstance(value, int) else calls.place(value, owners) for value in arguments]
            before = [memoryview(owner).tobytes() for owner in owners]
            kernel = PREFIX + name if of_assembler else name
            outcome = self._rig.call(kernel, places, before)
            for number in range(len(before) if self._at_the_end else 0):
                self._rig.call(kernel, places, before, last=number)
            for owner, data, after in zip(owners, before, outcome.buffers, strict=True):
                if data != after:
                    np.frombuffer(owner, np.uint8)[:] = np.frombuffer(after, np.uint8)
            self.counts.append(Count(name, of_assembler, self.step, outcome.instructions))

        return run


def rig() -> Rig:
    """A rig with both kinds of kernels."""
    return Rig(calls.SOURCES, prefixed={PREFIX: ASSEMBLER_SOURCE})


@contextmanager
def running(rig: Rig, assembled: bool = True, at_the_end: bool = False) -> Iterator[Core]:
    """Within, models load and run with their kernels on the rig; without the assembler's unless `assembled`.

    at_the_end: each call is made again with each of its buffers at the end of memory, behind which nothing is read.
    """
    core = Core(rig, at_the_end)
    originals: list[tuple[Any, str, Any]] = [(native, "WIDE", native.WIDE)]
    native.WIDE = False  # what a microcontroller runs
    try:
        for module in calls.MODULES:
            for name in viper_functions(inspect.getsource(module)):
                originals.append((module, name, getattr(module, name)))
                setattr(module, name, core.kernel(name, False))
        if assembled:
            assembler.install(core)
        yield core
    finally:
        assembler.remove()
        for module, name, original in originals:
            setattr(module, name, original)


def infer(core: Core, file: bytes, inputs: Sequence[bytes]) -> tuple[list[bytes], Model]:
    """(outputs, the model) of loading and one inference, within `running`."""
    core.step = calls.LOADING
    model = Model(file)
    core.step = calls.INPUTS
    with calls.numbered(model, core):
        outputs = [memoryview(output).tobytes() for output in model.invoke(inputs)]
    return outputs, model
