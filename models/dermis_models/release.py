"""From a float model to a release: int8, thresholds, golden vectors, description and card, all from one run."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dermis.core import feature_tensor, profiles
from dermis_host import files

from dermis_models import folders, metrics
from dermis_models.dataset import Data

STEM = "spoof"  # of the files' names
UNNAMED = "unnamed"
PROFILE = "border"  # at whose threshold card and `leave_one_out` judge: the strictest
MOST_BYTES, MOST_MACS = 64 * 1024, 300_000  # what the device takes: docs/training.md
CALIBRATION_ROWS = 400  # that the converter takes the activations' ranges from
# A threshold lies in the gap between the classes on development data: the stricter the profile, the nearer to the
# bona fide end. A fixed BPCER would put it at the very edge of them, where a slightly different module stumbles.
GAP_TAIL = 0.005
GAP_PLACE = {"border": 0.75, "payment": 0.6, "turnstile": 0.5, "attendance": 0.5, "handset": 0.6}
# What training leaves of the scores says how often it saw whom. They are brought to a scale of their own (Platt 1999,
# by two quantiles): the tail of the bona fide to the first score, their median to the second, so that the output's 256
# steps lie where thresholds may.
TAIL_SCORE, MEDIAN_SCORE = 0.6, 0.97
NEAREST_TO_CERTAIN = 1e-7  # of a float32 score: its logit stays finite
LOWEST_THRESHOLD = 0.5  # whatever the data say: what is more likely an attack than not does not pass
HIGHEST_THRESHOLD = 0.99  # 252 of the output's 256 steps; above, rounding decides


class TooLarge(Exception):
    """The model is larger than the device takes."""


@dataclass(frozen=True)
class Release:
    """What a run gives: the model and its two sets of scores on development data, and what follows from them.

    epochs: that it was trained for. name: what it is called in its description and card.
    """

    tflite: bytes
    macs: int
    thresholds: dict[str, float]
    scores: Mapping[str, np.ndarray]  # "float", "int8": P(bona fide), (n,) each
    epochs: int
    name: str = UNNAMED

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.tflite).hexdigest()

    def description(self) -> dict[str, Any]:
        """What the device reads beside the model: thresholds by profile in 1/10000, versions."""
        return {
            "name": self.name,
            "feature_tensor": feature_tensor.VERSION,
            "sha256": self.sha256,
            "macs": self.macs,
            "bytes": len(self.tflite),
            "threshold": {profile: int(value * 10000) for profile, value in self.thresholds.items()},
            "simulated": True,
        }


def scaling(development: Data, scores: np.ndarray) -> tuple[float, float]:
    """(factor, offset) of the logit, from development data alone: the bona fide that no gate refuses decide.

    scores: P(bona fide) of the float model, (n,). Raises ValueError without such presentations.
    """
    rows = (development["label"] == 1) & (development["findings"] == "")
    if not rows.any():
        raise ValueError("the scale of the scores needs bona fide presentations that pass the gates: simulate some")
    tail, median = np.quantile(_logit(scores[rows]), (GAP_TAIL, 0.5))
    low, high = _logit(np.array([TAIL_SCORE, MEDIAN_SCORE]))
    factor = (high - low) / (median - tail) if median > tail else 1.0
    return float(factor), float(low - factor * tail)


def scaled(scores: np.ndarray, by: tuple[float, float]) -> np.ndarray:
    """float64 (n,): scores, (n,), with their logits times `by[0]` plus `by[1]`."""
    return 1.0 / (1.0 + np.exp(-(by[0] * _logit(scores) + by[1])))


def _logit(scores: np.ndarray) -> np.ndarray:
    kept = np.clip(np.asarray(scores, np.float64), NEAREST_TO_CERTAIN, 1.0 - NEAREST_TO_CERTAIN)
    return np.log(kept / (1.0 - kept))


def thresholds(development: Data, scores: np.ndarray) -> dict[str, float]:
    """Profile -> threshold, from development data alone. Raises ValueError without presentations of both classes."""
    bona_fide = development["label"] == 1
    classes = scores[bona_fide], scores[~bona_fide], development["species"][~bona_fide]
    found = {}
    for profile in profiles.PROFILES:
        value = metrics.threshold(*classes, GAP_TAIL, GAP_PLACE[profile.name])
        found[profile.name] = min(max(LOWEST_THRESHOLD, value), HIGHEST_THRESHOLD)
    return found


def calibration_rows(training: Data, rng: np.random.Generator) -> np.ndarray:
    """Indices of training rows, every species among them, for the converter."""
    species = np.unique(training["species"])
    each = max(1, CALIBRATION_ROWS // len(species))
    found = [rng.permutation(np.flatnonzero(training["species"] == name))[:each] for name in species]
    return np.concatenate(found)


def check_size(tflite: bytes, macs: int) -> None:
    """Raises TooLarge."""
    if len(tflite) > MOST_BYTES or macs > MOST_MACS:
        raise TooLarge(
            f"The model has {len(tflite)} bytes and {macs} multiply-accumulates; the device takes {MOST_BYTES} and "
            f"{MOST_MACS}: make network.build smaller."
        )


def write(folder: Path, release: Release, golden: Mapping[str, np.ndarray], card: str) -> None:
    """The release's four files, each whole or not at all. Raises HostError when one cannot be written."""
    folders.made(folder)
    vectors = io.BytesIO()
    np.savez_compressed(vectors, **golden)  # type: ignore[arg-type]
    contents = {
        f"{STEM}.tflite": release.tflite,
        f"{STEM}.json": (json.dumps(release.description(), indent=1) + "\n").encode(),
        f"{STEM}.golden.npz": vectors.getvalue(),
        f"{STEM}.md": card.encode(),
    }
    for name, data in contents.items():
        with files.whole(folder / name) as file:
            file.write(data)
