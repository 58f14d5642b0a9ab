"""One value in, one value out (tables of 256), and two values in.

Ref: tflite-micro kernels add_common.cc, mul_common.cc, maximum_minimum.cc, activations_common.cc, logistic.cc,
tanh.cc, leaky_relu_common.cc, quantize_common.cc, dequantize_common.cc and the reference kernels that they call.
"""

from array import array

from .. import fixedpoint, kernels_moves, kernels_simple, quantise
from ..graph import FLOAT32, UINT8
from ..native import int32_array, words
from . import layout
from .step import Step

TANH = 28
SUB = 41
MAXIMUM = 55
ADD_HEADROOM = 20  # bits by which ADD scales its inputs up before they are summed
SQUASH_INTEGER_BITS = 4  # of the fixed-point input: beyond 16 the result is saturated
LOGISTIC_BITS = 8  # of the output behind the point
TANH_BITS = 7
FLOAT_LOOPS = 24  # turns of a loop that one float's division takes
EXPONENT_BIAS = 512  # what keeps a scale's exponent positive for `quantise_floats`
FLOAT_BIAS = 150  # of a float32's exponent, counted from its mantissa's last bit
FLOAT_LARGEST_EXPONENT = 254
FLOAT_INFINITY = 0x7F800000
FLOAT_MAGNITUDE = 0x7FFFFFFF


def clamp(value, lowest, highest):
    return lowest if value < lowest else highest if value > highest else value


class Table(Step):
    """Any function of one int8: 256 answers made at load."""

    def _fill(self, function):
        """function: raised input 0..255 -> raised output."""
        self._table = bytearray([function(value) for value in range(256)])

    def run(self):
        x = self.reads[0]
        kernels_moves.look_up(x.data, self.output.data, self._table, x.size)


def unary(node, kinds=None):
    """(x, y) of an operator with one input and one output of the same shape."""
    node.expect(1)
    x, y = node.inputs[0], node.outputs[0]
    node.same_shape(y, x.shape)
    return node.int8(x, kinds), node.int8(y, kinds)


def rescaler(x, y):
    """Function from x's raised integers to y's, unclamped."""
    factor, shift = quantise.multiplier((x.scale(),), (y.scale(),))
    zero, out_zero = x.raised_zero, y.raised_zero
    return lambda value: out_zero + fixedpoint.requantise(value - zero, factor, shift)


class Relu(Table):
    """RELU by itself may change the scale."""

    def __init__(self, node):
        x, y = unary(node)
        super().__init__(node, (x,), y)
        rescaled = rescaler(x, y)
        lowest, highest = node.clamps(quantise.RELU, y)
        self._fill(lambda value: clamp(rescaled(value), lowest, highest))


class Relu6(Table):
    """RELU6 by itself does not change the scale: tflite-micro clamps by the input's quantisation."""

    def __init__(self, node):
        x, y = unary(node)
        super().__init__(node, (x,), y)
        node.same_quantisation(x, y)
        lowest, highest = node.clamps(quantise.RELU6, x)
        self._fill(lambda value: clamp(value, lowest, highest))


class Quantize(Table):
    """Between two quantisations of int8 or uint8; and from float32."""

    def __init__(self, node):
        node.expect(1)
        x, y = node.inputs[0], node.outputs[0]
        node.same_shape(y, x.shape)
        self._from_float = x.kind == FLOAT32
        if self._from_float:
            if x.constant is not None:
                raise node.refuse("a float constant is not implemented; let the converter fold it.", x)
            super().__init__(node, (x,), node.int8(y, UINT8))
            mantissa, exponent = y.scale()
            missing = quantise.SINGLE_BITS - quantise.bit_length(mantissa)
            self._block = int32_array((mantissa << missing, exponent - missing + EXPONENT_BIAS, y.raised_zero))
            self.loops = x.size * FLOAT_LOOPS
            return
        super().__init__(node, (node.int8(x, UINT8),), node.int8(y, UINT8))
        rescaled = rescaler(x, y)
        self._fill(lambda value: clamp(rescaled(value), 0, 255))

    def run(self):
        x = self.reads[0]
        if self._from_float:
            kernels_simple.quantise_floats(x.data, self.output.data, x.size, self._block)
        else:
            kernels_moves.look_up(x.data, self.output.data, self._table, x.size)


class Dequantize(Step):
    """int8 or uint8 to float32: 256 products, rounded once to a float32's 24 bits."""

    def __init__(self, node):
        node.expect(1)
        x, y = node.inputs[0], node.outputs[0]
        node.same_shape(y, x.shape)
        if y.kind != FLOAT32:
            raise node.refuse("%s is not implemented; only float32 out is." % y.type)
        super().__init__(node, (node.int8(x, UINT8),), y)
        scale = x.scale()
        self._table = int32_array([product_bits(scale, value - x.raised_zero) for value in range(256)])

    def bind(self):
        self._target = words(self.output.data)

    def run(self):
        x = self.reads[0]
        kernels_moves.look_up_words(x.data, self._target, self._table, x.size)


def product_bits(scale, steps):
    """The float32 bit pattern of scale * steps (exact in a double, then rounded to nearest even)."""
    if steps == 0:
        return 0
    product = scale[0] * abs(steps)
    mantissa, exponent = quantise.rounded_quotient(product, 1, quantise.SINGLE_BITS)
    exponent += scale[1] + FLOAT_BIAS
    if exponent < 1:  # a denormal: whole units of 2**-149, of which the scale is a multiple
        bits = product << (scale[1] + FLOAT_BIAS - 1)
    elif exponent > FLOAT_LARGEST_EXPONENT:
        bits = FLOAT_INFINITY
    else:
        bits = (exponent << 23) | (mantissa & 0x7FFFFF)
    return bits | (0x80000000 if steps < 0 else 0)


class LeakyRelu(Table):
    """Two factors, one for each side of 0."""

    def __init__(self, node):
        x, y = unary(node)
        super().__init__(node, (x,), y)
        identity = quantise.multiplier((x.scale(),), (y.scale(),))
        bits = node.options.uint32(0)
        slope, below = 0, (0, 0)
        if bits & FLOAT_MAGNITUDE:
            alpha = quantise.scale_from_bits(bits & FLOAT_MAGNITUDE)
            if alpha is None:
                raise node.damaged("its alpha is no number.")
            slope = -1 if bits >> 31 else 1
            # In doubles, as the oracle answers; some versions of its source round the quotients to a float32 first.
            below = quantise.multiplier((x.scale(), alpha), (y.scale(),))
        zero, out_zero = x.raised_zero, y.raised_zero

        def answer(value):
            steps = value - zero
            factor, shift = identity if steps >= 0 else (slope * below[0], below[1])
            return clamp(out_zero + fixedpoint.requantise(steps, factor, shift), 0, 255)

        self._fill(answer)


class Squash(Table):
    """LOGISTIC and TANH: the input in fixed point of 4 integer bits, beyond which the result is an end of int8."""

    def __init__(self, node):
        x, y = unary(node)
        super().__init__(node, (x,), y)
        function, bits, zero_point = (
            (fixedpoint.tanh, TANH_BITS, 0) if node.code == TANH else (fixedpoint.logistic, LOGISTIC_BITS, -128)
        )
        # tflite-micro does not read TANH's output scale; with any other the answer would be wrong.
        if y.scale() != (1 << 23, -23 - bits) or y.zero_point != zero_point:
            raise node.refuse(
                "its output must have scale 1/%d and zero point %d; quantise the model again." % (1 << bits, zero_point)
            )
        mantissa, exponent = x.scale()
        # The scale as a fraction of 31 bits and a shift, as frexp gives them.
        length = quantise.bit_length(mantissa)
        factor = mantissa << (quantise.MULTIPLIER_BITS - length)
        shift = exponent + length + quantise.MULTIPLIER_BITS - SQUASH_INTEGER_BITS
        if not -quantise.MULTIPLIER_BITS <= shift <= quantise.LARGEST_SHIFT:
            raise node.refuse("its input's scale is out of any useful range; quantise the model again.", x)
        radius = fixedpoint.input_radius(SQUASH_INTEGER_BITS, shift)
        zero, out_zero = x.raised_zero, y.raised_zero

        def answer(value):
            steps = value - zero
            if steps <= -radius:
                return 0
            if steps >= radius:
                return 255
            result = function(fixedpoint.requantise(steps, factor, shift), SQUASH_INTEGER_BITS)
            return clamp(out_zero + fixedpoint.halve(result, quantise.MULTIPLIER_BITS - bits), 0, 255)

        self._fill(answer)


class Add(Step):
    """ADD and SUB: both inputs come to twice the larger scale, 20 bits up, through a table each."""

    def __init__(self, node):
        node.expect(2)
        a, b = node.int8(node.inputs[0]), node.int8(node.inputs[1])
        y = node.int8(node.outputs[0])
        super().__init__(node, (a, b), y)
        larger = a.scale() if _exceeds(a.scale(), b.scale()) else b.scale()
        common = (larger[0], larger[1] + 1)
        self._table_a = self._scaled(a, common, 1)
        self._table_b = self._scaled(b, common, -1 if node.code == SUB else 1)
        factor, shift = quantise.multiplier((common,), ((1, ADD_HEADROOM), y.scale()))
        if shift > 0:
            raise node.refuse("its output's scale is far below its inputs'; quantise the model again.")
        self._block = int32_array(
            layout.broadcast(node, a, b, y) + (factor, -shift, y.raised_zero) + node.clamps(node.options.int8(0), y)
        )

    @staticmethod
    def _scaled(tensor, common, sign):
        factor, shift = quantise.multiplier((tensor.scale(),), (common,))
        zero = tensor.raised_zero
        return array(
            "i",
            [sign * fixedpoint.requantise((value - zero) << ADD_HEADROOM, factor, shift) for value in range(256)],
        )

    def run(self):
        a, b = self.reads
        kernels_simple.add(a.data, b.data, self.output.data, self._table_a, self._table_b, self._block)


def _exceeds(a, b):
    """Whether scale a is larger than scale b."""
    lowest = min(a[1], b[1])
    return a[0] << (a[1] - lowest) > b[0] << (b[1] - lowest)


class Mul(Step):
    def __init__(self, node):
        node.expect(2)
        a, b = node.int8(node.inputs[0]), node.int8(node.inputs[1])
        y = node.int8(node.outputs[0])
        super().__init__(node, (a, b), y)
        factor, shift = quantise.multiplier((a.scale(), b.scale()), (y.scale(),))
        self._block = int32_array(
            layout.broadcast(node, a, b, y)
            + (factor,)
            + quantise.shifts(shift)
            + (a.raised_zero, b.raised_zero, y.raised_zero)
            + node.clamps(node.options.int8(0), y)
        )

    def run(self):
        a, b = self.reads
        kernels_simple.multiply(a.data, b.data, self.output.data, self._block)


class Choose(Step):
    """MAXIMUM and MINIMUM, which compare bytes: all three tensors need one quantisation."""

    def __init__(self, node):
        node.expect(2)
        a, b = node.int8(node.inputs[0]), node.int8(node.inputs[1])
        y = node.int8(node.outputs[0])
        super().__init__(node, (a, b), y)
        node.same_quantisation(a, y)
        node.same_quantisation(b, y)
        self._block = int32_array(layout.broadcast(node, a, b, y) + (1 if node.code == MAXIMUM else 0,))

    def run(self):
        a, b = self.reads
        kernels_moves.choose(a.data, b.data, self.output.data, self._block)
