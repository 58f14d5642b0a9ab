"""`dermis evaluate` as a command, on recordings: what it prints, logs, refuses and leaves."""

import dataclasses
import datetime
import hashlib
import json
import os
from pathlib import Path

import pytest
from dermis.core import release
from dermis_host.cli import main
from dermis_host.evaluation import plan, required, simulated
from dermis_host.recording import Recording
from plans_and_bursts import REASONS, burst, toml
from rig_of_fakes import MODEL_FILE

ROOT = Path(__file__).parents[3]


@pytest.fixture
def evaluated(tmp_path, recording, monkeypatch):
    def save(name, **truth):
        (tmp_path / "burst").mkdir(exist_ok=True)
        Recording(recording.meta, recording.frames, recording.calibration, recording.board, truth).save(
            tmp_path / "burst" / f"{name}.npz"
        )

    for number in range(3):
        save(f"b{number}", kind="bona_fide", species="", subject=number, tone=0.3, presentation=f"b{number}", burst=0)
        save(f"b{number}+", kind="bona_fide", species="", subject=number, tone=0.3, presentation=f"b{number}", burst=1)
    save("a", kind="attack", species="heavy_makeup")
    save("c", kind="attack", species="photo_matte")

    def replay(bursts, *_, **__):
        return [burst(1000, *REASONS[:2]) if each.truth["species"] == "photo_matte" else burst() for each in bursts]

    monkeypatch.setattr("dermis_host.replaying.replay", replay)
    path = toml(tmp_path, 'source = "recordings"\n[recordings]\nfolder = "burst"\n[goals]\nbpcer = 0.01\n')
    return path, tmp_path / "out", tmp_path / "evaluations.md"


def test_recordings_are_evaluated_and_logged_once(evaluated, capsys):
    path, folder, logged = evaluated
    words = ["evaluate", str(path), "-o", str(folder), "--append", str(logged), "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["bpcer"]["n"] == 3 and found["bpcer"]["errors"] == 0 and found["simulated"] is True
    assert found["apcer"]["photo_matte"]["errors"] == 0
    assert list(found["concealer"]["apcer"]) == ["heavy_makeup", "max"]
    assert list(found["apcer"]) == ["photo_matte", "max"]
    assert found["goals"][0]["reached"] and found["run"]["profile"] == "border"
    assert (folder / "report.html").read_text().count("SIMULATED") >= 3
    assert main(words) == 0
    text = logged.read_text()
    assert text.count("| plan (") == 1 and "SIMULATED" in text


def test_other_recordings_are_another_evaluation(evaluated, recording, capsys):
    path, folder, _ = evaluated
    words = ["evaluate", str(path), "-o", str(folder)]
    assert main(words) == main(words) == 0
    place = path.parent / "burst" / "a.npz"
    dataclasses.replace(recording, truth={"kind": "attack", "species": "heavy_makeup", "subject": 9}).save(place)
    assert main(words) == 2
    assert "generator, recordings or sources differ" in capsys.readouterr().err
    assert main([*words[:-1], str(folder.with_name("second"))]) == 0
    place.rename(place.with_name("d.npz"))
    assert main([*words[:-1], str(folder.with_name("second"))]) == 2, "a name is an attempt's"


def test_a_log_that_cannot_be_written_leaves_one_object_on_stdout(evaluated, tmp_path, capsys):
    path, folder, _ = evaluated
    assert main(["evaluate", str(path), "-o", str(folder), "--append", str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["exit_code"] == 1 and (folder / "report.json").is_file()


def test_a_folder_with_brackets_in_its_name(evaluated, capsys):
    path, folder, _ = evaluated
    folder = folder.parent / "out[/a]"
    assert main(["evaluate", str(path), "-o", str(folder)]) == 0
    assert "Report: " in (said := capsys.readouterr().out) and "out[/a]/report.html" in said.replace("\n", "")


def test_a_run_states_what_it_knows_of_itself(evaluated, capsys):
    path, folder, _ = evaluated
    words = ["evaluate", str(path), "-o", str(folder), "--json"]
    assert main(words) == 0
    begun, ended = 1_700_000_000, 1_700_000_000 + 86_400
    os.utime(folder / "run.json", (begun, begun))
    os.utime(folder / "presentations.csv", (ended, ended))
    capsys.readouterr()
    main(words)
    found = json.loads(capsys.readouterr().out)["report"]
    days = [datetime.date.fromtimestamp(each).isoformat() for each in (begun, ended)]
    assert found["dates"] == " to ".join(days)
    sha256 = hashlib.sha256(MODEL_FILE).hexdigest()
    assert f"firmware {release.VERSION} " in found["target"] and f"model.tflite (SHA-256 {sha256})" in found["target"]
    assert found["configuration"] == "profile border, threshold 8603 of 10000, SWIR head as it is"
    path.write_text(path.read_text() + '[report]\ndates = "last summer"\ntarget = ""\n')
    main(words)
    again = json.loads(capsys.readouterr().out)["report"]
    assert again["dates"] == "last summer" and again["target"] == found["target"]


def test_our_own_plans_leave_no_field_of_the_report_open():
    for name in ("full", "quick"):
        made = plan.load(ROOT / "models" / "evaluations" / f"{name}.toml")
        by_the_tool = {"dates", "target", "configuration", "pai_species", "bona_fide_subjects"}
        assert set(required.FIELDS) - by_the_tool == set(made.details)
        counts, each = made.source_table["species"], made.source_table["subjects"]["each"]
        attacks = {count for name, count in counts.items() if not name.startswith("bona_fide")}
        assert {f"{count // each} shapes" in made.details["pai_series"] for count in attacks} == {True}
        assert (
            f"{counts['bona_fide_plain']:,} plain, {counts['bona_fide_wet']} of" in made.details["bona_fide_conditions"]
        )


@pytest.mark.parametrize(
    ("truth", "shown"),
    [
        ({"kind": "bona_fide"}, ("", "", "", "impostor")),
        ({"species": "heavy_makeup", "tone": 0.3, "details": {"covered": 0.25}},
         ("heavy_makeup", "0.300", "0.250", "concealer")),
        ({"species": "photo_matte", "tone": "dark", "details": 5, "purpose": "concealer"},
         ("photo_matte", "dark", "", "concealer")),
    ],
)  # fmt: skip
def test_what_a_recording_says_of_its_presentation(recording, truth, shown):
    said = simulated.presentation("a", [dataclasses.replace(recording, truth=truth)])
    assert (said.species, said.tone, said.covered, said.purpose) == shown


def test_a_missed_goal_is_an_exit_code(evaluated, monkeypatch, capsys):
    path, folder, _ = evaluated
    monkeypatch.setattr("dermis_host.replaying.replay", lambda bursts, *_, **__: [burst(1000) for _ in bursts])
    assert main(["evaluate", str(path), "-o", str(folder)]) == 1
    assert "goals missed: BPCER" in capsys.readouterr().err
    assert (folder / "report.html").read_text().count('src="data:image/webp') == 1  # the worst bona fide


def test_a_worst_recording_that_is_gone_is_told(evaluated, monkeypatch, capsys):
    path, folder, _ = evaluated
    monkeypatch.setattr("dermis_host.replaying.replay", lambda bursts, *_, **__: [burst(1000) for _ in bursts])
    main(["evaluate", str(path), "-o", str(folder)])
    for kept in (folder / "recordings").iterdir():
        kept.unlink()
    assert main(["evaluate", str(path), "-o", str(folder)]) == 1
    assert "The worst recording of bona fide is not shown" in capsys.readouterr().err
    assert "data:image" not in (folder / "report.html").read_text()


def test_ctrl_c_leaves_no_report(evaluated, monkeypatch):
    path, folder, _ = evaluated

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("dermis_host.replaying.replay", interrupted)
    assert main(["evaluate", str(path), "-o", str(folder)]) == 130
    assert sorted(each.name for each in folder.iterdir()) == ["presentations.csv.part", "run.json"]


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ({"presentation": "b0", "kind": "attack", "species": "photo_matte"}, "does not show the same (kind, species"),
        ({"burst": "first", "kind": "bona_fide"}, "the number of its burst"),
        ({"kind": "attack"}, "must name a species"),
        ({"kind": "attack", "species": "x", "details": {"covered": "half"}}, "as a number from 0 to 1"),
        ({"kind": "attack", "species": "x", "details": {"covered": 1.2}}, "as a number from 0 to 1"),
        ({}, "does not say what it shows"),
    ],
)
def test_recordings_that_contradict_each_other_are_refused(evaluated, recording, truth, said, capsys):
    path, folder, _ = evaluated
    dataclasses.replace(recording, truth=truth).save(path.parent / "burst" / "x.npz")
    assert main(["evaluate", str(path), "-o", str(folder)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seed", "-1"], "--seed must be 0 to"),
        (["--processes", "0"], "--processes"),
        (["--model", "none.tflite"], "There is no model none.tflite"),
    ],
)
def test_wrong_usage(tmp_path, words, said, capsys):
    path = toml(tmp_path, "[simulation.species]\nbona_fide = 1\nphoto_matte = 1\n")
    assert main(["evaluate", str(path), "-o", str(tmp_path / "out"), *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and not (tmp_path / "out").exists()


def test_a_folder_without_recordings(evaluated, tmp_path):
    path, folder, _ = evaluated
    path.write_text(path.read_text().replace('"burst"', '"nothing"'))
    assert main(["evaluate", str(path), "-o", str(folder)]) == 2
    assert not folder.exists()
