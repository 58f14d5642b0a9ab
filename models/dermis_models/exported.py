"""The exported model, run by others' interpreters: int8 scores and golden vectors. Needs the extra `[train]`."""

from __future__ import annotations

import numpy as np

from dermis_models.dataset import Data

GOLDEN = 64


class WrongExport(ValueError):
    """The converter made something that the device could not feed."""


def scores(tflite: bytes, data: Data) -> np.ndarray:
    """P(bona fide) of the exported model, (n,), by TensorFlow's reference kernels.

    Raises WrongExport when an input is not quantised as the features are.
    """
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(
        model_content=tflite, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    inputs = {}
    for entry in interpreter.get_input_details():
        if entry["quantization"] != (1.0, 0):
            raise WrongExport(f"{entry['name']} has scale and zero point {entry['quantization']}, not 1 and 0")
        inputs[tuple(entry["shape"][1:])] = entry["index"]
    output = interpreter.get_output_details()[0]["index"]
    found = np.empty(len(data["label"]), np.float32)
    for row in range(len(found)):
        for name in ("maps", "spectra"):
            interpreter.set_tensor(inputs[data[name].shape[1:]], data[name][row : row + 1])
        interpreter.invoke()
        found[row] = (int(interpreter.get_tensor(output)[0, 0]) + 128) / 256
    return found


def golden_rows(found: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """GOLDEN rows at most: one of each score first, because most scores lie at the two ends; then any."""
    _, first = np.unique(found, return_index=True)
    rest = rng.permutation(np.setdiff1d(np.arange(len(found)), first))
    return np.concatenate([rng.permutation(first), rest])[:GOLDEN]


def golden_outputs(tflite: bytes, data: Data, rows: np.ndarray) -> np.ndarray:
    """int8 (n,): the outputs of tflite-micro, the interpreter that ours must equal byte for byte."""
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(tflite)
    outputs = np.empty(len(rows), np.int8)
    for index, row in enumerate(rows):
        for position in (0, 1):
            shape = tuple(interpreter.get_input_details(position)["shape"])
            name = "maps" if shape[1:] == data["maps"].shape[1:] else "spectra"
            interpreter.set_input(data[name][row : row + 1], position)
        interpreter.invoke()
        outputs[index] = interpreter.get_output(0)[0, 0]
    return outputs
