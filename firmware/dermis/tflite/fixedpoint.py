"""Fixed-point exponential, reciprocal, logistic and tanh, as TensorFlow Lite's int8 kernels compute them.

A value is a raw int32; `Qm` below means m integer bits and 31 - m fractional bits. Used when a model is loaded,
to fill tables of at most 256 entries.

Ref: gemmlowp fixedpoint/fixedpoint.h (Jacob and Warden, Google): SaturatingRoundingDoublingHighMul,
RoundingDivideByPOT, exp_on_negative_values, one_over_one_plus_x_for_x_in_0_1, logistic, tanh.
"""

from .native import as_int32, micropython

ONE = 0x7FFFFFFF  # 1.0 in Q0, as near as it gets
LOWEST = -0x80000000
ONE_IN_Q2 = 1 << 29

EXP_MINUS_EIGHTH = 1895147668  # exp(-1/8), Q0
ONE_THIRD = 715827883  # Q0
# exp(-2**k) for k = -2 .. 4, Q0
EXP_MINUS_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
FORTY_EIGHT_SEVENTEENTHS = 1515870810  # 48/17, Q2: start of Newton's division
MINUS_THIRTY_TWO_SEVENTEENTHS = -1010580540  # -32/17, Q2


@micropython.viper
def _doubling_high_product(a: int, b: int) -> int:
    # Everything fits int32. Wrong only for a = b = -2**31, which the caller looks after.
    ah = a >> 16
    al = a & 0xFFFF
    bh = b >> 16
    bl = b & 0xFFFF
    s = ah * bl
    t = al * bh
    low = ((al * bl) >> 16) & 0xFFFF
    return ((ah * bh) << 1) + (s >> 15) + (t >> 15) + (((s & 0x7FFF) + (t & 0x7FFF) + low + 0x4000) >> 15)


def multiply(a, b):
    """a * b / 2**31, rounded to nearest, of two int32."""
    if a == LOWEST and b == LOWEST:
        return ONE
    return _doubling_high_product(a, b)


def halve(value, exponent):
    """value / 2**exponent, rounded to nearest, halves away from zero; 0 <= exponent <= 31."""
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if value < 0 else 0)
    return (value >> exponent) + (1 if (value & mask) > threshold else 0)


def saturate(value):
    """The nearest int32."""
    return ONE if value > ONE else LOWEST if value < LOWEST else value


def requantise(value, factor, shift):
    """value * factor * 2**(shift - 31) as TensorFlow Lite rounds it: twice, halves away from zero.

    A left shift wraps as it does in C, so that a result that makes no sense is at least the same nonsense.
    """
    if shift > 0:
        return multiply(as_int32(value << shift), factor)
    return halve(multiply(value, factor), -shift)


def _exp_near_zero(a):
    """exp(a) for a in [-1/4, 0), Q0 to Q0: the series around -1/8."""
    x = a + (1 << 28)
    x2 = multiply(x, x)
    x3 = multiply(x2, x)
    x4 = multiply(x2, x2)
    tail = halve(multiply(halve(x4, 2) + x3, ONE_THIRD) + x2, 1)
    return saturate(EXP_MINUS_EIGHTH + multiply(EXP_MINUS_EIGHTH, x + tail))


def exp_negative(a, integer_bits):
    """exp(a) in Q0 for a <= 0 in Q`integer_bits` (at most 5)."""
    if a == 0:
        return ONE
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    rest = (a & (quarter - 1)) - quarter
    result = _exp_near_zero(rest << integer_bits)
    whole = rest - a
    for index, power in enumerate(EXP_MINUS_POWERS):
        exponent = index - 2
        if exponent < integer_bits and whole & (1 << (fraction_bits + exponent)):
            result = multiply(result, power)
    return result


def _two_over_one_plus(a):
    """2/(1 + a) in Q2 for a in [0, 1), Q0: three rounds of Newton's division."""
    denominator = (a + ONE + 1) >> 1  # halves away from zero; the sum is never negative
    x = saturate(FORTY_EIGHT_SEVENTEENTHS + multiply(denominator, MINUS_THIRTY_TWO_SEVENTEENTHS))
    for _ in range(3):
        missing = saturate(ONE_IN_Q2 - multiply(denominator, x))
        x = saturate(x + saturate(multiply(x, missing) << 2))
    return x


def reciprocal_one_plus(a):
    """1/(1 + a) in Q0 for a in [0, 1), Q0."""
    return saturate(_two_over_one_plus(a) << 1)


def logistic(a, integer_bits):
    """1/(1 + exp(-a)) in Q0 for a in Q`integer_bits`."""
    if a == 0:
        return 1 << 30
    positive = reciprocal_one_plus(exp_negative(-a if a > 0 else a, integer_bits))
    return positive if a > 0 else ONE - positive


def tanh(a, integer_bits):
    """tanh(a) in Q0 for a in Q`integer_bits` (at most 4): 2/(1 + exp(-2|a|)) - 1 with the sign of a."""
    if a == 0:
        return 0
    # Twice the value is the same word with one integer bit more.
    power = exp_negative(-a if a > 0 else a, integer_bits + 1)
    positive = saturate((_two_over_one_plus(power) - ONE_IN_Q2) << 2)
    return positive if a > 0 else -positive


def input_radius(integer_bits, shift):
    """The largest input that, after a left shift of `shift`, still fits Q`integer_bits` (CalculateInputRadius)."""
    largest = ((1 << integer_bits) - 1) << (31 - integer_bits)
    return largest >> shift if shift >= 0 else largest << -shift
