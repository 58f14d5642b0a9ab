"""APCER, BPCER and thresholds, as ISO/IEC 30107-3 defines them."""

from __future__ import annotations

import numpy as np


def threshold_at_bpcer(bona_fide_scores: np.ndarray, bpcer: float) -> float:
    """The highest threshold at which at most `bpcer` of the bona fide presentations score below it.

    A presentation is classified bona fide when its score is at or above the threshold.
    """
    ordered = np.sort(np.asarray(bona_fide_scores, np.float64))
    if not len(ordered):
        raise ValueError("there is no bona fide presentation to set a threshold on")
    return float(ordered[int(np.floor(bpcer * len(ordered)))])


def bpcer(bona_fide_scores: np.ndarray, threshold: float) -> float:
    """Share of bona fide presentations classified as attack."""
    return float(np.mean(np.asarray(bona_fide_scores) < threshold))


def apcer(attack_scores: np.ndarray, threshold: float) -> float:
    """Share of attack presentations (of one PAI species) classified as bona fide."""
    return float(np.mean(np.asarray(attack_scores) >= threshold))
