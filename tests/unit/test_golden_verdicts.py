"""A change of the device's code is found in its stage: constants changed one by one. And the command of the record."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from dermis_host import device_code
from dermis_host.errors import DeviceCodeError

from tests.recordings import golden
from tests.recordings.replayed import CPYTHON, MICROPYTHON, PATHS, replayed
from tests.recordings.stages import STAGES, WITHOUT_MODEL, stage_of

NAME = "bona_fide_light"
# Stage that must be named -> (source, what stands there, what stands there then).
MUTANTS = {
    "linearised": (
        "core/reflectance.py",
        "linear[frame[i]] - linear[dark[i]]",
        "linear[frame[i]] - linear[dark[i]] + 9",
    ),
    "depth": ("core/depth_kernels.py", "tolerance = int(block[2])", "tolerance = int(block[2]) - 6"),
    "face": ("core/face_kernels.py", "if found >= least:", "if found >= least + 2:"),
    "shape": ("core/shape.py", "return high - low\n", "return high - low + 1\n"),
    "reflectance": ("core/cell_kernels.py", "first * a - last * c + 512", "first * a - last * c + 1024"),
    "swir": ("core/swir.py", "row_face += weight", "row_face += weight - 1"),
    "features": ("core/features.py", "+ 16) >> 5", "+ 24) >> 5"),
    "gates": ("core/gates.py", "24,  # 1.5 mm", "30,"),
    "model": ("tflite/kernels_wide.py", "bias) >> 31", "bias) >> 32"),
    "decision": ("core/decision.py", "self._scores // self._scored if", "self._scores // self._scored - 1 if"),
}


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """What it gives today, whatever the record says."""
    return golden.measure(replayed([NAME]))["recordings"][NAME]


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> Path:
    """A copy of the firmware's sources."""
    copied = tmp_path_factory.mktemp("mutant") / "firmware"
    shutil.copytree(device_code.FIRMWARE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    return copied


def of_mutant(sources: Path, place: tuple[str, str, str]) -> dict[str, Any]:
    """What the recording gives with that change."""
    path = sources / "dermis" / place[0]
    original = path.read_text()
    assert place[1] in original, "the mutant's place is no longer there: choose another of this stage"
    path.write_text(original.replace(place[1], place[2]))
    try:
        results = replayed([NAME], firmware=sources)
    finally:
        path.write_text(original)
    return golden.measure(results)["recordings"][NAME]


@pytest.mark.parametrize("stage", MUTANTS)
def test_a_changed_constant_is_found_in_its_stage(sources, known, stage):
    found = of_mutant(sources, MUTANTS[stage])
    assert golden.first_difference(known, found) == stage
    said = golden.differences(NAME, known, found)
    assert f"differs first at stage: {stage}" in said[0]
    assert said[1].startswith(f"  {stage}: ")


def test_every_stage_has_its_mutant():
    assert tuple(MUTANTS) == STAGES


def test_what_changed_is_told_with_its_distance_from_the_limits(sources, known):
    before, margin = known["reflectance"]["water_index_q14"], known["gates"]["margins"]["index"]
    said = golden.differences(NAME, known, of_mutant(sources, MUTANTS["reflectance"]))
    [line] = [line for line in said if "water_index_q14" in line]
    assert line.startswith(f"  reflectance: water_index_q14 {before} -> ")
    assert f"gate index: {margin} -> " in line
    assert any(line.startswith("  reflectance: index_sha256 ") for line in said)


def test_a_verdict_that_turns_is_told_with_its_score(known):
    found = copy.deepcopy(known)
    found["model"] |= {"output": -128, "score": 0}
    found["decision"] |= {"verdict": "attack", "reasons": ["model"], "score": 0}
    said = golden.differences(NAME, known, found)
    threshold, score = known["decision"]["threshold"], known["model"]["score"]
    assert said[0] == f"{NAME}: bona_fide -> attack; differs first at stage: model"
    assert f"  model: score {score} -> 0 (above its threshold by {score - threshold} -> {-threshold})" in said
    assert "  decision: reasons [] -> ['model']" in said


def test_an_unchanged_recording_is_not_mentioned(known):
    assert golden.differences(NAME, known, copy.deepcopy(known)) == []
    assert golden.differences("new", None, known) == ["new: not recorded yet"]
    assert "no such recording is there" in golden.differences("gone", known, None)[0]


def test_a_field_of_evidence_without_a_stage_is_refused():
    with pytest.raises(ValueError, match="new_cue_q14 has no stage"):
        stage_of("new_cue_q14")


def test_a_device_that_dies_is_told(sources):
    with pytest.raises(DeviceCodeError, match="NameError"):
        of_mutant(sources, ("core/gates.py", "GATES = (", "GATES = nowhere + ("))


class Command:
    """The command with a record of its own, on results that are given."""

    def __init__(self, monkeypatch, tmp_path: Path):
        self.record = tmp_path / "golden.json"
        shutil.copy(golden.RECORD, self.record)
        self.found = golden.recorded()
        self.found.pop("history")
        monkeypatch.setattr(golden, "RECORD", self.record)
        monkeypatch.setattr(golden.replayed, "replayed", dict)
        monkeypatch.setattr(golden, "measure", lambda _: self.found)

    def new_model(self) -> None:
        self.found["model"] = {"name": "spoof-9", "sha256": "9" * 64}
        for stages in self.found["recordings"].values():
            if stages["model"]["score"] is not None:
                stages["model"] |= {"output": 0, "score": 5000}
                stages["decision"]["score"] = 5000


@pytest.fixture
def command(monkeypatch, tmp_path) -> Command:
    return Command(monkeypatch, tmp_path)


def test_nothing_differs(command, capsys):
    before = command.record.read_text()
    assert golden.main([]) == 0
    assert capsys.readouterr().out == "All recordings are as recorded.\n"
    assert golden.main(["--update", "Nothing."]) == 0
    assert command.record.read_text() == before, "a reason for nothing stands in the history"


def test_a_new_model_is_recorded_and_the_rest_is_seen_unchanged(command, capsys):
    before = json.loads(command.record.read_text())
    command.new_model()
    assert golden.main([]) == 1
    assert json.loads(command.record.read_text()) == before, "written without being asked to"
    assert golden.main(["--only-model", "--update", "Another model."]) == 0
    said = capsys.readouterr().out
    assert f"as recorded in {len(PATHS)} of {len(PATHS)} recordings" in said and "-> spoof-9 (999999999999)" in said
    after = json.loads(command.record.read_text())
    assert after["history"][:-1] == before["history"] and after["history"][-1]["reason"] == "Another model."
    assert list(after["history"][-1]["differs_first_at"]) == ["model"]
    for name, stages in after["recordings"].items():
        assert [stages[stage] for stage in WITHOUT_MODEL] == [
            before["recordings"][name][stage] for stage in WITHOUT_MODEL
        ]
    assert golden.main([]) == 0


def test_more_than_the_model_is_not_recorded_as_the_models(command, capsys):
    before = command.record.read_text()
    command.new_model()
    command.found["recordings"][NAME]["shape"]["relief_mm16"] += 1
    assert golden.main(["--only-model", "--update", "Another model."]) == 1
    assert f"More than the model's part differs: {NAME}." in capsys.readouterr().err
    assert command.record.read_text() == before


def test_a_turned_verdict_stands_in_the_history(command):
    command.found["recordings"][NAME]["decision"]["verdict"] = "attack"
    assert golden.main(["--update", "Stricter."]) == 0
    assert json.loads(command.record.read_text())["history"][-1]["verdicts"] == {NAME: "bona_fide -> attack"}


def test_a_record_without_a_reason_is_refused(command, capsys):
    with pytest.raises(SystemExit):
        golden.main(["--update", " "])
    assert "the reason in words" in capsys.readouterr().err


def test_cpython_gives_the_same_mutant(sources):
    path = sources / "dermis/core/features.py"
    place = MUTANTS["features"]
    original = path.read_text()
    path.write_text(original.replace(place[1], place[2]))
    try:
        both = [replayed([NAME], interpreter=each, firmware=sources)[NAME]["stages"] for each in (CPYTHON, MICROPYTHON)]
    finally:
        path.write_text(original)
    assert both[0] == both[1]
