"""The card's figures against ones counted by hand."""

from __future__ import annotations

import numpy as np
from dermis_models import card

DESCRIPTION = {"name": "spoof-x", "sha256": "00", "bytes": 1, "macs": 2, "feature_tensor": 1}


def test_rates_count_gates_and_non_responses():
    development = {
        "label": np.array([1, 1, 1, 1, 0, 0, 0]),
        "species": np.array(["bona_fide"] * 4 + ["photo_print"] * 2 + ["resin"]),
        "findings": np.array(["", "", "flat", "", "", "flat", ""]),
        "tone": np.array([0.25, 0.45, 0.45, 0.6, np.nan, np.nan, np.nan]),
    }
    scores = {name: np.array([0.9, 0.2, 0.8, 0.7, 0.6, 0.6, 0.1]) for name in ("float", "int8")}
    training = {"label": np.array([1, 0, 0])}
    thresholds = {"border": 0.5}
    text = card.render(DESCRIPTION, training, development, scores, thresholds, {"bona_fide": 5, "resin": 2})
    assert "| border | 0.5000 | 0.250 | 1.000 |" in text  # one of four bona fide below; both prints at or above
    assert "| photo_print | 2 | 1.000 | 0.500 |" in text  # the gate takes one of them
    assert "| resin | 1 | 0.000 | 0.000 |" in text
    assert "one burst: 0.500." in text  # one by the model, one by a gate
    assert "| 0.4-0.5 | 2 | 1.000 |" in text
    assert "5 bona fide presentations of 10 (both splits) and 2 attack presentations gave no features" in text
