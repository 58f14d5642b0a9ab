"""Shards on disk: what is read, what is not, and what is counted beside the rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from dermis_models import dataset


def write(folder, name, rows=2, unusable=None):
    arrays = {field: np.full(rows, index) for index, field in enumerate(dataset.FIELDS)}
    arrays["unusable"] = np.array(json.dumps(unusable or {}))
    np.savez(folder / name, **arrays)  # pyright: ignore[reportArgumentType]


def test_shards_are_joined_and_one_that_is_being_written_is_left_alone(tmp_path):
    write(tmp_path, "shard-0000.npz", 2)
    write(tmp_path, "shard-0001.npz", 3)
    (tmp_path / "shard-0002.part.npz").write_bytes(b"half of it")
    data = dataset.load(tmp_path)
    assert {len(values) for values in data.values()} == {5}


def test_no_shard_is_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"run `python -m dermis_models\.generate` first"):
        dataset.load(tmp_path)


def test_presentations_without_features_are_counted_by_species(tmp_path):
    write(tmp_path, "shard-0000.npz", unusable={"bona_fide: no_face": 2, "photo_print: [[2, 'too_bright']]": 1})
    write(tmp_path, "shard-0001.npz", unusable={"bona_fide: too_near": 1})
    assert dataset.non_response(tmp_path) == {"bona_fide": 3, "photo_print": 1}
