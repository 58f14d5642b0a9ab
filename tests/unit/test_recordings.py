"""Committed bursts through the device's own code: the expected verdict, the recorded one, and the same of every stage
on both interpreters."""

from __future__ import annotations

from typing import Any

import pytest
from dermis_host import device_code
from dermis_host.recording import Recording, load
from dermis_host.replaying import replay

from tests.recordings import golden
from tests.recordings.replayed import CPYTHON, PATHS, replayed

EQUAL = ("stages", "verdict", "reasons", "score", "evidence", "findings")  # of a result; times are not


@pytest.fixture(scope="module")
def recordings() -> dict[str, Recording]:
    return {name: load(path) for name, path in PATHS.items()}


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    """Under MicroPython, in the device's heap."""
    return replayed()


@pytest.fixture(scope="module")
def on_cpython() -> dict[str, dict[str, Any]]:
    return replayed(interpreter=CPYTHON)


def test_there_are_recordings_of_each_kind_and_verdict(recordings, results):
    assert {"bona_fide", "attack", "empty"} <= {recording.truth["kind"] for recording in recordings.values()}
    assert {result["verdict"] for result in results.values()} == {"bona_fide", "attack", "no_decision"}
    # An attack that nothing but the SWIR head's gates see, and bona fide faces that give no decision.
    assert results["silicone_mask_3mm"]["findings"] == [["attack", "not_skin_swir"]]
    refused = [recordings[name].truth["reasons"] for name in ("hand_before_face", "moving")]
    assert refused == [["occluded"], ["moving"]]


@pytest.mark.parametrize("name", PATHS)
def test_verdict_of_a_recording(recordings, results, name):
    """One burst alone: an attack with one reason only asks for a second burst, so it must at least not pass."""
    truth, result = recordings[name].truth, results[name]
    assert truth is not None
    if truth["verdict"] == "bona_fide":
        assert result["verdict"] == "bona_fide", result
    else:
        assert result["verdict"] != "bona_fide"
        said = {*result["reasons"], *(reason for _, reason in result["findings"])}
        assert said & set(truth["reasons"]), result


@pytest.mark.parametrize("name", PATHS)
def test_a_recording_gives_what_is_recorded(results, name):
    """What fails here says which stage differs first, and what of it: tests/recordings/README.md."""
    known = golden.recorded()["recordings"].get(name)
    found = golden.measure({name: results[name]})["recordings"][name]
    if said := golden.differences(name, known, found):
        pytest.fail("\n".join([*said, golden.HOW]), pytrace=False)


def test_the_record_is_of_these_recordings_and_of_the_released_model(results):
    known, found = golden.recorded(), golden.measure(results)
    assert known["recordings"].keys() == found["recordings"].keys(), golden.HOW
    assert known["model"] == found["model"], golden.HOW
    assert known["in_short"] == found["in_short"], golden.HOW


@pytest.mark.parametrize("name", PATHS)
def test_cpython_and_micropython_agree_bit_for_bit(results, on_cpython, name):
    for key in EQUAL:
        assert results[name][key] == on_cpython[name][key], key


def test_cells_agree_bit_for_bit(recordings, monkeypatch):
    chosen = [recordings["bona_fide_light"]]
    [first] = replay(chosen, None, features_only=True, cells=True)
    monkeypatch.setattr(device_code, "find_micropython", lambda: None)
    [second] = replay(chosen, None, features_only=True, cells=True)
    for key in ("maps", "spectra", "cells"):
        assert first[key] == second[key], key


def test_truth_stays_with_the_host(recordings, tmp_path, monkeypatch):
    """Nothing of a recording's truth may be among the files that the device's code is given."""
    seen: list[bytes] = []
    run = device_code.run

    def spy(module, folder, job, **options):
        interpreter = run(module, folder, job, **options)
        seen.extend(path.read_bytes() for path in folder.iterdir() if path.name != "results.jsonl")
        return interpreter

    monkeypatch.setattr("dermis_host.replaying.device_code.run", spy)
    replay([recordings["silicone_mask_3mm"]], None)
    assert seen
    assert not any(b"silicone" in data or b"bona_fide" in data for data in seen)
