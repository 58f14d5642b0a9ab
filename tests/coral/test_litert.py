"""The contract of `dermis.tflite.Model`, kept by LiteRT as ai_edge_litert has it."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from dermis import tflite
from dermis.app.spoof_model import load
from dermis.core.errors import BadInput, SensorFault
from dermis.drivers.inference import litert
from dermis.drivers.inference.interpreter import InterpretedModel
from dermis.drivers.inference.litert import LiteRtModel, MissingRuntime
from dermis_host.released import released_model

from tests.coral import runner, tensors, verdicts
from tests.unit.tflite import packs

WHOLE = ("plain", "separable", "residual", "pooled", "two_inputs", "wide_dense")
REFUSED = {name: file for name, file, _, _ in packs.read("refused")}


@pytest.fixture(autouse=True)
def ai_edge_litert(monkeypatch):
    """Whatever else is installed here."""
    monkeypatch.setattr(litert, "KERNELS", {"ai_edge_litert": litert.BUILT_IN})


@pytest.fixture(scope="module")
def released() -> bytes:
    return released_model().read_bytes()


def compiled() -> bytes:
    """What a model for the Edge TPU looks like from outside: a custom operator, and its name in the file."""
    return REFUSED["operator_custom"] + litert.EDGE_TPU_OPERATOR


def raised(action, *arguments) -> Exception:
    with pytest.raises(Exception) as caught:
        action(*arguments)
    return caught.value


@pytest.mark.parametrize("name", [*WHOLE, "released"])
def test_inputs_and_outputs_are_described_alike_and_in_the_same_order(name, released):
    file = released if name == "released" else packs.read(name)[0][1]
    ours, theirs = InterpretedModel(file), LiteRtModel(file)
    assert theirs.inputs == ours.inputs and theirs.outputs == ours.outputs
    assert theirs.macs == ours.macs


def test_a_thousand_tensors_within_two_steps(released, thousand):
    arrays, ours = thousand
    assert len(ours) == len(arrays[0]) == tensors.COUNT
    outputs, _ = runner.answers(LiteRtModel(released), [array.tobytes() for array in arrays], tensors.COUNT)
    assert np.abs(np.frombuffer(outputs, np.int8).astype(int) - ours).max() <= 2  # it rounds dense layers otherwise
    assert len(set(ours)) > 64  # or the comparison would tell little


def test_results_are_signed_and_belong_to_the_model(released):
    golden = [array[:2] for array in tensors.golden_inputs()]
    ours, theirs = InterpretedModel(released), LiteRtModel(released)
    first = theirs.invoke([array[0].tobytes() for array in golden])
    assert first[0].typecode == "b" and list(first[0]) == list(ours.invoke([array[0].tobytes() for array in golden])[0])
    second = theirs.invoke([array[1] for array in golden])  # any buffer will do
    assert second[0] is first[0]
    assert list(second[0]) == list(ours.invoke([array[1] for array in golden])[0])


def test_it_says_what_runs_and_how_long(released):
    model = LiteRtModel(released)
    assert model.backend.startswith("ai_edge_litert 2") and not model.on_edge_tpu
    assert model.backend.endswith(", built-in kernels, processor alone")
    [entry] = model.profile()
    assert entry["us"] == 0 and entry["macs"] == model.macs > 0 and entry["shape"] == [1, 1]
    model.invoke([bytes(info.bytes) for info in model.inputs])
    assert model.profile()[0]["us"] > 0


def test_wrong_inputs_are_refused_in_the_same_words(released):
    ours, theirs = InterpretedModel(released), LiteRtModel(released)
    maps, spectra = (bytes(info.bytes) for info in ours.inputs)
    for inputs in (
        [],
        [maps],
        [maps, spectra, maps],
        [spectra, maps],
        [maps, spectra[:9]],
        [maps + b"\0", spectra],
        [maps, [0] * 10],
        [maps, None],
    ):
        one, other = raised(ours.invoke, inputs), raised(theirs.invoke, inputs)
        assert type(one) is type(other) is tflite.BadInput and str(one) == str(other)
    theirs.invoke([maps, spectra])


@pytest.mark.parametrize("name", REFUSED)
def test_the_same_models_are_refused_in_the_same_words(name):
    one, other = raised(InterpretedModel, REFUSED[name]), raised(LiteRtModel, REFUSED[name])
    assert type(one) is type(other) and str(one) == str(other)


def test_a_file_cut_short_never_reaches_litert(released):
    for size in (0, 8, 100, len(released) // 2, len(released) - 400):
        assert isinstance(raised(LiteRtModel, released[:size]), tflite.BadModel)
    assert "limit" in str(raised(LiteRtModel, released, 1000))  # of arena
    assert "limit" in str(raised(LiteRtModel, released, tflite.ARENA_LIMIT, 1000))  # of work


def test_what_only_litert_refuses_is_one_sentence(released, monkeypatch):
    def refuse(**_options):
        raise ValueError("no such thing\nand a second line")

    runtime, _, _ = litert.find_runtime()
    fake = SimpleNamespace(Interpreter=refuse, OpResolverType=runtime.OpResolverType)
    monkeypatch.setattr(litert, "find_runtime", lambda: (fake, "ai_edge_litert", "0.0"))
    error = raised(LiteRtModel, released)
    assert isinstance(error, tflite.BadModel) and str(error).endswith("refuses the model: no such thing.")


def test_the_first_package_that_can_be_imported_is_taken(monkeypatch):
    monkeypatch.setattr(litert, "KERNELS", {"no_such_runtime": "A", "ai_edge_litert": "B"})
    module, package, version = litert.find_runtime()
    assert module.__name__ == "ai_edge_litert.interpreter" and package == "ai_edge_litert" and int(version[0]) >= 2
    own = SimpleNamespace(Interpreter=None, OpResolverType=None)
    monkeypatch.setitem(sys.modules, "no_such_runtime", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "no_such_runtime.interpreter", own)
    assert litert.find_runtime() == (own, "no_such_runtime", "(version unknown)")


def test_without_litert_it_says_what_is_missing(released, monkeypatch):
    monkeypatch.setattr(litert, "KERNELS", {"no_such_runtime": "A", "nor_this_one": "B"})
    error = raised(LiteRtModel, released)
    assert isinstance(error, MissingRuntime) and isinstance(error, tflite.ModelError)
    for word in ("no_such_runtime", "nor_this_one", "pip", "interpreter"):
        assert word in str(error)
    with pytest.raises(BadInput, match="no_such_runtime"):  # and the module that has no model says so
        load(str(released_model()), LiteRtModel)


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("raise AttributeError('_ARRAY_API not found')", "_ARRAY_API not found"),
        ("raise SystemError('no initialization')", "no initialization"),
        ("raise OSError('cannot open shared object file')", "shared object"),
        ("Interpreter = None", "it has no OpResolverType"),
        ("", "it has no Interpreter and no OpResolverType"),
    ],
)
def test_a_package_that_is_there_but_broken_counts_as_missing(tmp_path, monkeypatch, released, source, word):
    package = tmp_path / "broken_runtime"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "interpreter.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("broken_runtime", "broken_runtime.interpreter"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(litert, "KERNELS", {"broken_runtime": "A"})
    error = raised(LiteRtModel, released)
    assert isinstance(error, MissingRuntime) and word in str(error) and "pip" in str(error)
    monkeypatch.setattr(litert, "KERNELS", {"broken_runtime": "A", "ai_edge_litert": "B"})
    assert litert.find_runtime()[1] == "ai_edge_litert"


@pytest.mark.parametrize("kind", [SystemError, TypeError, ImportError])
def test_a_package_that_breaks_when_it_reads_the_model_counts_as_missing(released, monkeypatch, kind):
    def breaks(**_options):
        raise kind("returned a result with an exception set")

    runtime, _, _ = litert.find_runtime()
    fake = SimpleNamespace(Interpreter=breaks, OpResolverType=runtime.OpResolverType)
    monkeypatch.setattr(litert, "find_runtime", lambda: (fake, "ai_edge_litert", "2.14.0"))
    error = raised(LiteRtModel, released)
    assert isinstance(error, MissingRuntime)
    assert "ai_edge_litert 2.14.0" in str(error) and "exception set" in str(error) and "numpy below 2" in str(error)


def test_the_operators_name_alone_spares_no_check():
    for name in ("bad_stride", "bad_weights_length", "float_tensors"):
        file = REFUSED[name] + litert.EDGE_TPU_OPERATOR
        assert str(raised(LiteRtModel, file)) == str(raised(InterpretedModel, REFUSED[name]))


def test_a_compiled_model_without_a_driver(monkeypatch):
    monkeypatch.setattr(litert, "EDGE_TPU_LIBRARY", "libno-such-thing.so.1")
    error = raised(LiteRtModel, compiled())
    assert isinstance(error, MissingRuntime)
    assert "libno-such-thing.so.1" in str(error) and "compiled for an Edge TPU" in str(error)


def test_a_compiled_model_with_a_driver_that_finds_nothing(monkeypatch):
    def no_device(_library):
        raise ValueError("Failed to load delegate from it\n")

    monkeypatch.setattr(litert, "EDGE_TPU_LIBRARY", "libc.so.6")  # any library that is there
    monkeypatch.setattr(
        litert, "find_runtime", lambda: (SimpleNamespace(load_delegate=no_device), "ai_edge_litert", "0.0")
    )
    error = raised(LiteRtModel, compiled())
    assert isinstance(error, MissingRuntime) and "finds none" in str(error) and "plug it in" in str(error)


class FakeInterpreter:
    """Stands for LiteRT with an Edge TPU: one int8 in, the same out."""

    failing = False

    def __init__(self, **options):
        self.options = options
        self.memory = np.zeros((1, 4), np.int8)

    def allocate_tensors(self):
        pass

    def get_input_details(self):
        return [{"index": 0, "name": "x", "shape": [1, 4], "dtype": np.int8, "quantization": (0.5, np.int64(3))}]

    get_output_details = get_input_details

    def tensor(self, _index):
        return lambda: self.memory

    def invoke(self):
        if self.failing:
            raise RuntimeError("Node number 0 (EdgeTpuDelegateForCustomOp) failed to invoke.\nmore")


@pytest.fixture
def on_edge_tpu(monkeypatch) -> LiteRtModel:
    real, _, _ = litert.find_runtime()
    fake = SimpleNamespace(
        Interpreter=FakeInterpreter, OpResolverType=real.OpResolverType, load_delegate=lambda library: library
    )
    monkeypatch.setattr(litert, "EDGE_TPU_LIBRARY", "libc.so.6")
    monkeypatch.setattr(litert, "find_runtime", lambda: (fake, "ai_edge_litert", "0.0"))
    return LiteRtModel(compiled())


def test_a_compiled_model_runs_on_the_edge_tpu_and_is_called_unverified(on_edge_tpu):
    model = on_edge_tpu
    assert model._interpreter.options["experimental_delegates"] == ["libc.so.6"]
    assert model._interpreter.options["num_threads"] == 1
    assert model.on_edge_tpu and "Edge TPU (unverified)" in model.backend
    assert model.inputs == (tflite.TensorInfo("x", (1, 4), "int8", 0.5, 3, 4),)
    assert list(model.invoke([bytes([1, 2, 255, 128])])[0]) == [1, 2, -1, -128]


def test_an_edge_tpu_that_fails_is_a_sensor_fault(on_edge_tpu):
    on_edge_tpu._interpreter.failing = True
    with pytest.raises(SensorFault, match=r"EdgeTpuDelegateForCustomOp.*check the Edge TPU") as caught:
        on_edge_tpu.invoke([bytes(4)])
    assert "\n" not in str(caught.value)


def test_other_models_load_no_delegate(released, monkeypatch):
    monkeypatch.setattr(litert, "_edge_tpu", lambda _runtime: pytest.fail("asked for an Edge TPU"))
    LiteRtModel(released)


def test_the_same_verdict():
    """By ai_edge_litert in this Python; all recordings go through tflite-runtime's own (test_tflite_runtime.py)."""
    names = ["silicone_mask_3mm"]
    ours = verdicts.verdicts(names, "interpreter")
    theirs = verdicts.verdicts(names, "litert", verdicts.Path(sys.executable))
    assert ours[0]["score"] is not None
    assert verdicts.differences(ours, theirs) == []
