"""Random single-operator models at the edges: what `single_ops` meets seldom or never; see there.

Dot products of 1 to 2,000 terms, zero points at the ends, factors next to powers of two and above 1 (a left shift),
channels whose scales lie far apart, sums near the end of int32, dilated and padded windows, large depth multipliers.
"""

import numpy as np
from model_writer import INT32, Writer, options
from single_ops import SAME, activation, out_size, scale, spread, zero_point

LENGTHS = (1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 143, 144, 145, 575, 576, 1000, 1999, 2000)  # of dot products
ENDS = (-128, 127)
LARGEST_BIAS = 1 << 30


def ends(rng):
    return int(rng.choice(ENDS))


def anywhere(rng):
    return zero_point(rng)


def _typical(rng, factor, typical):
    """An output scale by which results of standard deviation `typical` (in units of 1/factor) spread."""
    return spread(rng, factor * typical)


def next_to_power(rng, product):
    """An output scale that makes product / scale a power of two, or a neighbour of one."""
    value = np.float32(product * 2.0 ** float(rng.integers(2, 14)))
    for _ in range(int(rng.integers(0, 3))):
        value = np.nextafter(value, np.float32(rng.choice([0, np.inf])), dtype=np.float32)
    return value


def above_one(rng, product):
    """An output scale below the product: a left shift."""
    return np.float32(product * np.exp(-rng.uniform(0, 8)))


def _dense(rng, zero=anywhere, out_scale=None, w_scales=None, length=None, bias=20000):
    writer = Writer()
    length = int(length or rng.choice(LENGTHS))
    channels, batches = int(rng.integers(1, 12)), int(rng.integers(1, 5))
    xs, ws = scale(rng), np.atleast_1d(w_scales(rng, channels) if w_scales else scale(rng))
    x = writer.tensor([batches, length], xs, zero(rng))
    w = writer.tensor([channels, length], ws, data=rng.integers(-128, 128, (channels, length)))
    b = writer.tensor([channels], xs * ws, kind=INT32, data=rng.integers(-bias, bias, channels))
    product = float(xs * np.median(ws))
    ys = out_scale(rng, product) if out_scale else _typical(rng, product, 70 * 70 * np.sqrt(length))
    y = writer.tensor([batches, channels], ys, zero(rng))
    fields = options("FullyConnectedOptions", fusedActivationFunction=activation(rng))
    writer.operator("FULLY_CONNECTED", [x, w, b] if rng.random() < 0.8 else [x, w, -1], [y], fields, 4)
    return writer.finish([x], [y])


def far_apart(rng, channels):
    """Scales from 2**-24 to 1."""
    return np.float32(2.0 ** rng.uniform(-24, 0, channels))


def dense_lengths(rng):
    return "fully_connected, length", _dense(rng)


def dense_ends(rng):
    return "fully_connected, zero points at the ends", _dense(rng, ends)


def dense_left_shift(rng):
    return "fully_connected, left shift", _dense(rng, out_scale=above_one, length=rng.integers(1, 9))


def dense_power(rng):
    return "fully_connected, factor next to a power of two", _dense(rng, out_scale=next_to_power)


def dense_channels(rng):
    return "fully_connected, scales far apart", _dense(rng, w_scales=far_apart)


def dense_bias(rng):
    return "fully_connected, large biases", _dense(rng, bias=LARGEST_BIAS, out_scale=lambda rng, p: np.float32(p * 1e7))


def _window(rng, depth=None, dilated=True):
    """(size, kernel, stride, dilation, out, padding) with as long a patch as 2,000, mostly padded."""
    padding = SAME if rng.random() < 0.7 else 1
    kernel = [int(v) for v in rng.integers(1, 8, 2)]
    if depth:
        while kernel[0] * kernel[1] * depth > LENGTHS[-1]:
            kernel[int(np.argmax(kernel))] -= 1
    dilation = [int(v) for v in rng.integers(1, 5, 2)] if dilated else [1, 1]
    stride = [1, 1] if max(dilation) > 1 and rng.random() < 0.7 else [int(v) for v in rng.integers(1, 5, 2)]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = [int(rng.integers(1, 10)) + (0 if padding == SAME else r - 1) for r in reach]
    out = [out_size(*values, padding) for values in zip(size, kernel, stride, dilation, strict=True)]
    return size, kernel, stride, dilation, out, padding


def _geometry_fields(stride, dilation, padding, rng):
    return {
        "padding": padding,
        "strideH": stride[0],
        "strideW": stride[1],
        "dilationHFactor": dilation[0],
        "dilationWFactor": dilation[1],
        "fusedActivationFunction": activation(rng),
    }


def _conv(rng, zero=anywhere, out_scale=None, w_scales=None, depths=(1, 9), dilated=True, window=None):
    writer = Writer()
    depth, channels = int(rng.integers(*depths)), int(rng.integers(1, 7))
    size, kernel, stride, dilation, out, padding = window or _window(rng, depth, dilated)
    xs, ws = scale(rng), np.atleast_1d(w_scales(rng, channels) if w_scales else scale(rng))
    batches = int(rng.integers(1, 4))
    x = writer.tensor([batches, *size, depth], xs, zero(rng))
    w = writer.tensor([channels, *kernel, depth], ws, data=rng.integers(-128, 128, (channels, *kernel, depth)))
    b = writer.tensor([channels], xs * ws, kind=INT32, data=rng.integers(-20000, 20000, channels))
    product = float(xs * np.median(ws))
    length = kernel[0] * kernel[1] * depth
    ys = out_scale(rng, product) if out_scale else _typical(rng, product, 70 * 70 * np.sqrt(length))
    y = writer.tensor([batches, *out, channels], ys, zero(rng))
    fields = options("Conv2DOptions", **_geometry_fields(stride, dilation, padding, rng))
    writer.operator("CONV_2D", [x, w, b], [y], fields, 3)
    return writer.finish([x], [y])


def conv_dilated(rng):
    return "conv_2d, dilated and padded", _conv(rng)


def conv_long(rng):
    return "conv_2d, long patches", _conv(rng, depths=(40, 400), dilated=False)


def conv_pointwise_wide(rng):
    writer = Writer()
    depth, channels, size = int(rng.choice(LENGTHS)), int(rng.integers(1, 7)), [int(v) for v in rng.integers(1, 4, 2)]
    xs, ws = scale(rng), scale(rng)
    x = writer.tensor([1, *size, depth], xs, zero_point(rng))
    w = writer.tensor([channels, 1, 1, depth], ws, data=rng.integers(-128, 128, (channels, 1, 1, depth)))
    y = writer.tensor([1, *size, channels], _typical(rng, float(xs * ws), 4900 * np.sqrt(depth)), zero_point(rng))
    writer.operator("CONV_2D", [x, w, -1], [y], options("Conv2DOptions", **_geometry_fields([1, 1], [1, 1], 1, rng)), 3)
    return "conv_2d, 1x1 of up to 2,000 channels", writer.finish([x], [y])


def conv_ends(rng):
    return "conv_2d, zero points at the ends", _conv(rng, ends)


def conv_left_shift(rng):
    return "conv_2d, left shift", _conv(rng, out_scale=above_one, depths=(1, 3))


def conv_power(rng):
    return "conv_2d, factor next to a power of two", _conv(rng, out_scale=next_to_power)


def conv_channels(rng):
    return "conv_2d, scales far apart", _conv(rng, w_scales=far_apart)


def _usual(rng):
    """A window as networks have it: (size, kernel, stride, dilation, out, padding) of 3x3 over a padded map."""
    size, stride = [int(v) for v in rng.integers(5, 24, 2)], [int(rng.integers(1, 3))] * 2
    out = [out_size(extent, 3, step, 1, SAME) for extent, step in zip(size, stride, strict=True)]
    return size, [3, 3], stride, [1, 1], out, SAME


def conv_usual(rng):
    return "conv_2d, as networks have it", _conv(rng, depths=(1, 17), window=_usual(rng))


def depthwise_usual(rng):
    return "depthwise_conv_2d, as networks have it", _depthwise(rng, depth=4 * int(rng.integers(1, 5)), usual=True)


def _depthwise(rng, zero=anywhere, out_scale=None, w_scales=None, multipliers=(1, 9), depth=None, usual=False):
    writer = Writer()
    depth = depth or int(rng.integers(1, 7))
    multiplier = 1 if usual else int(rng.integers(*multipliers))
    channels = depth * multiplier
    size, kernel, stride, dilation, out, padding = _usual(rng) if usual else _window(rng)
    xs, ws = scale(rng), np.atleast_1d(w_scales(rng, channels) if w_scales else scale(rng))
    batches = int(rng.integers(1, 4))
    x = writer.tensor([batches, *size, depth], xs, zero(rng))
    w = writer.tensor([1, *kernel, channels], ws, data=rng.integers(-128, 128, (1, *kernel, channels)), axis=3)
    b = writer.tensor([channels], xs * ws, kind=INT32, data=rng.integers(-20000, 20000, channels))
    product = float(xs * np.median(ws))
    ys = out_scale(rng, product) if out_scale else _typical(rng, product, 4900 * np.sqrt(kernel[0] * kernel[1]))
    y = writer.tensor([batches, *out, channels], ys, zero(rng))
    fields = _geometry_fields(stride, dilation, padding, rng)
    writer.operator(
        "DEPTHWISE_CONV_2D",
        [x, w, b],  # tflite-micro crashes where a depthwise layer has none
        [y],
        options("DepthwiseConv2DOptions", depthMultiplier=multiplier, **fields),
        3,
    )
    return writer.finish([x], [y])


def depthwise_multiplied(rng):
    return "depthwise_conv_2d, multiplier above 1", _depthwise(rng, multipliers=(2, 9))


def depthwise_plain(rng):
    return "depthwise_conv_2d, dilated and padded", _depthwise(rng, multipliers=(1, 2))


def depthwise_ends(rng):
    return "depthwise_conv_2d, zero points at the ends", _depthwise(rng, ends)


def depthwise_left_shift(rng):
    return "depthwise_conv_2d, left shift", _depthwise(rng, out_scale=above_one)


def depthwise_channels(rng):
    return "depthwise_conv_2d, scales far apart", _depthwise(rng, w_scales=far_apart)


def _binary(rng, name, option, a, b, ys, zero=ends):
    writer = Writer()
    shape = [int(v) for v in rng.integers(1, 7, int(rng.integers(1, 5)))]
    inputs = [writer.tensor(shape, np.float32(each), zero(rng)) for each in (a, b)]
    y = writer.tensor(shape, np.float32(ys), zero(rng))
    writer.operator(name, inputs, [y], options(option, fusedActivationFunction=activation(rng)), 2)
    return writer.finish(inputs, [y])


def sum_far_apart(rng):
    a = scale(rng, -5)
    b = a * 2.0 ** rng.uniform(-24, 24)
    name = str(rng.choice(["ADD", "SUB"]))
    return f"{name.lower()}, scales far apart", _binary(rng, name, f"{name.title()}Options", a, b, max(a, b))


def sum_power(rng):
    a = scale(rng, -5)
    b = np.float32(a * 2.0 ** float(rng.integers(-8, 9)))
    name = str(rng.choice(["ADD", "SUB"]))
    ys = next_to_power(rng, float(max(a, b)) / 4)
    return f"{name.lower()}, factor next to a power of two", _binary(rng, name, f"{name.title()}Options", a, b, ys)


def product_left_shift(rng):
    a, b = scale(rng, -5), scale(rng, -5)
    return "mul, left shift", _binary(rng, "MUL", "MulOptions", a, b, above_one(rng, float(a * b)), zero_point)


def product_power(rng):
    a, b = scale(rng, -5), scale(rng, -5)
    ys = next_to_power(rng, float(a * b))
    return "mul, factor next to a power of two", _binary(rng, "MUL", "MulOptions", a, b, ys)


def mean_of_many(rng):
    writer = Writer()
    shape = [int(rng.integers(1, 3)), *[int(v) for v in rng.integers(8, 40, 2)], int(rng.integers(1, 4))]
    xs = scale(rng)
    x = writer.tensor(shape, xs, zero_point(rng))
    axes = writer.tensor([2], kind=INT32, data=[1, 2])
    ys = np.float32(xs * np.exp(rng.normal() - 3))
    y = writer.tensor([shape[0], shape[3]], ys, zero_point(rng))
    writer.operator("MEAN", [x, axes], [y], options("ReducerOptions"), 2)
    return "mean, of many", writer.finish([x], [y])


def pool_large(rng):
    """Windows larger than the image, mostly padding."""
    writer = Writer()
    name = str(rng.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
    size, kernel, stride, _, out, padding = _window(rng, dilated=False)
    shape = [int(rng.integers(1, 4)), *size, int(rng.integers(1, 9))]
    xs, zero = scale(rng), ends(rng)
    x = writer.tensor(shape, xs, zero)
    y = writer.tensor([shape[0], *out, shape[3]], xs, zero)
    fields = {
        "padding": padding,
        "strideH": stride[0],
        "strideW": stride[1],
        "fusedActivationFunction": activation(rng),
    }
    fields.update(filterHeight=kernel[0], filterWidth=kernel[1])
    writer.operator(name, [x], [y], options("Pool2DOptions", **fields), 2)
    return f"{name.lower()}, large windows", writer.finish([x], [y])


def softmax_wide(rng):
    writer = Writer()
    # tflite-micro aborts where 512 classes or more are equal.
    shape = [int(rng.integers(1, 4)), int(rng.choice([1, 2, 255, 256, 257, 511]))]
    x = writer.tensor(shape, scale(rng, -9, 3), ends(rng))
    y = writer.tensor(shape, np.float32(1 / 256), -128)
    writer.operator("SOFTMAX", [x], [y], options("SoftmaxOptions", beta=float(rng.choice([1.0, 0.05, 7.0]))), 2)
    return "softmax, many classes and flat or steep", writer.finish([x], [y])


def concatenation_of_four(rng):
    writer = Writer()
    shape = [int(v) for v in rng.integers(1, 5, 4)]
    axis = int(rng.integers(0, 4))
    xs, zero = scale(rng), ends(rng)
    inputs = []
    for _ in range(4):
        shape[axis] = int(rng.integers(1, 6))
        inputs.append(writer.tensor(shape, xs, zero))
    shape[axis] = sum(writer.graph.tensors[index].shape[axis] for index in inputs)
    y = writer.tensor(shape, xs, zero)
    writer.operator("CONCATENATION", inputs, [y], options("ConcatenationOptions", axis=axis), 2)
    return "concatenation, of four", writer.finish(inputs, [y])


KINDS = (
    dense_lengths,
    dense_ends,
    dense_left_shift,
    dense_power,
    dense_channels,
    dense_bias,
    conv_dilated,
    conv_long,
    conv_pointwise_wide,
    conv_usual,
    conv_ends,
    conv_left_shift,
    conv_power,
    conv_channels,
    depthwise_multiplied,
    depthwise_plain,
    depthwise_usual,
    depthwise_ends,
    depthwise_left_shift,
    depthwise_channels,
    sum_far_apart,
    sum_power,
    product_left_shift,
    product_power,
    mean_of_many,
    pool_large,
    softmax_wide,
    concatenation_of_four,
)
