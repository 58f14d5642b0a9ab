"""Boxes of at most four axes, which is what the kernels' nested loops take."""

from ..native import int32_array

BOX = 4


def row_strides(shape):
    """Distance in elements between neighbours along each axis of a tensor of `shape`."""
    strides = []
    step = 1
    for count in reversed(shape):
        strides.insert(0, step)
        step *= count
    return strides


def collapse(node, axes):
    """Joins axes that one loop can walk: `axes` are (count, stride, ...) from the outermost in.

    Gives the same with exactly four entries, the first ones of count 1 where fewer are needed. Raises
    UnsupportedOp where four are not enough.
    """
    joined = []
    for axis in axes:
        if axis[0] == 1:
            continue
        if joined and all(outer == inner * axis[0] for outer, inner in zip(joined[-1][1:], axis[1:])):
            joined[-1] = (joined[-1][0] * axis[0],) + tuple(axis[1:])
        else:
            joined.append(tuple(axis))
    if len(joined) > BOX:
        raise node.refuse("it walks %d axes where %d are implemented; reshape before it." % (len(joined), BOX))
    width = len(axes[0]) if axes else 1
    return [(1,) + (0,) * (width - 1)] * (BOX - len(joined)) + joined


def columns(axes):
    """The block of a kernel from `collapse`: all counts, then all of the first strides, and so on."""
    return tuple([axis[part] for part in range(len(axes[0])) for axis in axes])


def copy_block(node, axes, source, target):
    """The block of `kernels_moves.copy`: `axes` are (count, source stride, target stride) from the outermost in,
    of which a source stride may be negative; `source` and `target` are the first byte's places.
    """
    boxes = collapse(node, axes)
    forward = [(count, max(stride, 0), other) for count, stride, other in boxes]
    return int32_array(columns(forward) + (source, target) + tuple([max(-stride, 0) for _, stride, _ in boxes]))


def broadcast(node, a, b, y):
    """The block of a kernel that walks a and b, repeating along axes of 1, in the order of y."""
    rank = len(y.shape)
    axes = [[count] for count in y.shape] or [[1]]
    shape = [1] * rank
    for tensor in (a, b):
        missing = rank - len(tensor.shape)
        if missing < 0:
            raise node.damaged("its output has fewer axes than an input.")
        own = [1] * missing + list(tensor.shape)
        strides = row_strides(own)
        for axis in range(rank):
            if own[axis] != 1:
                if shape[axis] not in (1, own[axis]):
                    raise node.damaged("shapes %s and %s do not fit." % (a.shape, b.shape))
                shape[axis] = own[axis]
            axes[axis].append(strides[axis] if own[axis] != 1 else 0)
    if rank == 0:
        axes = [[1, 0, 0]]
    node.same_shape(y, shape)
    return columns(collapse(node, axes))
