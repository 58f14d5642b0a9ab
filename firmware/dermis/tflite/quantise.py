"""Scales, multipliers and clamps by integers alone.

A device's floats have 24 bits of mantissa and TensorFlow Lite computes its multipliers in doubles, so the same
result needs exact arithmetic: a scale is held as (mantissa, exponent), the float32's own bits, and a quotient of
products of scales is rounded once to the 53 bits that a double would hold.

Ref: QuantizeMultiplier and CalculateActivationRangeQuantized in TensorFlow Lite (kernels/internal/
quantization_util.cc, kernels/kernel_util.cc): which roundings happen, in which order.
"""

from .errors import BadModel

DOUBLE_BITS = 53
SINGLE_BITS = 24
MULTIPLIER_BITS = 31
LARGEST_SHIFT = 30  # a left shift of an int32 by more has no meaning; no sane pair of scales asks for it

LOWEST, HIGHEST = -128, 127  # int8
SCALE_TOLERANCE = 512  # twice the steps of int8
MOST_STEPS = 1 << 20  # far beyond any int8: what lies above is clamped anyway

NONE, RELU, RELU_N1_TO_1, RELU6 = 0, 1, 2, 3  # fused activations, enum ActivationFunctionType


def scale_from_bits(bits):
    """The value of a float32 bit pattern as (mantissa, exponent); None unless it is finite and above 0."""
    exponent = (bits >> 23) & 255
    mantissa = bits & 0x7FFFFF
    if bits >> 31 or exponent == 255 or not (exponent or mantissa):
        return None
    return (mantissa, -149) if exponent == 0 else (mantissa | 0x800000, exponent - 150)


def nearly_equal(a, b):
    """Whether scales a and b differ by less than 1/SCALE_TOLERANCE of b: no byte would move by half a step."""
    lowest = min(a[1], b[1])
    a, b = a[0] << (a[1] - lowest), b[0] << (b[1] - lowest)
    return abs(a - b) * SCALE_TOLERANCE < b


def bit_length(value):
    """Bits that `value` >= 0 needs (MicroPython's int has no bit_length)."""
    bits = 0
    while value >= 0x10000:
        value >>= 16
        bits += 16
    while value:
        value >>= 1
        bits += 1
    return bits


def rounded_quotient(numerator, denominator, bits):
    """numerator/denominator (both > 0) as (mantissa of `bits` bits, exponent), to nearest, ties to even."""
    exponent = bit_length(numerator) - bit_length(denominator) - bits
    while True:
        if exponent >= 0:
            divisor = denominator << exponent
            quotient, rest = divmod(numerator, divisor)
        else:
            divisor = denominator
            quotient, rest = divmod(numerator << -exponent, divisor)
        length = bit_length(quotient)
        if length == bits:
            break
        exponent += 1 if length > bits else -1
    rest *= 2
    if rest > divisor or (rest == divisor and quotient & 1):
        quotient += 1
        if quotient >> bits:
            quotient >>= 1
            exponent += 1
    return quotient, exponent


def normalised(numerators, denominators):
    """(m, shift): the product of `numerators` over that of `denominators` as m * 2**(shift - 31), 2**30 <= m < 2**31.

    Both are sequences of scales (mantissa, exponent). Rounded to a double's 53 bits, then to 31, as QuantizeMultiplier.
    """
    numerator = denominator = 1
    exponent = 0
    for mantissa, power in numerators:
        numerator *= mantissa
        exponent += power
    for mantissa, power in denominators:
        denominator *= mantissa
        exponent -= power
    quotient, power = rounded_quotient(numerator, denominator, DOUBLE_BITS)
    shift = power + exponent + DOUBLE_BITS
    value = ((quotient >> (DOUBLE_BITS - MULTIPLIER_BITS - 1)) + 1) >> 1  # half away from zero
    if value >> MULTIPLIER_BITS:
        value >>= 1
        shift += 1
    return value, shift


def multiplier(numerators, denominators):
    """`normalised`, but (0, 0) where the ratio is too small to move an int32. Raises BadModel where it is too large."""
    value, shift = normalised(numerators, denominators)
    if shift < -MULTIPLIER_BITS:
        return 0, 0
    if shift > LARGEST_SHIFT:
        raise BadModel("Two tensors' scales differ by more than 2**30; quantise the model again.")
    return value, shift


def shifts(shift):
    """A signed shift as (left, right), one of which is 0."""
    return (shift, 0) if shift > 0 else (0, -shift)


def rounded_steps(value, scale):
    """round(float32(value / scale)), halves away from zero, for an integer `value` > 0; at most MOST_STEPS."""
    quotient, exponent = rounded_quotient(value, scale[0], SINGLE_BITS)
    exponent -= scale[1]
    if exponent >= 0:
        return MOST_STEPS
    if exponent < -SINGLE_BITS - 1:
        return 0
    return min((quotient + (1 << (-exponent - 1))) >> -exponent, MOST_STEPS)


def activation_range(activation, scale, zero_point):
    """(lowest, highest) int8 output under a fused activation, or None where the activation is not implemented."""
    lowest, highest = LOWEST, HIGHEST
    if activation == RELU:
        lowest = zero_point
    elif activation == RELU6:
        lowest = zero_point
        highest = min(highest, zero_point + rounded_steps(6, scale))
    elif activation == RELU_N1_TO_1:
        steps = rounded_steps(1, scale)
        lowest = max(lowest, zero_point - steps)
        highest = min(highest, zero_point + steps)
    elif activation != NONE:
        return None
    return lowest, highest
