"""An inference takes nothing from the heap. Only MicroPython tells; under CPython there is nothing to see."""

import gc
from array import array

import packs
from dermis.tflite import Model
from dermis.tflite.native import IS_MICROPYTHON


def allocated(model, inputs):
    """Bytes by which the heap grows over one inference."""
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()  # type: ignore[attr-defined]
        model.invoke(inputs)
        return gc.mem_alloc() - before  # type: ignore[attr-defined]
    finally:
        gc.enable()


def models():
    for pack in ("single_ops", "plain", "separable", "residual", "pooled", "two_inputs", "wide_dense"):
        for name, file, _, _ in packs.read(pack):
            yield name, Model(file)


def octets_array(data):
    return array("b", data)


def test_an_inference_allocates_nothing():
    if not IS_MICROPYTHON:
        return
    seen = 0
    for name, model in models():
        for kind in (bytes, bytearray, memoryview, octets_array):
            inputs = [kind(bytes(info.bytes)) for info in model.inputs]
            assert allocated(model, inputs) == 0, name
            seen += 1
    assert seen > 100


def test_the_measurement_sees_an_allocation():
    if not IS_MICROPYTHON:
        return

    class Allocating:
        def invoke(self, inputs):
            self.kept = bytearray(len(inputs))

    assert allocated(Allocating(), [None] * 100) >= 100
