"""Shards on disk: what is read, what is not, and what is counted beside the rows."""

from __future__ import annotations

import numpy as np
import pytest
from dermis_models import dataset

ROW = dataset.Row(True, "bona_fide", 5, 6, 0.4, "wet", 400.0, 25.0)
USABLE = {"usable": True, "maps": "01" * 3360, "spectra": "ff" * 10, "findings": [[1, "flat"], [2, "shape"]]}
MISSED = {"usable": False, "findings": [[0, "no_face"]]}


def write(folder, name, *results):
    (folder / name).write_bytes(dataset.pack([ROW] * len(results), results))


def test_shards_are_joined_and_one_that_is_being_written_is_left_alone(tmp_path):
    write(tmp_path, "shard-000000.npz", USABLE, MISSED, USABLE)
    write(tmp_path, "shard-000001.npz", USABLE)
    (tmp_path / "shard-000002.npz.part").write_bytes(b"half of it")
    data = dataset.load(tmp_path)
    assert {len(values) for values in data.values()} == {3}
    assert data["maps"].shape == (3, 28, 24, 5) and (data["maps"] == 1).all()
    assert (data["spectra"] == -1).all() and data["findings"][0] == "flat,shape"
    assert data["condition"][0] == "wet" and data["module"][0] == 6


def test_a_shard_of_nothing_usable_joins_the_others(tmp_path):
    write(tmp_path, "shard-000000.npz", MISSED)
    write(tmp_path, "shard-000001.npz", USABLE)
    assert len(dataset.load(tmp_path)["label"]) == 1


def test_the_same_rows_are_the_same_bytes():
    assert dataset.pack([ROW], [USABLE]) == dataset.pack([ROW], [USABLE])


def test_no_shard_is_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"make them with `dermis simulate PLAN --features`"):
        dataset.load(tmp_path)


def test_a_damaged_shard_is_one_sentence(tmp_path):
    write(tmp_path, "shard-000000.npz", USABLE)
    place = tmp_path / "shard-000000.npz"
    whole = place.read_bytes()
    np.savez(tmp_path / "old.npz", maps=np.zeros(1))
    for wrong in (b"", b"no archive", whole[: len(whole) // 2], (tmp_path / "old.npz").read_bytes()):
        place.write_bytes(wrong)
        with pytest.raises(ValueError, match=r"shard-000000\.npz is damaged or of another version .*: remove it"):
            dataset.load(tmp_path)


def test_what_a_stopped_simulation_lacks_is_counted(tmp_path):
    write(tmp_path, "shard-000000.npz", USABLE, MISSED)
    assert dataset.lacking(tmp_path) == 0
    place = tmp_path / dataset.PLAN
    place.write_text('{"plan": {"species": {"bona_fide": 1, "photo_matte": 2}, "bursts": 1}}')
    assert dataset.lacking(tmp_path) == 1
    write(tmp_path, "shard-000001.npz", USABLE)
    assert dataset.lacking(tmp_path) == 0
    for damaged in ("", "[]", '{"plan": {"species": 3, "bursts": 1}}'):
        place.write_text(damaged)
        with pytest.raises(ValueError, match=r"plan\.json is damaged: remove"):
            dataset.lacking(tmp_path)


def test_presentations_without_features_are_counted_by_species(tmp_path):
    write(tmp_path, "shard-000000.npz", MISSED, MISSED, USABLE)
    write(tmp_path, "shard-000001.npz", {"error": "the frame cannot be read"})
    assert dataset.non_response([tmp_path]) == {"bona_fide": 3}
    assert dataset.non_response([tmp_path, tmp_path]) == {"bona_fide": 6}
