"""Single kernels: the requantisation that stands in five of them, against its definition at every kind of edge."""

import struct
from array import array

from dermis.tflite import fixedpoint, kernels, kernels_moves, kernels_simple, quantise
from dermis.tflite.native import as_int32, int32_array, octets
from dermis.tflite.ops import elementwise, layout

HALF = 1 << 30  # the factor for 1/2: odd accumulators are ties of the first rounding
FACTORS = (HALF, HALF + 1, 1395864371, (1 << 31) - 1, 0x4000FFFF, 0)


def cases():
    """(accumulator, factor, left shift, right shift) whose results lie around -60 .. 60, ties and carries included."""
    found = []
    for factor in FACTORS:
        for right in (0, 1, 2, 7, 15, 16, 21, 25, 31):
            for steps in (-40, -3, -2, -1, 0, 1, 2, 3, 40):
                for nudge in (-1, 0, 1):
                    value = (steps << right) + nudge
                    if -(1 << 31) <= value < 1 << 31:
                        found.append((value, factor, 0, right))
        for left in (1, 5, 30):
            for value in (-3, -2, -1, 0, 1, 2, 3, -70000, 70000):  # the last ones overflow and wrap
                found.append((value, factor, left, 0))
    return found


def expected(value, factor, left, right):
    return min(max(fixedpoint.requantise(value, factor, left - right) + 128, 0), 255)


def test_conv():
    tried = cases()
    block = int32_array((1, 1, 1, 1, 1, 1, len(tried)) + (1,) * 6 + (0, 0, 0, 128, 128, 0, 255, 1))
    table = int32_array([number for case in tried for number in case])
    x, y = bytearray(1), octets(bytearray(len(tried)))
    kernels.conv(x, bytes(len(tried)), x, y, table, block)
    for index, case in enumerate(tried):
        assert y[index] == expected(*case), case


def test_depthwise():
    tried = cases()
    block = int32_array((1, 1, 1, 1, 1, 1, len(tried)) + (1,) * 6 + (0, 0, 77, 128, 0, 255))
    table = int32_array([number for case in tried for number in case])
    y = octets(bytearray(len(tried)))
    kernels.depthwise(bytes([77]), bytes([5] * len(tried)), y, table, block)
    for index, case in enumerate(tried):
        assert y[index] == expected(*case), case


ONE_BOX = (1,) * 4 + (0,) * 8


def test_add():
    y = octets(bytearray(1))
    for value, factor, left, right in cases():
        if left:
            continue
        block = int32_array(ONE_BOX + (factor, right, 128, 0, 255))
        half = value // 2
        kernels_simple.add(bytes(1), bytes(1), y, int32_array([half]), int32_array([value - half]), block)
        assert y[0] == expected(value, factor, 0, right), (value, factor, right)


def test_multiply():
    y = octets(bytearray(1))
    for value, factor, left, right in cases():
        if abs(value) > 127:
            continue
        block = int32_array(ONE_BOX + (factor, left, right, 127, 3, 128, 0, 255))
        kernels_simple.multiply(bytes([127 + value]), bytes([4]), y, block)
        assert y[0] == expected(value, factor, left, right), (value, factor, left, right)


def test_mean():
    y = octets(bytearray(1))
    sums = array("i", [0])
    for value, factor, left, right in cases():
        if value > 0:
            continue
        block = int32_array((1,) * 4 + (0,) * 4 + (1, 200 - value, factor, left, right, 128))
        kernels_simple.mean(bytes([200]), y, sums, block)
        assert y[0] == expected(as_int32(value), factor, left, right), (value, factor, left, right)


def test_average_rounds_halves_away_from_zero():
    y = octets(bytearray(1))
    for values, mean in (((1, 2), 2), ((-1, -2), -2), ((0, 1), 1), ((0, -1), -1), ((1, 1, 2), 1), ((-128, -128), -128)):
        count = len(values)
        block = int32_array((1, 1, count, 1, 1, 1, 1, count, 1, 1, 0, 0, 0, 255, 0))
        kernels_simple.pool(bytes([value + 128 for value in values]), y, block)
        assert y[0] - 128 == mean, values


def softmax_expected(values, exps):
    """By the definitions: the sum with 19 fractional bits, its reciprocal, the product rounded to 8."""
    top = max(values)
    total = sum([fixedpoint.halve(exps[top - value], 12) for value in values])
    headroom = 32 - quantise.bit_length(total)
    factor = fixedpoint.reciprocal_one_plus((total << headroom) - (1 << 31))
    shift = 35 - headroom
    if shift > 31:
        return [0] * len(values)
    return [min(fixedpoint.halve(fixedpoint.multiply(factor, exps[top - value]), shift), 255) for value in values]


def test_softmax():
    noise = 1
    rows = [[9] * count for count in (1, 2, 3, 4, 5, 6, 7, 255, 256, 257, 512, 1024, 4095)]
    rows += [[0, 255], [255, 0, 1], [100, 99, 98, 97, 96], [100, 100, 99, 99, 98, 0]]
    for length in range(1, 40):
        row = []
        for _ in range(length):
            noise = noise * 48271 % 0x7FFFFFFF
            row.append(200 + (noise >> 8) % (1 + 2 * (length % 20)))
        rows.append(row)
    tables = [[int(0x7FFFFFFF * 0.93**steps) for steps in range(256)]]
    # Terms whose 12 lowest bits lie on both sides of a half.
    tables.append([0x7FFFFFFF, 2047, 2048, 4096 + 2047, 4096 + 2048] + [0] * 251)
    for exps in tables:
        for row in rows:
            found = octets(bytearray(2 * len(row)))
            constants = (fixedpoint.FORTY_EIGHT_SEVENTEENTHS, fixedpoint.MINUS_THIRTY_TWO_SEVENTEENTHS)
            block = int32_array((2, len(row)) + constants)
            kernels_simple.softmax(bytes(row + row), found, int32_array(exps), block)
            assert list(found) == 2 * softmax_expected(row, exps), row


def float_steps(bits, scale):
    """round(float32 / scale) of a float32 bit pattern, halves away from zero; what is no number counts as 0."""
    magnitude = bits & 0x7FFFFFFF
    value = quantise.scale_from_bits(magnitude)
    if value is not None:
        steps = quantise.rounded_steps(value[0], (scale[0], scale[1] - value[1]))
    else:
        steps = 1 << 20 if magnitude == 0x7F800000 else 0
    return -steps if bits >> 31 else steps


def floats_quantised(patterns, scale, zero):
    missing = 24 - quantise.bit_length(scale[0])
    block = int32_array((scale[0] << missing, scale[1] - missing + elementwise.EXPONENT_BIAS, zero))
    x = b"".join([struct.pack("<I", bits) for bits in patterns])
    y = octets(bytearray(len(patterns)))
    kernels_simple.quantise_floats(x, y, len(patterns), block)
    return list(y)


def test_quantise_floats():
    noise = 7
    for bits_of_scale in (0x3F800000, 0x3C23D70A, 0x3F800001, 0x3FFFFFFF, 1, 0x00400001, 0x00800000, 0x7F7FFFFF):
        scale = quantise.scale_from_bits(bits_of_scale) or (0, 0)
        half = (scale[0], max(scale[1] - 1, -149))  # of a denormal scale there is no half: it takes whole steps
        patterns = [0, 1, 2, 0x400000, 0x7FFFFF, 0x800000, 0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FC00000]
        # Around every half step, where rounding decides; and anything at all.
        for steps in range(1, 600, 3):
            edge = elementwise.product_bits(half, steps)
            patterns += [max(edge - 1, 0), edge, min(edge + 1, 0x7F800000)]
        for _ in range(100):
            noise = noise * 48271 % 0x7FFFFFFF
            patterns.append(noise)
        patterns += [bits | 0x80000000 for bits in patterns]
        for zero in (0, 128, 255):
            found = floats_quantised(patterns, scale, zero)
            for index, bits in enumerate(patterns):
                expected = min(max(zero + float_steps(bits, scale), 0), 255)
                assert found[index] == expected, (bits, bits_of_scale, zero)


def test_halves_of_floats():
    for value, steps in ((0.5, 1), (-0.5, -1), (0.49, 0), (-2.5, -3), (100.4, 100), (0.0, 0), (-0.0, 0)):
        bits = struct.unpack("<I", struct.pack("<f", value))[0]
        assert floats_quantised([bits], (1 << 23, -23), 128) == [128 + steps], value


class Shaped:
    def __init__(self, *shape):
        self.shape = shape


class Node:
    """Stands for a graph.Node where only shapes matter."""

    def same_shape(self, tensor, shape):
        assert tuple(tensor.shape) == tuple(shape)

    def refuse(self, sentence):
        return ValueError(sentence)

    damaged = refuse


def refused(action, *arguments):
    try:
        action(*arguments)
    except ValueError:
        return True
    return False


def test_broadcast():
    def block(a, b, y):
        return layout.broadcast(Node(), Shaped(*a), Shaped(*b), Shaped(*y))

    assert block((2, 3, 4), (2, 3, 4), (2, 3, 4)) == (1, 1, 1, 24, 0, 0, 0, 1, 0, 0, 0, 1)
    assert block((2, 3, 4), (4,), (2, 3, 4)) == (1, 1, 6, 4, 0, 0, 4, 1, 0, 0, 0, 1)
    assert block((1,), (2, 3), (2, 3)) == (1, 1, 1, 6, 0, 0, 0, 0, 0, 0, 0, 1)
    assert block((2, 1, 4), (2, 3, 1), (2, 3, 4)) == (1, 2, 3, 4, 0, 4, 0, 1, 0, 3, 1, 0)
    assert block((), (), ()) == (1, 1, 1, 1) + (0,) * 8
    assert refused(block, (2, 3), (2, 4), (2, 4))
    assert refused(block, (2, 3), (3,), (3,))
    assert refused(block, (2, 1, 2, 1, 2), (1, 2, 1, 2, 1), (2, 2, 2, 2, 2))


def test_boxes_are_joined():
    assert layout.collapse(Node(), [(2, 12, 12), (3, 4, 4), (4, 1, 1)])[-1] == (24, 1, 1)
    padded = layout.collapse(Node(), [(2, 12, 30), (3, 4, 6), (4, 1, 1)])
    assert padded == [(1, 0, 0), (2, 12, 30), (3, 4, 6), (4, 1, 1)]
    assert layout.row_strides((2, 3, 4)) == [12, 4, 1]


def test_copy_walks_backward():
    source = bytes(range(24))
    target = octets(bytearray(24))
    # Both axes of 4 rows and 6 columns reversed, columns first.
    kernels_moves.copy(source, target, layout.copy_block(Node(), [(6, -1, 4), (4, -6, 1)], 23, 0))
    assert bytes(target) == bytes([6 * row + column for column in range(5, -1, -1) for row in range(3, -1, -1)])


def test_choose():
    a, b = bytes([0, 127, 128, 255]), bytes([1, 128, 127, 255])
    y = octets(bytearray(4))
    block = layout.broadcast(Node(), Shaped(4), Shaped(4), Shaped(4))
    kernels_moves.choose(a, b, y, int32_array(block + (1,)))
    assert bytes(y) == bytes([1, 128, 128, 255])
    kernels_moves.choose(a, b, y, int32_array(block + (0,)))
    assert bytes(y) == bytes([0, 127, 127, 255])
    kernels_moves.choose(
        a, bytes([127]), y, int32_array(layout.broadcast(Node(), Shaped(4), Shaped(), Shaped(4)) + (1,))
    )
    assert bytes(y) == bytes([127, 127, 128, 255])
