"""`dermis infer` on the interpreter's golden models: right answers, and one sentence for every wrong input."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from dermis.tflite import Model
from dermis_host import inference
from dermis_host.errors import DeviceCodeError
from test_cli import run

PACKS = Path(__file__).parents[1] / "tflite" / "data"


def first_of(pack: str) -> tuple[bytes, bytes, int]:
    """Model, vectors (inputs then outputs, each time) and their number of a pack's first entry."""
    data = (PACKS / f"{pack}.pack").read_bytes()
    at = 1 + data[0]
    size = struct.unpack_from("<I", data, at)[0]
    model = data[at + 4 : at + 4 + size]
    count = struct.unpack_from("<H", data, at + 4 + size)[0]
    return model, data[at + 6 + size :], count


def golden(pack: str):
    """(model, inputs, outputs), each array int8 with a leading batch axis."""
    model, vectors, count = first_of(pack)
    loaded = Model(model)
    tensors = [tuple(info.shape) for info in loaded.inputs + loaded.outputs]
    sizes = [int(np.prod(shape)) for shape in tensors]
    rows = np.frombuffer(vectors[: sum(sizes) * count], np.int8).reshape(count, -1)
    arrays = [
        piece.reshape(count, *shape[1:])
        for piece, shape in zip(np.split(rows, np.cumsum(sizes)[:-1], axis=1), tensors, strict=True)
    ]
    return model, arrays[: len(loaded.inputs)], arrays[len(loaded.inputs) :]


@pytest.fixture
def one(tmp_path):
    model, (given,), (expected,) = golden("separable")
    (tmp_path / "model.tflite").write_bytes(model)
    np.save(tmp_path / "in.npy", given)
    return tmp_path, given, expected


def words(folder, **changes):
    values = {"model": "model.tflite", "input": "in.npy", "output": "out.npy", **changes}
    return ["infer", str(folder / values["model"]), str(folder / values["input"]), "-o", str(folder / values["output"])]


def test_one_input_one_output(capsys, one):
    folder, _, expected = one
    code, out, _ = run(capsys, *words(folder))
    assert code == 0 and "MACs" in out
    found = np.load(folder / "out.npy", allow_pickle=False)
    assert found.dtype == np.int8 and np.array_equal(found, expected)


def test_several_inputs(capsys, tmp_path):
    model, given, expected = golden("two_inputs")
    (tmp_path / "model.tflite").write_bytes(model)
    np.savez(tmp_path / "in.npz", **{f"input_{index}": array for index, array in enumerate(given)})  # type: ignore[arg-type]
    code, _, _ = run(capsys, *words(tmp_path, input="in.npz"))
    assert code == 0 and np.array_equal(np.load(tmp_path / "out.npy"), expected[0])


def single_operator(name: str) -> tuple[bytes, bytes]:
    """Model and vectors of the entry of that name in single_ops."""
    data = (PACKS / "single_ops.pack").read_bytes()
    at = data.index(bytes([len(name)]) + name.encode()) + 1 + len(name)
    size = struct.unpack_from("<I", data, at)[0]
    return data[at + 4 : at + 4 + size], data[at + 6 + size :]


@pytest.mark.parametrize(("name", "kind"), [("dequantize_0", np.float32), ("tanh_0", np.int8)])
def test_outputs_are_read_by_their_type(tmp_path, name, kind):
    model, vectors = single_operator(name)
    (tmp_path / "model.tflite").write_bytes(model)
    loaded = Model(model)
    [given], [result] = loaded.inputs, loaded.outputs
    inputs = np.frombuffer(vectors[: given.bytes], np.int8).reshape(given.shape)
    expected = np.frombuffer(vectors[given.bytes : given.bytes + result.bytes], kind).reshape(result.shape)
    if given.shape[0] != 1 or len(given.shape) == 1:  # no batch axis of its own: one item is all of it
        inputs, expected = inputs[None], expected[None]
    [found] = inference.infer(tmp_path / "model.tflite", [inputs]).outputs
    assert found.dtype == kind and np.array_equal(found, expected)


def test_outputs_of_another_type_are_refused(one, monkeypatch):
    folder, given, _ = one
    monkeypatch.setattr(inference, "OUTPUT_TYPES", {})
    with pytest.raises(DeviceCodeError, match="int8"):
        inference.infer(folder / "model.tflite", [given])


def test_several_outputs_are_named(tmp_path):
    arrays = [np.zeros((2, 3), np.int8), np.ones((2, 1), np.int8)]
    inference.write_outputs(tmp_path / "out.npy", arrays)
    with np.load(tmp_path / "out.npy", allow_pickle=False) as archive:
        assert archive.files == ["output_0", "output_1"] and np.array_equal(archive["output_1"], arrays[1])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda given: given.astype(np.float32), "float32"),
        (lambda given: given.view(np.uint8), "uint8"),
        (lambda given: given[:0], "empty"),
        (lambda given: np.int8(3), "no batch axis"),
        (lambda given: given[:, 1:], "must hold"),
        (lambda given: given.reshape(given.shape[0], -1), "the model takes"),
        (lambda given: np.array([{}], object), "numpy.save"),
    ],
)
def test_wrong_inputs(capsys, one, change, said):
    folder, given, _ = one
    np.save(folder / "bad.npy", change(given))
    code, out, err = run(capsys, *words(folder, input="bad.npy"))
    assert code in (1, 2) and out == "" and said in err and len(err.strip().splitlines()) == 1
    assert not (folder / "out.npy").exists()


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"input_0": np.zeros((2, 3), np.int8), "input_1": np.zeros((3, 3), np.int8)}, "one length"),
        ({"x": np.zeros((2, 3), np.int8)}, "input_0"),
        ({"input_0": np.zeros((1, 3), np.int8), "input_1": np.zeros((1, 3), np.int8)}, "inputs"),
    ],
)
def test_wrong_archives(capsys, one, arrays, said):
    folder, *_ = one
    np.savez(folder / "bad.npz", **arrays)
    code, _, err = run(capsys, *words(folder, input="bad.npz"))
    assert code in (1, 2) and said in err


@pytest.mark.parametrize("content", [b"", b"not a model at all", None])
def test_wrong_models(capsys, one, content):
    folder, *_ = one
    if content is not None:
        (folder / "bad.tflite").write_bytes(content)
    code, _, err = run(capsys, *words(folder, model="bad.tflite"))
    assert code in (1, 2) and len(err.strip().splitlines()) == 1


def test_a_model_that_the_device_cannot_run_is_refused_in_its_words(capsys, one):
    folder, *_ = one
    (folder / "bad.tflite").write_bytes(first_of("refused")[0])
    code, _, err = run(capsys, *words(folder, model="bad.tflite"))
    assert code == 1 and "dermis: " in err
