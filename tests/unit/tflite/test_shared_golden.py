"""Every output byte equals tflite-micro's, under both interpreters (vectors: make_models.py)."""

import packs
from dermis.tflite import Model

KINDS = 31  # make_models.KINDS
WHOLE = ("plain", "separable", "residual", "pooled", "two_inputs", "wide_dense", "reference")
EACH = 2


def test_single_operators():
    entries = packs.read("single_ops")
    assert len(entries) == KINDS * EACH
    for name, file, vectors, count in entries:
        assert count and packs.check(Model(file), vectors, count) == 0, name


def check_whole(name):
    [(_, file, vectors, count)] = packs.read(name)
    model = Model(file)
    assert count and packs.check(model, vectors, count) == 0
    return model, {entry["op"] for entry in model.profile()}


def test_plain_model():
    _, operators = check_whole("plain")
    assert "LEAKY_RELU" in operators


def test_depthwise_separable_model():
    _, operators = check_whole("separable")
    assert "DEPTHWISE_CONV_2D" in operators


def test_residual_model():
    _, operators = check_whole("residual")
    assert "ADD" in operators


def test_pooled_model_of_two_outputs():
    model, operators = check_whole("pooled")
    assert len(model.outputs) == 2
    for name in ("MAX_POOL_2D", "AVERAGE_POOL_2D", "SPLIT", "MAXIMUM", "TRANSPOSE", "STRIDED_SLICE", "TANH"):
        assert name in operators, name


def test_wide_dense_model():
    model, _ = check_whole("wide_dense")
    assert model.inputs[0].bytes == 1000


def test_two_input_model():
    model, _ = check_whole("two_inputs")
    assert len(model.inputs) == 2


def test_reference_model():
    model, _ = check_whole("reference")
    assert model.macs == 193424


def test_a_wrong_expectation_is_noticed():
    [(_, file, vectors, count)] = packs.read("two_inputs")
    wrong = bytearray(vectors)
    wrong[-1] ^= 1
    assert packs.check(Model(file), bytes(wrong), count) == 1


def test_outputs_of_the_golden_models_vary():
    for pack in WHOLE:
        [(_, file, vectors, count)] = packs.read(pack)
        out = sum([info.bytes for info in Model(file).outputs])
        width = len(vectors) // count
        seen = {vectors[width * (n + 1) - out : width * (n + 1)] for n in range(count)}
        assert len(seen) > 1, pack
