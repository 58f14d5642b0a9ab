"""Operators that slide a window: convolutions, pools; and the fully connected layer, a window of one cell.

Ref: tflite-micro kernels conv.cc, depthwise_conv.cc, fully_connected.cc, pooling.cc and the reference_integer_ops
that they call; padding and output sizes from kernels/padding.h.
"""

from array import array

from .. import kernels, kernels_simple, native, quantise
from ..graph import INT8, INT32, Block
from ..native import int32_array
from .step import Step

SAME, VALID = 0, 1
AXES = 4  # batch, rows, columns, channels
MAX_POOL_2D = 17
LARGEST_REACH = 1 << 20  # cells that a dilated window may span: keeps every index within 32 bits


def geometry(node, x, y, padding, window, strides, dilations, channels=0):
    """(pad top, pad left), after checking that y's shape follows from x's. Raises BadModel where it does not.

    y has `channels` channels, or where that is 0 as many as x.
    """
    if len(x.shape) != AXES or len(y.shape) != AXES:
        raise node.damaged("it needs tensors of 4 axes.")
    if padding not in (SAME, VALID):
        raise node.damaged("padding %d is neither SAME nor VALID." % padding)
    pads = []
    shape = [x.shape[0]]
    for axis in (0, 1):
        size, reach = x.shape[1 + axis], (window[axis] - 1) * dilations[axis] + 1
        if strides[axis] < 1 or dilations[axis] < 1 or window[axis] < 1:
            raise node.damaged("strides, dilations and windows must be at least 1.")
        if reach > LARGEST_REACH:
            raise node.damaged("its window spans %d cells, more than %d." % (reach, LARGEST_REACH))
        stride = strides[axis]
        count = (size + stride - 1) // stride if padding == SAME else (size + stride - reach) // stride
        pads.append(max((count - 1) * stride + reach - size, 0) // 2 if padding == SAME else 0)
        shape.append(count)
    node.same_shape(y, shape + [channels or x.shape[3]])
    return pads


def weights_of(node, tensor, axis, channels):
    """A constant int8 `tensor` with one scale, or one for each of the `channels` along `axis`."""
    node.constant(tensor, INT8)
    node.count_channels(channels)
    if tensor.scale_count != 1 and not (tensor.scale_count == channels and tensor.quantised_axis == axis):
        raise node.damaged(
            "its weights have %d scales along axis %d for %d channels along axis %d."
            % (tensor.scale_count, tensor.quantised_axis, channels, axis)
        )
    return tensor


def biases_of(node, tensor, channels):
    """The int32 biases as a sequence; zeros where there are none."""
    if tensor is None:
        return bytes(channels)
    node.constant(tensor, INT32)
    if tensor.size != channels:
        raise node.damaged("it has %d biases for %d channels." % (tensor.size, channels))
    return tensor.int32s()


def channel_table(x, w, y, offsets):
    """The requantisation of every channel, for the kernels: `offsets` and the factor of scales x * w / y."""
    table = []
    factor = shift = -1
    for channel, offset in enumerate(offsets):
        if channel == 0 or w.scale_count > 1:
            factor, shift = quantise.multiplier((x.scale(), w.scale(channel)), (y.scale(),))
        table.extend((offset, factor) + quantise.shifts(shift))
    return int32_array(table)


def wide_loops():
    """The module `ops.wide` on a machine of 64-bit words that has it, else None."""
    if not native.WIDE:
        return None
    try:
        from . import wide  # a microcontroller never loads it
    except ImportError:  # left out of a copy: the ordinary loops give the same bytes
        return None
    return wide


class Widened(Step):
    """What a layer with weights is beside `run`: on a machine of 64-bit words another may do its work."""

    _wide = None  # does it, where it fits
    _lay_out = None  # makes that

    def bind(self):
        # Not before: by now the limits of arena and work are kept.
        if self._lay_out is not None:
            self._wide = self._lay_out()
            self._lay_out = None


class Weighted(Widened):
    """What convolution and the fully connected layer share: weights (channels, kh, kw, depth), one dot a channel."""

    def _build(self, node, w, bias, shape, window, strides, dilations, pads, activation):
        # shape: batches, rows, columns, depth of the input, rows, columns, channels of the output
        x, y = self.reads[0], self.output
        depth, channels = shape[3], shape[6]
        length = window[0] * window[1] * depth
        self.macs = shape[0] * shape[4] * shape[5] * channels * length
        self._weights = w.constant
        sums = array("i", bytes(4 * channels))
        kernels.weight_sums(w.constant, sums, channels, length)
        # sum (x - zx)(w - zw) = sum x w - zw sum x - zx (sum w - length zw); the kernel takes off zw sum x
        offsets = [
            bias[channel] - x.raised_zero * (sums[channel] - length * w.zero_point) for channel in range(channels)
        ]
        self._table = channel_table(x, w, y, offsets)
        self._direct = length == depth and tuple(strides) == (1, 1)
        if not self._direct:
            self.scratch = (Block(length),)
        self._block = int32_array(
            tuple(shape)
            + tuple(window)
            + tuple(strides)
            + tuple(dilations)
            + tuple(pads)
            + (x.raised_zero, 128 + w.zero_point, y.raised_zero)
            + node.clamps(activation, y)
            + (1 if self._direct else 0,)
        )
        wide = wide_loops()
        if wide:
            layer = (shape[:6], window, strides, dilations, pads)
            clamps = node.clamps(activation, y)
            self._lay_out = lambda: wide.conv(node, layer, w, self._table, offsets, clamps)

    def run(self):
        x = self.reads[0].data
        if self._wide:
            return self._wide.run(x, self.output.data)
        patch = x if self._direct else self.scratch[0].data
        return kernels.conv(patch, self._weights, x, self.output.data, self._table, self._block)


class Conv2D(Weighted):
    def __init__(self, node):
        node.expect(3, optional=1)
        x, w, bias = node.inputs
        y = node.outputs[0]
        super().__init__(node, (node.int8(x),), node.int8(y))
        if len(w.shape) != AXES or len(x.shape) != AXES:
            raise node.damaged("it needs tensors of 4 axes.")
        channels, kernel_h, kernel_w, depth = w.shape
        weights_of(node, w, 0, channels)
        if w.zero_point:
            raise node.refuse("its weights' zero point is %d, not 0; quantise the model again." % w.zero_point, w)
        if x.shape[3] != depth:
            raise node.refuse("grouped convolution is not implemented; use one group or a depthwise layer.")
        options = node.options
        strides = (options.int32(2), options.int32(1))
        dilations = (options.int32(5, 1), options.int32(4, 1))
        window = (kernel_h, kernel_w)
        pads = geometry(node, x, y, options.int8(0), window, strides, dilations, channels)
        shape = tuple(x.shape) + (y.shape[1], y.shape[2], channels)
        self._build(node, w, biases_of(node, bias, channels), shape, window, strides, dilations, pads, options.int8(3))


class FullyConnected(Weighted):
    def __init__(self, node):
        node.expect(3, optional=1)
        x, w, bias = node.inputs
        y = node.outputs[0]
        super().__init__(node, (node.int8(x),), node.int8(y))
        if len(w.shape) != 2:
            raise node.damaged("its weights need 2 axes.")
        channels, length = w.shape
        weights_of(node, w, 0, channels)
        if node.options.int8(1):
            raise node.refuse("shuffled weights are not implemented; convert with the default format.", w)
        batches = x.size // length
        if x.size != batches * length or y.size != batches * channels:
            raise node.damaged("%d inputs, %d outputs and weights of %s do not fit." % (x.size, y.size, w.shape))
        shape = (1, 1, batches, length, 1, batches, channels)
        one = (1, 1)
        self._build(node, w, biases_of(node, bias, channels), shape, one, one, one, (0, 0), node.options.int8(0))


class DepthwiseConv2D(Widened):
    def __init__(self, node):
        node.expect(3, optional=1)
        x, w, bias = node.inputs
        y = node.outputs[0]
        super().__init__(node, (node.int8(x),), node.int8(y))
        if len(w.shape) != AXES or len(x.shape) != AXES or w.shape[0] != 1 or w.shape[3] % x.shape[3]:
            raise node.damaged("weights of shape %s do not fit an input of shape %s." % (w.shape, x.shape))
        channels = w.shape[3]
        weights_of(node, w, 3, channels)
        if w.zero_point:
            raise node.refuse("its weights' zero point is %d, not 0; quantise the model again." % w.zero_point, w)
        options = node.options
        window = (w.shape[1], w.shape[2])
        strides = (options.int32(2), options.int32(1))
        dilations = (options.int32(6, 1), options.int32(5, 1))
        pads = geometry(node, x, y, options.int8(0), window, strides, dilations, channels)
        self.macs = y.size * window[0] * window[1]
        self._weights = w.constant
        biases = biases_of(node, bias, channels)
        self._table = channel_table(x, w, y, biases)
        self._block = int32_array(
            tuple(x.shape)
            + (y.shape[1], y.shape[2], channels // x.shape[3])
            + window
            + strides
            + dilations
            + tuple(pads)
            + (x.raised_zero, y.raised_zero)
            + node.clamps(options.int8(4), y)
        )
        wide = wide_loops()
        if wide:
            layer = (tuple(x.shape) + (y.shape[1], y.shape[2]), window, strides, dilations, pads)
            clamps = node.clamps(options.int8(4), y)
            self._lay_out = lambda: wide.depthwise(node, layer, w, self._table, biases, clamps)

    def run(self):
        x = self.reads[0].data
        if self._wide:
            return self._wide.run(x, self.output.data)
        return kernels.depthwise(x, self._weights, self.output.data, self._table, self._block)


class Pool(Step):
    def __init__(self, node):
        node.expect(1)
        x, y = node.inputs[0], node.outputs[0]
        super().__init__(node, (node.int8(x),), node.int8(y))
        node.same_quantisation(x, y, True)
        options = node.options
        strides = (options.int32(2), options.int32(1))
        window = (options.int32(4), options.int32(3))
        pads = geometry(node, x, y, options.int8(0), window, strides, (1, 1))
        self.loops = y.size * min(window[0], x.shape[1]) * min(window[1], x.shape[2])
        self._block = int32_array(
            tuple(x.shape)
            + (y.shape[1], y.shape[2])
            + window
            + strides
            + tuple(pads)
            + node.clamps(options.int8(5), y)
            + (1 if node.code == MAX_POOL_2D else 0,)
        )

    def run(self):
        kernels_simple.pool(self.reads[0].data, self.output.data, self._block)
