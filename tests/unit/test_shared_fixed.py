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


def test_percentiles_are_values_of_that_rank():
    values = array("i", [107, 95, 103, 0, 102, 109, 109])
    assert fixed.median(values, 5) == 102
    assert fixed.percentile(values, 7, 1) == 0 and fixed.percentile(values, 7, 100) == 109
    assert fixed.percentile(values, 0, 50) == 0
    assert list(values) == [107, 95, 103, 0, 102, 109, 109]


def test_percentiles_agree_with_sorting():
    state, values = 12345, array("i", [0] * 300)
    for width in (1, 200, 70000, (1 << 30) - 1):
        for i in range(len(values)):
            state = (state * 1103515245 + 12345) % (1 << 31)
            values[i] = state % (width + 1)
        ordered = sorted(values)
        for percent in (0, 1, 16, 50, 84, 99, 100):
            rank = max(1, (len(values) * percent + 99) // 100)
            assert fixed.percentile(values, len(values), percent) == ordered[rank - 1], (width, percent)


def test_spread_ignores_outliers():
    values = array("i", list(range(100)) + [10000000])
    assert 30 <= fixed.spread(values, 101) <= 36
