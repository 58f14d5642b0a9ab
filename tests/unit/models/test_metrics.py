"""APCER, BPCER and the threshold between them."""

import numpy as np
import pytest
from dermis_models import metrics


def test_threshold_leaves_the_share_asked_for():
    scores = np.arange(100) / 100
    threshold = metrics.threshold_at_bpcer(scores, 0.05)
    assert threshold == pytest.approx(0.05)
    assert metrics.bpcer(scores, threshold) == pytest.approx(0.05)


def test_threshold_never_rejects_more_than_asked_with_ties():
    scores = np.array([0.5] * 10 + [0.9] * 90)
    assert metrics.bpcer(scores, metrics.threshold_at_bpcer(scores, 0.05)) <= 0.05


def test_an_attack_at_the_threshold_counts_as_accepted():
    assert metrics.apcer(np.array([0.2, 0.5, 0.9]), 0.5) == pytest.approx(2 / 3)


def test_no_bona_fide_presentation_is_an_error():
    with pytest.raises(ValueError, match="no bona fide"):
        metrics.threshold_at_bpcer(np.array([]), 0.01)
