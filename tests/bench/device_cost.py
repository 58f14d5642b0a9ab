"""What a piece of the firmware would cost on the device: native instructions counted, the Python between estimated.

Native kernels are called on QEMU's Xtensa core with the arguments that they had here; their instructions are exact.
The Python between them is counted in CPython's bytecodes, which are about as many as MicroPython's. From both to
milliseconds leads a factor each; no board has been timed, so that milliseconds are estimates.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import dermis.app
import dermis.core
import dermis.tflite
from dermis.core import assembler

from tests.xtensa.calls import content, place
from tests.xtensa.depth_calls import ASSEMBLER_SOURCE, PREFIX
from tests.xtensa.mpy import viper_functions
from tests.xtensa.rig import Argument, Rig

CLOCK_MHZ = 240
# Loads from PSRAM, taken branches and flash misses: between 1.2 and 1.5 (tests/xtensa counts instructions alone).
CYCLES_AN_INSTRUCTION = 1.35
# MicroPython's published benchmarks on the ESP32 family come to about one to two million bytecodes a second.
CYCLES_A_BYTECODE = 150
# Source -> its viper kernels that the ESP32-S3 replaces by assembler ones.
ASSEMBLED = {inspect.getfile(home): few + many for home, few, many in assembler.ALIKE}


@dataclass
class Cost:
    """Of one stage."""

    bytecodes: int = 0
    calls: list[tuple[str, str, tuple[Argument, ...], tuple[bytes, ...], tuple[bytes, ...]]] = field(
        default_factory=list
    )
    kernels: Counter = field(default_factory=Counter)  # kernel -> instructions, once counted

    @property
    def instructions(self) -> int:
        return sum(self.kernels.values())

    @property
    def native_ms(self) -> float:
        return self.instructions * CYCLES_AN_INSTRUCTION / (CLOCK_MHZ * 1000)

    @property
    def ms(self) -> float:
        return self.native_ms + self.bytecodes * CYCLES_A_BYTECODE / (CLOCK_MHZ * 1000)


def modules_with_kernels() -> dict[str, tuple[ModuleType, list[str]]]:
    """Path -> the module and the names of its viper kernels, of everything that the device has."""
    found = {}
    for package in (dermis.core, dermis.app, dermis.tflite):
        for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            path = Path(package.__path__[0]) / (info.name.rsplit(".", 1)[1] + ".py")
            if path.is_file() and (names := viper_functions(path.read_text())):
                found[str(path)] = importlib.import_module(info.name), names
    return found


class Counting:
    """`with counting.stage(name): ...` adds what runs within to that stage's `Cost`; `finish` counts the kernels."""

    def __init__(self) -> None:
        self.costs: dict[str, Cost] = {}
        self._current: Cost | None = None
        everything = modules_with_kernels()
        self._codes = set()
        for module, names in everything.values():
            self._codes |= {inspect.unwrap(getattr(module, name)).__code__ for name in names}
        # The interpreter's kernels have an assembler form; tests.xtensa.calls knows which.
        self._modules = {path: found for path, found in everything.items() if "tflite" not in path}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._current = self.costs.setdefault(name, Cost())
        before = sys.gettrace()
        with self._recorded():
            sys.settrace(self._trace)
            try:
                yield
            finally:
                sys.settrace(before)
                self._current = None

    def rename(self, old: str, new: str) -> None:
        self.costs = {new if name == old else name: cost for name, cost in self.costs.items()}

    def finish(self) -> None:
        """Run every kernel call on the core model, by an assembler kernel where there is one.

        Raises SystemExit where the core gives other bytes.
        """
        for path in {call[0] for cost in self.costs.values() for call in cost.calls}:
            known: dict[tuple, int] = {}
            assembled = ASSEMBLED.get(path, ())
            with Rig([Path(path)], prefixed={PREFIX: ASSEMBLER_SOURCE}) as rig:
                for cost in self.costs.values():
                    for source, kernel, arguments, before, after in cost.calls:
                        if source != path:
                            continue
                        key = kernel, arguments, before
                        if key not in known:
                            name = PREFIX + kernel if kernel in assembled else kernel
                            outcome = rig.call(name, arguments, before)
                            if outcome.buffers != after:
                                raise SystemExit(f"{kernel} gives other bytes on the core model: see tests/xtensa.")
                            known[key] = outcome.instructions
                        cost.kernels[kernel] += known[key]
        for cost in self.costs.values():
            cost.calls.clear()

    def _trace(self, frame: FrameType, event: str, _argument: Any) -> Callable | None:
        if frame.f_code in self._codes or "/dermis/" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return self._count

    def _count(self, _frame: FrameType, event: str, _argument: Any) -> Callable:
        if event == "opcode" and self._current is not None:
            self._current.bytecodes += 1
        return self._count

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """Within, every kernel notes its calls, under whatever name a module imported it."""
        changed = []
        replaced = {}
        for path, (module, names) in self._modules.items():
            for name in names:
                kernel = getattr(module, name)
                replaced[kernel] = self._wrap(path, name, kernel)
        for module in [module for name, module in sys.modules.items() if name.startswith("dermis.")]:
            for name, value in list(vars(module).items()):
                if inspect.isfunction(value) and value in replaced:
                    changed.append((module, name, value))
                    setattr(module, name, replaced[value])
        try:
            yield
        finally:
            for module, name, value in changed:
                setattr(module, name, value)

    def _wrap(self, path: str, name: str, kernel: Callable) -> Callable:
        def run(*arguments: Any) -> Any:
            owners: list[Any] = []
            places = tuple(value if isinstance(value, int) else place(value, owners) for value in arguments)
            before = tuple(content(owner) for owner in owners)
            result = kernel(*arguments)
            if self._current is not None:
                after = tuple(content(owner) for owner in owners)
                self._current.calls.append((path, name, places, before, after))
            return result

        return run


def inference_cost() -> tuple[int, int]:
    """(instructions, bytecodes) of one inference of the released model by the assembler kernels, as
    `python -m tests.bench inference` counts them."""
    from tests.bench.inference_instructions import measure  # it takes its factors from here
    from tests.xtensa import on_the_core
    from tests.xtensa.vectors import SHIPPED, vector

    with on_the_core.rig() as rig:
        measured = measure(rig, vector(SHIPPED), assembled=True)
    return measured.total, measured.bytecodes
