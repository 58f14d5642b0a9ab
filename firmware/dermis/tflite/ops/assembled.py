"""Layers by the kernels of `kernels_xtensa`: whether they fit a layer, and what they want laid out otherwise.

See `prepared` for weights and requantisation. A layer that does not fit, or whose weights would take more than
`prepared.LARGEST_PREPARED` bytes, keeps its viper kernel.
"""

from struct import unpack_from

from .. import assembler, kernels_moves, plan
from ..graph import Block
from ..native import int32_array, octets
from . import layout, windows
from .prepared import LEAST_SCALE, Channels, Requantisation
from .step import Step

WORD_BYTES = 4
PADDED_TIMES, PADDED_BYTES = 4, 4096  # a padded image is at most so many times its input, and so many bytes more
QUAD = 4  # products that MAC16's loop takes at once
EVEN_AND_ODD = 0x00FF00FF
IN_PAIRS = (0, 2, 1, 3)  # how `direct` exchanges four bytes
SHORT_LENGTHS = (8, 12, 16)  # that `direct_N` exist for
# Words of the blocks (firmware/xtensa/blocks.py): of parameters, and of what a kernel keeps there.
CONV_WORDS, CONV_SCRATCH = 13, 4  # and the patch
DEPTHWISE_SCRATCH, DEPTHWISE3_SCRATCH = 9, 7
WALK_WORDS, PAIR_WORDS, PAIR_SCRATCH = 12, 17, 9  # WALK_WORDS: those that `kernels_simple` shares


def padded_size(layer):
    """Rows and columns of the image with its padding, as far as its window gets; `layer` as for `Image`."""
    out_height, out_width, window, strides, dilations = layer[4:9]
    return (
        (out_height - 1) * strides[0] + (window[0] - 1) * dilations[0] + 1,
        (out_width - 1) * strides[1] + (window[1] - 1) * dilations[1] + 1,
    )


class Image:
    """The input as a window walks it, with its padding around it where it has any.

    layer: batches, H, W, C, OH, OW, window, strides, dilations, pads. `scratch` is what it needs of the arena.
    """

    def __init__(self, node, x, layer):
        batches, height, width, depth, _, _, _, strides, _, pads = layer
        self._x = x
        rows, columns = padded_size(layer)
        self.scratch = ()
        self.row = width * depth
        if pads[0] or pads[1] or rows > height or columns > width:
            # The bytes copied of a row start at a multiple of a word where they can: words move faster.
            left = pads[1] * depth
            self._start = -left % WORD_BYTES
            source_row, self.row = self.row, plan.aligned(columns * depth)
            self.scratch = (Block(self._start + batches * rows * self.row),)
            axes = (
                (batches, height * source_row, rows * self.row),
                (min(height, rows - pads[0]), source_row, self.row),
                (min(width, columns - pads[1]) * depth, 1, 1),
            )
            self._block = layout.copy_block(node, axes, 0, self._start + pads[0] * self.row + left)
        else:
            rows = height
        # Bytes from one image, row, pixel of the output to the next.
        self.steps = (rows * self.row, strides[0] * self.row, strides[1] * depth)

    def bind(self):
        self._data = octets(self.scratch[0].data)[self._start :] if self.scratch else self._x.data

    def filled(self):
        if self.scratch:
            target = self.scratch[0].data
            kernels_moves.fill(target, self._x.raised_zero, self.scratch[0].bytes)
            kernels_moves.copy(self._x.data, target, self._block)
        return self._data


def clamp_table(clamps):
    """None where `clamps` is what the kernels do, else the table by which their results are narrowed afterwards."""
    if clamps == (0, 255):
        return None
    return bytearray([min(max(value, clamps[0]), clamps[1]) for value in range(256)])


class Assembled(Step):
    """A layer by an assembler kernel."""

    kernel = ""  # its name
    _block = None

    def __init__(self, node, step, channels, clamps):
        super().__init__(node, step.reads, step.output)
        self.macs = step.macs
        self._weights = channels.words
        self._signed = channels.signed
        self._clamp = clamp_table(clamps)

    def _named(self, name):
        return name + "_signed" if self._signed else name

    def _call(self, x):
        y = self.output.data
        getattr(assembler.kernels, self.kernel)(self._block, x, self._weights, y)
        if self._clamp:
            kernels_moves.look_up(y, y, self._clamp, self.output.size)


class Windowed(Assembled):
    """What walks the image with its padding around it."""

    def __init__(self, node, step, layer, channels, clamps):
        super().__init__(node, step, channels, clamps)
        self._image = Image(node, step.reads[0], layer)
        self.scratch = self._image.scratch

    def bind(self):
        self._image.bind()

    def run(self):
        self._call(self._image.filled())


class Window(Windowed):
    def __init__(self, node, step, layer, channels, clamps):
        super().__init__(node, step, layer, channels, clamps)
        batches, _, _, depth, out_height, out_width, window, _, dilations, _ = layer
        image = self._image
        self.kernel = self._named("conv")
        # Without dilation a window's row lies together.
        runs, run = (1, window[1] * depth) if dilations[1] == 1 else (window[1], depth)
        ends = [
            ky * dilations[0] * image.row + kx * dilations[1] * depth + run
            for ky in range(window[0])
            for kx in range(runs)
        ]
        gaps = [ends[index] - run - ends[index - 1] for index in range(1, len(ends))] + [0]
        quads = _quads(window[0] * window[1] * depth)
        scratch = CONV_SCRATCH + 2 * quads + 1
        self._block = int32_array(
            (batches, out_height, out_width, channels.count)
            + image.steps
            + (len(gaps), WORD_BYTES * (CONV_WORDS + scratch))
            + (run // QUAD, run % QUAD, quads, channels.shift)
            + (0,) * scratch
            + tuple(gaps)
        )


class Direct(Assembled):
    def __init__(self, node, step, length, channels, clamps):
        super().__init__(node, step, channels, clamps)
        self.kernel = "direct_%d" % length if channels.short else self._named("direct")
        quads = _quads(length)
        self._block = int32_array(
            (step.output.size // channels.count, channels.count, quads, channels.shift, EVEN_AND_ODD)
            + (0,) * (2 * quads + 1)
        )

    def run(self):
        self._call(self.reads[0].data)


class Depthwise(Windowed):
    def __init__(self, node, step, layer, channels, clamps):
        super().__init__(node, step, layer, channels, clamps)
        batches, _, _, depth, out_height, out_width, window, _, dilations, _ = layer
        image = self._image
        self.kernel = self._named("depthwise")
        self._block = int32_array(
            (batches, out_height, out_width, depth, channels.count // depth)
            + image.steps
            + (window[0], dilations[0] * image.row, window[1], dilations[1] * depth, channels.shift)
            + (0,) * DEPTHWISE_SCRATCH
        )


class Depthwise3(Assembled):
    """A window of 3x3 over channels by four."""

    def __init__(self, node, step, layer, channels, clamps):
        super().__init__(node, step, channels, clamps)
        _, height, width, depth, out_height, out_width, _, strides, _, pads = layer
        stride = strides[0]
        rows, columns = padded_size(layer)
        copied_rows, copied_columns = min(height, rows - pads[0]), min(width, columns - pads[1])
        above = pads[0] * columns + pads[1]
        below = rows * columns - above - (copied_rows - 1) * columns - copied_columns
        groups = depth // 4
        self.scratch = (Block(rows * columns * depth),)
        self._pad = int32_array(
            (groups, copied_rows, copied_columns, width * depth, depth, above, columns - copied_columns, below)
            + (step.reads[0].raised_zero * 0x01010101,)
        )
        self.kernel = self._named("depthwise3_%d" % stride)
        pitch, y_step = 4 * columns, out_width * depth
        turns = out_height + 1 if stride == 1 else 2 * out_height  # rows by which a column's end is behind its start
        self._block = int32_array(
            (groups, out_height, out_width, depth, channels.shift, pitch, rows * pitch)
            + (4 * stride - turns * pitch, y_step, depth - out_height * y_step)
            + ((out_height // 2, out_height % 2) if stride == 1 else (out_height, 0))
            + (0,) * DEPTHWISE3_SCRATCH
        )

    def run(self):
        padded = self.scratch[0].data
        assembler.kernels.pad(self._pad, self.reads[0].data, padded)
        self._call(padded)


class Pair(Step):
    """ADD, SUB or MUL, from the step's own block (see `kernels_simple`), of which the first words say how to walk.

    how: the requantisation of its one channel; of_both: what the kernel needs of each input; tables: two of 256 words,
    or none.
    """

    def __init__(self, node, step, kernel, how, of_both, clamps, tables):
        super().__init__(node, step.reads, step.output)
        self.loops = step.loops
        self._kernel = kernel
        self._clamp = clamp_table(clamps)
        factor, added = how.behind[0][:2]
        walk = tuple(step._block[:WALK_WORDS])
        self._block = int32_array(walk + (factor, added, how.shift) + of_both + (0,) * PAIR_SCRATCH + tables)

    def run(self):
        a, b = self.reads
        y = self.output.data
        getattr(assembler.kernels, self._kernel)(self._block, a.data, b.data, y)
        if self._clamp:
            kernels_moves.look_up(y, y, self._clamp, self.output.size)


def _pair_scale(step, factor, right, ends):
    """How one channel becomes bytes; None unless sums or products are scaled by 4, as these kernels do it."""
    if right < 1:
        return None
    how = Requantisation([(factor, right)], [ends], [0], step.output.raised_zero)
    return how if how.fits and how.scales[0] == LEAST_SCALE else None


def add(node, step):
    of_a, of_b = step._table_a, step._table_b
    factor, right, _, lowest, highest = step._block[WALK_WORDS:]
    how = _pair_scale(step, factor, right, (min(of_a) + min(of_b), max(of_a) + max(of_b)))
    if how is None:
        return None
    words = tuple([value << LEAST_SCALE for table in (of_a, of_b) for value in table])
    first = WORD_BYTES * (PAIR_WORDS + PAIR_SCRATCH)
    return Pair(node, step, "add_pair", how, (first, first + WORD_BYTES * len(of_a)), (lowest, highest), words)


def multiply(node, step):
    factor, _, right, zero_a, zero_b, _, lowest, highest = step._block[WALK_WORDS:]
    how = _pair_scale(step, factor, right, (-255 * 255, 255 * 255))
    if how is None:
        return None
    return Pair(node, step, "mul_pair", how, (zero_a, zero_b), (lowest, highest), ())


def _quads(length):
    return (length + QUAD - 1) // QUAD


def _signed(values):
    return unpack_from("<%db" % len(values), values)


def _starts(node, x, w, channels, weights):
    """What each accumulator starts from: sum (x - zx) w = sum x w - zx sum w."""
    bias = windows.biases_of(node, node.inputs[2], channels)
    return [bias[channel] - x.raised_zero * sum(weights(channel)) for channel in range(channels)]


def fully_connected(node, step):
    channels, length = node.inputs[1].shape
    return _weighted(node, step, channels, length, None, node.clamps(node.options.int8(0), step.output))


def conv(node, step):
    channels, kernel_h, kernel_w, depth = node.inputs[1].shape
    options = node.options
    layer = _layer(node, (kernel_h, kernel_w), options.int8(0), (5, 4), channels)
    direct = (kernel_h, kernel_w) == (1, 1) and layer[7] == (1, 1)
    if not _is_worth_padding(layer):
        return None
    return _weighted(
        node,
        step,
        channels,
        kernel_h * kernel_w * depth,
        None if direct else layer,
        node.clamps(options.int8(3), step.output),
    )


def _layer(node, window, padding, dilation_fields, channels):
    """The arguments of `Image`; the step was built before, so everything is checked."""
    x, y, options = node.inputs[0], node.outputs[0], node.options
    strides = (options.int32(2), options.int32(1))
    dilations = (options.int32(dilation_fields[0], 1), options.int32(dilation_fields[1], 1))
    pads = windows.geometry(node, x, y, padding, window, strides, dilations, channels)
    return tuple(x.shape) + (y.shape[1], y.shape[2], window, strides, dilations, pads)


def _is_worth_padding(layer):
    """Whether the image with its padding is not much larger than without: dilation may ask for any amount."""
    batches, height, width, depth = layer[:4]
    rows, columns = padded_size(layer)
    return batches * rows * columns * depth <= PADDED_TIMES * batches * height * width * depth + PADDED_BYTES


def _weighted(node, step, channels, length, layer, clamps):
    """layer: None where each output needs `length` values that lie together, the next pixel's right behind."""
    x, w, y = node.inputs[0], node.inputs[1], step.output

    def weights(channel):
        taps = _signed(w.constant[channel * length : (channel + 1) * length])
        return [tap - w.zero_point for tap in taps] if w.zero_point else taps

    order = list(range(length)) + [-1] * (-length % QUAD)
    if layer is None and length % QUAD == 0:
        order = [quad + place for quad in range(0, length, QUAD) for place in IN_PAIRS]
    short = layer is None and length in SHORT_LENGTHS
    prepared = Channels(x, w, y, weights, _starts(node, x, w, channels, weights), order, 2, short)
    if prepared.words is None:
        return None
    if layer is None and length % QUAD:  # as rows of single pixels
        pixels = x.size // length
        one = (1, 1)
        layer = (1, 1, pixels, length, 1, pixels, one, one, one, (0, 0))
    return Window(node, step, layer, prepared, clamps) if layer else Direct(node, step, length, prepared, clamps)


def depthwise(node, step):
    x, w, y = node.inputs[0], node.inputs[1], step.output
    channels, options = w.shape[3], node.options
    window = (w.shape[1], w.shape[2])
    layer = _layer(node, window, options.int8(0), (6, 5), channels)
    if not _is_worth_padding(layer):
        return None
    taps = window[0] * window[1]
    bytes_of = w.constant

    def weights(channel):
        return _signed(bytes([bytes_of[channel + tap * channels] for tap in range(taps)]))

    strides, dilations = layer[7], layer[8]
    in_fours = (
        window == (3, 3)
        and strides in ((1, 1), (2, 2))
        and dilations == (1, 1)
        and channels == x.shape[3]
        and channels % 4 == 0
        and x.shape[0] == 1
    )
    starts = _starts(node, x, w, channels, weights)
    prepared = Channels(x, w, y, weights, starts, list(range(taps)), 2 if in_fours else 4)
    if prepared.words is None:
        return None
    kind = Depthwise3 if in_fours else Depthwise
    return kind(node, step, layer, prepared, node.clamps(options.int8(4), y))


TAKERS = {0: add, 3: conv, 4: depthwise, 9: fully_connected, 18: multiply, 41: add}


def taken(node, step):
    """The layer by assembler kernels; the given `step` where they do not fit."""
    taker = TAKERS.get(node.code)
    return (taker(node, step) if taker else None) or step
