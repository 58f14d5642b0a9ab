"""Every output byte equals tflite-micro's, under both interpreters (vectors: make_models.py)."""

import packs
from dermis.tflite import Model

KINDS = 22  # single_ops.KINDS
EACH = 2


def test_single_operators():
    entries = packs.read("single_ops")
    assert len(entries) == KINDS * EACH
    for name, file, vectors, count in entries:
        assert count and packs.check(Model(file), vectors, count) == 0, name


def test_depthwise_separable_model():
    [(_, file, vectors, count)] = packs.read("separable")
    assert packs.check(Model(file), vectors, count) == 0


def test_residual_model():
    [(_, file, vectors, count)] = packs.read("residual")
    assert packs.check(Model(file), vectors, count) == 0


def test_two_input_model():
    [(_, file, vectors, count)] = packs.read("two_inputs")
    model = Model(file)
    assert len(model.inputs) == 2
    assert packs.check(model, vectors, count) == 0


def test_a_wrong_expectation_is_noticed():
    [(_, file, vectors, count)] = packs.read("two_inputs")
    wrong = bytearray(vectors)
    wrong[-1] ^= 1
    assert packs.check(Model(file), bytes(wrong), count) == 1


def test_outputs_of_the_golden_models_vary():
    for pack in ("separable", "residual", "two_inputs"):
        [(_, file, vectors, count)] = packs.read(pack)
        out = sum([info.bytes for info in Model(file).outputs])
        width = len(vectors) // count
        seen = {vectors[width * (n + 1) - out : width * (n + 1)] for n in range(count)}
        assert len(seen) > 1, pack
