"""Runs a model by LiteRT in whatever Python this is: `PYTHONPATH=firmware python tests/coral/runner.py FOLDER`.

Stands alone, because tflite-runtime lives in an environment of its own. FOLDER/job.json: model (path), inputs (names
of raw files in FOLDER, one an input of the model, `batch` tensors each), batch, kernels (names of `MODELS`). Writes
a file KERNELS.bin of all first outputs each, and result.json: a map kernels -> {backend, us (of each inference)}.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from dermis.drivers.inference import litert
from dermis.drivers.inference.litert import LiteRtModel

USED = "used"  # by the module; the others show why


class Reference(LiteRtModel):
    kernels = litert.REFERENCE


class BuiltIn(LiteRtModel):
    kernels = litert.BUILT_IN


class Default(LiteRtModel):
    kernels = "AUTO"


KERNELS = {"reference": Reference, "built-in": BuiltIn, "default": Default}
MODELS = {USED: LiteRtModel, **KERNELS}


def is_used(backend: str, kernels: str) -> bool:
    return KERNELS[kernels].kernels == litert.KERNELS[backend.split()[0]]


def answers(model, inputs: list[bytes], batch: int) -> tuple[bytes, list[float]]:
    """(all first outputs one after the other, us of each `invoke`, everything that it does included)."""
    sizes = [info.bytes for info in model.inputs]
    views = [memoryview(data) for data in inputs]
    outputs, times = bytearray(), []
    for item in range(batch):
        given = [view[item * size : (item + 1) * size] for view, size in zip(views, sizes, strict=True)]
        started = time.perf_counter_ns()
        result = model.invoke(given)
        times.append((time.perf_counter_ns() - started) / 1000)
        outputs += result[0].tobytes()
    return bytes(outputs), times


def main(folder: Path) -> None:
    job = json.loads((folder / "job.json").read_text())
    data = Path(job["model"]).read_bytes()
    inputs = [(folder / name).read_bytes() for name in job["inputs"]]
    result = {}
    for name in job["kernels"]:
        model = MODELS[name](data)
        outputs, times = answers(model, inputs, job["batch"])
        (folder / f"{name}.bin").write_bytes(outputs)
        result[name] = {"backend": model.backend, "us": times}
    (folder / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
