"""MEAN.

Ref: tflite-micro reduce_common.cc and QuantizedMeanOrSum in reference/reduce.h: the division by the number of
values goes into the factor, with as many bits as fit.
"""

from .. import kernels_simple, quantise
from ..graph import Block
from ..native import int32_array, words
from . import layout
from .step import Step

MOST_BITS = 32


class Mean(Step):
    def __init__(self, node):
        node.expect(2)
        x, axes = node.inputs
        y = node.outputs[0]
        super().__init__(node, (node.int8(x),), node.int8(y))
        rank = len(x.shape)
        gone = set()
        for axis in node.parameters(axes):
            if not -rank <= axis < rank:
                raise node.damaged("axis %d does not exist." % axis)
            gone.add(axis % rank)
        kept = [x.shape[axis] for axis in range(rank) if axis not in gone]
        node.same_shape(
            y, [1 if axis in gone else x.shape[axis] for axis in range(rank)] if node.options.int8(0) else kept
        )
        kept_strides = layout.row_strides(kept)
        block = []
        index = 0
        for axis in range(rank):
            block.append((x.shape[axis], 0 if axis in gone else kept_strides[index]))
            index += axis not in gone
        count = x.size // y.size
        factor, shift = quantise.multiplier((x.scale(),), (y.scale(),))
        bits = min(quantise.bit_length(count) - 1, MOST_BITS, 31 + shift)
        factor = (factor << bits) // count
        self.scratch = (Block(4 * y.size),)
        self._block = int32_array(
            layout.columns(layout.collapse(node, block))
            + (y.size, x.raised_zero * count, factor)
            + quantise.shifts(shift - bits)
            + (y.raised_zero,)
        )

    def bind(self):
        self._sums = words(self.scratch[0].data)

    def run(self):
        kernels_simple.mean(self.reads[0].data, self.output.data, self._sums, self._block)
