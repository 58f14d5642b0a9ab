"""Inferences by the device's own interpreter (`dermis.tools.infer`) on int8 arrays."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dermis_host import device_code, files, recording
from dermis_host.errors import DeviceCodeError, UsageError

# Little-endian types that a model may end in: int8, or what QUANTIZE and DEQUANTIZE give.
OUTPUT_TYPES = {"int8": "<i1", "uint8": "<u1", "float32": "<f4"}


@dataclass(frozen=True)
class Inference:
    """outputs: each (batch, ...), of the model's own type.

    details: what the tool reports (profile, macs, arena_bytes, ...).
    """

    outputs: list[np.ndarray]
    details: dict[str, Any]
    interpreter: str


def read_inputs(path: Path) -> list[np.ndarray]:
    """The arrays of an .npy, or input_0, input_1, ... of an .npz: int8, with a leading batch axis of one length.

    Raises UsageError with one sentence.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            arrays = [loaded]
        else:
            with loaded as archive:
                names = [f"input_{index}" for index in range(len(archive.files))]
                if sorted(names) != sorted(archive.files) or not names:
                    raise UsageError(f"{path} must hold input_0, input_1, ... and nothing else.")
                arrays = [archive[name] for name in names]
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror or problem}.") from None
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, RuntimeError, *recording.NO_HEADER):
        # numpy's own words would advise to load it unsafely.
        raise UsageError(f"{path} is no .npy or .npz of numbers: write it with numpy.save or numpy.savez.") from None
    for index, array in enumerate(arrays):
        if array.dtype != np.int8:
            raise UsageError(f"Input {index} of {path} is {array.dtype}; it must be int8, already quantised.")
        if array.ndim < 1 or array.shape[0] < 1:
            raise UsageError(f"Input {index} of {path} has no batch axis, or an empty one.")
    if len({array.shape[0] for array in arrays}) != 1:
        lengths = ", ".join(str(array.shape[0]) for array in arrays)
        raise UsageError(f"The inputs of {path} have batches of {lengths}; they must be of one length.")
    return arrays


def infer(
    model: Path,
    inputs: Sequence[np.ndarray],
    *,
    heap: str = device_code.DEFAULT_HEAP,
    tell: Callable[[str], None] = lambda _: None,
) -> Inference:
    """Runs the model once for each item of the batch.

    Raises UsageError for inputs that are not the model's, DeviceCodeError when the device's code refuses the model.
    """
    try:
        data = model.read_bytes()
    except OSError as problem:
        raise UsageError(f"The model {model} cannot be read: {problem.strerror}.") from None
    batch = inputs[0].shape[0]
    with device_code.job_folder() as folder:
        (folder / "model.tflite").write_bytes(data)
        names = [f"input_{index}.bin" for index in range(len(inputs))]
        for name, array in zip(names, inputs, strict=True):
            (folder / name).write_bytes(np.ascontiguousarray(array).tobytes())
        job = {"model": "model.tflite", "batch": batch, "inputs": names}
        interpreter = device_code.run("infer", folder, job, heap=heap, tell=tell)
        details = device_code.result(folder)
        _check_shapes(inputs, details["inputs"])
        outputs = []
        for entry in details["outputs"]:
            shape = (batch, *_item(entry["shape"]))
            if entry["dtype"] not in OUTPUT_TYPES:
                raise DeviceCodeError(f"The model gives {entry['dtype']}; export it with int8 or float32 outputs.")
            kind = np.dtype(OUTPUT_TYPES[entry["dtype"]])
            raw = device_code.output(folder, entry["file"], int(np.prod(shape)) * kind.itemsize)
            outputs.append(np.frombuffer(raw, kind).reshape(shape))
    if not outputs:
        raise DeviceCodeError("The model gives no output.")
    return Inference(outputs, details, interpreter.name)


def write_outputs(path: Path, outputs: Sequence[np.ndarray]) -> None:
    """One output as .npy, several as an .npz of output_0, output_1, ..., whatever the file is called."""
    with files.whole(path) as file:
        if len(outputs) == 1:
            np.save(file, outputs[0])
        else:
            arrays = {f"output_{index}": array for index, array in enumerate(outputs)}
            np.savez(file, **arrays)  # type: ignore[arg-type]


def _item(shape: Sequence[int]) -> tuple[int, ...]:
    """Shape of one item: the model's own shape without its leading 1, where it has one."""
    return tuple(shape[1:]) if len(shape) > 1 and shape[0] == 1 else tuple(shape)


def _check_shapes(inputs: Sequence[np.ndarray], described: Sequence[dict[str, Any]]) -> None:
    """The sizes fitted, or the device's code would have refused; shapes of equal size must be told apart here."""
    for index, (array, entry) in enumerate(zip(inputs, described, strict=True)):
        if array.shape[1:] != _item(entry["shape"]):
            raise UsageError(f"Input {index} is {array.shape[1:]} an item; the model takes {_item(entry['shape'])}.")
