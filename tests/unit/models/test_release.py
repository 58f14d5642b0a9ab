"""Thresholds, files and card of a release, against figures counted by hand."""

from __future__ import annotations

import errno
import hashlib
import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from dermis.core import profiles
from dermis_host.errors import EXIT_INTERRUPTED, HostError
from dermis_models import (
    card,
    dataset,
    leave_one_out,
    left_out,
    made_of,
    release,
    sources,
    splits,
    tested_section,
    train,
)

DEVELOPMENT = {
    "label": np.array([1, 1, 1, 1, 0, 0, 0]),
    "species": np.array(["bona_fide"] * 4 + ["photo_matte"] * 2 + ["resin_mask"]),
    "condition": np.array(["", "", "wet", "", "", "", ""]),
    "findings": np.array(["", "", "flat", "", "", "flat", ""]),
    "tone": np.array([0.25, 0.45, 0.45, 0.6, np.nan, np.nan, np.nan]),
    "subject": np.array([1, 1, 2, 3, 4, 5, 6]),
    "module": np.array([1, 1, 1, 1, 2, 2, 2]),
}
SCORES = {
    "float": np.array([0.9, 0.2, 0.8, 0.7, 0.6, 0.4, 0.1]),
    "int8": np.array([0.9, 0.2, 0.8, 0.7, 0.6, 0.6, 0.1]),
}
MADE = release.Release(b"model", 2, {"border": 0.5}, SCORES, 60)


def rendered(left_out=None) -> str:
    missed = {"bona_fide": 2}, {"bona_fide": 3, "resin_mask": 2, "glass_bead_mask": 4}
    return card.render(MADE, DEVELOPMENT, DEVELOPMENT, missed, left_out or {})


def test_rates_count_gates_and_non_responses():
    text = rendered()
    assert "| border | 5000 | 0.250 | 1.000 (photo_matte) |" in text
    assert "| photo_matte | 2 | 0 | 0.500 | 1.000 |" in text  # the gate takes one of them
    assert "| resin_mask | 1 | 2 | 0.000 | 0.000 |" in text
    assert "| glass_bead_mask | 0 | 4 | - | - |" in text  # what never gives features is in the table all the same
    assert "one burst: 0.5000 (2 of 4); with the 3 that gave no features counted as errors 0.7143 (5 of 7)" in text
    assert "| 0.4-0.5 | 2 | 1.000 |" in text
    assert "| wet | 1 | 1.000 |" in text
    assert "5 bona fide presentations of 13 (both splits) and 6 attack presentations gave no features" in text


def test_the_card_has_the_threshold_that_the_device_compares_with():
    missed = {}, {}
    text = card.render(replace(MADE, thresholds={"border": 0.58499}), DEVELOPMENT, DEVELOPMENT, missed, {})
    assert "| border | 5849 | 0.250 | 1.000 (photo_matte) |" in text  # cut, not rounded


def test_the_hard_species_come_first_and_what_cannot_be_said_last():
    text = rendered()
    assert "Hard (APCER above 1%): **photo_matte** 0.500. The worst species counts: 0.500." in text
    assert text.index("hardest first") < text.index("By skin tone") < text.index("What simulation cannot say")
    assert text.index("| photo_matte |") < text.index("| resin_mask |")
    assert hashlib.sha256(b"model").hexdigest() in text and "All figures are simulated" in text


def test_float_and_int8_are_compared():
    text = rendered()
    assert "difference of the score 0.0286, largest 0.200; 1 of 7 verdicts" in text
    assert "APCER 0.500 float, 1.000 int8; BPCER 0.2500 and 0.2500" in text


def test_species_never_seen_are_in_the_card_when_they_were_tried():
    text = rendered()
    assert "Not run for this model: `make leave-one-out`" in text and "goal `apcer_gates`" in text
    assert "judges the float model after 25 epochs; the release is int8, after 60." in text
    text = rendered({"resin_mask": {"epochs": 3, "presentations": 9, "apcer": 0.111, "apcer_model": 0.222}})
    assert "| resin_mask | 9 | 0.111 | 0.222 |" in text and "Not run" not in text
    assert "after 3 epochs; the release is int8, after 60." in text


def test_the_section_about_the_test_generator_stays_with_its_model_alone():
    text = rendered()
    assert tested_section.kept(text, MADE.sha256) == tested_section.NONE
    put = tested_section.replaced(text, MADE.sha256, f"{tested_section.HEADING}\nFound out.\n")
    assert put == text.replace(tested_section.NONE, f"{tested_section.HEADING}\nFound out.\n")
    assert tested_section.kept(put, MADE.sha256) == f"{tested_section.HEADING}\nFound out.\n"
    again = card.render(MADE, DEVELOPMENT, DEVELOPMENT, ({}, {}), {}, tested_section.kept(put, MADE.sha256))
    assert tested_section.replaced(again, MADE.sha256, tested_section.NONE) == card.render(
        MADE, DEVELOPMENT, DEVELOPMENT, ({}, {}), {}
    )
    other = "0" * 64
    assert tested_section.kept(put, other) == tested_section.kept("", MADE.sha256) == tested_section.NONE
    with pytest.raises(ValueError, match="another model"):
        tested_section.replaced(put, other, "")
    with pytest.raises(ValueError, match="no section"):
        tested_section.replaced(f"`{other}`", other, "")


def test_every_profile_has_a_threshold_within_bounds_the_strict_ones_higher():
    rng = np.random.default_rng(1)
    data = {
        "label": np.repeat([1, 0], 500),
        "species": np.repeat(["bona_fide", "resin_mask"], 500),
    }
    found = release.thresholds(data, np.concatenate([rng.uniform(0.9, 1.0, 500), rng.uniform(0, 0.7, 500)]))
    assert set(found) == {profile.name for profile in profiles.PROFILES}
    assert found["border"] > found["payment"] > found["turnstile"] > release.LOWEST_THRESHOLD
    sure = release.thresholds(data, np.repeat([1.0, 0.0], 500))
    assert set(sure.values()) == {0.5, 0.6, 0.75}
    assert max(release.thresholds(data, np.repeat([1.0, 0.999], 500)).values()) == release.HIGHEST_THRESHOLD
    assert min(release.thresholds(data, np.repeat([0.2, 0.1], 500)).values()) == release.LOWEST_THRESHOLD


def test_scores_are_brought_to_where_the_output_has_steps():
    rng = np.random.default_rng(2)
    plain = 1 / (1 + np.exp(-np.concatenate([rng.normal(4, 2, 4000), rng.normal(-6, 2, 4000), np.full(50, -9.0)])))
    data = {
        "label": np.concatenate([np.repeat([1, 0], 4000), np.ones(50, int)]),
        "findings": np.concatenate([np.full(8000, ""), np.full(50, "occluded")]),  # which no score decides
    }
    scaling = release.scaling(data, plain)
    bona_fide = release.scaled(plain, scaling)[:4000]
    assert np.quantile(bona_fide, release.GAP_TAIL) == pytest.approx(release.TAIL_SCORE, abs=1e-3)
    assert np.median(bona_fide) == pytest.approx(release.MEDIAN_SCORE, abs=1e-3)
    assert np.array_equal(np.argsort(bona_fide), np.argsort(plain[:4000]))  # no order changes
    assert np.isfinite(release.scaled(np.array([0.0, 1.0]), scaling)).all()
    one = {"label": np.ones(3), "findings": np.full(3, "")}
    assert release.scaling(one, np.full(3, 0.9))[0] == 1.0
    with pytest.raises(ValueError, match="pass the gates"):
        release.scaling({"label": np.zeros(3), "findings": np.full(3, "")}, np.full(3, 0.9))


def test_a_release_is_four_files_that_agree(tmp_path):
    release.write(tmp_path, MADE, {"maps": np.zeros(3, np.int8)}, "card")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "spoof.golden.npz",
        "spoof.json",
        "spoof.md",
        "spoof.tflite",
    ]
    description = json.loads((tmp_path / "spoof.json").read_text())
    assert description["sha256"] == hashlib.sha256((tmp_path / "spoof.tflite").read_bytes()).hexdigest()
    assert description["threshold"] == {"border": 5000} and description["simulated"] is True
    assert description["name"] == "unnamed" and "`unnamed`, printed by" in rendered()


def test_a_model_has_the_name_that_training_was_given(capsys, monkeypatch):
    given = []
    monkeypatch.setattr(train, "run", lambda options: given.append(options.name) or "card")
    assert train.main(["--name", "spoof-4"]) == train.main([]) == 0
    assert given == ["spoof-4", "unnamed"]
    assert replace(MADE, name="spoof-4").description() == {**MADE.description(), "name": "spoof-4"}
    for wrong in ("", "a|b", "x" * 33, "`"):
        with pytest.raises(SystemExit, match="2"):
            train.main(["--name", wrong])
        assert "names no model: give 1 to 32 letters" in capsys.readouterr().err


def test_a_model_too_large_is_refused():
    release.check_size(b"x" * release.MOST_BYTES, release.MOST_MACS)
    for tflite, macs in ((b"x" * (release.MOST_BYTES + 1), 1), (b"x", release.MOST_MACS + 1)):
        with pytest.raises(release.TooLarge, match=r"make network\.build smaller"):
            release.check_size(tflite, macs)


def test_the_converter_sees_every_species():
    species = np.array(["a"] * 5000 + ["b"] * 3)
    rows = release.calibration_rows({"species": species}, np.random.default_rng(0))
    assert set(species[rows]) == {"a", "b"} and len(rows) == release.CALIBRATION_ROWS // 2 + 3


def shards(folder, subject: int) -> None:
    row = dataset.Row(False, "resin_mask", subject, splits.module("training", 0), 0.3, "", 400.0, 25.0)
    result = {"usable": True, "maps": "00" * 3360, "spectra": "00" * 10, "findings": []}
    (folder / "shard-000000.npz").write_bytes(dataset.pack([row], [result]))
    write_plan(folder)


def write_plan(folder, presentations: int = 1, bursts: int = 1, of: str = "") -> None:
    asked = {"species": {"resin_mask": presentations}, "bursts": bursts}
    (folder / dataset.PLAN).write_text(json.dumps({"sources": of or sources.digest(), "plan": asked}))


def test_training_takes_the_shards_of_several_folders(tmp_path):
    folders = [tmp_path / "design", tmp_path / "wide"]
    numbers = [splits.subject("training", seed, "resin_mask", 0) for seed in (1, 2)]
    for folder, number in zip(folders, numbers, strict=True):
        folder.mkdir()
        shards(folder, number)
    assert train.load(folders, "training")["subject"].tolist() == numbers
    for plan, said in (
        ((9, 1, ""), r"wide lacks 8 bursts of its plan: give its `dermis simulate` again"),
        ((0, 1, ""), r"wide holds more than its plan asks for, by 1 bursts: remove it"),
        ((1, 2, ""), r"wide holds 2 bursts of each presentation, .*: simulate a plan with bursts = 1"),
        ((1, 1, "0" * 16), r"wide was simulated with another state of the sources, .* `dermis simulate` anew"),
    ):
        write_plan(folders[1], *plan)
        with pytest.raises(ValueError, match=said):
            train.load(folders, "training")
    (folders[1] / dataset.PLAN).unlink()
    with pytest.raises(ValueError, match=r"wide holds no plan\.json"):
        train.load(folders, "training")


def test_nothing_is_trained_or_left_out_on_shards_of_other_sources(tmp_path, capsys):
    folders = []
    for split in ("training", "development"):
        (tmp_path / split).mkdir()
        shards(tmp_path / split, splits.subject(split, 1, "resin_mask", 0))
        folders += [f"--{split}", str(tmp_path / split)]
    write_plan(tmp_path / "development", of="0" * 16)
    for command in (train.main, leave_one_out.main):
        assert command(folders) == 1
        error = capsys.readouterr().err
        assert "development was simulated with another state of the sources" in error and error.count("\n") == 1


def test_training_refuses_the_shards_of_another_split(tmp_path, capsys):
    shards(tmp_path, splits.subject("test", 1, "resin_mask", 0))
    with pytest.raises(ValueError, match="not of the split training"):
        train.load([tmp_path], "training")
    for command in (train.main, leave_one_out.main):
        assert command(["--training", str(tmp_path), "--development", str(tmp_path)]) == 1
        assert "not of the split training" in capsys.readouterr().err
    assert train.main(["--training", str(tmp_path / "none"), "--development", str(tmp_path)]) == 1
    assert "make them with `dermis simulate PLAN --features`" in capsys.readouterr().err


def test_without_tensorflow_is_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "keras", None)
    folders = []
    for split in ("training", "development"):
        (tmp_path / split).mkdir()
        shards(tmp_path / split, splits.subject(split, 1, "resin_mask", 0))
        folders += [f"--{split}", str(tmp_path / split)]
    for command, place in ((train.main, "--release"), (leave_one_out.main, "--output")):
        assert command([*folders, place, str(tmp_path / "out")]) == 1
        assert "needs TensorFlow: pip install 'dermis[sim,train]'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_the_releases_is_told_before_the_hours(tmp_path, monkeypatch, capsys):
    fitted = []
    unable = SimpleNamespace(fit=lambda *_: fitted.append("a model"), Schedule=lambda *_: None)
    monkeypatch.setitem(sys.modules, "dermis_models.fitting", unable)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "dermis_models.network", SimpleNamespace())  # type: ignore[arg-type]
    monkeypatch.setattr(leave_one_out, "judged", lambda *_: fitted.append("a species") or {})
    folders = []
    for split in ("training", "development"):
        (tmp_path / split).mkdir()
        shards(tmp_path / split, splits.subject(split, 1, "resin_mask", 0))
        folders += [f"--{split}", str(tmp_path / split)]
    taken = tmp_path / "file"
    taken.write_text("")
    for command, words in (
        (train.main, ["--release", str(taken)]),
        (train.main, ["--release", str(taken / "below")]),
        (leave_one_out.main, ["--output", str(taken / "left_out.json")]),
    ):
        assert command([*folders, *words]) == 1
        error = capsys.readouterr().err
        assert "is no folder: name another." in error and error.count("\n") == 1
    assert not fitted


def test_what_cannot_be_written_is_a_sentence(tmp_path, monkeypatch, capsys):
    taken = tmp_path / "file"
    taken.write_text("")
    with pytest.raises(HostError, match="is no folder: name another"):
        release.write(taken, MADE, {"maps": np.zeros(3, np.int8)}, "card")
    with pytest.raises(HostError, match="is no folder: name another"):
        left_out.write(taken / "left_out.json", {}, {})

    def full(_options):
        raise OSError(errno.ENOSPC, "No space left on device", "build/train/checkpoints/writing")

    monkeypatch.setattr(train, "run", full)
    assert train.main([]) == 1
    assert capsys.readouterr().err == (
        "dermis_models.train: build/train/checkpoints/writing cannot be used: No space left on device.\n"
    )


def test_who_stops_it_is_told_what_is_kept(monkeypatch, capsys):
    def stopped(_options):
        raise KeyboardInterrupt

    for module, name in ((train, "train"), (leave_one_out, "leave_one_out")):
        monkeypatch.setattr(module, "run", stopped)
        assert module.main([]) == EXIT_INTERRUPTED
        assert capsys.readouterr().err == (
            f"dermis_models.{name}: stopped; whole epochs are kept: give the same command again.\n"
        )


def test_a_family_left_out_is_left_out_whole():
    data = {field: np.arange(4) for field in dataset.FIELDS}
    data["species"] = np.array(["bona_fide", "silicone_air_gap", "silicone_glued_1_5", "resin_mask"])
    assert leave_one_out.without(data, "silicone")["species"].tolist() == ["bona_fide", "resin_mask"]
    assert leave_one_out.families(data, []) == ["resin_mask", "silicone_air_gap", "silicone_glued_1_5"]
    assert leave_one_out.families(data, ["silicone"]) == ["silicone"]
    with pytest.raises(ValueError, match="begins with 'paper'"):
        leave_one_out.families(data, ["paper"])


def test_figures_of_other_data_or_of_another_schedule_are_not_taken_up(tmp_path):
    place, found = tmp_path / "kept" / "left_out.json", {"resin_mask": dict.fromkeys(left_out.FIGURES, 0.1)}
    first, second = {"label": np.arange(3)}, {"label": np.arange(4)}
    origin = {**left_out.origin(first, second), "epochs": 25, "seed": 1}
    assert left_out.read(place, origin) == {}
    left_out.write(place, origin, found)
    assert left_out.read(place, origin) == left_out.read(place, left_out.origin(first, second)) == found
    assert left_out.read(place, {**origin, "seed": 2}) == {}
    assert left_out.read(place, left_out.origin(first, {"label": np.array([0, 1, 2, 4])})) == {}


@pytest.mark.parametrize(
    "damaged",
    [
        '{"resin_mask": {"apcer": 0.1}}',  # as it was once written, without its origin
        "[]",
        '{"origin": {}}',
        '{"origin": [], "found": {}}',
        '{"origin": {}, "found": []}',
        '{"origin": {}, "found": {"resin_mask": {"apcer": 0.1}}}',
        '{"origin": {}, "found": {"resin_mask": 0.1}}',
        '{"origin": {',
    ],
)
def test_a_damaged_file_of_figures_holds_none(tmp_path, damaged):
    place = tmp_path / "left_out.json"
    place.write_text(damaged)
    assert left_out.read(place, {}) == {}


def test_a_digest_of_the_data_knows_rows_names_and_code():
    data = {"tone": np.array([0.1, np.nan], np.float32), "label": np.array([1, 0])}
    again = {name: data[name].copy() for name in reversed(list(data))}
    assert made_of.digest([data]) == made_of.digest([again])
    others = (
        [{**data, "tone": np.array([np.nan, 0.1], np.float32)}],
        [{**data, "tone": data["tone"].astype(np.float64)}],
        [{"tone": data["tone"], "condition": data["label"]}],
        [data, data],
    )
    digests = {made_of.digest([data]), made_of.digest([data], ["release"]), *map(made_of.digest, others)}
    assert len(digests) == 2 + len(others)


def test_nothing_is_trained_for_a_species_that_the_gates_refuse(tmp_path):
    """No TensorFlow is here, and none is asked for."""
    data = {field: np.arange(2) for field in dataset.FIELDS}
    data["species"], data["findings"] = np.array(["bona_fide", "resin_mask"]), np.array(["", "not_skin_swir"])
    found = leave_one_out.judged(data, data, "resin", 1, 1, tmp_path)
    assert found == {"epochs": 1, "presentations": 1, "apcer_model": None, "apcer": 0.0}
    assert "| resin | 1 | 0.000 | (gates refuse all) |" in rendered({"resin": found})
