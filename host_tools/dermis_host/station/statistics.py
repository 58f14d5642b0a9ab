"""Yield, capability, normality and control charts of a lot: values in, values out.

Sources: yield interval: E. B. Wilson, JASA 22 (1927). Sigma from moving ranges and the capability indices:
D. C. Montgomery, Introduction to Statistical Quality Control, chapters 6 and 8. Normality: the Anderson-Darling
statistic with both parameters estimated, R. B. D'Agostino and M. A. Stephens, Goodness-of-Fit Techniques (1986),
table 4.9. Run rules: L. S. Nelson, Journal of Quality Technology 16 (1984), tests 1, 2, 3 and 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

FEWEST_FOR_CAPABILITY = 25  # below it the 95 % interval of Cpk is wider than +-30 %, so it is not shown
FEWEST_FOR_CHART = 8  # seven moving ranges; fewer give limits that mean nothing
BASELINE = 25  # a chart's centre and limits come from its first units, so that a later drift cannot hide in them
NOT_NORMAL = 0.05  # p below which a distribution is called not normal
Z_95 = 1.959964
RANGE_TO_SIGMA = 1.128  # d2 of two: mean range of two normal values over their sigma
SMALLEST_PROBABILITY = 1e-300  # so that its logarithm stays finite

RUN_SIDE, RUN_TREND = 9, 6
BEYOND_3 = "beyond 3 sigma"
BEYOND_2 = "two of three beyond 2 sigma on one side"
ONE_SIDE = f"{RUN_SIDE} in a row on one side"
TREND = f"{RUN_TREND} in a row rising or falling"


def wilson(passed: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a yield, (0..1, 0..1). Raises ValueError for none."""
    if of < 1:
        raise ValueError("a yield of no units")
    part, z2 = passed / of, Z_95**2
    middle = (part + z2 / (2 * of)) / (1 + z2 / of)
    half = Z_95 / (1 + z2 / of) * math.sqrt(part * (1 - part) / of + z2 / (4 * of**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def normality(values: Sequence[float]) -> float | None:
    """p of the Anderson-Darling test that the values are normal; None below 8 values or when all are equal."""
    ordered = np.sort(np.asarray(values, float))
    n = ordered.size
    spread = float(ordered.std(ddof=1)) if n > 1 else 0.0
    if n < FEWEST_FOR_CHART or not _tells_apart(spread, ordered):
        return None
    below = np.array([NormalDist().cdf(z) for z in (ordered - ordered.mean()) / spread])
    below = np.clip(below, SMALLEST_PROBABILITY, 1 - np.finfo(float).epsneg)
    weights = 2 * np.arange(1, n + 1) - 1
    squared = -n - float(np.sum(weights * (np.log(below) + np.log1p(-below[::-1])))) / n
    a = squared * (1 + 0.75 / n + 2.25 / n**2)
    if a < 0.2:
        return 1 - math.exp(-13.436 + 101.14 * a - 223.73 * a**2)
    if a < 0.34:
        return 1 - math.exp(-8.318 + 42.796 * a - 59.938 * a**2)
    if a < 0.6:
        return math.exp(0.9177 - 4.279 * a - 1.38 * a**2)
    if a < 10:
        return math.exp(1.2937 - 5.709 * a + 0.0186 * a**2)
    return 0.0


def _tells_apart(spread: float, values: np.ndarray) -> bool:
    """The values differ by more than what rounding makes of equal ones."""
    return spread > 1e-12 * max(1e-12, float(np.abs(values).max()))


@dataclass(frozen=True)
class Capability:
    """What a lot says of one measurement.

    cp, cpk: against the sigma of neighbours in time; pp, ppk: against that of the whole lot. A drift makes cpk and
    ppk part. None: fewer than 25 values, no limit on that side, or no spread.
    """

    n: int
    mean: float
    sd: float | None
    lowest: float
    highest: float
    normal_p: float | None
    cp: float | None = None
    cpk: float | None = None
    pp: float | None = None
    ppk: float | None = None

    @property
    def normal(self) -> bool | None:
        """None: not known."""
        return None if self.normal_p is None else self.normal_p >= NOT_NORMAL


def capability(values: Sequence[float], low: float | None, high: float | None) -> Capability:
    """`values` in the order they were taken. Raises ValueError for none."""
    if not values:
        raise ValueError("no values")
    array = np.asarray(values, float)
    mean, n = float(array.mean()), array.size
    sd = float(array.std(ddof=1)) if n > 1 else None
    cp = cpk = pp = ppk = None
    if n >= FEWEST_FOR_CAPABILITY:
        cp, cpk = _indices(mean, moving_sigma(values), low, high)
        pp, ppk = _indices(mean, sd if sd is not None and _tells_apart(sd, array) else 0.0, low, high)
    return Capability(n, mean, sd, float(array.min()), float(array.max()), normality(values), cp, cpk, pp, ppk)


def moving_sigma(values: Sequence[float]) -> float:
    """Sigma from the mean range of neighbours in time; 0 when nothing varies."""
    array = np.asarray(values, float)
    sigma = float(np.abs(np.diff(array)).mean()) / RANGE_TO_SIGMA if array.size > 1 else 0.0
    return sigma if _tells_apart(sigma, array) else 0.0


def _indices(mean: float, sigma: float, low: float | None, high: float | None) -> tuple[float | None, float | None]:
    if not sigma:
        return None, None
    sides = [] if low is None else [(mean - low) / (3 * sigma)]
    sides += [] if high is None else [(high - mean) / (3 * sigma)]
    both = None if low is None or high is None else (high - low) / (6 * sigma)
    return both, min(sides, default=None)


@dataclass(frozen=True)
class Signal:
    """A point of a chart that a run rule names: its index, the rule."""

    index: int
    rule: str


@dataclass(frozen=True)
class Chart:
    """Individuals in the order they were taken; centre and sigma from the first `baseline` of them."""

    values: tuple[float, ...]
    centre: float
    sigma: float
    baseline: int
    signals: tuple[Signal, ...]


def chart(values: Sequence[float]) -> Chart | None:
    """The control chart of individuals; None below 8 values or when the first ones are all equal."""
    if len(values) < FEWEST_FOR_CHART:
        return None
    first = values[:BASELINE]
    centre, sigma = float(np.mean(first)), moving_sigma(first)
    if not sigma:
        return None
    z = (np.asarray(values, float) - centre) / sigma
    return Chart(tuple(values), centre, sigma, len(first), tuple(_signals(z)))


def _signals(z: np.ndarray) -> list[Signal]:
    """One signal a point, the gravest: rules are looked at where their run ends."""
    found = []
    steps = np.sign(np.diff(z))
    for index in range(z.size):
        trio, run, trend = z[max(0, index - 2) : index + 1], z[max(0, index - RUN_SIDE + 1) : index + 1], None
        if index >= RUN_TREND - 1:
            trend = steps[index - RUN_TREND + 1 : index]
        if abs(z[index]) > 3:
            found.append(Signal(index, BEYOND_3))
        elif abs(z[index]) > 2 and int(np.sum(trio * np.sign(z[index]) > 2)) >= 2:
            found.append(Signal(index, BEYOND_2))
        elif run.size == RUN_SIDE and abs(int(np.sum(np.sign(run)))) == RUN_SIDE:
            found.append(Signal(index, ONE_SIDE))
        elif trend is not None and abs(int(np.sum(trend))) == RUN_TREND - 1:
            found.append(Signal(index, TREND))
    return found
