"""Integer mathematics: right to the unit promised, and the same figures on every interpreter."""

import math
from array import array

from dermis.core import fixed


def test_logarithm_is_right_to_a_unit():
    for value in list(range(1, 4000, 7)) + [65535, 65536, 65537, (1 << 21) - 1, 123456789, (1 << 30) - 1]:
        assert abs(fixed.ln_q14(value) - math.log(value) * fixed.Q14) <= 1, value


def test_logarithm_golden():
    assert [fixed.ln_q14(value) for value in (0, 1, 2, 10, 1000, 65535, 1 << 20)] == [
        0,
        0,
        11357,
        37726,
        113177,
        181704,
        227130,
    ]


def test_kernel_gives_the_same_logarithm():
    source = array("i", [-5, 0, 1, 2, 3, 127, 128, 65535, 65536, 65537, 1000000, (1 << 30) - 1])
    out = array("i", [0] * len(source))
    fixed.ln_each(source, out, len(source))
    assert list(out) == [fixed.ln_q14(value) for value in source]


def test_exponential_undoes_the_logarithm():
    for value in (1, 2, 57, 600, 5250, 10000):
        found = fixed.exp_q14(fixed.ln_q14(value) - fixed.ln_q14(10000), 10000)
        assert abs(found - value) * 5000 <= value or found == value, (value, found)
    assert fixed.exp_q14(-20 * fixed.Q14, 100) == 0


def test_square_root_is_the_floor():
    for value in list(range(70)) + [65534, 65535, 65536, (1 << 40) - 1, 1 << 40]:
        root = fixed.isqrt(value)
        assert root * root <= value < (root + 1) * (root + 1), value
    try:
        fixed.isqrt(-1)
    except ValueError:
        return
    raise AssertionError("a negative number has no root")


def test_ratio_rounds_halves_away_from_zero():
    assert fixed.ratio(1, 2, 1) == 1 and fixed.ratio(-1, 2, 1) == -1 and fixed.ratio(1, -2, 1) == -1
    assert fixed.ratio(1, 3, 1000) == 333 and fixed.ratio(2, 3, 1000) == 667
    assert fixed.ratio(5, 0, 1000) == 0


def test_percentiles_of_signed_values():
    values = array("i", [7, -5, 3, -100, 2, 9, 9])
    assert fixed.median(values, 5) == 2
    assert fixed.percentile(values, 7, 1) == -100 and fixed.percentile(values, 7, 100) == 9
    assert fixed.percentile(values, 0, 50) == 0
    assert list(values) == [7, -5, 3, -100, 2, 9, 9]


def test_spread_ignores_outliers():
    values = array("i", list(range(100)) + [10000000])
    assert 30 <= fixed.spread(values, 101) <= 36
