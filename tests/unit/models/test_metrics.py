"""APCER, BPCER and the threshold between them."""

import numpy as np
import pytest
from dermis_models import metrics


def test_the_threshold_lies_in_the_gap_where_it_is_asked_to():
    bona_fide, attacks = np.linspace(0.8, 1.0, 101), np.linspace(0.0, 0.2, 101)
    assert metrics.threshold_between(bona_fide, attacks, 0.0, 0.0) == pytest.approx(0.2)
    assert metrics.threshold_between(bona_fide, attacks, 0.0, 0.75) == pytest.approx(0.65)
    assert metrics.threshold_between(bona_fide, attacks, 0.0, 1.0) == pytest.approx(0.8)


def test_a_tail_keeps_one_odd_presentation_from_moving_it():
    bona_fide = np.concatenate([[0.1], np.full(999, 0.9)])
    attacks = np.concatenate([[0.95], np.full(999, 0.05)])
    assert metrics.threshold_between(bona_fide, attacks, 0.005, 0.5) == pytest.approx(0.475)


def test_without_a_gap_the_bona_fide_end_counts():
    scores = np.linspace(0, 1, 101)
    assert metrics.threshold_between(scores, scores, 0.01, 0.5) == pytest.approx(0.01)


@pytest.mark.parametrize("classes", [([], [0.1]), ([0.9], [])])
def test_both_classes_are_needed(classes):
    with pytest.raises(ValueError, match="needs bona fide and attack"):
        metrics.threshold_between(np.array(classes[0]), np.array(classes[1]), 0.01, 0.5)


def test_a_presentation_at_the_threshold_counts_as_bona_fide():
    assert metrics.apcer(np.array([0.2, 0.5, 0.9]), 0.5) == pytest.approx(2 / 3)
    assert metrics.bpcer(np.array([0.2, 0.5, 0.9]), 0.5) == pytest.approx(1 / 3)
