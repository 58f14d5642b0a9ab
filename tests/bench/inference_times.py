"""The shipped model beside its peers: time on this computer, and whether they give the same bytes.

Every figure is the whole of one inference as a caller sees it: inputs handed over, run, output fetched, on one thread.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from dermis.drivers.inference.litert import MissingRuntime
from dermis_host import device_code
from dermis_host.released import released_model

from tests.bench.golden import golden_inputs
from tests.coral import environment, runner

ROUNDS = 5
SLOW_VECTORS = 8  # of CPython, which takes some fifty times as long
GOAL = 1.3  # of issue B: ours under MicroPython over tflite-micro
SCRIPT = Path(__file__).with_name("time_invoke.py")
OURS, ORACLE = "dermis.tflite, MicroPython", "tflite-micro"
Answers = tuple[np.ndarray, list[float]]  # int8 (vectors,), us of each


@dataclass
class Peer:
    """run: one round over some vectors. medians: us, of the rounds so far."""

    name: str
    run: Callable[[list[np.ndarray]], Answers]
    vectors: int | None = None  # None: all
    medians: list[float] = field(default_factory=list)
    outputs: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int8))

    def round(self, inputs: list[np.ndarray]) -> None:
        self.outputs, times = self.run([array[: self.vectors] for array in inputs])
        self.medians.append(statistics.median(times))

    @property
    def us(self) -> float:
        return statistics.median(self.medians)


def ours(command: list[str], environment_variables: dict[str, str]) -> Callable[[list[np.ndarray]], Answers]:
    """Our interpreter in a process of its own."""

    def run(inputs: list[np.ndarray]) -> Answers:
        with device_code.job_folder() as folder:
            (folder / "model.tflite").write_bytes(released_model().read_bytes())
            for index, array in enumerate(inputs):
                (folder / f"input_{index}.bin").write_bytes(array.tobytes())
            done = subprocess.run(
                [*command, str(SCRIPT), str(folder), str(len(inputs[0]))],
                env=environment_variables,
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            )
            return np.fromfile(folder / "outputs.bin", np.int8), json.loads(done.stdout)

    return run


def litert(model: Any) -> Callable[[list[np.ndarray]], Answers]:
    def run(inputs: list[np.ndarray]) -> Answers:
        outputs, times = runner.answers(model, [array.tobytes() for array in inputs], len(inputs[0]))
        return np.frombuffer(outputs, np.int8), times

    return run


def tflite_runtime(kernels: str) -> Callable[[list[np.ndarray]], Answers]:
    def run(inputs: list[np.ndarray]) -> Answers:
        _, outputs, times = environment.run(released_model(), inputs, (kernels,))[kernels]
        return outputs, times

    return run


def tflite_micro(interpreter: Any) -> Callable[[list[np.ndarray]], Answers]:
    def run(inputs: list[np.ndarray]) -> Answers:
        outputs, times = [], []
        for vector in range(len(inputs[0])):
            given = [array[vector : vector + 1] for array in inputs]
            started = time.perf_counter_ns()
            for index, tensor in enumerate(given):
                interpreter.set_input(tensor, index)
            interpreter.invoke()
            answer = interpreter.get_output(0)
            times.append((time.perf_counter_ns() - started) / 1000)
            outputs.append(int(answer.ravel()[0]))
        return np.array(outputs, np.int8), times

    return run


def peers() -> tuple[list[Peer], list[str]]:
    """(who is here, one sentence about each who is not)."""
    found, missing = [], []
    data = released_model().read_bytes()
    device = device_code.Interpreter()
    if device.is_micropython:
        found.append(Peer(OURS, ours(device.command, device.environment)))
    else:
        missing.append("There is no MicroPython: pip install 'dermis[sim]', or name one in DERMIS_MICROPYTHON.")
    found.append(
        Peer("dermis.tflite, CPython", ours([sys.executable], environment.environment_variables()), SLOW_VECTORS)
    )
    try:
        # The oracle's own module for this; the package has no other entry.
        from tflite_micro.python.tflite_micro import runtime  # pyright: ignore[reportMissingImports]
    except ImportError:
        missing.append("tflite-micro is not installed: pip install -c requirements.txt tflite-micro.")
    else:
        found.append(Peer(ORACLE, tflite_micro(runtime.Interpreter.from_bytes(data))))
    for kernels, model_class in runner.KERNELS.items():
        try:
            model = model_class(data)
        except MissingRuntime as error:
            missing.append(str(error))
            break
        label = "default kernels (XNNPACK)" if kernels == "default" else f"{kernels} kernels"
        found.append(Peer(f"{model.backend.split(',')[0]}, {label}", litert(model)))
    try:
        environment.coral_python()
    except environment.Unavailable as reason:
        missing.append(f"{reason}.")
    else:
        for kernels in runner.KERNELS:
            found.append(Peer(f"tflite-runtime, {kernels} kernels", tflite_runtime(kernels)))
    return found, missing


def print_times() -> None:
    inputs = golden_inputs()
    vectors = len(inputs[0])
    found, missing = peers()
    for _ in range(ROUNDS):
        for peer in found:
            peer.round(inputs)
    by_name = {peer.name: peer for peer in found}
    first = found[0].outputs
    oracle = by_name.get(ORACLE)
    print(f"{'interpreter on this computer':48} {'us':>8} {'/ tflite-micro':>14} {'ours / it':>9}   outputs as ours")
    for peer in found:
        ratio = f"{peer.us / oracle.us:.2f}" if oracle else "?"
        ours_over_it = f"{by_name[OURS].us / peer.us:.2f}" if OURS in by_name else "?"
        both = min(len(peer.outputs), len(first))
        same = int((peer.outputs[:both] == first[:both]).sum())
        print(f"{peer.name:48} {peer.us:8.0f} {ratio:>14} {ours_over_it:>9}   {same} of {both}")
    for sentence in missing:
        print(sentence)
    if OURS in by_name and oracle:
        print(f"ours under MicroPython over tflite-micro: {by_name[OURS].us / oracle.us:.2f} (goal {GOAL})")
    print(
        f"Each: the median of {ROUNDS} rounds, all interpreters in turn in each round; a round is the median over "
        f"{vectors} golden vectors ({SLOW_VECTORS} for CPython); one thread; the whole call, inputs and output copied."
    )
