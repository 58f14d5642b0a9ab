"""The kernel calls of analysing one burst under CPython, to be made again on the core model and counted.

As `calls`, but for `dermis.core`: every module with kernels is watched, and each call knows which module asked for
it, so that a stage's share of a common kernel (`fixed`) is its own.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import dermis.core
from dermis.core import analysis, calibration, fixed
from dermis.core import burst as bursts
from dermis_host.recording import load

from tests.xtensa.calls import content, place
from tests.xtensa.mpy import viper_functions
from tests.xtensa.rig import Argument, Rig

# Who asks for the reflectance stage's kernels; `face` and `cover` are the segmentation, which belongs to depth.
REFLECTANCE = ("reflectance", "analysis", "motion", "swir", "features")
SEGMENTATION = ("face", "cover")
NOT_OF_REFLECTANCE = ("_dot_kernel",)  # the roots of the dots' image are made there and belong to depth
GLUE = (*REFLECTANCE, "fixed", "drift", "gates")

FOLDER = Path(inspect.getfile(dermis.core)).parent


@dataclass(frozen=True)
class Call:
    """One call: of which kernel, asked for by which module of `dermis.core`, on what, and what it did."""

    kernel: str
    asked_by: str
    arguments: tuple[Argument, ...]
    before: tuple[bytes, ...]
    after: tuple[bytes, ...]
    result: int | None


def modules_with_kernels() -> list[ModuleType]:
    """Those modules of `dermis.core` that are loaded and define a viper function."""
    out = []
    for path in sorted(FOLDER.glob("*.py")):
        module = sys.modules.get(f"dermis.core.{path.stem}")
        if module is not None and viper_functions(path.read_text()):
            out.append(module)
    return out


def source(module: ModuleType) -> Path:
    return Path(inspect.getfile(module))


def kernel_names(module: ModuleType) -> list[str]:
    return viper_functions(source(module).read_text())


class _Recorder:
    def __init__(self) -> None:
        self.calls: list[Call] = []

    def wrap(self, name: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            owners: list[Any] = []
            places = tuple(value if isinstance(value, int) else place(value, owners) for value in arguments)
            before = tuple(content(owner) for owner in owners)
            result = kernel(*arguments)
            after = tuple(content(owner) for owner in owners)
            self.calls.append(Call(name, _asker(), places, before, after, result))
            return result

        return run


def _asker() -> str:
    """The module that wants the result: the nearest caller outside `fixed` and this file."""
    frame = inspect.currentframe()
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.parent == FOLDER and path.name != Path(inspect.getfile(fixed)).name:
            return path.stem
        frame = frame.f_back
    return "fixed"


@contextmanager
def recording() -> Iterator[list[Call]]:
    """Within, every kernel call of `dermis.core` is noted in the list."""
    recorder = _Recorder()
    originals = [
        (module, name, getattr(module, name)) for module in modules_with_kernels() for name in kernel_names(module)
    ]
    wrapped = {id(kernel): recorder.wrap(name, kernel) for _, name, kernel in originals}
    # A kernel may be known by its name in the modules that import it, too.
    places = [
        (module, name, value)
        for module in [m for key, m in sys.modules.items() if key.startswith("dermis.core.")]
        for name, value in vars(module).items()
        if id(value) in wrapped
    ]
    try:
        for module, name, kernel in places:
            setattr(module, name, wrapped[id(kernel)])
        yield recorder.calls
    finally:
        for module, name, kernel in places:
            setattr(module, name, kernel)


def of_recording(path: Path) -> tuple[list[Call], Counter[str]]:
    """The kernel calls of analysing a recording, and how many bytecodes each module of `dermis.core` runs around them.

    The bytecodes are CPython's, kernels left out: MicroPython's differ in kind, hardly in number. What is done once a
    record is not in either.
    """
    recording_ = load(path)
    burst = bursts.from_header(recording_.meta)
    burst.frames = {name: pixels.tobytes() for name, pixels in recording_.frames.items()}
    record = calibration.decode(recording_.calibration)
    analyser = analysis.Analyser(recording_.board)
    analyser._take(record)
    with recording() as calls:
        analyser.analyse(burst, record)
    kernels = {name for module in modules_with_kernels() for name in kernel_names(module)}
    executed: Counter[str] = Counter()

    def trace(frame: Any, event: str, _argument: Any) -> Any:
        path = Path(frame.f_code.co_filename)
        if path.parent != FOLDER or frame.f_code.co_name in kernels:
            return None
        if event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            executed[path.stem] += 1
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        analyser.analyse(burst, record)
    finally:
        sys.settrace(previous)
    return calls, executed


def replay(rig: Rig, call: Call, prefix: str = "") -> tuple[bool, int]:
    """(the core gives the same bytes and the same result, instructions), by the kernel of that prefix."""
    outcome = rig.call(prefix + call.kernel, call.arguments, call.before)
    same = outcome.buffers == call.after and (call.result is None or outcome.result == call.result & 0xFFFFFFFF)
    return same, outcome.instructions
