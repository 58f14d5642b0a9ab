"""Instructions of one inference on the ESP32-S3's core model, layer by layer, by viper and by assembler kernels.

They are the same on every computer and in every run. The Python between the kernels runs here, under CPython, where
its bytecodes are counted; what they cost on the device is an estimate, and so is every millisecond.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import dermis.tflite
from dermis.tflite import Model

from tests.bench.device_cost import CLOCK_MHZ, CYCLES_A_BYTECODE, CYCLES_AN_INSTRUCTION
from tests.xtensa import calls, on_the_core
from tests.xtensa.machine import CORE
from tests.xtensa.rig import Rig
from tests.xtensa.vectors import REFERENCE, SHIPPED, Vector, vector

# Goals of issue B, for the reference model: convolutions, depthwise ones and fully connected layers, their padding
# included; those of long dot products; all native code.
GOAL_A_MAC, STRETCH_A_MAC = 3.0, 2.5
GOAL_A_MAC_LONG, STRETCH_A_MAC_LONG, LONG = 1.5, 1.2, 144
GOAL_INSTRUCTIONS = 650_000
LOWEST_CYCLES, HIGHEST_CYCLES = 1.2, 1.5  # an instruction, around CYCLES_AN_INSTRUCTION
MODELS = (SHIPPED, REFERENCE, "residual", "wide_dense")  # the last two have dot products of 144 and 1,000


@dataclass
class Measured:
    """Of one inference. steps: instructions of each step, -1 and the number of operators being inputs and outputs."""

    profile: list[dict[str, Any]]
    steps: dict[int, int] = field(default_factory=dict)
    kernels: dict[int, list[str]] = field(default_factory=dict)
    calls: int = 0
    bytecodes: int = 0

    @property
    def total(self) -> int:
        return sum(self.steps.values())

    def weighted(self) -> tuple[int, int]:
        """(MAC, instructions) of all layers with weights."""
        chosen = [step for step, entry in enumerate(self.profile) if entry["macs"]]
        return sum(self.profile[step]["macs"] for step in chosen), sum(self.steps[step] for step in chosen)

    @property
    def glue(self) -> int:
        """The Python between the kernels, in instructions: an estimate."""
        return round(self.bytecodes * CYCLES_A_BYTECODE / CYCLES_AN_INSTRUCTION)


@contextmanager
def bytecodes_counted(measured: Measured) -> Iterator[None]:
    """Within, counts the bytecodes that run in the interpreter's own files (its kernels run on the core)."""
    folder = dermis.tflite.__path__[0]

    def count(_frame: FrameType, event: str, _argument: Any) -> Any:
        measured.bytecodes += event == "opcode"
        return count

    def enter(frame: FrameType, _event: str, _argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(folder):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return count

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        yield
    finally:
        sys.settrace(before)


def measure(rig: Rig, model: Vector, assembled: bool) -> Measured:
    with on_the_core.running(rig, assembled) as core:
        loaded = Model(model.file)
        measured = Measured([])
        core.counts.clear()
        core.step = calls.INPUTS
        with calls.numbered(loaded, core), bytecodes_counted(measured):
            outputs = loaded.invoke(model.inputs)
    if b"".join(memoryview(output).tobytes() for output in outputs) != model.outputs:
        raise SystemExit(f"{model.name} gives other outputs on the core model: see tests/xtensa.")
    measured.profile = loaded.profile()
    measured.calls = len(core.counts)
    for step in range(len(measured.profile)):
        measured.steps[step] = 0
    for count in core.counts:
        measured.steps[count.step] = measured.steps.get(count.step, 0) + count.instructions
        kernel = count.kernel if count.assembler or not assembled else f"viper {count.kernel}"
        measured.kernels.setdefault(count.step, []).append(kernel)
    return measured


def print_layers(viper: Measured, assembled: Measured) -> None:
    print(f"{'operator':18} {'output':12} {'MAC':>7} {'viper':>9} {'a MAC':>6} {'assembler':>9} {'a MAC':>6}  kernels")
    for step in sorted(assembled.steps):
        if not assembled.steps[step]:
            continue
        name, shape, macs = "(inputs)" if step < 0 else "(outputs)", "", 0
        if 0 <= step < len(assembled.profile):
            entry = assembled.profile[step]
            name, shape, macs = entry["op"], "x".join(map(str, entry["shape"])), entry["macs"]
        ratios = [f"{of.steps[step] / macs:.2f}" if macs else "" for of in (viper, assembled)]
        print(
            f"{name:18} {shape:12} {macs or '':>7} {viper.steps[step]:9} {ratios[0]:>6} {assembled.steps[step]:9} "
            f"{ratios[1]:>6}  {', '.join(assembled.kernels[step])}"
        )


def milliseconds(instructions: float) -> str:
    low, high = (instructions * cycles / (CLOCK_MHZ * 1000) for cycles in (LOWEST_CYCLES, HIGHEST_CYCLES))
    return f"{low:.1f} to {high:.1f} ms"


def print_totals(name: str, viper: Measured, assembled: Measured) -> None:
    for kernels, found in (("viper", viper), ("assembler", assembled)):
        macs, spent = found.weighted()
        print(
            f"{name}, {kernels}: layers with weights {spent} instructions for {macs} MAC, {spent / macs:.2f} a MAC; "
            f"all native code {found.total} ({milliseconds(found.total)}, estimate)"
        )
    long = [
        (entry["macs"], assembled.steps[step])
        for step, entry in enumerate(assembled.profile)
        if entry["macs"] >= LONG * math.prod(entry["shape"])
    ]
    if long:
        macs, spent = (sum(column) for column in zip(*long, strict=True))
        print(f"  dot products of {LONG} and more: {spent / macs:.2f} a MAC", end=" ")
        print(f"(goal {GOAL_A_MAC_LONG}, stretch {STRETCH_A_MAC_LONG})")
    if name == REFERENCE:
        print(f"  goals: {GOAL_A_MAC} a MAC (stretch {STRETCH_A_MAC}), {GOAL_INSTRUCTIONS} in all")
    print(
        f"  Python between {assembled.calls} kernel calls: {assembled.bytecodes} bytecodes, about {assembled.glue} "
        f"instructions ({milliseconds(assembled.glue)}, estimate)"
    )


def print_instructions() -> None:
    with on_the_core.rig() as rig:
        for name in MODELS:
            model = vector(name)
            viper, assembled = measure(rig, model, False), measure(rig, model, True)
            print(f"-- {name}")
            print_layers(viper, assembled)
            print_totals(name, viper, assembled)
    print(
        f"Counted exactly on QEMU's {CORE}. Estimates, as no board has been timed: {LOWEST_CYCLES} to {HIGHEST_CYCLES} "
        f"cycles an instruction at {CLOCK_MHZ} MHz, {CYCLES_A_BYTECODE} cycles a bytecode. Bytecodes are CPython's, "
        "about as many as MicroPython's; what a call costs before its kernel runs is in that figure, not in the counts."
    )
