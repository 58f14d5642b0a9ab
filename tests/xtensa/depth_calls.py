"""The kernel calls of the depth stage of one recorded burst under CPython, to be made again on the core.

The stage is the disparity search, triangulation, the face's segmentation and the fits; not the dot image before it.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dermis.core import burst, calibration, depth_kernels, face, shape
from dermis.core.analysis import Analyser
from dermis_host.recording import Recording

from tests.xtensa.calls import Call, place, source
from tests.xtensa.mpy import viper_functions
from tests.xtensa.rig import Rig

MODULES = (depth_kernels, face, shape)
SOURCES = tuple(source(module) for module in MODULES)


class Differs(Exception):
    """A kernel leaves other bytes on the core than under CPython."""


def record(recording: Recording) -> list[Call]:
    """The calls in order of analysing that burst, its calibration record adopted before."""
    analyser = Analyser(recording.board)
    taken = burst.from_header(recording.meta)
    taken.frames = {name: pixels.tobytes() for name, pixels in recording.frames.items()}
    record = calibration.decode(recording.calibration)
    analyser.analyse(taken, record)  # adopts the record
    calls: list[Call] = []
    with _recorded(calls):
        analyser.analyse(taken, record)
    return calls


def record_reference(recording: Recording) -> list[Call]:
    """The calls of adopting a reference: once a calibration record."""
    analyser = Analyser(recording.board)
    reference = calibration.decode(recording.calibration).reference
    calls: list[Call] = []
    with _recorded(calls):
        analyser.mapper.set_reference(reference)
    return calls


def count(rig: Rig, calls: list[Call]) -> Counter[str]:
    """Kernel -> instructions of all its calls. Raises Differs."""
    counted: Counter[str] = Counter()
    for call in calls:
        outcome = rig.call(call.kernel, call.arguments, call.before)
        if outcome.buffers != call.after:
            raise Differs(f"{call.kernel} leaves other bytes on the core than under CPython.")
        counted[call.kernel] += outcome.instructions
    return counted


def kernel_names() -> set[str]:
    return {name for module in MODULES for name in viper_functions(inspect.getsource(module))}


@contextmanager
def _recorded(calls: list[Call]) -> Iterator[None]:
    originals = [
        (module, name, getattr(module, name))
        for module in MODULES
        for name in viper_functions(inspect.getsource(module))
    ]
    try:
        for module, name, kernel in originals:
            setattr(module, name, _recording(name, kernel, calls))
        yield
    finally:
        for module, name, kernel in originals:
            setattr(module, name, kernel)


def _recording(name: str, kernel: Any, calls: list[Call]) -> Any:
    def run(*arguments: Any) -> Any:
        owners: list[Any] = []
        places = tuple(value if isinstance(value, int) else place(value, owners) for value in arguments)
        before = tuple(bytes(memoryview(owner).cast("B")) for owner in owners)
        result = kernel(*arguments)
        calls.append(Call(name, 0, places, before, tuple(bytes(memoryview(owner).cast("B")) for owner in owners)))
        return result

    return run


RECORDINGS = Path(__file__).parents[1] / "recordings"
