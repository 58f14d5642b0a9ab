"""Sound .tflite files that ask for what is not implemented, and files that contradict themselves."""

import numpy as np
from model_writer import FLOAT32, INT16, INT32, Writer, options


def _one(name, build, option=None, version=1):
    """A model of one operator on the tensors that `build(writer)` gives as (inputs, outputs, model's inputs)."""
    writer = Writer()
    inputs, outputs, given = build(writer)
    writer.operator(name, inputs, outputs, option, version)
    return writer.finish(given, outputs)


def _unary(x_shape=(1, 4), y_shape=(1, 4), xs: float | None = 0.5, ys: float | None = 0.5, **kind):
    def build(writer):
        x = writer.tensor(x_shape, xs, name="given", **kind)
        return [x], [writer.tensor(y_shape, ys, name="wanted", **kind)], [x]

    return build


def _conv(weights, x_depth=2, constant=True):
    def build(writer):
        x = writer.tensor([1, 4, 4, x_depth], 0.5, name="given")
        w = writer.tensor(weights, 0.1, name="weights", data=np.ones(weights) if constant else None)
        y = writer.tensor([1, 4, 4, weights[0]], 0.5, name="wanted")
        return [x, w, -1], [y], [x] if constant else [x, w]

    return build


CONV = {"strideH": 1, "strideW": 1}


def operator_unknown():
    return _one("HARD_SWISH", _unary(), version=7)


def operator_custom():
    return _one("CUSTOM", _unary())


def float_tensors():
    return _one("RELU", _unary(xs=None, ys=None, kind=FLOAT32))


def int16_activations():
    """As a converter writes 16x8: int16 in and out, int8 weights."""

    def build(writer):
        x = writer.tensor([1, 4], 0.5, kind=INT16, name="given")
        w = writer.tensor([2, 4], 0.5, data=np.ones([2, 4]), name="weights")
        return [x, w, -1], [writer.tensor([1, 2], 0.5, kind=INT16, name="wanted")], [x]

    return _one("FULLY_CONNECTED", build, options("FullyConnectedOptions"), 11)


def unquantised():
    return _one("RELU", _unary(xs=None))


def grouped_convolution():
    return _one("CONV_2D", _conv([2, 1, 1, 1], 2), options("Conv2DOptions", **CONV), 5)


def computed_weights():
    return _one("CONV_2D", _conv([2, 1, 1, 2], 2, constant=False), options("Conv2DOptions", **CONV))


def fused_tanh():
    fused = options("Conv2DOptions", fusedActivationFunction=4, **CONV)
    return _one("CONV_2D", _conv([2, 1, 1, 2], 2), fused)


def logistic_other_scale():
    return _one("LOGISTIC", _unary())


def bad_shape():
    return _one("RELU", _unary(y_shape=(1, 5)))


def bad_stride():
    return _one("CONV_2D", _conv([2, 1, 1, 2], 2), options("Conv2DOptions", strideH=0, strideW=1))


def bad_batch():
    return _one("RELU", _unary((-1, 4), (-1, 4)))


def bad_scales():
    return _one("RELU", _unary(xs=1e30, ys=1e-9))


def bad_scale_sign():
    return _one("RELU", _unary(xs=-1.0))


def bad_zero_point():
    def build(writer):
        x = writer.tensor([4], 0.5, 200, name="given")
        return [x], [writer.tensor([4], 0.5, name="wanted")], [x]

    return _one("RELU", build)


def bad_order():
    writer = Writer()
    x, y, z = (writer.tensor([4], 0.5, name=name) for name in ("given", "wanted", "never"))
    writer.operator("ADD", [x, z], [y], options("AddOptions"))
    return writer.finish([x], [y])


def bad_double_output():
    writer = Writer()
    x, y = (writer.tensor([4], 0.5, name=name) for name in ("given", "wanted"))
    writer.operator("RELU", [x], [y])
    writer.operator("RELU", [x], [y])
    return writer.finish([x], [y])


def bad_weights_length(count=7):
    def build(writer):
        x = writer.tensor([1, 4], 0.5, name="given")
        w = writer.tensor([2, 4], 0.5, name="weights", data=np.ones(count))
        return [x, w, -1], [writer.tensor([1, 2], 0.5, name="wanted")], [x]

    return _one("FULLY_CONNECTED", build, options("FullyConnectedOptions"))


def bad_weights_longer():
    return bad_weights_length(9)


def bad_axis():
    def build(writer):
        x = writer.tensor([1, 4], 0.5, name="given")
        a = writer.tensor([1], kind=INT32, data=[2], name="axes")
        return [x, a], [writer.tensor([1], 0.5, name="wanted")], [x]

    return _one("MEAN", build, options("ReducerOptions"))


def bad_arena():
    return _one("RELU", _unary((1, 1 << 23), (1, 1 << 23)))


def bad_work():
    """A window as large as the image at every place of it: 10**12 steps, asked for by a few hundred bytes."""
    shape = [1, 1000, 1000, 1]
    fields = {"strideH": 1, "strideW": 1, "filterHeight": 1000, "filterWidth": 1000}
    return _one("MAX_POOL_2D", _unary(shape, shape), options("Pool2DOptions", **fields))


def bad_results():
    """One output named again and again."""
    writer = Writer()
    x, y = (writer.tensor([1, 1 << 16], 0.5, name=name) for name in ("given", "wanted"))
    writer.operator("RELU", [x], [y])
    return writer.finish([x], [y] * 100)


def bad_places():
    writer = Writer()
    x, y = (writer.tensor([4], 0.5, name=name) for name in ("given", "wanted"))
    writer.operator("CONCATENATION", [x] * 300, [y], options("ConcatenationOptions"))
    return writer.finish([x], [y])


def bad_parameters():
    return _with_constants("MEAN", [2, 3], [[0, 1] * 10], [[1]], options("ReducerOptions"))


def bad_name():
    def build(writer):
        x = writer.tensor([4], 0.5, name="x" * 3000)
        return [x], [writer.tensor([5], 0.5, name="wanted" * 500)], [x]

    return _one("RELU", build)


def tanh_other_scale():
    return _one("TANH", _unary())


def leaky_no_number():
    return _one("LEAKY_RELU", _unary(), options("LeakyReluOptions", alpha=float("nan")))


def quantise_scale_of_no_number():
    def build(writer):
        x = writer.tensor([4], kind=FLOAT32, name="given")
        return [x], [writer.tensor([4], -0.5, name="wanted")], [x]

    return _one("QUANTIZE", build)


def padding_scale():
    def build(writer):
        x, widths = writer.tensor([2], 0.5, name="given"), writer.tensor([1, 2], kind=INT32, data=[[1, 1]])
        value = writer.tensor([1], 0.25, data=[3], name="value")
        return [x, widths, value], [writer.tensor([4], 0.5, name="wanted")], [x]

    return _one("PADV2", build)


def transposed_scales():
    def build(writer):
        x, order = writer.tensor([2, 3], 0.501, name="given"), writer.tensor([2], kind=INT32, data=[1, 0])
        return [x, order], [writer.tensor([3, 2], 0.5, name="wanted")], [x]

    return _one("TRANSPOSE", build)


def joined_scales(second=0.5 + 2**-20):
    def build(writer):
        a, b = writer.tensor([2], 0.5, name="given"), writer.tensor([3], second, name="other")
        return [a, b], [writer.tensor([5], 0.5, name="wanted")], [a, b]

    return _one("CONCATENATION", build, options("ConcatenationOptions"))


def _with_constants(name, shape, constants, y_shapes, option=None, first=False):
    """One operator on a tensor and int32 constants (before it where `first`)."""

    def build(writer):
        x = writer.tensor(shape, 0.5, name="given")
        parts = [writer.tensor(np.shape(value), kind=INT32, data=value) for value in constants]
        return parts + [x] if first else [x] + parts, [writer.tensor(y, 0.5, name="wanted") for y in y_shapes], [x]

    return _one(name, build, option)


def bad_order_of_axes():
    return _with_constants("TRANSPOSE", [2, 3], [[1, 1]], [[3, 3]])


def five_axes_moved():
    return _with_constants("TRANSPOSE", [2] * 5, [[4, 3, 2, 1, 0]], [[2] * 5])


def bad_slice(begin=(0, 0), strides=(1, 1), y=(2, 3), size=2, **masks):
    constants = [list(begin)[:size], [2, 3][:size], list(strides)[:size]]
    return _with_constants("STRIDED_SLICE", [2, 3], constants, [list(y)], options("StridedSliceOptions", **masks))


def bad_slice_stride():
    return bad_slice(strides=(0, 1))


def bad_slice_empty():
    return bad_slice(begin=(2, 0))


def bad_slice_index():
    return bad_slice(begin=(2, 0), y=(3,), shrinkAxisMask=1)


def bad_slice_index_backward():
    return bad_slice(strides=(-1, 1), y=(3,), shrinkAxisMask=1)


def bad_slice_axes():
    return bad_slice(size=1)


def slice_new_axis():
    return bad_slice(newAxisMask=1)


def bad_split():
    return _with_constants("SPLIT", [2, 3], [1], [[2, 1], [2, 2]], options("SplitOptions", numSplits=2), True)


def bad_split_axis():
    return _with_constants("SPLIT", [2, 4], [2], [[2, 2], [2, 2]], options("SplitOptions", numSplits=2), True)


def bad_split_number():
    return _with_constants("SPLIT", [2, 4], [1], [[2, 2], [2, 2]], options("SplitOptions", numSplits=3), True)


MODELS = (
    operator_unknown,
    operator_custom,
    float_tensors,
    int16_activations,
    unquantised,
    grouped_convolution,
    computed_weights,
    fused_tanh,
    logistic_other_scale,
    bad_shape,
    bad_stride,
    bad_batch,
    bad_scales,
    bad_scale_sign,
    bad_zero_point,
    bad_order,
    bad_double_output,
    bad_weights_length,
    bad_weights_longer,
    bad_axis,
    bad_arena,
    bad_work,
    bad_results,
    bad_places,
    bad_parameters,
    bad_name,
    tanh_other_scale,
    leaky_no_number,
    quantise_scale_of_no_number,
    padding_scale,
    transposed_scales,
    joined_scales,
    bad_order_of_axes,
    five_axes_moved,
    bad_slice_stride,
    bad_slice_empty,
    bad_slice_index,
    bad_slice_index_backward,
    bad_slice_axes,
    slice_new_axis,
    bad_split,
    bad_split_axis,
    bad_split_number,
)
