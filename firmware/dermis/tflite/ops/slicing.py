"""Operators that take bytes out of a tensor in another order: TRANSPOSE, STRIDED_SLICE, SPLIT.

Ref: tflite-micro kernels transpose_common.cc, strided_slice_common.cc, split.cc; first and last index of a slice from
kernels/internal/strided_slice_logic.h.
"""

from .. import kernels_moves
from . import layout
from .step import Step


class Transpose(Step):
    """Any permutation that, with the axes joined that stay neighbours, walks at most four."""

    def __init__(self, node):
        node.expect(2)
        x, order = node.inputs
        y = node.outputs[0]
        super().__init__(node, (node.int8(x),), node.int8(y))
        node.same_quantisation(x, y)
        axes = node.parameters(order)
        if sorted(axes) != list(range(len(x.shape))):
            raise node.damaged("%s is no order of %d axes." % (axes, len(x.shape)))
        node.same_shape(y, [x.shape[axis] for axis in axes])
        x_strides, y_strides = layout.row_strides(x.shape), layout.row_strides(y.shape)
        self._block = layout.copy_block(
            node, [(x.shape[axis], x_strides[axis], y_strides[index]) for index, axis in enumerate(axes)], 0, 0
        )

    def run(self):
        kernels_moves.copy(self.reads[0].data, self.output.data, self._block)


def slice_bounds(size, begin, end, stride):
    """(first index, number of indices) of an axis of `size`; `begin` and `end` are None where a mask drops them."""
    lowest, highest = (0, size) if stride > 0 else (-1, size - 1)

    def bounded(index):
        return min(max(index + size if index < 0 else index, lowest), highest)

    first = (lowest if stride > 0 else highest) if begin is None else bounded(begin)
    last = (highest if stride > 0 else lowest) if end is None else bounded(end)
    # Rounded up, for strides of either sign.
    return first, max(-((first - last) // stride), 0)


class StridedSlice(Step):
    """Steps forward or backward; an axis of the shrink mask gives one index and vanishes."""

    def __init__(self, node):
        node.expect(4)
        x, begin, end, strides = node.inputs
        y = node.outputs[0]
        super().__init__(node, (node.int8(x),), node.int8(y))
        node.same_quantisation(x, y)
        options = node.options
        begin_mask, end_mask, shrink_mask = options.int32(0), options.int32(1), options.int32(4)
        if options.int32(2) or options.int32(3) or options.int8(5):
            raise node.refuse("ellipsis, new axes and ends as offsets are not implemented; slice every axis by itself.")
        rank = len(x.shape)
        columns = [node.parameters(tensor) for tensor in (begin, end, strides)]
        if [len(column) for column in columns] != [rank] * 3:
            raise node.damaged("it needs a begin, an end and a stride for each of %d axes." % rank)
        x_strides = layout.row_strides(x.shape)
        counts, steps, kept = [], [], []
        offset = 0
        for axis in range(rank):
            stride, bit = columns[2][axis], 1 << axis
            if stride == 0:
                raise node.damaged("a stride is 0.")
            begin = None if begin_mask & bit else columns[0][axis]
            if shrink_mask & bit:
                if stride < 0:
                    raise node.damaged("a single index has a negative stride.")
                first, count = slice_bounds(x.shape[axis], begin, None, 1)[0], 1
            else:
                first, count = slice_bounds(x.shape[axis], begin, None if end_mask & bit else columns[1][axis], stride)
                kept.append(count)
            if not (0 <= first < x.shape[axis] and count):
                raise node.damaged("it takes nothing of axis %d." % axis)
            counts.append(count)
            # Of a single index the stride says nothing, and may be too large for a kernel.
            steps.append(stride * x_strides[axis] if count > 1 else 0)
            offset += first * x_strides[axis]
        node.same_shape(y, kept)
        y_strides = layout.row_strides(counts)
        axes = [(counts[axis], steps[axis], y_strides[axis]) for axis in range(rank)]
        self._block = layout.copy_block(node, axes, offset, 0)

    def run(self):
        kernels_moves.copy(self.reads[0].data, self.output.data, self._block)


class Split(Step):
    """Equal parts along one axis, each an output."""

    def __init__(self, node):
        parts = len(node.outputs)
        node.expect(2, parts)
        axis, x = node.inputs
        super().__init__(node, (node.int8(x),), node.int8(node.outputs[0]))
        self.outputs = tuple([node.int8(tensor) for tensor in node.outputs])
        rank = len(x.shape)
        places = node.parameters(axis)
        if len(places) != 1 or not -rank <= places[0] < rank:
            raise node.damaged("it needs one axis that exists.")
        axis = places[0] % rank
        if node.options.int32(0) != parts or x.shape[axis] % parts:
            raise node.damaged("axis %d of %d cannot be split into %d." % (axis, x.shape[axis], parts))
        outer = 1
        for count in x.shape[:axis]:
            outer *= count
        row = x.size // outer
        self._blocks = []
        for index, y in enumerate(self.outputs):
            node.same_quantisation(x, y)
            node.same_shape(y, tuple(x.shape[:axis]) + (x.shape[axis] // parts,) + tuple(x.shape[axis + 1 :]))
            part = row // parts
            self._blocks.append(layout.copy_block(node, ((outer, row, part), (part, 1, 1)), index * part, 0))

    def run(self):
        for index in range(len(self.outputs)):
            kernels_moves.copy(self.reads[0].data, self.outputs[index].data, self._blocks[index])
