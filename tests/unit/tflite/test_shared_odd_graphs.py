"""Sound graphs that no converter writes: outputs that are constants or inputs, no operators; made by changing packs."""

import struct

import packs
from dermis.tflite import BadModel, Model, UnsupportedOp, reader
from dermis.tflite.graph import INT8, Graph

TENSORS, INPUTS, OUTPUTS, OPERATORS = 0, 1, 2, 3  # fields of a subgraph
QUANTISATION, SCALES, AXIS = 4, 2, 6


def named(name):
    return next(file for title, file, _, _ in packs.read("single_ops") if title == name)


def changed(file, kind, position, value):
    copy = bytearray(file)
    struct.pack_into(kind, copy, position, value)
    return bytes(copy)


def subgraph(file):
    return reader.root(memoryview(file)).tables(2, 1, "subgraphs")[0]


def input_numbers(file):
    return list(subgraph(file).int32s(INPUTS, 9, "inputs"))


def giving(file, tensor):
    """`file` with tensor number `tensor` as its first output."""
    return changed(file, "<i", subgraph(file).vector(OUTPUTS, 4)[0], tensor)


def noise(count):
    return bytes([(37 * index + 11) % 256 for index in range(count)])


def answer(file):
    model = Model(file)
    inputs = [noise(info.bytes) for info in model.inputs]
    model.invoke(inputs)
    return inputs, bytes(model.invoke(inputs)[0])


def test_a_constant_given_out_is_what_the_file_holds():
    seen = 0
    for name, file, _, _ in packs.read("single_ops"):
        constants = [tensor.constant for tensor in Graph(memoryview(file)).tensors]
        for index, constant in enumerate(constants):
            if constant is not None:
                seen += 1
                assert answer(giving(file, index))[1] == bytes(constant), (name, index)
    assert seen > 20


def test_an_input_given_out_is_what_was_given():
    for name in ("relu_0", "add_0", "dequantize_0", "quantize_float_0"):
        file = named(name)
        for index, tensor in enumerate(Graph(memoryview(file)).inputs):
            inputs, result = answer(giving(file, input_numbers(file)[index]))
            assert result == inputs[index], (name, tensor.name)


def test_no_operators():
    file = named("relu_0")
    file = giving(file, input_numbers(file)[0])
    file = changed(file, "<I", subgraph(file).vector(OPERATORS, 4)[0] - 4, 0)
    inputs, result = answer(file)
    assert result == inputs[0] and Model(file).profile() == []


def test_a_reshape_to_another_unit_is_refused():
    file = named("reshape_0")
    output = Graph(memoryview(file)).outputs[0]
    # Another exponent: twice the scale.
    position = output._scales + 2
    damaged = changed(file, "<H", position, struct.unpack_from("<H", file, position)[0] + (1 << 7))
    try:
        Model(damaged)
        raised = None
    except UnsupportedOp as error:
        raised = str(error)
    assert raised and "RESHAPE" in raised and "share scale" in raised


def test_scales_along_another_axis_are_refused_in_words_that_name_it():
    tested = 0
    for name, file, _, _ in packs.read("single_ops"):
        for table in subgraph(file).tables(TENSORS, 99, "tensors"):
            quantisation = table.table(QUANTISATION)
            position = quantisation.where(AXIS) if quantisation else 0
            if quantisation and position and quantisation.vector(SCALES, 4)[1] > 1 and table.int8(1) == INT8:
                tested += 1
                try:
                    Model(changed(file, "<i", position, 2))
                    raised = None
                except BadModel as error:
                    raised = str(error)
                assert raised and "along axis 2 " in raised and "along axis 3." in raised, name
    assert tested


def test_tensors_are_laid_out_once():
    [weights] = [tensor for tensor in Graph(memoryview(named("fully_connected_0"))).tensors if tensor.name == "t1"]
    assert weights.data is None and weights.constant is not None
    weights.lay_out()
    kept = weights.data
    weights.lay_out()
    assert weights.data is kept is not None and kept[0] == weights.constant[0] ^ 128
