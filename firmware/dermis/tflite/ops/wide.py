"""Convolutions for `kernels_wide`, on machines of 64-bit words: what those loops want laid out otherwise.

That is the image with its padding around it, the weights in blocks, and where each tap lies. It takes a copy of the
weights and of padded inputs, on the heap: the arena is the same on every machine. A layer that the wide loops do not
fit keeps the ordinary ones, which are right everywhere.
"""

from array import array

from .. import kernels, kernels_moves, kernels_wide, plan
from ..native import int32_array, words
from . import layout

LANES = 3  # outputs of one channel that `kernels_wide.conv` computes together
TAPS = 16  # of a block of `kernels_wide.conv`
TAPS_DEPTHWISE = 9  # the most of `kernels_wide.depthwise`
BIAS = 1 << 30  # within which accumulators lie, and which keeps the table's offsets from being negative
FIELD_BITS = 21  # of one sum over a block
LARGEST_SHIFT = 22  # to the right: an output's zero point shifted to the left still fits
PADDED_TIMES, PADDED_BYTES = 2, 4096  # a padded image is at most so many times its input, and so many bytes more


class Image:
    """The input as the wide loops walk it.

    shape: batches, H, W, C, OH, OW of input and output; window, strides, dilations, pads: rows, columns (pads: top,
    left). `fits` tells whether its padding is worth copying; `taps` are the places of the window's cells.
    """

    def __init__(self, node, x, shape, window, strides, dilations, pads):
        batches, height, width, depth, out_height, out_width = shape
        rows = (out_height - 1) * strides[0] + (window[0] - 1) * dilations[0] + 1
        columns = (out_width - 1) * strides[1] + (window[1] - 1) * dilations[1] + 1
        self._padded = None
        self.fits = True
        if pads[0] or pads[1] or rows > height or columns > width:
            size = batches * rows * columns * depth
            self.fits = size <= PADDED_TIMES * x.size + PADDED_BYTES
            if self.fits:
                self._padded = plan.new_arena(size)
                self._padded[:] = bytes([x.raised_zero]) * size
                row, source_row = columns * depth, width * depth
                self._block = layout.copy_block(
                    node,
                    (
                        (batches, height * source_row, rows * row),
                        (min(height, rows - pads[0]), source_row, row),
                        (min(width, columns - pads[1]) * depth, 1, 1),
                    ),
                    0,
                    pads[0] * row + pads[1] * depth,
                )
        else:
            rows, columns = height, width
        row = columns * depth
        self.positions = batches * out_height * out_width
        # For the kernels: images, rows, columns; and the steps between them in bytes.
        self.counts = (batches, out_height, out_width)
        self.steps = (rows * row, strides[0] * row, strides[1] * depth)
        if tuple(window) == (1, 1) and self._padded is None and tuple(strides) == (1, 1):
            # Every patch follows the one before: one long row.
            self.counts = (1, 1, self.positions)
        self.taps = [
            ky * dilations[0] * row + kx * dilations[1] * depth for ky in range(window[0]) for kx in range(window[1])
        ]

    def filled(self, data):
        """The image, given the input's bytes. Its borders are as they were made: nothing writes there."""
        if self._padded is None:
            return data
        kernels_moves.copy(data, self._padded, self._block)
        return self._padded


def table(narrow, offsets, middle, span, out_zero):
    """The table for the wide loops (see `kernels_wide.conv`), or None where they do not fit.

    narrow: that of the ordinary ones; offsets: what each channel's accumulator starts from; middle: what the fields'
    middles add to it; span: the most that products and middles can add.
    """
    found = []
    for channel, offset in enumerate(offsets):
        factor, left, right = narrow[4 * channel + 1], narrow[4 * channel + 2], narrow[4 * channel + 3]
        if left or not 1 <= right <= LARGEST_SHIFT or abs(offset) + span >= BIAS:
            return None
        found.extend((BIAS + offset - middle, factor, (out_zero << right) + (1 << (right - 1)), right))
    return int32_array(found)


def conv(node, layer, w, narrow, offsets, clamps):
    """A convolution or fully connected layer for the wide loops, or None where they do not fit.

    layer: the arguments of `Image`. w: the tensor of weights (channels, taps). offsets: what each accumulator starts
    from in `kernels.conv`, whose table is `narrow`. clamps: lowest, highest raised output.
    """
    x, y = node.inputs[0], node.outputs[0]
    window, depth = layer[1], layer[0][3]
    length, channels = window[0] * window[1] * depth, len(offsets)
    blocks = (length + TAPS - 1) // TAPS
    found = table(narrow, offsets, blocks << (FIELD_BITS - 1), blocks << FIELD_BITS, y.raised_zero)
    if found is None:
        return None
    image = Image(node, x, *layer)
    if not image.fits or image.positions == 1:  # one patch alone gains nothing
        return None
    weights = bytearray(bytes([w.zero_point & 255]) * (blocks * channels * TAPS))
    whole, rest = length // TAPS, length % TAPS
    # (channels, taps) as (blocks, channels, TAPS), the zero point after the last tap.
    for count, taps in ((whole, TAPS), (1, rest)):
        if count and taps:
            first = 0 if taps == TAPS else whole
            axes = ((count, TAPS, channels * TAPS), (channels, length, TAPS), (taps, 1, 1))
            box = layout.copy_block(node, axes, first * TAPS, first * channels * TAPS)
            kernels_moves.copy(w.constant, weights, box)
    kernels_moves.flip(weights, weights, len(weights))
    taps = [tap + channel for tap in image.taps for channel in range(depth)]
    taps += [0] * (TAPS * blocks - length)
    block = image.counts + (channels,) + image.steps + (blocks, 128 + w.zero_point) + clamps
    return Conv(image, weights, int32_array(taps), found, int32_array(block))


class Conv:
    """`run(x, y)` computes y's bytes from x's by `kernels_wide.conv`."""

    def __init__(self, image, weights, taps, found, block):
        self._image = image
        self._weights = weights
        self._taps = taps
        self._table = found
        self._sums = words(plan.new_arena(LANES * len(found)))  # 4 bytes; the table has 4 words a channel
        self._block = block

    def run(self, x, y):
        kernels_wide.conv(self._weights, self._image.filled(x), y, self._taps, self._sums, self._table, self._block)


def depthwise(node, layer, w, narrow, biases, clamps):
    """A depthwise convolution for the wide loops, or None where they do not fit. Arguments as for `conv`."""
    x, y = node.inputs[0], node.outputs[0]
    channels, length = len(biases), layer[1][0] * layer[1][1]
    if length > TAPS_DEPTHWISE:
        return None
    image = Image(node, x, *layer)
    if not image.fits:
        return None
    # (taps, channels) as (channels, taps), 0 after the last tap.
    weights = bytearray(channels * TAPS_DEPTHWISE)
    axes = ((channels, 1, TAPS_DEPTHWISE), (length, channels, 1))
    kernels_moves.copy(w.constant, weights, layout.copy_block(node, axes, 0, 0))
    sums = array("i", bytes(4 * channels))
    kernels.weight_sums(weights, sums, channels, TAPS_DEPTHWISE)
    kernels_moves.flip(weights, weights, len(weights))
    offsets = [biases[channel] - x.raised_zero * sums[channel] for channel in range(channels)]
    found = table(narrow, offsets, 0, 1 << FIELD_BITS, y.raised_zero)
    if found is None:
        return None
    taps = image.taps + [0] * (TAPS_DEPTHWISE - length)
    multiplier = channels // layer[0][3]
    block = image.counts + (channels,) + image.steps + (multiplier,) + clamps
    return Depthwise(image, weights, int32_array(taps), found, int32_array(block))


class Depthwise:
    """`run(x, y)` computes y's bytes from x's by `kernels_wide.depthwise`."""

    def __init__(self, image, weights, taps, found, block):
        self._image = image
        self._weights = weights
        self._taps = taps
        self._table = found
        self._block = block

    def run(self, x, y):
        kernels_wide.depthwise(self._image.filled(x), y, self._weights, self._taps, self._table, self._block)
