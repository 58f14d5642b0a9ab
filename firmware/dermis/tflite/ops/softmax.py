"""SOFTMAX over the last axis.

Ref: tflite-micro softmax_common.cc; Softmax in reference/softmax.h and GetReciprocal in internal/common.h.
"""

from .. import fixedpoint, kernels_simple, quantise
from ..native import int32_array
from .step import Step

INPUT_INTEGER_BITS = 5
OUTPUT_SCALE = (1 << 23, -31)  # 1/256
LARGEST_SUM_TERMS = 4096  # exponentials whose sum still fits its 12 integer bits
ROW_LOOPS = 32  # what the division of a row costs beside the loop over its values
LARGEST_FACTOR = 0x7FFFFFFF


class Softmax(Step):
    def __init__(self, node):
        node.expect(1)
        x, y = node.inputs[0], node.outputs[0]
        node.same_shape(y, x.shape)
        super().__init__(node, (node.int8(x),), node.int8(y))
        if y.scale() != OUTPUT_SCALE or y.zero_point != quantise.LOWEST:
            raise node.refuse("its output must have scale 1/256 and zero point -128; quantise the model again.")
        depth = x.shape[-1] if x.shape else 1
        if depth >= LARGEST_SUM_TERMS:
            raise node.refuse("%d classes are more than %d." % (depth, LARGEST_SUM_TERMS - 1))
        self.loops = x.size // depth * ROW_LOOPS
        beta = quantise.scale_from_bits(node.options.uint32(0))
        if beta is None:
            raise node.damaged("its beta is no positive number.")
        mantissa, exponent = x.scale()
        # beta * scale in steps of the fixed-point input, as a fraction of 31 bits and a left shift.
        factor, shift = quantise.normalised(((mantissa, exponent + 31 - INPUT_INTEGER_BITS), beta), ())
        if shift > quantise.MULTIPLIER_BITS:
            factor, shift = LARGEST_FACTOR, quantise.MULTIPLIER_BITS
        if shift < 1:
            raise node.refuse("its input's scale times beta is too small; quantise the model again.", x)
        radius = fixedpoint.input_radius(INPUT_INTEGER_BITS, shift)
        self._exponentials = int32_array(
            [
                fixedpoint.exp_negative(fixedpoint.requantise(-steps, factor, shift), INPUT_INTEGER_BITS)
                if steps <= radius
                else 0
                for steps in range(256)
            ]
        )
        self._block = int32_array(
            (
                self.output.size // depth,
                depth,
                fixedpoint.FORTY_EIGHT_SEVENTEENTHS,
                fixedpoint.MINUS_THIRTY_TWO_SEVENTEENTHS,
            )
        )

    def run(self):
        kernels_simple.softmax(self.reads[0].data, self.output.data, self._exponentials, self._block)
