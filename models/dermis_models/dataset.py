"""Feature shards: what the generator writes and the trainer reads.

A shard is an `.npz` of arrays with one row a presentation:

    maps      int8 (n, 28, 24, 5)    feature tensor, `dermis.core.feature_tensor`
    spectra   int8 (n, 10)
    label     uint8 (n,)             1 bona fide presentation, 0 attack presentation
    species   str (n,)               PAI species, or "bona_fide"
    subject   int32 (n,)             geometry seed: splits are disjoint in it
    tone      float32 (n,)           R700 of the skin shown or worn
    findings  str (n,)               reasons of the physics gates, comma-separated
    distance_mm float32 (n,)

and `unusable`, JSON: "species: why" -> how many presentations gave no features and so no row.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

# Every so many-th geometry is development, with modules of its own (`generate.module_of`).
DEVELOPMENT_FOLDS = 5
# A shard that is being written has another name.
SHARDS = "shard-[0-9][0-9][0-9][0-9].npz"

FIELDS = ("maps", "spectra", "label", "species", "subject", "tone", "findings", "distance_mm")


def load(folder: Path) -> dict[str, np.ndarray]:
    """All shards of a folder, in the order of their names. Raises FileNotFoundError when there is none."""
    paths = sorted(folder.glob(SHARDS))
    if not paths:
        raise FileNotFoundError(f"no shards in {folder}; run `python -m dermis_models.generate` first")
    shards = []
    for path in paths:
        with np.load(path, allow_pickle=False) as archive:
            shards.append({field: archive[field] for field in FIELDS})
    return {field: np.concatenate([shard[field] for shard in shards]) for field in FIELDS}


def non_response(folder: Path) -> dict[str, int]:
    """Species -> presentations that gave no features (no face, too bright, ...), over all shards of a folder."""
    counts: dict[str, int] = {}
    for path in sorted(folder.glob(SHARDS)):
        with np.load(path, allow_pickle=False) as archive:
            for what, count in json.loads(str(archive["unusable"])).items():
                species = what.partition(":")[0]
                counts[species] = counts.get(species, 0) + count
    return counts


def select(data: dict[str, np.ndarray], mask: np.ndarray) -> dict[str, np.ndarray]:
    """The rows where `mask` is true."""
    return {field: data[field][mask] for field in FIELDS}


def split(
    data: dict[str, np.ndarray], folds: int = DEVELOPMENT_FOLDS
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """(training, development), disjoint in subjects: every `folds`-th geometry seed is development."""
    development = data["subject"] % folds == 0
    return select(data, ~development), select(data, development)
