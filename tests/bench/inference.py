"""The shipped model: instructions of each kernel call on the ESP32-S3's core model, and time on this computer.

The instructions are the same on every computer and in every run. The times are not, so ours and LiteRT's are taken
in the same run, on the same inputs.
"""

from __future__ import annotations

import os
import statistics
import time
from typing import Any

import numpy as np
from dermis_host.inference import infer
from dermis_host.released import released_model

from tests.xtensa import calls
from tests.xtensa.machine import CORE, MISSING, is_installed
from tests.xtensa.rig import Rig

RUNS = 5  # over all golden vectors; the median run counts
WEIGHTED = ("conv", "depthwise")  # kernels that multiply and accumulate
# Goals of issue B, stated for convolutions, depthwise ones and fully connected layers, and for all native code.
GOAL_A_MAC = 3.0
GOAL_INSTRUCTIONS = 650_000


def golden_inputs() -> list[np.ndarray]:
    """The golden vectors' inputs in the model's order: each int8 (vectors, ...)."""
    from dermis.tflite import Model

    path = released_model()
    golden = np.load(path.with_suffix(".golden.npz"))
    by_size = {golden[name][0].size: golden[name] for name in ("maps", "spectra")}
    return [by_size[info.bytes] for info in Model(path.read_bytes()).inputs]


def print_instructions() -> None:
    recorded, _, model = calls.record(released_model().read_bytes(), [array[0].tobytes() for array in golden_inputs()])
    profile: list[dict[str, Any]] = model.profile()
    total = macs = weighted = 0
    print(f"{'operator':20} {'output':16} {'kernel':10} {'MAC':>8} {'instructions':>12} {'a MAC':>6}")
    with Rig(calls.SOURCES) as rig:
        for call in recorded:
            if call.step == calls.LOADING:
                continue
            outcome = rig.call(call.kernel, call.arguments, call.before)
            if outcome.buffers != call.after:
                raise SystemExit(f"{call.kernel} gives other bytes on the core model: see tests/xtensa.")
            of_model = not 0 <= call.step < len(profile)
            place = "(input)" if call.step == calls.INPUTS else "(output)" if of_model else profile[call.step]["op"]
            shape = "" if of_model else "x".join(str(count) for count in profile[call.step]["shape"])
            count, ratio = "", ""
            if call.kernel in WEIGHTED:
                here = profile[call.step]["macs"]
                count, ratio = str(here), f"{outcome.instructions / here:.2f}"
                macs += here
                weighted += outcome.instructions
            total += outcome.instructions
            print(f"{place:20} {shape:16} {call.kernel:10} {count:>8} {outcome.instructions:12} {ratio:>6}")
    print(f"multiplying kernels: {macs} MAC, {weighted} instructions, {weighted / macs:.2f} a MAC (goal {GOAL_A_MAC})")
    print(f"all kernels of one inference: {total} instructions (goal {GOAL_INSTRUCTIONS})")
    print(
        f"Counted exactly on QEMU's {CORE}; the Python between the kernels is not in it. Milliseconds on the ESP32-S3 "
        "are not known: no board has been timed."
    )


def litert_us(inputs: list[np.ndarray], resolver: Any) -> tuple[float, np.ndarray]:
    """(median us of one inference on one thread, the outputs)."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(released_model()), num_threads=1, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()
    by_size = {array[0].size: array for array in inputs}
    arrays = [by_size[int(np.prod(detail["shape"]))] for detail in details]
    target = interpreter.get_output_details()[0]["index"]
    times, outputs = [], []
    for _ in range(RUNS):
        for vector in range(len(inputs[0])):
            for detail, array in zip(details, arrays, strict=True):
                interpreter.set_tensor(detail["index"], array[vector].reshape(detail["shape"]))
            start = time.perf_counter()
            interpreter.invoke()
            times.append(1e6 * (time.perf_counter() - start))
            outputs.append(interpreter.get_tensor(target).ravel())
    return statistics.median(times), np.array(outputs[: len(inputs[0])])


def print_times() -> None:
    from ai_edge_litert.interpreter import OpResolverType

    inputs = golden_inputs()
    runs = [infer(released_model(), inputs) for _ in range(RUNS)]
    ours = statistics.median(sum(entry["us"] for entry in run.details["profile"]) for run in runs)
    outputs = runs[0].outputs[0].reshape(len(inputs[0]), -1)
    print(f"{'interpreter on this computer':44} {'us':>8} {'ratio':>6}   outputs as ours, of {len(outputs)}")
    print(f"{'dermis.tflite, ' + runs[0].interpreter + ' (sum over operators)':44} {ours:8.0f} {1:6.2f}")
    for name, resolver in (
        ("reference kernels", OpResolverType.BUILTIN_REF),
        ("built-in kernels", OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES),
        ("default (XNNPACK)", OpResolverType.AUTO),
    ):
        theirs, answers = litert_us(inputs, resolver)
        same = int((answers == outputs).all(axis=1).sum())
        print(f"{'ai-edge-litert, one thread, ' + name:44} {theirs:8.0f} {ours / theirs:6.2f}   {same}")


def main() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if is_installed():
        print_instructions()
    else:
        print(MISSING)
    print()
    print_times()


if __name__ == "__main__":
    main()
