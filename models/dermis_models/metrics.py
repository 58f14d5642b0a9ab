"""APCER, BPCER and thresholds, as ISO/IEC 30107-3 defines them."""

from __future__ import annotations

import numpy as np


def threshold(
    bona_fide_scores: np.ndarray, attack_scores: np.ndarray, species: np.ndarray, tail: float, place: float
) -> float:
    """A threshold in the gap between the bona fide and the worst species that can be told from them.

    The gap ends above at the score below which `tail` of the bona fide presentations lie; no threshold is higher.
    Below, it ends at the score above which `tail` of a species lies, of the species for which that is highest and
    still below the upper end: a species that overlaps the bona fide has no gap, and would only pull the threshold to
    where nothing is left between it and the other species. place: 0..1 of the way up from the lower end.
    A presentation is classified bona fide when its score is at or above the threshold.
    Raises ValueError without presentations of both classes.
    """
    bona_fide, attacks = np.asarray(bona_fide_scores, np.float64), np.asarray(attack_scores, np.float64)
    if not len(bona_fide) or not len(attacks):
        raise ValueError("a threshold needs bona fide and attack presentations: simulate some of both")
    upper = float(np.quantile(bona_fide, tail, method="lower"))
    ends = [float(np.quantile(attacks[species == name], 1 - tail, method="higher")) for name in np.unique(species)]
    below = [end for end in ends if end < upper]
    lower = max(below) if below else upper
    return lower + place * (upper - lower)


def bpcer(bona_fide_scores: np.ndarray, threshold: float) -> float:
    """Share of bona fide presentations classified as attack."""
    return float(np.mean(np.asarray(bona_fide_scores) < threshold))


def apcer(attack_scores: np.ndarray, threshold: float) -> float:
    """Share of attack presentations (of one PAI species) classified as bona fide."""
    return float(np.mean(np.asarray(attack_scores) >= threshold))


def by_species(scores: np.ndarray, species: np.ndarray, threshold: float) -> dict[str, float]:
    """Species -> APCER, the worst first. scores: P(bona fide), float (n,), and species: str (n,), of attack
    presentations alone."""
    rates = {str(name): apcer(scores[species == name], threshold) for name in np.unique(species)}
    return dict(sorted(rates.items(), key=lambda item: (-item[1], item[0])))
