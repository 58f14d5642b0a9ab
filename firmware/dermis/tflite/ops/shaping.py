"""Operators that move bytes and compute nothing.

Ref: tflite-micro kernels concatenation.cc, pad_common.cc, reshape_common.cc.
"""

from .. import kernels_moves
from . import layout
from .step import Step


class Reshape(Step):
    """RESHAPE, SQUEEZE, EXPAND_DIMS: the output is the input's bytes under another shape; nothing runs."""

    def __init__(self, node):
        x, y = node.inputs[0] if node.inputs else None, node.outputs[0]
        if x is None or len(node.outputs) != 1:
            raise node.damaged("it needs one tensor in and one out.")
        super().__init__(node, (node.int8(x),), node.int8(y))
        if x.size != y.size:
            raise node.damaged("%d values cannot become %d." % (x.size, y.size))
        node.same_quantisation(x, y)
        y.alias = x
        y.data = x.home().data  # set already where x is a constant

    def run(self):
        pass


class Concatenation(Step):
    def __init__(self, node):
        y = node.outputs[0]
        inputs = [node.int8(tensor) for tensor in node.inputs if tensor is not None]
        node.expect(len(node.inputs))
        super().__init__(node, inputs, node.int8(y))
        if node.options.int8(1):
            raise node.refuse("a fused activation is not implemented; put it in a layer of its own.")
        rank = len(y.shape)
        axis = node.options.int32(0)
        axis = axis + rank if axis < 0 else axis
        if not inputs or not 0 <= axis < rank:
            raise node.damaged("axis %d does not exist." % node.options.int32(0))
        outer = 1
        for count in y.shape[:axis]:
            outer *= count
        row = y.size // outer
        self._blocks = []
        offset = 0
        for x in inputs:
            part = x.size // outer
            if offset + part > row or len(x.shape) != rank:
                raise node.damaged("its inputs do not fit into its output.")
            node.same_shape(y, tuple(x.shape[:axis]) + (y.shape[axis],) + tuple(x.shape[axis + 1 :]))
            node.same_quantisation(x, y, True)
            self._blocks.append(layout.copy_block(node, ((outer, part, row), (part, 1, 1)), 0, offset))
            offset += part
        if offset != row:
            raise node.damaged("its inputs do not fill its output.")

    def run(self):
        for index in range(len(self._blocks)):
            kernels_moves.copy(self.reads[index].data, self.output.data, self._blocks[index])


class Pad(Step):
    """PAD fills with the zero point, PADV2 with a given constant."""

    def __init__(self, node):
        node.expect(3, optional=1)
        x, widths, value = node.inputs
        y = node.outputs[0]
        super().__init__(node, (node.int8(x),), node.int8(y))
        rank = len(x.shape)
        pairs = node.parameters(widths)
        if len(pairs) != 2 * rank or len(y.shape) != rank:
            raise node.damaged("it needs two widths an axis.")
        node.same_quantisation(x, y)
        if min(pairs) < 0:
            raise node.damaged("a padding is negative.")
        node.same_shape(y, [pairs[2 * axis] + x.shape[axis] + pairs[2 * axis + 1] for axis in range(rank)])
        self._fill = y.raised_zero
        if value is not None:
            if value.constant is None or value.size != 1:
                raise node.refuse("the padding value must be one constant.", value)
            self._fill = node.int8(value).data[0]
            node.same_quantisation(value, y, True)
        x_strides = layout.row_strides(x.shape)
        y_strides = layout.row_strides(y.shape)
        axes = [(x.shape[axis], x_strides[axis], y_strides[axis]) for axis in range(rank)]
        offset = sum([pairs[2 * axis] * y_strides[axis] for axis in range(rank)])
        self._block = layout.copy_block(node, axes, 0, offset)

    def run(self):
        y = self.output
        kernels_moves.fill(y.data, self._fill, y.size)
        kernels_moves.copy(self.reads[0].data, y.data, self._block)
