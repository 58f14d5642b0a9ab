"""The Coral's back end, LiteRT, beside our interpreter: the model's output on 1,000 tensors, verdicts of recordings.

On this computer's processor; no Coral and no Edge TPU has been met. `python -m tests.bench.coral COUNT` takes other
than 1,000 tensors.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from dermis.drivers.inference.litert import MissingRuntime
from dermis_host.inference import infer
from dermis_host.released import released_model

from tests.coral import environment, runner, tensors, verdicts

NAMES = sorted(path.stem for path in tensors.RECORDINGS.glob("*.npz"))


def print_head(interpreter: str, ours: np.ndarray) -> None:
    print(f"beside dermis.tflite under {interpreter}, {len(set(ours.tolist()))} different outputs:")
    print(f"{'back end':24} {'kernels':10} {'equal':>6} {'one step':>9} {'more':>5} {'furthest':>9}")


def print_steps(backend: str, kernels: str, theirs: np.ndarray, ours: np.ndarray) -> None:
    steps = np.abs(theirs.astype(int) - ours.astype(int))
    equal, one, more = int((steps == 0).sum()), int((steps == 1).sum()), int((steps > 1).sum())
    used = " <- used" if runner.is_used(backend, kernels) else ""
    print(f"{backend.split(',')[0]:24} {kernels:10} {equal:6} {one:9} {more:5} {steps.max():9}{used}")


def print_verdicts(label: str, ours: list[dict], python: Path) -> None:
    theirs = verdicts.verdicts(NAMES, "litert", python)
    found = verdicts.differences(ours, theirs)
    equal = sum(one["score"] == other["score"] for one, other in zip(ours, theirs, strict=True))
    print(f"{label}: {len(NAMES)} recordings, {len(found)} differences, {equal} scores equal")
    for sentence in found:
        print(" ", sentence)


def main(count: int = tensors.COUNT) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    arrays, counts = tensors.thousand(count)
    print("tensors:", ", ".join(f"{number} {what}" for what, number in counts.items()))
    run = infer(released_model(), arrays)
    ours = run.outputs[0].ravel()
    print_head(run.interpreter, ours)
    data, raw = released_model().read_bytes(), [array.tobytes() for array in arrays]
    here = True
    for kernels, model_class in runner.KERNELS.items():
        try:
            model = model_class(data)
        except MissingRuntime as error:
            print(error)
            here = False
            break
        outputs, _ = runner.answers(model, raw, count)
        print_steps(model.backend, kernels, np.frombuffer(outputs, np.int8), ours)
    of_recordings = verdicts.verdicts(NAMES, "interpreter")
    try:
        python = environment.coral_python()
    except environment.Unavailable as reason:
        print(f"{reason}.")
    else:
        answers = environment.run(released_model(), arrays, tuple(runner.KERNELS))
        for kernels, (backend, theirs, _) in answers.items():
            print_steps(backend, kernels, theirs, ours)
        print_verdicts("verdicts by tflite-runtime", of_recordings, python)
    if here:
        print_verdicts("verdicts by LiteRT in this environment", of_recordings, Path(sys.executable))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else tensors.COUNT)
