"""The integer arithmetic against its definition: doubles (64-bit here, under both interpreters) and wide integers."""

import math

from dermis.tflite import fixedpoint, quantise
from dermis.tflite.ops import elementwise, slicing

ENDS = (-(1 << 31), 1 - (1 << 31), -65537, -65536, -1, 0, 1, 65535, 65536, 1 << 30, (1 << 31) - 1)


class Noise:
    """A small generator that gives the same numbers under both interpreters (Lehmer, modulus 2**31 - 1)."""

    def __init__(self, seed):
        self.state = seed

    def next(self, limit):
        self.state = self.state * 48271 % 0x7FFFFFFF
        return self.state % limit


def as_float(scale):
    return scale[0] * 2.0 ** scale[1]


def random_scale(noise):
    return (1 << 23) + noise.next(1 << 23), -24 - noise.next(20)


def test_multipliers_are_those_of_doubles():
    noise = Noise(1)
    for _ in range(300):
        a, b, c = random_scale(noise), random_scale(noise), random_scale(noise)
        value, shift = quantise.multiplier((a, b), (c,))
        fraction, exponent = math.frexp(as_float(a) * as_float(b) / as_float(c))
        expected = math.floor(fraction * (1 << 31) + 0.5)
        if expected == 1 << 31:
            expected, exponent = expected // 2, exponent + 1
        assert (value, shift) == ((expected, exponent) if exponent >= -31 else (0, 0))


def test_a_multiplier_that_rounds_up_to_one():
    # 1 - 2**-33 rounds to 2**31 in 31 bits, which is 2**30 and one shift more.
    assert quantise.multiplier((((1 << 33) - 1, -33),), ((1, 0),)) == (1 << 30, 1)


def test_multipliers_round_first_to_a_double_and_then_to_31_bits():
    one = 1 << 30
    # Just below a half in any double: down.
    assert quantise.multiplier((((one << 12) + 2047, -12),), ((1, 1),)) == (one, 30)
    # So near below a half that a double takes it for one: up.
    assert quantise.multiplier((((one << 30) + (1 << 29) - 1, -30),), ((1, 1),)) == (one + 1, 30)


def test_quotients_round_to_nearest_ties_to_even():
    assert quantise.rounded_quotient(1, 1, 24) == (1 << 23, -23)
    assert quantise.rounded_quotient((1 << 24) + 1, 1, 24) == (1 << 23, 1)  # a tie, down to even
    assert quantise.rounded_quotient((1 << 24) + 3, 1, 24) == ((1 << 23) + 2, 1)  # a tie, up to even
    assert quantise.rounded_quotient((1 << 25) - 1, 1, 24) == (1 << 23, 2)  # carries over
    assert quantise.rounded_quotient(1, 3, 24) == (11184811, -25)


def test_scales_from_bits():
    assert quantise.scale_from_bits(0x3F800000) == (1 << 23, -23)  # 1.0
    assert quantise.scale_from_bits(1) == (1, -149)  # the smallest denormal
    for bits in (0, 0x80000000, 0xBF800000, 0x7F800000, 0x7FC00000):  # 0, -0, -1, infinity, no number
        assert quantise.scale_from_bits(bits) is None


def test_activation_ranges():
    tenth = (13421773, -27)
    assert quantise.activation_range(quantise.NONE, tenth, 5) == (-128, 127)
    assert quantise.activation_range(quantise.RELU, tenth, 5) == (5, 127)
    assert quantise.activation_range(quantise.RELU6, tenth, 5) == (5, 65)
    assert quantise.activation_range(quantise.RELU6, tenth, 100) == (100, 127)
    assert quantise.activation_range(quantise.RELU_N1_TO_1, tenth, 5) == (-5, 15)
    assert quantise.activation_range(quantise.RELU6, (1, 10), 5) == (5, 5)
    assert quantise.activation_range(quantise.RELU6, (1, -149), 5) == (5, 127)
    assert quantise.activation_range(4, tenth, 5) is None


def defined_product(a, b):
    """gemmlowp's definition, in wide integers."""
    product = a * b
    nudge = 1 << 30 if product >= 0 else 1 - (1 << 30)
    value = product + nudge
    return value >> 31 if value >= 0 else -((-value) >> 31)


def test_products_are_exact():
    noise = Noise(2)
    for _ in range(500):
        a, b = noise.next(1 << 31) - (1 << 30), noise.next(0x7FFFFFFF)
        assert fixedpoint.multiply(a, b) == defined_product(a, b)
        assert fixedpoint.multiply(-b, a) == defined_product(-b, a)
    for a in ENDS:
        for b in ENDS:
            expected = (1 << 31) - 1 if a == b == -(1 << 31) else defined_product(a, b)
            assert fixedpoint.multiply(a, b) == expected, (a, b)


def test_halving_rounds_away_from_zero():
    for value in range(-40, 41):
        for exponent in range(6):
            magnitude = (abs(value) + ((1 << exponent) >> 1)) >> exponent
            assert fixedpoint.halve(value, exponent) == (magnitude if value >= 0 else -magnitude)


def test_constants_are_the_nearest():
    for index, constant in enumerate(fixedpoint.EXP_MINUS_POWERS):
        assert constant == math.floor(math.exp(-(2.0 ** (index - 2))) * (1 << 31) + 0.5)
    assert math.floor(math.exp(-1 / 8) * (1 << 31) + 0.5) == fixedpoint.EXP_MINUS_EIGHTH
    assert fixedpoint.ONE_THIRD * 3 == (1 << 31) + 1
    assert math.floor(48 / 17 * (1 << 29) + 0.5) == fixedpoint.FORTY_EIGHT_SEVENTEENTHS
    assert math.floor(-32 / 17 * (1 << 29) + 0.5) == fixedpoint.MINUS_THIRTY_TWO_SEVENTEENTHS


def test_exponential_reciprocal_logistic():
    for step in range(320):
        x = step / 10
        if x < 32:
            raw = int(x * (1 << 26))
            got = fixedpoint.exp_negative(-raw, 5) / (1 << 31)
            assert abs(got - math.exp(-raw / (1 << 26))) < 1e-7 + 1e-6 * math.exp(-x)
        if x < 16:
            raw = int(x * (1 << 27))
            for value in (raw, -raw):
                got = fixedpoint.logistic(value, 4) / (1 << 31)
                assert abs(got - 1 / (1 + math.exp(-value / (1 << 27)))) < 1e-6
    for step in range(100):
        a = int(step / 100 * (1 << 31))
        assert abs(fixedpoint.reciprocal_one_plus(a) / (1 << 31) - 1 / (1 + step / 100)) < 1e-7


def test_float32_bits():
    import struct

    noise = Noise(3)
    for _ in range(100):
        scale = random_scale(noise)
        steps = noise.next(511) - 255
        bits = elementwise.product_bits(scale, steps)
        assert struct.pack("<I", bits) == struct.pack("<f", as_float(scale) * steps)
    assert elementwise.product_bits((1, -149), -3) == 0x80000003
    assert elementwise.product_bits((1 << 23, 104), 255) == 0x7F800000


def test_tanh_is_near_tanh_and_odd():
    one = 1 << 27  # Q4
    for sixteenth in range(-255, 256):
        a = sixteenth * one // 16
        found = fixedpoint.tanh(a, 4)
        assert abs(found / (1 << 31) - math.tanh(sixteenth / 16)) < 1e-6, sixteenth
        assert found == -fixedpoint.tanh(-a, 4)


def test_nearly_equal_scales():
    one = (1 << 23, -23)
    assert quantise.nearly_equal(one, (1, 0))
    for nudge, same in ((0, True), (16383, True), (16384, False), (-16383, True), (-16384, False)):
        assert quantise.nearly_equal(((1 << 23) + nudge, -23), one) is same, nudge
    assert not quantise.nearly_equal((1, 100), (1, -149))


def test_bounds_of_slices_are_those_of_python():
    places = (None, -9, -4, -3, -1, 0, 1, 3, 4, 9)
    for size in (1, 4):
        for stride in (-5, -2, -1, 1, 2, 5):
            for begin in places:
                for end in places:
                    taken = list(range(size))[begin:end:stride]
                    first, count = slicing.slice_bounds(size, begin, end, stride)
                    assert [first + stride * index for index in range(count)] == taken, (size, stride, begin, end)
