"""Integer mathematics that every platform computes alike: roots, logarithms, ranks, ratios.

A quantity named `_q14` is an integer in units of 1/16384, `_q12` in units of 1/4096. Kernels keep every
intermediate value within 31 bits, because the device is a 32-bit machine.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from dermis.core.native import micropython

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython

Q12 = 4096
Q14 = 16384
_LN2_Q20 = 726817  # ln 2 in 1/1048576

_STEPS = 128  # linear interpolation between 128 steps errs by at most (1/128)^2 / 8, an eighth of 1/16384
_SERIES_BITS = 40


def _ln_table():
    """ln(1 + i/128) in 1/65536 for i = 0..128, from ln x = 2 artanh((x-1)/(x+1)) as a series of integers."""
    table = array("I", [0] * (_STEPS + 1))
    for index in range(_STEPS + 1):
        numerator, denominator = index, 2 * _STEPS + index
        power = (numerator << _SERIES_BITS) // denominator
        total, order = 0, 1
        while power:
            total += power // order
            power = power * numerator * numerator // (denominator * denominator)
            order += 2
        table[index] = (total + (1 << (_SERIES_BITS - 18))) >> (_SERIES_BITS - 17)
    return table


LN_TABLE = _ln_table()


_ITEM_BYTES = {"H": 2, "i": 4}


def zeros(typecode, count):
    """array(typecode, [0] * count) without that list, which would tear holes into a small heap. "H" or "i"."""
    return array(typecode, bytes(_ITEM_BYTES[typecode] * count))


def isqrt(value):
    """The largest integer whose square is at most `value` (>= 0)."""
    if value < 0:
        raise ValueError("isqrt takes a number of at least 0")
    root, bit = 0, 1
    while bit * 4 <= value:
        bit *= 4
    while bit:
        if value >= root + bit:
            value -= root + bit
            root = (root >> 1) + bit
        else:
            root >>= 1
        bit >>= 2
    return root


def ln_q14(value):
    """ln(value) in Q14 for an integer of at least 1, right to one unit. Anything below 1 counts as 1."""
    if value < 1:
        return 0
    exponent = 0
    shifted = value
    while shifted > 255:
        shifted >>= 8
        exponent += 8
    while shifted > 1:
        shifted >>= 1
        exponent += 1
    # The mantissa in [1, 2) as 7 bits of index and 9 of fraction.
    mantissa = (value << (16 - exponent) if exponent <= 16 else value >> (exponent - 16)) - 65536
    index, fraction = mantissa >> 9, mantissa & 511
    low = LN_TABLE[index]
    result = ((exponent * _LN2_Q20) >> 4) + low + (((LN_TABLE[index + 1] - low) * fraction) >> 9)
    return (result + 2) >> 2


def exp_q14(logarithm, scale):
    """The integer n nearest below `scale` * e^(logarithm / 16384), at most 2^30: the inverse of `ln_q14`."""
    wanted = logarithm + ln_q14(scale)
    if wanted < 0:
        return 0
    # ln 2 is 11357 of the unit: the answer lies between this power of two and eight times it.
    exponent = min(max(0, wanted // 11357 - 1), 29)
    low, high = 1 << exponent, 1 << min(30, exponent + 3)
    while low < high:
        middle = (low + high + 1) >> 1
        if ln_q14(middle) <= wanted:
            low = middle
        else:
            high = middle - 1
    return low


def ratio(numerator, denominator, scale):
    """numerator * scale / denominator, rounded to nearest, halves away from zero; 0 for a zero denominator."""
    if denominator == 0:
        return 0
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    product = numerator * scale
    if product < 0:
        return -((-2 * product + denominator) // (2 * denominator))
    return (2 * product + denominator) // (2 * denominator)


def clip(value, low, high):
    """`value`, or the limit that it passes."""
    return low if value < low else high if value > high else value


_BINS = 256
_HISTOGRAM = zeros("i", _BINS)


@micropython.viper
def _rank_kernel(i: int, value: int, values: ptr32, bins: ptr32, count: int, rank: int) -> int:
    """The value of that rank (1: the least) among `count` (at least 1) of 0 to 2^30 - 1.

    Each round counts into 256 bins the values that may still be it and goes on in the bin that holds the rank.
    i, value: lend their registers.
    """
    low = values[0]
    high = low
    i = 1
    while i < count:
        value = values[i]
        if value < low:
            low = value
        elif value > high:
            high = value
        i += 1
    while low < high:
        span = high - low
        shift = 0
        while (span >> shift) > 255:
            shift += 1
        i = span >> shift
        while i >= 0:
            bins[i] = 0
            i -= 1
        i = 0
        while i < count:
            value = values[i] - low
            if value >= 0 and value <= span:
                value >>= shift
                bins[value] = bins[value] + 1
            i += 1
        i = 0
        while rank > bins[i]:
            rank -= bins[i]
            i += 1
        low += i << shift
        high = low + (1 << shift) - 1
    return low


def percentile(values, count, percent):
    """The smallest v such that at least `percent` % of the first `count` of `values` (array "i") are at most v.

    Values lie within 0 and 2^30 - 1. Nothing is moved or allocated. 0 for no values.
    """
    if count <= 0:
        return 0
    return _rank_kernel(0, 0, values, _HISTOGRAM, count, max(1, (count * percent + 99) // 100))


def median(values, count):
    """The lower median of the first `count` of `values`, which are as for `percentile`."""
    return percentile(values, count, 50)


def spread(values, count):
    """Half of what lies between the 16th and the 84th percentile: a standard deviation that outliers do not move.
    Values are as for `percentile`."""
    return (percentile(values, count, 84) - percentile(values, count, 16)) >> 1
