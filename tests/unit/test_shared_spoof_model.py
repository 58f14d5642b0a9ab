"""The glue between features and model: order of inputs, score, thresholds, and models that are not for us."""

import fakes
from dermis.app import spoof_model
from dermis.core import profiles
from dermis.core.errors import BadInput
from dermis.tflite import BadModel

MAPS, SPECTRA = spoof_model.MAPS_SHAPE, spoof_model.SPECTRA_SHAPE


class Tensor:
    type = "int8"

    def __init__(self, shape, scale: float = 1.0, zero_point=0):
        self.shape = shape
        self.scale = scale
        self.zero_point = zero_point
        self.bytes = shape[-1]


class FakeInterpreter:
    """Makes models with these input shapes that answer the first byte of the spectra."""

    shapes = (MAPS, SPECTRA)

    @staticmethod
    def Model(data):
        if data == b"broken":
            raise BadModel("the bytes are no .tflite file; export the model again")
        return FakeModel()


class FakeModel:
    backend = "a fake"

    def __init__(self):
        self.inputs = [Tensor(shape) for shape in FakeInterpreter.shapes]
        self.outputs = [Tensor((1, 1), 1 / 256, -128)]
        self.given = []

    def invoke(self, inputs):
        self.given = [len(each) for each in inputs]
        spectra = min(inputs, key=len)
        return [[spectra[0]]]


def with_shapes(shapes, function):
    FakeInterpreter.shapes = shapes
    try:
        return function()
    finally:
        FakeInterpreter.shapes = (MAPS, SPECTRA)


def described_as(**description):
    """What is wrong with a sound model that is described so."""
    return fault_of(lambda: spoof_model.SpoofModel(b"any", FakeInterpreter.Model, description))


def fault_of(function, shapes=(MAPS, SPECTRA)):
    try:
        with_shapes(shapes, function)
    except BadInput as error:
        return str(error)
    return ""


def test_inputs_go_where_their_shapes_say():
    maps, spectra = bytes(28 * 24 * 5), bytes(10)
    for shapes, lengths in (((MAPS, SPECTRA), [3360, 10]), ((SPECTRA, MAPS), [10, 3360])):
        model = with_shapes(shapes, lambda: spoof_model.SpoofModel(b"any", FakeInterpreter.Model))
        model.score(maps, spectra)
        assert model._model.given == lengths
    for shapes in ((MAPS,), (MAPS, MAPS), ((1, 28, 24, 4), SPECTRA)):
        assert "model" in fault_of(lambda: spoof_model.SpoofModel(b"any", FakeInterpreter.Model), shapes)


def test_score_over_the_whole_range():
    model = with_shapes((MAPS, SPECTRA), lambda: spoof_model.SpoofModel(b"any", FakeInterpreter.Model))
    for byte, score in ((0x80, 0), (0xFF, 4960), (0, 5000), (64, 7500), (127, 9960)):
        assert model.score(bytes(3360), bytes([byte]) + bytes(9)) == score, byte


def test_thresholds_are_whole_ones():
    border, turnstile = profiles.by_name("border"), profiles.by_name("turnstile")
    described = with_shapes(
        (MAPS, SPECTRA),
        lambda: spoof_model.SpoofModel(
            b"any", FakeInterpreter.Model, {"name": "spoof-1", "threshold": {"border": 6100}}
        ),
    )
    assert described.threshold(border) + border.threshold_offset == 6100 and described.name == "spoof-1"
    assert described.threshold(turnstile) is None and len(described.hash) == 16


def test_models_that_are_not_for_us():
    assert "tflite" in fault_of(lambda: spoof_model.SpoofModel(b"broken", FakeInterpreter.Model))
    assert "version 2" in fault_of(lambda: spoof_model.SpoofModel(b"any", FakeInterpreter.Model, {"feature_tensor": 2}))
    try:
        spoof_model.load("no/such/spoof.tflite", FakeInterpreter.Model)
    except OSError:
        return
    raise AssertionError("a model that is not there was loaded")


def test_thresholds_that_would_let_everything_pass():
    for value in (0, -5, 10001, 0.5, "5000", True, None):
        assert "threshold for border" in described_as(threshold={"border": value}), value
    assert "thresholds" in described_as(threshold=[5000])
    assert described_as(threshold={"border": 1, "turnstile": 10000}) == ""


def test_a_description_of_another_model():
    import binascii
    import hashlib

    digest = str(binascii.hexlify(hashlib.sha256(b"any").digest()), "ascii")
    assert described_as(sha256=digest) == ""
    assert "another model" in described_as(sha256=digest[:-1] + "x")
    assert "no map" in fault_of(lambda: spoof_model.SpoofModel(b"any", FakeInterpreter.Model, ["spoof-1"]))


def test_a_model_with_other_scales_is_refused():
    sound = FakeInterpreter.Model

    def other(change):
        def made(data):
            model = FakeModel()
            change(model)
            return model

        return made

    def float_input(model):
        model.inputs[0].type = "float32"

    def scaled_input(model):
        model.inputs[1].scale = 0.5

    def other_scale(model):
        model.outputs[0].scale = 1 / 128

    def other_zero(model):
        model.outputs[0].zero_point = 0

    def two_classes(model):
        model.outputs = [Tensor((1, 2), 1 / 256, -128)]

    def two_outputs(model):
        model.outputs = model.outputs * 2

    try:
        for change, word in (
            (float_input, "inputs"),
            (scaled_input, "inputs"),
            (other_scale, "output"),
            (other_zero, "output"),
            (two_classes, "output"),
            (two_outputs, "output"),
        ):
            FakeInterpreter.Model = staticmethod(other(change))
            assert word in fault_of(lambda: spoof_model.SpoofModel(b"any", FakeInterpreter.Model)), change
    finally:
        FakeInterpreter.Model = staticmethod(sound)


def test_weights_that_change_are_noticed():
    model = with_shapes((MAPS, SPECTRA), lambda: spoof_model.SpoofModel(b"any", FakeInterpreter.Model))
    assert model.sound()
    model._model.invoke = lambda _inputs: [[1]]
    assert not model.sound()


def test_a_module_says_what_is_wrong_with_its_model():
    from dermis.app.module import Module

    module = Module(fakes.drivers(), dict(fakes.BOARD), "no/such/spoof.tflite")
    assert module.model is None and "install" in module.model_fault and module.model_hash() == ""
