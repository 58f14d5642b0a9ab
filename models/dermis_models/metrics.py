"""APCER, BPCER and thresholds, as ISO/IEC 30107-3 defines them."""

from __future__ import annotations

import numpy as np


def threshold_between(bona_fide_scores: np.ndarray, attack_scores: np.ndarray, tail: float, place: float) -> float:
    """A threshold in the gap between the two classes: `place` (0..1) of the way up from the attacks.

    The gap reaches from the score above which `tail` of the attack presentations lie to the one below which `tail`
    of the bona fide presentations lie. Where the classes overlap so much that there is no gap, the bona fide end
    counts. A presentation is classified bona fide when its score is at or above the threshold.
    Raises ValueError without presentations of both classes.
    """
    bona_fide, attacks = np.asarray(bona_fide_scores, np.float64), np.asarray(attack_scores, np.float64)
    if not len(bona_fide) or not len(attacks):
        raise ValueError("a threshold needs bona fide and attack presentations; generate more")
    upper = float(np.quantile(bona_fide, tail, method="lower"))
    lower = min(float(np.quantile(attacks, 1 - tail, method="higher")), upper)
    return lower + place * (upper - lower)


def bpcer(bona_fide_scores: np.ndarray, threshold: float) -> float:
    """Share of bona fide presentations classified as attack."""
    return float(np.mean(np.asarray(bona_fide_scores) < threshold))


def apcer(attack_scores: np.ndarray, threshold: float) -> float:
    """Share of attack presentations (of one PAI species) classified as bona fide."""
    return float(np.mean(np.asarray(attack_scores) >= threshold))
