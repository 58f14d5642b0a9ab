"""The loops for 64-bit words against the ordinary ones, and which layers take them. Under both interpreters."""

from array import array

import packs
from dermis.tflite import Model, kernels, kernels_wide, native
from dermis.tflite.native import as_int32, int32_array, octets
from dermis.tflite.ops import wide
from test_shared_kernels import cases, expected

HALF = 1 << 30
ONE = (1, 1)


class Noise:
    """Reproducible numbers, the same under every interpreter."""

    def __init__(self, seed):
        self.state = seed

    def below(self, count):
        self.state = self.state * 48271 % 0x7FFFFFFF
        return (self.state >> 8) % count

    def octets(self, count):
        """Bytes of which a third lie at the ends."""
        return bytes(
            [(0, 127, 128, 255)[self.below(4)] if self.below(3) == 0 else self.below(256) for _ in range(count)]
        )


class Tensor:
    """Stands for a graph.Tensor where only these are read."""

    def __init__(self, size=0, raised_zero=0, constant=None, zero_point=0):
        self.size = size
        self.raised_zero = raised_zero
        self.constant = constant
        self.zero_point = zero_point


class Node:
    def __init__(self, x, y):
        self.inputs = [x]
        self.outputs = [y]


def same_size(noise, window, strides, dilations, same):
    """(H, W), (OH, OW), pads of a random image that the window fits."""
    sizes, counts, pads = [], [], []
    for axis in (0, 1):
        reach = (window[axis] - 1) * dilations[axis] + 1
        size = noise.below(7) + (1 if same else reach)
        count = (size + strides[axis] - 1) // strides[axis] if same else (size - reach) // strides[axis] + 1
        sizes.append(size)
        counts.append(count)
        pads.append(max((count - 1) * strides[axis] + reach - size, 0) // 2 if same else 0)
    return tuple(sizes), tuple(counts), tuple(pads)


def random_layer(noise, most_window):
    """The arguments of `wide.Image` after x; depth at random."""
    window = (1 + noise.below(most_window), 1 + noise.below(most_window))
    strides = (1 + noise.below(3), 1 + noise.below(3))
    dilations = (1 + noise.below(2), 1 + noise.below(2))
    if noise.below(3) == 0:
        window = strides = dilations = ONE
    sizes, counts, pads = same_size(noise, window, strides, dilations, noise.below(2))
    shape = (1 + noise.below(2),) + sizes + (1 + noise.below(9),) + counts
    return shape, window, strides, dilations, pads


def random_table(noise, offsets):
    table = []
    for offset in offsets:
        table.extend((offset, HALF + noise.below(HALF), 0, 1 + noise.below(15)))
    return int32_array(table)


def product(numbers):
    result = 1
    for number in numbers:
        result *= number
    return result


def conv_both_ways(noise):
    """(output of the ordinary loops, of the wide ones or None) of a random layer."""
    layer = random_layer(noise, 3)
    shape, window, strides, dilations, pads = layer
    depth, channels = shape[3], 1 + noise.below(6)
    length = window[0] * window[1] * depth
    x = Tensor(product(shape[:4]), noise.below(256))
    y = Tensor(raised_zero=noise.below(256))
    w = Tensor(constant=noise.octets(channels * length), zero_point=(0, 0, -128, 127)[noise.below(4)])
    offsets = [noise.below(1 << 20) - (1 << 19) for _ in range(channels)]
    table = random_table(noise, offsets)
    lowest = noise.below(100)
    clamps = (lowest, lowest + noise.below(256 - lowest))
    data = noise.octets(x.size)
    outputs = product(shape[:1] + shape[4:]) * channels
    narrow = octets(bytearray(outputs))
    block = shape + (channels,) + window + strides + dilations + pads
    block += (x.raised_zero, 128 + w.zero_point, y.raised_zero) + clamps + (0,)
    patch = octets(bytearray(length))
    kernels.conv(patch, w.constant, data, narrow, table, int32_array(block))
    found = wide.conv(Node(x, y), layer, w, table, offsets, clamps)
    if found is None:
        return narrow, None
    other = octets(bytearray(outputs))
    found.run(data, other)
    return narrow, other


def depthwise_both_ways(noise):
    layer = random_layer(noise, 3)
    shape, window, strides, dilations, pads = layer
    multiplier = 1 + noise.below(3)
    channels = shape[3] * multiplier
    x = Tensor(product(shape[:4]), noise.below(256))
    y = Tensor(raised_zero=noise.below(256))
    w = Tensor(constant=noise.octets(channels * window[0] * window[1]))
    biases = [noise.below(1 << 20) - (1 << 19) for _ in range(channels)]
    table = random_table(noise, biases)
    data = noise.octets(x.size)
    outputs = product(shape[:1] + shape[4:]) * channels
    narrow = octets(bytearray(outputs))
    block = shape + (multiplier,) + window + strides + dilations + pads
    kernels.depthwise(data, w.constant, narrow, table, int32_array(block + (x.raised_zero, y.raised_zero, 0, 255)))
    found = wide.depthwise(Node(x, y), layer, w, table, biases, (0, 255))
    if found is None:
        return narrow, None
    other = octets(bytearray(outputs))
    found.run(data, other)
    return narrow, other


def check(both_ways, count):
    noise = Noise(4711)
    taken = 0
    for number in range(count):
        narrow, other = both_ways(noise)
        if other is not None:
            taken += 1
            assert bytes(narrow) == bytes(other), number
    assert taken > count // 2


def test_random_convolutions():
    check(conv_both_ways, 80)


def test_random_depthwise_convolutions():
    check(depthwise_both_ways, 80)


def test_sums_at_their_ends_do_not_touch_each_other():
    """The largest and smallest products in every lane, over several blocks, against a patch of the other end."""
    length, positions = 3 * wide.TAPS + 5, 7
    layer = ((1, 1, positions, length, 1, positions), ONE, ONE, ONE, (0, 0))
    for weight_zero in (0, -128, 127):
        for patches in (b"\x00\xff", b"\xff\x00", b"\xff\xff"):
            data = b"".join([bytes([patches[position & 1]]) * length for position in range(positions)])
            weights = b"\x80" * length + b"\x7f" * length + b"\x00" * length
            offsets = [0, 0, 0]
            table = int32_array([0, HALF, 0, 16] * 3)
            w = Tensor(constant=weights, zero_point=weight_zero)
            narrow, other = octets(bytearray(3 * positions)), octets(bytearray(3 * positions))
            block = (1, 1, positions, length, 1, positions, 3) + (1,) * 6 + (0, 0, 0, 128 + weight_zero, 128, 0, 255, 1)
            kernels.conv(data, weights, data, narrow, table, int32_array(block))
            found = wide.conv(Node(Tensor(len(data)), Tensor(raised_zero=128)), layer, w, table, offsets, (0, 255))
            assert found is not None
            found.run(data, other)
            assert bytes(narrow) == bytes(other), (weight_zero, patches)


def requantised():
    """(cases that the wide loops take, their table)."""
    tried, table = [], []
    for case in cases():
        found = wide.table(int32_array(case), [as_int32(case[0])], 0, 1 << wide.FIELD_BITS, 128)
        if found is not None:
            tried.append(case)
            table.extend(found)
    assert len(tried) > 500
    return tried, array("i", table)


def test_requantisation_of_conv():
    tried, table = requantised()
    middle = 1 << (wide.FIELD_BITS - 1)
    for index in range(0, len(table), 4):
        table[index] -= middle
    y = octets(bytearray(len(tried)))
    sums = array("i", bytes(12 * len(tried)))
    weights = b"\x80" * (wide.TAPS * len(tried))
    block = int32_array((1, 1, 1, len(tried), 0, 0, 0, 1, 128, 0, 255))
    kernels_wide.conv(weights, b"\xff", y, int32_array([0] * wide.TAPS), sums, table, block)
    for index, case in enumerate(tried):
        assert y[index] == expected(*case), case


def test_requantisation_of_depthwise():
    tried, table = requantised()
    y = octets(bytearray(len(tried)))
    weights = b"\x80" * (wide.TAPS_DEPTHWISE * len(tried))
    block = int32_array((1, 1, 1, len(tried), 0, 0, 0, len(tried), 0, 255))
    kernels_wide.depthwise(b"\xff", y, weights, int32_array([0] * wide.TAPS_DEPTHWISE), table, block)
    for index, case in enumerate(tried):
        assert y[index] == expected(*case), case


def test_what_the_wide_loops_leave_to_the_others():
    def fits(offset=0, left=0, right=8, size=1000, layer=((1, 5, 5, 40, 5, 5), ONE, ONE, ONE, (0, 0))):
        node = Node(Tensor(size), Tensor())
        taps = layer[1][0] * layer[1][1] * layer[0][3]
        table = int32_array((offset, HALF, left, right))
        found = wide.conv(node, layer, Tensor(constant=bytes(taps)), table, [offset], (0, 255))
        return found is not None

    assert fits()
    assert fits(right=1) and fits(right=wide.LARGEST_SHIFT) and fits(offset=HALF // 2) and fits(offset=-HALF // 2)
    assert not fits(left=1, right=0) and not fits(right=0) and not fits(right=wide.LARGEST_SHIFT + 1)
    assert not fits(offset=HALF) and not fits(offset=-HALF)
    assert not fits(layer=((1, 1, 1, 40, 1, 1), ONE, ONE, ONE, (0, 0)))
    assert not fits(layer=((1, 1, 2, 512 * wide.TAPS, 1, 2), ONE, ONE, ONE, (0, 0)))
    assert not fits(size=2, layer=((1, 2, 1, 1, 2, 1), (2, 2), ONE, (3000, 1), (1500, 0)))
    window = ((1, 9, 9, 1, 5, 9), (5, 2), ONE, ONE, (0, 0))
    table = int32_array((0, HALF, 0, 8))
    assert wide.depthwise(Node(Tensor(81), Tensor()), window, Tensor(constant=bytes(10)), table, [0], (0, 255)) is None


def test_the_golden_vectors_without_the_wide_loops():
    """What a microcontroller runs, here."""
    before = native.WIDE
    native.WIDE = False
    try:
        for pack in ("single_ops", "separable", "two_inputs"):
            for name, file, vectors, count in packs.read(pack):
                assert packs.check(Model(file), vectors, count) == 0, name
    finally:
        native.WIDE = before
