"""Random single-operator models that move or choose bytes; see `single_ops`."""

import numpy as np
from model_writer import INT32, Writer, options
from single_ops import scale, zero_point


def sizes(rng, rank, highest=6):
    return [int(v) for v in rng.integers(1, highest, rank)]


def concatenation(rng):
    writer = Writer()
    rank = int(rng.integers(1, 5))
    shape = [int(v) for v in rng.integers(1, 6, rank)]
    axis = int(rng.integers(0, rank))
    xs, zero = scale(rng), zero_point(rng)
    inputs = []
    for _ in range(int(rng.integers(1, 5))):
        shape[axis] = int(rng.integers(1, 6))
        inputs.append(writer.tensor(shape, xs, zero))
    shape[axis] = sum(writer.graph.tensors[index].shape[axis] for index in inputs)
    y = writer.tensor(shape, xs, zero)
    writer.operator(
        "CONCATENATION",
        inputs,
        [y],
        options("ConcatenationOptions", axis=axis - rank if rng.random() < 0.5 else axis),
        2,
    )
    return "concatenation", writer.finish(inputs, [y])


def pad(rng):
    writer = Writer()
    rank = int(rng.integers(1, 5))
    shape = [int(v) for v in rng.integers(1, 6, rank)]
    widths = rng.integers(0, 3, (rank, 2))
    xs, zero = scale(rng), zero_point(rng)
    x = writer.tensor(shape, xs, zero)
    p = writer.tensor([rank, 2], kind=INT32, data=widths)
    inputs = [x, p]
    name = "PAD"
    if rng.random() < 0.3:
        name = "PADV2"
        inputs.append(writer.tensor([1], xs, zero, data=rng.integers(-128, 128, 1)))
    y = writer.tensor([int(n + a + b) for n, (a, b) in zip(shape, widths, strict=True)], xs, zero)
    writer.operator(name, inputs, [y], options(name.title().replace("v", "V") + "Options"), 2)
    return name.lower(), writer.finish([x], [y])


def reshape(rng):
    writer = Writer()
    a, b, c = (int(v) for v in rng.integers(1, 6, 3))
    xs, zero = scale(rng), zero_point(rng)
    x = writer.tensor([a, b, c], xs, zero)
    s = writer.tensor([2], kind=INT32, data=[c, a * b])
    y = writer.tensor([c, a * b], xs, zero)
    writer.operator("RESHAPE", [x, s], [y], options("ReshapeOptions", newShape=[c, a * b]))
    return "reshape", writer.finish([x], [y])


def transpose(rng):
    writer = Writer()
    rank = int(rng.integers(1, 6))
    shape, order = sizes(rng, rank), rng.permutation(rank).tolist()
    if rank == 5:  # of which two stay neighbours: four are moved at most
        order = [axis for moved in rng.permutation(4) for axis in ((3, 4) if moved == 3 else (moved,))]
    xs, zero = scale(rng), zero_point(rng)
    x = writer.tensor(shape, xs, zero)
    p = writer.tensor([rank], kind=INT32, data=order)
    y = writer.tensor([shape[axis] for axis in order], xs, zero)
    writer.operator("TRANSPOSE", [x, p], [y], options("TransposeOptions"), 2)
    return "transpose", writer.finish([x], [y])


def strided_slice(rng, strides_among=(1, 1, 1, 2, 3, -1, -2, 20)):
    """Ends beyond the tensor, from its end, masked; strides backward; axes that vanish."""
    writer = Writer()
    rank = int(rng.integers(1, 5))
    shape = sizes(rng, rank, 9)
    masks = {name: int(rng.integers(0, 1 << rank)) & int(rng.integers(0, 1 << rank)) for name in ("begin", "end")}
    shrink = int(rng.integers(0, 1 << rank)) & int(rng.integers(0, 1 << rank)) & int(rng.integers(0, 1 << rank))
    while True:
        begin, end = (rng.integers(-11, 12, rank) for _ in range(2))
        strides = rng.choice(strides_among, rank)
        index, kept = [], []
        for axis, size in enumerate(shape):
            first = None if masks["begin"] >> axis & 1 else int(begin[axis])
            if shrink >> axis & 1:
                strides[axis] = 1
                first = first or 0
                index.append(range(-size, size)[first + size] if -size <= first < size else None)
                continue
            last = None if masks["end"] >> axis & 1 else int(end[axis])
            index.append(slice(first, last, int(strides[axis])))
            kept.append(len(range(size)[index[-1]]))
        if None not in index and 0 not in kept:
            break
    xs, zero = scale(rng), zero_point(rng)
    x = writer.tensor(shape, xs, zero)
    columns = [writer.tensor([rank], kind=INT32, data=column) for column in (begin, end, strides)]
    y = writer.tensor(kept, xs, zero)
    fields = {"beginMask": masks["begin"], "endMask": masks["end"], "shrinkAxisMask": shrink}
    writer.operator("STRIDED_SLICE", [x, *columns], [y], options("StridedSliceOptions", **fields), 2)
    return "strided_slice", writer.finish([x], [y])


def strided_slice_backward(rng):
    return strided_slice(rng, (-1, -2, -3))


def split(rng):
    writer = Writer()
    rank = int(rng.integers(1, 5))
    shape = sizes(rng, rank)
    axis, parts = int(rng.integers(0, rank)), int(rng.integers(1, 5))
    xs, zero = scale(rng), zero_point(rng)
    a = writer.tensor([], kind=INT32, data=axis - rank if rng.random() < 0.5 else axis)
    outputs = [writer.tensor(shape, xs, zero) for _ in range(parts)]
    shape[axis] *= parts
    x = writer.tensor(shape, xs, zero)
    writer.operator("SPLIT", [a, x], outputs, options("SplitOptions", numSplits=parts), 2)
    return "split", writer.finish([x], outputs)


def choose(rng, name):
    writer = Writer()
    shape = sizes(rng, int(rng.integers(1, 5)))
    shapes = [[n if rng.random() < 0.8 else 1 for n in shape] for _ in range(2)]
    xs, zero = scale(rng), zero_point(rng)
    a = writer.tensor(shapes[0], xs, zero)
    constant = rng.random() < 0.3
    b = writer.tensor(shapes[1], xs, zero, data=rng.integers(-128, 128, shapes[1]) if constant else None)
    y = writer.tensor(list(np.broadcast_shapes(*shapes)), xs, zero)
    writer.operator(name, [a, b], [y], options("MaximumMinimumOptions"), 2)
    return name.lower(), writer.finish([a] if constant else [a, b], [y])


def maximum(rng):
    return choose(rng, "MAXIMUM")


def minimum(rng):
    return choose(rng, "MINIMUM")


KINDS = (concatenation, pad, reshape, transpose, strided_slice, strided_slice_backward, split, maximum, minimum)
