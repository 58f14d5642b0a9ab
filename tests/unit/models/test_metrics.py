"""APCER, BPCER and the threshold between them."""

import numpy as np
import pytest
from dermis_models import metrics

BONA_FIDE = np.linspace(0.8, 1.0, 101)


def one(attacks: np.ndarray) -> np.ndarray:
    return np.full(len(attacks), "a")


def test_the_threshold_lies_in_the_gap_where_it_is_asked_to():
    attacks = np.linspace(0.0, 0.2, 101)
    for place, wanted in ((0.0, 0.2), (0.75, 0.65), (1.0, 0.8)):
        assert metrics.threshold(BONA_FIDE, attacks, one(attacks), 0.0, place) == pytest.approx(wanted)


def test_the_worst_species_counts_and_not_the_mean():
    attacks = np.concatenate([np.full(990, 0.01), np.full(10, 0.6)])
    species = np.array(["easy"] * 990 + ["hard"] * 10)
    assert metrics.threshold(BONA_FIDE, attacks, species, 0.02, 0.5) > 0.6
    assert metrics.threshold(BONA_FIDE, attacks, one(attacks), 0.02, 0.5) < 0.6


def test_a_species_that_overlaps_does_not_pull_it_down():
    attacks = np.concatenate([np.full(50, 0.1), np.linspace(0.5, 1.0, 50)])
    species = np.array(["easy"] * 50 + ["overlapping"] * 50)
    upper = metrics.threshold(BONA_FIDE, attacks, species, 0.01, 1.0)
    assert metrics.threshold(BONA_FIDE, attacks, species, 0.01, 0.0) == pytest.approx(0.1)
    only = species == "overlapping"
    assert metrics.threshold(BONA_FIDE, attacks[only], species[only], 0.01, 0.0) == pytest.approx(upper)


def test_a_tail_keeps_one_odd_presentation_from_moving_it():
    bona_fide = np.concatenate([[0.1], np.full(999, 0.9)])
    attacks = np.concatenate([[0.95], np.full(999, 0.05)])
    assert metrics.threshold(bona_fide, attacks, one(attacks), 0.005, 0.5) == pytest.approx(0.475)


@pytest.mark.parametrize("classes", [([], [0.1]), ([0.9], [])])
def test_both_classes_are_needed(classes):
    with pytest.raises(ValueError, match="needs bona fide and attack"):
        metrics.threshold(np.array(classes[0]), np.array(classes[1]), one(np.array(classes[1])), 0.01, 0.5)


def test_a_presentation_at_the_threshold_counts_as_bona_fide():
    assert metrics.apcer(np.array([0.2, 0.5, 0.9]), 0.5) == pytest.approx(2 / 3)
    assert metrics.bpcer(np.array([0.2, 0.5, 0.9]), 0.5) == pytest.approx(1 / 3)


def test_species_come_the_worst_first():
    species = np.array(["a", "b", "b", "c"])
    rates = metrics.by_species(np.array([0.1, 0.9, 0.1, 0.9]), species, 0.5)
    assert list(rates.items()) == [("c", 1.0), ("b", 0.5), ("a", 0.0)]
