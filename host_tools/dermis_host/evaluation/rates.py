"""Error rates over thresholds, exactly: every count is a whole number of presentations.

A presentation is accepted, classified bona fide, when its score is at or above the threshold; equal scores stand or
fall together. BPCER rises with the threshold, APCER falls.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class Sample:
    """Sorted scores, those of the bona fide and of each PAI species: float64, -inf for what no threshold accepts."""

    bona_fide: np.ndarray
    species: dict[str, np.ndarray]

    @staticmethod
    def of(bona_fide: Sequence[float], species: Mapping[str, Sequence[float]]) -> Sample:
        """From scores in any order."""
        return Sample(
            np.sort(np.asarray(bona_fide, float)),
            {name: np.sort(np.asarray(scores, float)) for name, scores in species.items()},
        )


def refused(scores: np.ndarray, threshold: float) -> int:
    """How many of sorted `scores` lie below the threshold."""
    return int(np.searchsorted(scores, threshold, side="left"))


def accepted(scores: np.ndarray, threshold: float) -> int:
    """How many of sorted `scores` lie at or above the threshold."""
    return len(scores) - refused(scores, threshold)


def allowed(rate: float, trials: int) -> int:
    """The most errors in so many trials that are no more than `rate`, taken as it is written: .29 of 100 is 29."""
    return math.floor(Fraction(repr(float(rate))) * trials)


def threshold_at_bpcer(sample: Sample, rate: float) -> float | None:
    """The highest threshold at which BPCER is at most `rate`: a bona fide score, whose equals are all accepted.

    None where even the lowest threshold refuses more (scores of -inf), or without bona fide presentations.
    """
    scores = sample.bona_fide
    if not len(scores):
        return None
    errors = allowed(rate, len(scores))
    if errors >= len(scores):  # everything may be refused
        highest = max((part[-1] for part in (scores, *sample.species.values()) if len(part)), default=-math.inf)
        return float(np.nextafter(highest, math.inf)) if np.isfinite(highest) else 0.0
    found = float(scores[errors])
    return found if math.isfinite(found) else None


def threshold_at_apcer(sample: Sample, rate: float) -> float | None:
    """The lowest threshold, among the scores that there are, at which no species has an APCER above `rate`.

    Attacks that share one score are refused together. Where every score accepts too much, a threshold just above the
    highest. None without attack presentations.
    """
    scores = [part for part in sample.species.values() if len(part)]
    if not scores:
        return None
    beyond = -math.inf  # the threshold must lie above this score
    for part in scores:
        errors = allowed(rate, len(part))
        if errors < len(part):
            beyond = max(beyond, float(part[len(part) - errors - 1]))
    found = math.inf
    for part in (sample.bona_fide, *scores):
        # From the right of `beyond`, which leaves -inf behind too: it is no threshold.
        place = int(np.searchsorted(part, beyond, side="right"))
        if place < len(part):
            found = min(found, float(part[place]))
    if math.isfinite(found):
        return found
    return float(np.nextafter(beyond, math.inf)) if math.isfinite(beyond) else 0.0


class Curve(NamedTuple):
    """threshold rises; apcer, bpcer at each. All float64 (n,)."""

    threshold: np.ndarray
    apcer: np.ndarray
    bpcer: np.ndarray


def det(bona_fide: np.ndarray, attacks: np.ndarray) -> Curve:
    """Detection error trade-off of one species: a point at each score that there is, and one above all of them.

    bona_fide, attacks: sorted, neither empty.
    """
    scores = np.unique(np.concatenate([bona_fide, attacks]))
    scores = scores[np.isfinite(scores)]
    above = np.nextafter(scores[-1], math.inf) if len(scores) else 0.0
    threshold = np.append(scores, above)
    apcer = (len(attacks) - np.searchsorted(attacks, threshold, side="left")) / len(attacks)
    bpcer = np.searchsorted(bona_fide, threshold, side="left") / len(bona_fide)
    return Curve(threshold, apcer, bpcer)


def corners(curve: Curve) -> Curve:
    """The points of a curve that no other is at least as good as: the lowest APCER at each BPCER, and the reverse."""
    best_for_bpcer = np.append(curve.bpcer[1:] != curve.bpcer[:-1], True)  # the highest threshold at this BPCER
    points = Curve(*(values[best_for_bpcer] for values in curve))
    best_for_apcer = np.insert(points.apcer[1:] != points.apcer[:-1], 0, True)  # the lowest at this APCER
    return Curve(*(values[best_for_apcer] for values in points))


def auc(bona_fide: np.ndarray, attacks: np.ndarray) -> float:
    """Probability that a bona fide presentation scores higher than an attack, equals counted half; neither empty."""
    below = int(np.searchsorted(attacks, bona_fide, side="left").sum())
    not_above = int(np.searchsorted(attacks, bona_fide, side="right").sum())
    return (below + not_above) / (2 * len(bona_fide) * len(attacks))


class EqualError(NamedTuple):
    """rate: where APCER equals BPCER, on the convex hull of the DET points (as BOSARIS defines the EER).
    threshold: the middle of the interval of thresholds at which the two are closest, the highest such interval."""

    rate: float
    threshold: float


def equal_error(bona_fide: np.ndarray, attacks: np.ndarray) -> EqualError:
    """Of one species; both sorted, not empty."""
    curve = det(bona_fide, attacks)
    gap = np.abs(curve.apcer - curve.bpcer)
    place = len(gap) - 1 - int(np.argmin(gap[::-1]))
    # Rates at a threshold hold from just above the score before up to it.
    below = curve.threshold[place - 1] if place else curve.threshold[place]
    threshold = float((below + curve.threshold[place]) / 2)
    points = corners(curve)
    return EqualError(_hull_crossing(points), threshold)


def _hull_crossing(points: Curve) -> float:
    """Where the lower convex hull of (BPCER, APCER), with the two trivial systems as its ends, meets the diagonal."""
    hull: list[tuple[float, float]] = []
    everywhere = [(0.0, 1.0), *zip(points.bpcer.tolist(), points.apcer.tolist(), strict=True), (1.0, 0.0)]
    for x, y in sorted(everywhere):
        while len(hull) > 1:
            (x1, y1), (x2, y2) = hull[-2:]
            if (x2 - x1) * (y - y1) > (y2 - y1) * (x - x1):
                break
            hull.pop()
        hull.append((x, y))
    for (x1, y1), (x2, y2) in itertools.pairwise(hull):
        if x2 >= y2:  # the first corner at or right of the diagonal
            before, after = y1 - x1, x2 - y2
            return x2 if before + after == 0 else x1 + (x2 - x1) * before / (before + after)
    return hull[-1][0]
