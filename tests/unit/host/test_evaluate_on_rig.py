"""`dermis evaluate --rig`: order, rows, resume, modules that reset or fall silent, recordings and their replay."""

import csv
import json
from contextlib import ExitStack
from itertools import groupby

import pytest
from dermis_host.errors import HostError, UsageError
from dermis_host.evaluation import on_rig, plan, rig_plan
from dermis_host.evaluation.running import Run
from locked_module import LockedModule  # noqa: F401 - a session's fake, for the field state
from rig_of_fakes import Bench, RigModule

TARGETS = """
[[rig.target]]
show = "ada"
kind = "bona_fide"
tone = 0.31
[[rig.target]]
show = "bo"
kind = "bona_fide"
condition = "spectacles"
[[rig.target]]
show = "photo"
species = "photo_matte"
[[rig.target]]
show = "mask"
species = "silicone_glued_1_5"
"""
ALL = 4


def toml(tmp_path, text="[rig]\nrepeats = 3\n" + TARGETS, top=""):
    (tmp_path / "model.tflite").write_bytes(b"model")
    (tmp_path / "model.json").write_text('{"threshold": {"border": 8603}}')
    path = tmp_path / "plan.toml"
    path.write_text(f'format = 1\nsource = "rig"\nmodel = "model.tflite"\nkeep = "none"\n{top}\n{text}')
    return path


@pytest.fixture
def module():
    with RigModule() as made:
        yield made


@pytest.fixture
def hurried(monkeypatch):
    """Silence is noticed in tenths of a second, and nothing is waited for."""
    for name, seconds in (("SILENT_S", 0.2), ("ALIVE_S", 0.05), ("PROBE_S", 0.1), ("GREETING_S", 0.3)):
        monkeypatch.setattr(f"dermis_host.client.{name}", seconds)
    monkeypatch.setattr("dermis_host.evaluation.stand.BACK_S", 0.3)
    monkeypatch.setattr("dermis_host.rig.rig.START_S", 0.3)
    monkeypatch.setattr(on_rig.rig.Rig.power_cycle, "__defaults__", (0.0, 0.3))


class Session:
    """One call of the command without its report: what it told, and the run."""

    def __init__(self, path, folder, *benches, monkeypatch, keyring=None):
        self.told: list[str] = []
        found = {bench.description.name: bench.description for bench in benches}
        monkeypatch.setattr(on_rig.rig, "load", lambda name: found[str(name)])
        self.plan = plan.load(path)
        with ExitStack() as stack:
            source = on_rig.opened(self.plan, list(found), folder, keyring, self.told.append, stack)
            self.run = Run(self.plan, source, source.description(), folder)
            self.run.go(tell=self.told.append)


@pytest.fixture
def go(tmp_path, monkeypatch):
    def make(path, *benches, **options):
        return Session(path, tmp_path / "out", *benches, monkeypatch=monkeypatch, **options)

    return make


def rows(folder, part=""):
    with open(folder / f"presentations.csv{part}", newline="") as file:
        return list(csv.DictReader(file))


# Plans


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


# Runs


def test_rows_are_the_modules_own_verdicts(tmp_path, go, module):
    module.answers["bo"] = ("no_decision", ["occluded"], 9500)
    module.answers["mask"] = ("attack", ["model"], 8700)
    bench = Bench(module)
    session = go(toml(tmp_path), bench)
    found = {row["attempt"]: row for row in rows(tmp_path / "out")}
    assert len(found) == 3 * ALL and len(bench.targets.shown) == ALL  # three attempts at each stand
    row = found["ada-1"]
    assert (row["verdict"], row["score"], row["bursts"], row["ms"], row["tone"]) == (
        "bona_fide", "9100", "2", "1500.5", "0.310",
    )  # fmt: skip
    assert row["module"] == "DM1-0007 0.9.0 9372c470 aabbccdd" and row["simulated"] == "no" and row["subject"] == "ada"
    assert (found["bo-1"]["response"], found["bo-1"]["score"], found["bo-1"]["condition"]) == (
        "no",
        "-inf",
        "spectacles",
    )
    assert (found["photo-2"]["species"], found["photo-2"]["score"]) == ("photo_matte", "-inf")  # a gate refused it
    assert found["mask-1"]["score"] == "8602"  # the model did: below the threshold, whatever the mean
    described = json.loads((tmp_path / "out" / "run.json").read_text())["rigs"]
    assert (
        described[0]["module"]["serial"] == "DM1-0007" and described[0]["module"]["calibration"] == "aabbccddeeff0011"
    )
    assert session.told == []


def test_ctrl_c_loses_no_row_and_the_run_goes_on(tmp_path, go, module, monkeypatch):
    bench, path = Bench(module), toml(tmp_path)
    told = iter(range(100))

    made = Run.go

    def go_on(run, advance=lambda _: None, tell=lambda _: None):
        def counted(count):  # in place of the progress bar
            advance(count)
            if next(told) == 4:
                raise KeyboardInterrupt

        return made(run, counted, tell)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Run, "go", go_on)
        go(path, bench)
    assert len(rows(tmp_path / "out", ".part")) == 5
    go(path, bench)
    assert len(rows(tmp_path / "out")) == 3 * ALL == len(module.asked_verdicts)


def test_another_module_does_not_take_up_a_run(tmp_path, go, module):
    path = toml(tmp_path)
    module.at[3] = "burns"
    with pytest.raises(HostError):
        go(path, Bench(module))
    with RigModule("DM1-0008") as other, pytest.raises(UsageError, match="holds another evaluation"):
        go(path, Bench(other))
