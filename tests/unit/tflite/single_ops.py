"""Random single-operator models: shapes, strides, paddings, dilations, activations, scales and zero points.

Each function takes a numpy Generator and gives (name, file). The zero points stand at the ends of int8 one time in
four; the output's scale is drawn so that the results spread, and now and then so that they saturate or vanish.
"""

from typing import Any

import numpy as np
from model_writer import FLOAT32, INT32, UINT8, Writer, options

SAME, VALID = 0, 1


def zero_point(rng):
    return int(rng.choice([-128, 127])) if rng.random() < 0.25 else int(rng.integers(-128, 128))


def scale(rng, low=-7, high=1):
    return np.float32(np.exp(rng.uniform(low, high)))


def spread(rng, typical):
    """An output scale for results of standard deviation `typical`: mostly fitting, sometimes far too small or large."""
    return np.float32(typical / 40 * np.exp(rng.choice([0.0, 0.0, 0.0, -4.0, 4.0]) + rng.normal()))


def activation(rng):
    return int(rng.choice([0, 0, 1, 2, 3]))


def out_size(size, window, stride, dilation, padding):
    reach = (window - 1) * dilation + 1
    return -(-size // stride) if padding == SAME else (size + stride - reach) // stride


def window_geometry(rng, dilated=True) -> Any:
    """(size, kernel, stride, dilation, output size) as pairs of rows and columns, and the padding."""
    kernel = rng.integers(1, 6, 2)
    stride = rng.integers(1, 4, 2)
    dilation = rng.integers(1, 4, 2) if dilated and rng.random() < 0.3 else np.ones(2, int)
    padding = int(rng.integers(0, 2))
    reach = (kernel - 1) * dilation + 1
    size = np.maximum(rng.integers(1, 12, 2), reach if padding == VALID else 1)
    out = [out_size(*values, padding) for values in zip(size, kernel, stride, dilation, strict=True)]
    return [[int(v) for v in values] for values in (size, kernel, stride, dilation, out)] + [padding]


def conv_2d(rng):
    writer = Writer()
    size, kernel, stride, dilation, out, padding = window_geometry(rng)
    depth, channels = int(rng.integers(1, 9)), int(rng.integers(1, 9))
    per_channel = rng.random() < 0.7
    xs, ws = scale(rng), np.array([scale(rng) for _ in range(channels if per_channel else 1)])
    taps = kernel[0] * kernel[1] * depth
    x = writer.tensor([int(rng.integers(1, 3)), *size, depth], xs, zero_point(rng))
    w = writer.tensor([channels, *kernel, depth], ws, data=rng.integers(-127, 128, (channels, *kernel, depth)), axis=0)
    b = writer.tensor([channels], xs * ws, kind=INT32, data=rng.integers(-20000, 20000, channels))
    typical = float(xs * np.median(ws) * 70 * 70 * np.sqrt(taps))
    batch = writer.graph.tensors[x].shape[0]
    y = writer.tensor([batch, *out, channels], spread(rng, typical), zero_point(rng))
    use_bias = rng.random() < 0.8
    writer.operator(
        "CONV_2D",
        [x, w, b] if use_bias else [x, w, -1],
        [y],
        options(
            "Conv2DOptions",
            padding=padding,
            strideH=stride[0],
            strideW=stride[1],
            dilationHFactor=dilation[0],
            dilationWFactor=dilation[1],
            fusedActivationFunction=activation(rng),
        ),
        3,
    )
    return "conv_2d", writer.finish([x], [y])


def depthwise_conv_2d(rng):
    writer = Writer()
    size, kernel, stride, dilation, out, padding = window_geometry(rng)
    depth, multiplier = int(rng.integers(1, 7)), int(rng.choice([1, 1, 2, 3]))
    channels = depth * multiplier
    xs, ws = scale(rng), np.array([scale(rng) for _ in range(channels if rng.random() < 0.7 else 1)])
    x = writer.tensor([int(rng.integers(1, 3)), *size, depth], xs, zero_point(rng))
    w = writer.tensor([1, *kernel, channels], ws, data=rng.integers(-127, 128, (1, *kernel, channels)), axis=3)
    b = writer.tensor([channels], xs * ws, kind=INT32, data=rng.integers(-20000, 20000, channels))
    typical = float(xs * np.median(ws) * 70 * 70 * np.sqrt(kernel[0] * kernel[1]))
    y = writer.tensor([writer.graph.tensors[x].shape[0], *out, channels], spread(rng, typical), zero_point(rng))
    writer.operator(
        "DEPTHWISE_CONV_2D",
        [x, w, b],
        [y],
        options(
            "DepthwiseConv2DOptions",
            padding=padding,
            strideH=stride[0],
            strideW=stride[1],
            depthMultiplier=multiplier,
            dilationHFactor=dilation[0],
            dilationWFactor=dilation[1],
            fusedActivationFunction=activation(rng),
        ),
        3,
    )
    return "depthwise_conv_2d", writer.finish([x], [y])


def fully_connected_shifted(rng):
    """With a zero point of the weights."""
    return fully_connected(rng, True)


def fully_connected(rng, shifted=False):
    writer = Writer()
    length = int(np.exp(rng.uniform(0, np.log(2000))))
    channels, batches = int(rng.integers(1, 12)), int(rng.integers(1, 4))
    xs, ws = scale(rng), np.array([scale(rng) for _ in range(1 if shifted or rng.random() < 0.6 else channels)])
    x = writer.tensor([batches, length], xs, zero_point(rng))
    w_zero = zero_point(rng) if shifted else 0
    w = writer.tensor([channels, length], ws, w_zero, data=rng.integers(-127, 128, (channels, length)))
    b = writer.tensor([channels], xs * ws, kind=INT32, data=rng.integers(-20000, 20000, channels))
    # With a zero point the weights no longer average to nothing, and the sums grow with their number.
    typical = float(xs * np.median(ws) * 70 * 70 * (length if shifted else np.sqrt(length)))
    y = writer.tensor([batches, channels], spread(rng, typical), zero_point(rng))
    writer.operator(
        "FULLY_CONNECTED",
        [x, w, b] if rng.random() < 0.8 else [x, w, -1],
        [y],
        options("FullyConnectedOptions", fusedActivationFunction=activation(rng)),
        4,
    )
    return "fully_connected", writer.finish([x], [y])


def pool(rng, name):
    writer = Writer()
    size, kernel, stride, _, out, padding = window_geometry(rng, dilated=False)
    depth, batches = int(rng.integers(1, 7)), int(rng.integers(1, 3))
    xs, zero = scale(rng), zero_point(rng)
    x = writer.tensor([batches, *size, depth], xs, zero)
    y = writer.tensor([batches, *out, depth], xs, zero)
    writer.operator(
        name,
        [x],
        [y],
        options(
            "Pool2DOptions",
            padding=padding,
            strideH=stride[0],
            strideW=stride[1],
            filterHeight=kernel[0],
            filterWidth=kernel[1],
            fusedActivationFunction=activation(rng),
        ),
        2,
    )
    return name.lower(), writer.finish([x], [y])


def average_pool_2d(rng):
    return pool(rng, "AVERAGE_POOL_2D")


def max_pool_2d(rng):
    return pool(rng, "MAX_POOL_2D")


def mean(rng):
    writer = Writer()
    shape = [int(v) for v in rng.integers(1, 9, int(rng.integers(2, 5)))]
    rank = len(shape)
    axes = [1, 2] if rank == 4 and rng.random() < 0.5 else sorted(rng.permutation(rank)[: rng.integers(1, rank + 1)])
    keep = rng.random() < 0.5
    out = [1 if axis in axes else shape[axis] for axis in range(rank) if keep or axis not in axes]
    same = rng.random() < 0.3
    xs, zero = scale(rng), zero_point(rng)
    x = writer.tensor(shape, xs, zero)
    count = np.prod([shape[axis] for axis in axes])
    ys = xs if same else np.float32(xs / np.sqrt(count) * 2 * np.exp(rng.normal()))
    a = writer.tensor([len(axes)], kind=INT32, data=axes)
    y = writer.tensor(out, ys, zero if same else zero_point(rng))
    writer.operator("MEAN", [x, a], [y], options("ReducerOptions", keepDims=keep), 2)
    return "mean", writer.finish([x], [y])


def two_inputs(rng, name, option, broadcast=False):
    writer = Writer()
    shape = [int(v) for v in rng.integers(1, 7, int(rng.integers(1, 5)))]
    shapes = [shape, shape]
    kind = rng.random()
    if broadcast:
        shape = [int(v) for v in rng.integers(2, 6, 4)]
        ones = rng.permutation(4)[:2]
        shapes = [[1 if axis == ones[which] else shape[axis] for axis in range(4)] for which in range(2)]
    elif kind < 0.4:
        shapes = [shape, [n if rng.random() < 0.5 else 1 for n in shape]]
        if kind < 0.2:
            shapes.reverse()
    scales = [scale(rng, -5), scale(rng, -5)]
    inputs, given = [], []
    for index in range(2):
        constant = index == 1 and rng.random() < 0.3
        data = rng.integers(-128, 128, shapes[index]) if constant else None
        inputs.append(writer.tensor(shapes[index], scales[index], zero_point(rng), data=data))
        if not constant:
            given.append(inputs[-1])
    typical = 70 * 70 * scales[0] * scales[1] if name == "MUL" else 70 * (scales[0] + scales[1])
    y = writer.tensor(list(np.broadcast_shapes(*shapes)), spread(rng, float(typical)), zero_point(rng))
    writer.operator(name, inputs, [y], options(option, fusedActivationFunction=activation(rng)), 2)
    return name.lower(), writer.finish(given, [y])


def add(rng):
    return two_inputs(rng, "ADD", "AddOptions")


def add_broadcast(rng):
    return two_inputs(rng, "ADD", "AddOptions", True)


def sub(rng):
    return two_inputs(rng, "SUB", "SubOptions")


def mul(rng):
    return two_inputs(rng, "MUL", "MulOptions")


def mul_broadcast(rng):
    return two_inputs(rng, "MUL", "MulOptions", True)


def softmax(rng):
    writer = Writer()
    shape = [int(rng.integers(1, 5)), int(np.exp(rng.uniform(0, np.log(300))))]
    x = writer.tensor(shape, scale(rng, -6, 1), zero_point(rng))
    y = writer.tensor(shape, np.float32(1 / 256), -128)
    writer.operator("SOFTMAX", [x], [y], options("SoftmaxOptions", beta=float(rng.choice([1.0, 1.0, 0.3, 2.5]))), 2)
    return "softmax", writer.finish([x], [y])


def unary(rng, name, xs, ys, x_zero, y_zero, x_kind=None, y_kind=None, fields=None):
    writer = Writer()
    shape = [int(v) for v in rng.integers(1, 12, int(rng.integers(1, 5)))]
    shape[-1] = 64
    extra = {} if x_kind is None else {"kind": x_kind}
    x = writer.tensor(shape, xs, x_zero, **extra)
    y = writer.tensor(shape, ys, y_zero, **({} if y_kind is None else {"kind": y_kind}))
    writer.operator(name, [x], [y], fields, version=2)
    return name.lower(), writer.finish([x], [y])


def logistic(rng):
    return unary(rng, "LOGISTIC", scale(rng, -8, 2), np.float32(1 / 256), zero_point(rng), -128)


def relu(rng):
    xs = scale(rng)
    return unary(rng, "RELU", xs, np.float32(xs * np.exp(rng.normal())), zero_point(rng), zero_point(rng))


def relu6(rng):
    xs, zero = scale(rng), zero_point(rng)
    return unary(rng, "RELU6", xs, xs, zero, zero)


def quantize(rng):
    xs = scale(rng)
    ys = np.float32(xs * np.exp(rng.normal() * 2))
    kind = rng.random()
    if kind < 0.25:
        return unary(rng, "QUANTIZE", xs, ys, zero_point(rng) + 128, zero_point(rng), UINT8)
    if kind < 0.5:
        return unary(rng, "QUANTIZE", xs, ys, zero_point(rng), zero_point(rng) + 128, None, UINT8)
    return unary(rng, "QUANTIZE", xs, ys, zero_point(rng), zero_point(rng))


def quantize_float(rng):
    name, file = unary(rng, "QUANTIZE", None, scale(rng, -5, 0), 0, zero_point(rng), FLOAT32)
    return name + "_float", file


def dequantize(rng):
    return unary(rng, "DEQUANTIZE", scale(rng), None, zero_point(rng), 0, None, FLOAT32)


def tanh(rng):
    return unary(rng, "TANH", scale(rng, -8, 2), np.float32(1 / 128), zero_point(rng), 0)


def leaky_relu(rng):
    """Slopes of either sign, above 1 and 0 too."""
    alpha = float(rng.choice([0.2, 0.01, 0.3, 1.7, -0.4, 0.0])) * float(rng.choice([1.0, np.exp(rng.normal())]))
    xs = scale(rng)
    ys = np.float32(xs * np.exp(rng.normal()))
    fields = options("LeakyReluOptions", alpha=alpha)
    return unary(rng, "LEAKY_RELU", xs, ys, zero_point(rng), zero_point(rng), fields=fields)


def leaky_relu_tie(rng):
    """Scales whose quotient is 1.5 as a float32 and just below it as a double: odd inputs tell which is taken."""
    ys = (1 << 23) + 1
    xs = (3 * ys - 1) // 2
    fields = options("LeakyReluOptions", alpha=1.0)
    return unary(rng, "LEAKY_RELU", np.float32(xs * 2.0**-30), np.float32(ys * 2.0**-30), 0, 0, fields=fields)


KINDS = (
    conv_2d,
    depthwise_conv_2d,
    fully_connected,
    fully_connected_shifted,
    average_pool_2d,
    max_pool_2d,
    mean,
    add,
    add_broadcast,
    sub,
    mul,
    mul_broadcast,
    softmax,
    logistic,
    relu,
    relu6,
    quantize,
    quantize_float,
    dequantize,
    tanh,
    leaky_relu,
    leaky_relu_tie,
)
