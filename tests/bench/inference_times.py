"""The shipped model beside its peers: time on this computer, and whether they give the same bytes."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
from dermis_host.inference import infer
from dermis_host.released import released_model

from tests.bench.golden import golden_inputs

RUNS = 5  # over all golden vectors; the median run counts


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
