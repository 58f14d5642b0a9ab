"""Shards on disk: what is read, what is not, and what is counted beside the rows."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from dermis_models import dataset

ROW = dataset.Row(True, "bona_fide", 5, 6, 0.4, "wet", 400.0, 25.0)
USABLE = {"usable": True, "maps": "01" * 3360, "spectra": "ff" * 10, "findings": [[1, "flat"], [2, "shape"]]}
MISSED = {"usable": False, "findings": [[0, "no_face"]]}


def write(folder, name, *results):
    (folder / name).write_bytes(dataset.pack([ROW] * len(results), results))


def write_plan(folder, bursts: int = 1, **species: int):
    (folder / dataset.PLAN).write_text(
        json.dumps({"sources": "0" * 16, "plan": {"species": species, "bursts": bursts}})
    )


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


def test_flipped_bytes_are_one_sentence_or_change_nothing(tmp_path):
    """A reader unpacks before it compares checksums, and may stumble over anything."""
    write(tmp_path, "shard-000000.npz", USABLE, MISSED, USABLE)
    place = tmp_path / "shard-000000.npz"
    whole, rng, refused = place.read_bytes(), np.random.default_rng(4), 0
    data, missed = dataset.load(tmp_path), dataset.non_response([tmp_path])
    # Where each way to stumble was seen: a signature, a flag, a compression, packed bytes, a name, and anywhere.
    ends = [0, 6, 8, 60, whole.rindex(b"PK\1\2") + 8, whole.rindex(b"PK\1\2") + 10, whole.rindex(b"spectra.npy")]
    for at in (*ends, *rng.integers(len(whole), size=60).tolist()):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << int(rng.integers(8))
        place.write_bytes(flipped)
        try:
            found = dataset.load(tmp_path)
        except ValueError as problem:
            refused += 1
            assert "shard-000000.npz is damaged or of another version" in str(problem)
            continue
        assert all(np.array_equal(found[field], data[field]) for field in data)  # it lay where nobody looks
        assert dataset.non_response([tmp_path]) == missed
    assert refused > 30


@pytest.mark.parametrize("unusable", [None, "", "[]", '{"bona_fide: no_face": null}'])
def test_a_shard_that_does_not_say_what_was_unusable_is_one_sentence(tmp_path, unusable):
    with np.load(io.BytesIO(dataset.pack([ROW], [USABLE]))) as archive:
        fields: dict[str, Any] = {name: archive[name] for name in dataset.FIELDS}
    if unusable is not None:
        fields["unusable"] = np.array(unusable)
    np.savez(tmp_path / "shard-000000.npz", **fields)
    write_plan(tmp_path, bona_fide=1)
    for read in (dataset.load, dataset.lacking, lambda folder: dataset.non_response([folder])):
        with pytest.raises(ValueError, match=r"shard-000000\.npz is damaged or of another version"):
            read(tmp_path)


def test_what_a_stopped_simulation_lacks_is_counted(tmp_path):
    write(tmp_path, "shard-000000.npz", USABLE, MISSED)
    write_plan(tmp_path, bona_fide=1, photo_matte=2)
    assert dataset.lacking(tmp_path) == 1
    write(tmp_path, "shard-000001.npz", USABLE)
    assert dataset.lacking(tmp_path) == 0
    write(tmp_path, "shard-000002.npz", MISSED, USABLE)
    assert dataset.lacking(tmp_path) == -2
    write_plan(tmp_path, bursts=3, bona_fide=2)
    assert dataset.lacking(tmp_path) == 1
    assert dataset.asked(tmp_path) == dataset.Asked("0" * 16, presentations=2, bursts=3)


def test_a_plan_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"holds no plan\.json that says what its shards are of"):
        dataset.asked(tmp_path)
    place = tmp_path / dataset.PLAN
    for damaged in ("", "[]", '{"sources": "0", "plan": {"species": 3, "bursts": 1}}', '{"plan": {"species": {}}}'):
        place.write_text(damaged)
        with pytest.raises(ValueError, match=r"plan\.json is damaged: remove"):
            dataset.asked(tmp_path)


def test_presentations_without_features_are_counted_by_species(tmp_path):
    write(tmp_path, "shard-000000.npz", MISSED, MISSED, USABLE)
    write(tmp_path, "shard-000001.npz", MISSED)
    assert dataset.non_response([tmp_path]) == {"bona_fide": 3}
    assert dataset.non_response([tmp_path, tmp_path]) == {"bona_fide": 6}
