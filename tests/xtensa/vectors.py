"""Models with the first of their golden vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dermis.tflite import Model
from dermis_host.released import released_model

from tests.unit.tflite import packs

SHIPPED, REFERENCE = "shipped", "reference"
GOLDEN = ("plain", "separable", "residual", "pooled", "two_inputs", "wide_dense", REFERENCE)
WHOLE = (SHIPPED, *GOLDEN)


@dataclass(frozen=True)
class Vector:
    """outputs: those of tflite-micro, one after the other."""

    name: str
    file: bytes
    inputs: list[bytes]
    outputs: bytes


def vector(name: str) -> Vector:
    """That of a whole model."""
    if name == SHIPPED:
        path = released_model()
        golden = np.load(path.with_suffix(".golden.npz"))
        by_size = {golden[key][0].size: golden[key][0].tobytes() for key in ("maps", "spectra")}
        file = path.read_bytes()
        return Vector(name, file, [by_size[info.bytes] for info in Model(file).inputs], golden["output"][:1].tobytes())
    [(_, file, data, _)] = packs.read(name)
    return _first(name, file, data)


def single_operators() -> list[Vector]:
    return [_first(name, file, data) for name, file, data, _ in packs.read("single_ops")]


def _first(name: str, file: bytes, data: bytes) -> Vector:
    model, at, inputs = Model(file), 0, []
    for info in model.inputs:
        inputs.append(data[at : at + info.bytes])
        at += info.bytes
    return Vector(name, file, inputs, data[at : at + sum(info.bytes for info in model.outputs)])
