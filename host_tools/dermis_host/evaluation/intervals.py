"""Exact binomial bounds (Clopper and Pearson, Biometrika 26, 1934), from an incomplete beta function of our own.

numpy has none, and scipy is too heavy to ask of everyone who reads a report. The probability in front of the
continued fraction is Loader's ("Fast and accurate computation of binomial probabilities", 2000), which stays good
to the last digits for a million trials, where differences of log-gammas do not; the continued fraction is
DLMF 8.17.22, by the method of Lentz. Tests compare both with scipy's.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95
# Below it the error of Stirling's formula comes from a table, above from the series, good to 1e-16 from there on.
SERIES_FROM = 16
STIRLING_SERIES = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)
NEAR = 0.1  # relative distance below which a difference of logarithms is summed as a series
NEAR_TERMS = 10  # NEAR ** (2 * NEAR_TERMS + 1) is 1e-21
TINY = 1e-300  # what stands for zero in a denominator of the continued fraction
CONVERGED = 1e-13  # closer than that, the factors of a million trials only tremble
MOST_FRACTIONS = 20_000  # converges after some sqrt(n) of them
MOST_STEPS = 80  # Newton's method takes six to ten; halving alone, where it fails, some sixty


def _stirling_table() -> np.ndarray:
    table = [0.0]
    for n in range(1, SERIES_FROM):
        table.append(math.lgamma(n + 1) - (n + 0.5) * math.log(n) + n - 0.5 * math.log(2 * math.pi))
    return np.array(table)


_TABLE = _stirling_table()


def _stirling_error(n: np.ndarray) -> np.ndarray:
    """log(n!) minus Stirling's formula, for whole numbers n >= 1."""
    large = np.maximum(n, SERIES_FROM)
    series = np.zeros_like(large)
    for coefficient in reversed(STIRLING_SERIES):
        series = series / (large * large) + coefficient
    return np.where(n < SERIES_FROM, _TABLE[np.minimum(n, SERIES_FROM - 1).astype(int)], series / large)


def _deviance(x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """x log(x / mean) + mean - x, without cancellation where x is close to the mean; all above zero."""
    slope = (x - mean) / (x + mean)
    series = np.zeros_like(slope)
    for term in range(NEAR_TERMS, 0, -1):
        series = (series + 1 / (2 * term + 1)) * slope * slope
    near = (x - mean) * slope + 2 * x * slope * series
    return np.where(np.abs(slope) < NEAR, near, x * np.log(x / mean) + mean - x)


def _probability(k: np.ndarray, n: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Of exactly k successes in n trials of probability p, for 0 < k <= n and 0 < p < 1."""
    others = np.maximum(n - k, 1)
    exponent = _stirling_error(n) - _stirling_error(k) - _stirling_error(others)
    exponent -= _deviance(k, n * p) + _deviance(others, n * (1 - p))
    return np.where(k == n, p**n, np.exp(exponent) * np.sqrt(n / (2 * math.pi * k * others)))


def _fraction(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The continued fraction of the incomplete beta function; converges fast for x < (a + 1) / (a + b + 2)."""

    def safe(value):
        return np.where(np.abs(value) < TINY, TINY, value)

    value = np.zeros_like(x)
    active = np.arange(len(x))
    c = np.ones_like(x)
    d = 1 / safe(1 - (a + b) * x / (a + 1))
    running = d.copy()
    for m in range(1, MOST_FRACTIONS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / safe(1 + step * d)
            c = safe(1 + step / c)
            running = running * (c * d)
        going_on = np.abs(c * d - 1) > CONVERGED
        if not going_on.all():
            value[active[~going_on]] = running[~going_on]
            active = active[going_on]
            a, b, x, c, d, running = (each[going_on] for each in (a, b, x, c, d, running))
        if not len(active):
            return value
    raise ArithmeticError("the continued fraction did not converge")


class Tails(NamedTuple):
    at_least: np.ndarray
    fewer: np.ndarray


def tails(k: np.ndarray, n: np.ndarray, p: np.ndarray) -> Tails:
    """Probabilities of at least k and of fewer successes in n trials of probability p, each good where it is small.

    The first is the incomplete beta function I_p(k, n - k + 1). k, n, p: float arrays of one shape (m,), whole
    0 < k <= n, 0 < p < 1.
    """
    a, b = k, n - k + 1
    swapped = p > (a + 1) / (a + b + 2)
    shown, other = np.where(swapped, b, a), np.where(swapped, a, b)
    x = np.where(swapped, 1 - p, p)
    # x^a (1 - x)^b / (a B(a, b)) is (1 - x) times the probability of a in a + b - 1 trials.
    tail = (1 - x) * _probability(shown, n, x) * _fraction(shown, other, x)
    return Tails(np.where(swapped, 1 - tail, tail), np.where(swapped, tail, 1 - tail))


def _solve(k: np.ndarray, n: np.ndarray, level: float, upper: bool) -> np.ndarray:
    """The p for which at least k (`upper`: fewer than k) of n have the probability `level`. 0 < k <= n, flat arrays."""
    found = p = k / (n + 1.0)
    low, high = np.zeros(len(k)), np.ones(len(k))
    active = np.arange(len(k))
    for _ in range(MOST_STEPS):
        share = tails(k, n, p)[1 if upper else 0]
        too_low = (share < level) != upper
        low, high = np.where(too_low, p, low), np.where(too_low, high, p)
        # Newton on the logarithm of the share, nearly straight where the share itself is not.
        slope = (-k if upper else k) * _probability(k, n, p) / p  # the density of the beta distribution
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = p - share * np.log(share / level) / slope
        following = np.where((wanted > low) & (wanted < high), wanted, (low + high) / 2)
        moved, p = np.abs(following - p), following
        found = found.copy()
        found[active] = p
        going_on = moved > CONVERGED * p
        active = active[going_on]
        k, n, p, low, high = (each[going_on] for each in (k, n, p, low, high))
        if not len(active):
            break
    return found


def _lower(k: np.ndarray, n: np.ndarray, level: float) -> np.ndarray:
    """The p for which at least k of n have the probability `level`; 0 for k = 0."""
    result = np.where(k == n, np.exp(math.log(level) / n), 0.0)
    some = (k > 0) & (k < n)
    result[some] = _solve(k[some], n[some], level, upper=False)
    return result


def _upper(k: np.ndarray, n: np.ndarray, level: float) -> np.ndarray:
    """The p for which at most k of n have the probability `level`; 1 for k = n."""
    result = np.where(k == 0, -np.expm1(math.log(level) / n), 1.0)
    some = (k > 0) & (k < n)
    result[some] = _solve(k[some] + 1, n[some], level, upper=True)
    return result


class Bounds(NamedTuple):
    """low, high: the two-sided interval. bound: the one-sided upper bound, which claims rest on. All shape (n,)."""

    low: np.ndarray
    high: np.ndarray
    bound: np.ndarray


def clopper_pearson(errors, trials, confidence: float = CONFIDENCE) -> Bounds:
    """Exact bounds of a rate for `errors` in `trials`, arrays of one shape (n,) of whole numbers.

    NaN where there are no trials. Raises ValueError when errors are not among the trials or the confidence is not
    between 0 and 1.
    """
    errors, trials = np.atleast_1d(np.asarray(errors, np.int64)), np.atleast_1d(np.asarray(trials, np.int64))
    if errors.shape != trials.shape or errors.ndim != 1 or ((errors < 0) | (errors > trials)).any():
        raise ValueError("errors must be among the trials")
    if not 0 < confidence < 1:
        raise ValueError("a confidence lies between 0 and 1")
    pairs, where = np.unique(np.stack([errors, trials], axis=1), axis=0, return_inverse=True)
    where = np.asarray(where).reshape(-1)  # numpy 2.0 alone keeps an axis
    some = pairs[:, 1] > 0
    k, n = pairs[some, 0].astype(float), pairs[some, 1].astype(float)
    alpha = 1 - confidence
    found = []
    for values in (_lower(k, n, alpha / 2), _upper(k, n, alpha / 2), _upper(k, n, alpha)):
        whole = np.full(len(pairs), np.nan)
        whole[some] = values
        found.append(whole[where])
    return Bounds(*found)


def upper_bound(errors: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The one-sided upper bound: the least rate that so many errors in so many trials do not contradict."""
    return float(clopper_pearson([errors], [trials], confidence).bound[0])


def trials_without_error(rate: float, confidence: float = CONFIDENCE) -> int:
    """How many trials without an error carry the claim that the rate is at most `rate` (0 < rate < 1)."""
    count = max(1, math.floor(math.log1p(-confidence) / math.log1p(-rate)))
    while upper_bound(0, count, confidence) > rate:
        count += 1
    return count
