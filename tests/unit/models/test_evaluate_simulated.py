"""`dermis evaluate` of a tiny plan of the frozen test generator: what the headline figures come from, end to end."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from dermis_host import cli, recording
from dermis_host.evaluation import plan, running, sessions
from dermis_host.evaluation.judging import Judge
from dermis_models import scheduling, simulation, sources, splits

pytestmark = [pytest.mark.render, pytest.mark.timeout(300)]

BURSTS = 4  # one more than are taken of each presentation
PLAN = f"""
format = 1
seed = 5
keep = "all"
[simulation]
subjects = {{ each = 1, bursts = {BURSTS} }}
modules = {{ count = 1 }}
light = {{ none = {{ share = 1.0 }} }}
[simulation.species]
bona_fide_plain = 1
photo_matte = 1
"""


class Nobody:
    """In the place of who judges what comes without results: here all come with their own."""

    @staticmethod
    def of(_plan):
        return Nobody()

    def results(self, _bursts, _tell):
        raise AssertionError("bursts that were judged where they were made are judged again")


def evaluate(folder: Path, *words: str) -> int:
    return cli.main(["evaluate", str(folder / "tiny.toml"), "-o", str(folder / "out"), *words])


def copied(folder: Path, to: Path) -> Path:
    """The plan and its calibrated module, whose seconds of calibration are spent; the folder of the run."""
    shutil.copy(folder / "tiny.toml", to)
    shutil.copytree(folder / "out" / "modules", to / "out" / "modules")
    return to / "out"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The folder of the plan and of its run, made by this process alone."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "tiny.toml").write_text(PLAN)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(running, "Judge", Nobody)
        assert evaluate(folder, "--processes", "1") == 0
    return folder


@pytest.fixture
def rows(whole) -> list[dict[str, str]]:
    with open(whole / "out" / running.PRESENTATIONS, newline="") as file:
        return list(csv.DictReader(file))


def test_the_frozen_generator_draws_the_test_split(whole, rows):
    described = json.loads((whole / "out" / running.RUN).read_text())
    assert (described["generator"], described["sources"]) == ("test-1", sources.digest())
    assert sorted(row["species"] for row in rows) == ["", "photo_matte"]
    for row in rows:
        assert splits.split_of_subject(int(row["subject"])) == "test" == splits.split_of_module(int(row["module"]))
        first = recording.load(whole / "out" / row["recording"])
        assert first.truth is not None and first.truth["split"] == "test" and first.simulated
        assert row["attempt"] == first.truth["presentation"] and row["simulated"] == "yes"
    report = json.loads((whole / "out" / "report.json").read_text())
    assert report["run"] == described and report["presentations"]["bona_fide"] == 1


def test_verdicts_are_of_a_presentations_own_bursts(whole, rows):
    """Judged again here, by the plan's judge, from the recordings that the run kept."""
    wanted = plan.load(whole / "tiny.toml")
    judge = Judge.of(wanted)
    verdicts = {}
    for row in rows:
        first = whole / "out" / row["recording"]
        paths = [first.with_name(f"{first.stem[:-1]}{number}.npz") for number in range(BURSTS)]
        taken = [recording.load(path) for path in paths if path.is_file()]
        # The judge went with the job: three bursts suffice, so nobody took the plan's fourth.
        assert [burst.truth["burst"] for burst in taken if burst.truth] == list(range(simulation.FIRST_BURSTS))
        said, score, sufficed = sessions.verdict(
            judge.results(taken), wanted.profile, wanted.threshold, wanted.burst_ms
        )
        assert sufficed and (row["verdict"], row["score"], row["bursts"]) == (
            said.verdict,
            f"{score:g}",
            str(said.bursts),
        )
        verdicts[row["species"]] = said.verdict
    assert verdicts == {"": "bona_fide", "photo_matte": "attack"}


def test_a_run_that_was_cut_off_goes_on_to_the_same_table(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "Judge", Nobody)
    folder = copied(whole, tmp_path)
    table = (whole / "out" / running.PRESENTATIONS).read_bytes()
    head, first, second = table.splitlines(keepends=True)
    shutil.copy(whole / "out" / running.RUN, folder)
    (folder / f"{running.PRESENTATIONS}.part").write_bytes(head + first + second[: len(second) // 2])
    made = []
    locally = scheduling.locally
    monkeypatch.setattr(scheduling, "locally", lambda *given: made.append(given[1]) or locally(*given))
    assert evaluate(tmp_path, "--processes", "1") == 0
    assert (folder / running.PRESENTATIONS).read_bytes() == table
    assert made == [[0]], "the shard of what was missing, once"
    kept = {path.name for path in (folder / running.RECORDINGS).iterdir()}
    assert {name.rpartition("-")[0] for name in kept} == {second.decode().split(",")[0]}, "the first was not made again"


def test_two_processes_make_the_same_table(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "Judge", Nobody)
    folder = copied(whole, tmp_path)
    assert evaluate(tmp_path, "--processes", "2") == 0
    for name in (running.PRESENTATIONS, running.RUN):
        assert (folder / name).read_bytes() == (whole / "out" / name).read_bytes()
    for path in sorted((whole / "out" / running.RECORDINGS).iterdir()):
        assert (folder / running.RECORDINGS / path.name).read_bytes() == path.read_bytes()
