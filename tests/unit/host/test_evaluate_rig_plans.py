"""Plans of rigs: what they may say, in which order, what is refused, drawn scenes, kept presentations."""

import json
from itertools import groupby
from pathlib import Path

import pytest
from dermis_host.access.sealed import Secrets
from dermis_host.cli import main
from dermis_host.errors import RecordingError, UsageError
from dermis_host.evaluation import drawn, plan, presented, rig_plan
from dermis_host.recording import Recording
from dermis_hw import toml as toml_text
from rig_of_fakes import ALL, ROOT, TARGETS, toml


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[rig]\n", "one [[rig.target]]"),
        ("[rig]\nrepeat = 3\n" + TARGETS, "takes no 'repeat'; did you mean 'repeats'?"),
        ("[rig]\nrepeats = 0\n" + TARGETS, "repeats must be a whole number from 1"),
        ("[rig]\nblock = 1.5\n" + TARGETS, "block must be a whole number"),
        ('[[rig.target]]\nkind = "attack"\n', 'needs show = "..."'),
        ('[[rig.target]]\nshow = "ada"\nspecie = "x"\n', "takes no 'specie'; did you mean 'species'?"),
        ('[[rig.target]]\nshow = "ada"\nkind = "living"\n', "kind of the target ada must be"),
        ('[[rig.target]]\nshow = "ada"\nkind = "attack"\n', "names no species"),
        ('[[rig.target]]\nshow = "ada"\nkind = "bona_fide"\nspecies = "photo"\n', "bona fide and names a species"),
        ('[[rig.target]]\nshow = "ada"\n[[rig.target]]\nshow = "ada"\n', "two targets have the name ada"),
        ('[[rig.target]]\nshow = "a b"\n[[rig.target]]\nshow = "a_b"\n', "too much alike"),
        ('[[rig.target]]\nshow = "=cmd"\n', "name of the target '=cmd' must be a text"),
        ('[[rig.target]]\nshow = "none.toml"\n', "there is no scene file none.toml"),
        ('[[rig.target]]\nshow = "ada"\ntone = 30\n', "tone of the target ada must be"),
        ('[[rig.target]]\nshow = "ada"\nlight = [1, 1]\n', "light of the target ada must be klux"),
        ('[[rig.target]]\nshow = "ada"\nlight = 1\n[[rig.target]]\nshow = "bo"\n', "some targets name a light"),
        ('[[rig.target]]\nshow = "ada"\nspecies = "x"\npurpose = "fun"\n', "purpose of the target ada"),
    ],
)
def test_bad_plans(tmp_path, text, said):
    made = plan.load(toml(tmp_path, text))
    with pytest.raises(UsageError) as caught:
        rig_plan.parse(made.source_table, made.path)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def ordered(tmp_path, text, seed=1):
    made = plan.load(toml(tmp_path, text))
    return rig_plan.in_order(rig_plan.parse(made.source_table, made.path), seed)


def test_a_target_stands_for_a_block_and_blocks_are_shuffled(tmp_path):
    found = ordered(tmp_path, "[rig]\nrepeats = 6\nblock = 3\n" + TARGETS)
    names = [attempt.target_name for attempt in found]
    visits = [(name, len(list(members))) for name, members in groupby(names)]
    assert len(found) == len({attempt.name for attempt in found}) == 6 * ALL
    assert {names.count(name) for name in set(names)} == {6}
    assert all(count in (3, 6) for _, count in visits)  # 6: last of one round, first of the next
    assert set(names[: 3 * ALL]) == set(names[3 * ALL :]) == {"ada", "bo", "photo", "mask"}
    again = ordered(tmp_path, "[rig]\nrepeats = 6\nblock = 3\n" + TARGETS)
    assert [each.name for each in again] == [each.name for each in found]
    others = {tuple(each.name for each in ordered(tmp_path, "[rig]\n" + TARGETS, seed)) for seed in range(8)}
    assert len(others) > 3


def test_lights_change_as_seldom_as_they_can(tmp_path):
    found = ordered(tmp_path, '[rig]\nrepeats = 3\n[[rig.target]]\nshow = "ada"\nlight = [0.5, 0]\ncondition = "hat"\n')
    assert [attempt.klux for attempt in found] == [0.0] * 3 + [0.5] * 3
    assert (found[0].name, found[-1].name, found[-1].condition) == ("ada-0klux-1", "ada-0.5klux-3", "hat, 0.5 klux")


def test_truth_is_the_operators_on_a_board_and_the_scenes_on_a_twin(tmp_path):
    def truths(text, virtual):
        made = plan.load(toml(tmp_path, text))
        return rig_plan.with_truths(rig_plan.parse(made.source_table, made.path), virtual, "plan.toml").targets

    scene = '[[rig.target]]\nshow = "heavy_makeup"\n'
    with pytest.raises(UsageError, match="only who put it there knows"):
        truths(scene, False)
    (target,) = truths(scene, True)
    assert (target.kind, target.species, target.purpose) == ("attack", "heavy_makeup", "concealer")
    assert truths('[[rig.target]]\nshow = "bona_fide_hat"\n', True)[0].kind == "bona_fide"
    with pytest.raises(UsageError, match="its scene says heavy_makeup"):
        truths(scene + 'kind = "bona_fide"\n', True)
    with pytest.raises(UsageError, match="neither bona fide nor an attack"):
        truths('[[rig.target]]\nshow = "empty"\n', True)
    assert truths('[[rig.target]]\nshow = "ada"\nkind = "bona_fide"\n', True)[0].kind == "bona_fide"


def test_the_examples_are_plans(tmp_path):
    page = (ROOT / "docs" / "evaluation.md").read_text().split("## On a rig")[1]
    path = toml(tmp_path)
    path.write_text('model = "model.tflite"\n' + page.split("```toml\n")[1].split("```")[0])
    made = plan.load(path)
    found = rig_plan.in_order(rig_plan.parse(made.source_table, made.path), made.seed)
    assert len(found) == 10 * 2 + 30 and {each.target.kind for each in found} == {"bona_fide", "attack"}
    made = plan.load(ROOT / "models" / "evaluations" / "rig.toml", model=tmp_path / "model.tflite")
    found = rig_plan.with_truths(rig_plan.parse(made.source_table, made.path), True, "rig.toml")
    assert len({target.species for target in found.targets}) == 3


@pytest.mark.parametrize(
    ("source", "words", "said"),
    [
        ("rig", [], "name one with --rig RIG.toml, or --rig twin"),
        ("recordings", ["--rig", "twin"], "is about recordings: leave --rig out"),
        ("rig", ["--rig", "none.toml"], "There is no none.toml"),
        ("rig", ["--rig", "twin", "--rig", "twin"], "Two rigs have one name"),
        ("rig", ["--rig", "twin", "--processes", "2"], "--processes and --scheduler are for a simulation"),
        ("simulation", ["--rig", "board.toml"], "which only a twin can show"),
    ],
)
def test_wrong_usage(tmp_path, source, words, said, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "board.toml").write_text('format = 1\nname = "b"\n[module]\nport = "socket://127.0.0.1:9"\n')
    path = toml(tmp_path)
    path.write_text(path.read_text().replace('"rig"', f'"{source}"', 1))
    assert main(["evaluate", str(path), *words]) == 2
    assert said in capsys.readouterr().err


def test_drawn_scenes_are_files_of_the_same_scenes(tmp_path, monkeypatch):
    """A simulation plan on a twin's rig: the scene that is shown is the one that would have been simulated."""
    pytest.importorskip("mitsuba")
    from dermis_evaluation import frozen
    from dermis_hw import scenes
    from dermis_models import plan as generation
    from dermis_models import simulation

    def values(path):
        made = plan.load(path)
        return {**made.source_table, "format": 1, "name": made.name, "split": "test", "seed": made.seed}

    text = (
        "[simulation]\nsubjects = { each = 2, bursts = 2 }\n[simulation.species]\nbona_fide_hat = 2\nheavy_makeup = 1\n"
    )
    path = toml(tmp_path, text)
    path.write_text(path.read_text().replace('source = "rig"', 'source = "simulation"').replace('"none"', '"failures"'))
    found, _ = drawn.attempts(plan.load(path), tmp_path / "scenes")
    assert len(found) == 3 == len({attempt.name for attempt in found})
    simulated = {}

    class Enough(Exception):
        """Nothing needs to be rendered."""

    def place(_):
        raise Enough

    job = simulation.Job(generation.parse(values(path), "plan"), frozen.TEST, simulation.RECORDINGS)
    monkeypatch.setattr(simulation.scenes, "place", place)
    monkeypatch.setattr(simulation.drawing, "scene_of", lambda each: simulated.setdefault(id(each), each))
    for group in simulation.groups(job.plan):
        with pytest.raises(Enough):
            simulation.presented(job, group, tmp_path)
    shown = [toml_text.loads(Path(attempt.target.show).read_text()) for attempt in found]
    assert json.loads(json.dumps(shown)) == json.loads(json.dumps([each.values for each in simulated.values()]))
    monkeypatch.undo()
    for attempt in found:
        target = attempt.target
        scene = scenes.load(target.show)
        assert scene.kind == target.kind and scene.species == target.species
        assert attempt.target is target  # drawn once
    assert {attempt.condition for attempt in found} == {"hat", ""}


def test_bursts_that_are_not_of_one_presentation_get_no_common_verdict(tmp_path, recording):
    def save(name, **truth):
        Recording(recording.meta, recording.frames, recording.calibration, recording.board, truth).save(tmp_path / name)

    assert presented.bursts_of(tmp_path / "alone.npz") == [tmp_path / "alone.npz"]
    for number in (10, 2, 0):
        save(f"a-{number}.npz", kind="attack", presentation="a" if number else "b")
    save("a-x-0.npz", kind="attack")
    save("a-x-1.npz", kind="attack")
    paths = presented.bursts_of(tmp_path / "a-2.npz")
    assert [path.name for path in paths] == ["a-0.npz", "a-2.npz", "a-10.npz"]
    for first, said in (("a-0.npz", "bursts of several presentations"), ("a-x-1.npz", "name no presentation")):
        paths = presented.bursts_of(tmp_path / first)
        with pytest.raises(RecordingError, match=said):
            presented.judged(paths, tmp_path / "none.tflite", Secrets(None), "2m")
    assert presented.bursts_of(tmp_path / "a-7.npz") == [tmp_path / "a-7.npz"]  # which is not there


SAID = {"verdict": "attack", "reasons": ["flat"], "score": 40, "bursts": 2}


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({"said": SAID}, {"said": {**SAID, "score": 41}}, "of several modules or verdicts"),
        ({"said": SAID}, {}, "of several modules or verdicts"),
        ({"said": "attack"}, {}, "its truth was changed"),
        ({"said": {**SAID, "bursts": "2"}}, {}, "its truth was changed"),
        ({"said": {**SAID, "bursts": True}}, {}, "its truth was changed"),
        ({"said": {**SAID, "reasons": [{}]}}, {}, "reasons of the module that are no words"),
        ({"presentation": ["a"]}, {}, "bursts of several presentations"),
    ],
)
def test_recordings_whose_truth_was_changed_get_no_verdict(tmp_path, recording, first, second, words):
    for number, truth in enumerate((first, second)):
        recording.truth = {"presentation": "a", **truth}
        recording.save(tmp_path / f"a-{number}.npz")
    with pytest.raises(RecordingError, match=words):
        presented.judged(presented.bursts_of(tmp_path / "a-0.npz"), tmp_path / "none.tflite", Secrets(None), "2m")


def test_one_presentation_that_is_none_does_not_stop_the_others(tmp_path, recording, capsys):
    for name in ("a-0", "a-1", "b-0"):
        recording.truth = {"presentation": name[0], "said": SAID}
        recording.save(tmp_path / f"{name}.npz")
    (tmp_path / "c-0.npz").write_bytes(b"none")
    for name, truth in {"d": {"presentation": "d", "said": 1}, "e": {"presentation": "[/e]", "said": SAID}}.items():
        recording.truth = truth
        recording.save(tmp_path / f"{name}-0.npz")
    assert main(["replay", "--presentation", *map(str, sorted(tmp_path.iterdir()))]) == 2
    out, err = capsys.readouterr()
    assert out.count("; the module said attack (flat)") == 3 and "[/e]: " in out
    assert err.count("damaged or no recording") == 1
    assert err.count("b-0.npz: the module judged 2 burst(s), and 1 are here") == err.count("its truth was changed") == 1
    assert "6 in" in out  # each recording once
