"""Committed bursts through the device's own code: the expected verdict, and the same answer on both interpreters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dermis_host import device_code
from dermis_host.recording import Recording, load
from dermis_host.released import released_model
from dermis_host.replaying import replay

PATHS = sorted((Path(__file__).parents[1] / "recordings").glob("*.npz"))
# CPython takes about a second a burst: two bursts, of different verdicts, show the equality.
COMPARED = ("bona_fide_light", "silicone_mask_3mm")


@pytest.fixture(scope="module")
def recordings() -> dict[str, Recording]:
    return {path.stem: load(path) for path in PATHS}


@pytest.fixture(scope="module")
def verdicts(recordings) -> dict[str, dict]:
    results = replay(list(recordings.values()), released_model(), heap="2m")
    return dict(zip(recordings, results, strict=True))


def test_there_are_recordings_of_each_kind(recordings):
    assert {"bona_fide", "attack", "empty"} <= {recording.truth["kind"] for recording in recordings.values()}


@pytest.mark.parametrize("name", [path.stem for path in PATHS])
def test_verdict_of_a_recording(recordings, verdicts, name):
    """One burst alone: an attack with one reason only asks for a second burst, so it must at least not pass."""
    truth, result = recordings[name].truth, verdicts[name]
    assert truth is not None
    if truth["verdict"] == "bona_fide":
        assert result["verdict"] == "bona_fide", result
    else:
        assert result["verdict"] != "bona_fide"
        said = {*result["reasons"], *(reason for _, reason in result["findings"])}
        assert said & set(truth["reasons"]), result


def test_cpython_and_micropython_agree_bit_for_bit(recordings, verdicts, monkeypatch):
    monkeypatch.setattr(device_code, "find_micropython", lambda: None)
    again = replay([recordings[name] for name in COMPARED], released_model())
    for name, result in zip(COMPARED, again, strict=True):
        for key in ("verdict", "reasons", "score", "evidence", "findings"):
            one, other = (json.dumps(each[key], sort_keys=True) for each in (result, verdicts[name]))
            assert one == other, (name, key)


def test_features_and_maps_agree_bit_for_bit(recordings, monkeypatch):
    chosen = [recordings[name] for name in COMPARED]
    on_micropython = replay(chosen, None, features_only=True, cells=True)
    monkeypatch.setattr(device_code, "find_micropython", lambda: None)
    on_cpython = replay(chosen, None, features_only=True, cells=True)
    for first, second in zip(on_micropython, on_cpython, strict=True):
        assert first["maps"] == second["maps"]
        assert first["spectra"] == second["spectra"]
        assert first["cells"] == second["cells"]


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
