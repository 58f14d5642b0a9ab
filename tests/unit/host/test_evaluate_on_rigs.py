"""`dermis evaluate` with several `--rig`: who gets which attempts, and what becomes of them when one fails."""

import json
import threading
from contextlib import ExitStack

import pytest
from dermis_host.errors import HostError, UsageError
from dermis_host.evaluation import on_rig, plan
from rig_evaluations import rows
from rig_of_fakes import ALL, PEOPLE, Bench, RigModule, toml


@pytest.fixture
def module():
    with RigModule() as made:
        yield made


def test_two_rigs_share_the_attempts(tmp_path, go, hurried):
    with RigModule("DM1-0001") as first, RigModule("DM1-0002") as second:
        benches = [Bench(first, "left"), Bench(second, "right")]
        go(toml(tmp_path), *benches)
        found = rows(tmp_path / "out")
        by_module = {row["module"].split()[0]: set() for row in found}
        for row in found:
            by_module[row["module"].split()[0]].add(row["subject"])
        assert len(found) == 12 and set(by_module) == {"DM1-0001", "DM1-0002"}
        assert all(seen == {*PEOPLE, "photo", "mask"} for seen in by_module.values())
        assert len(first.asked_verdicts) + len(second.asked_verdicts) == 12
        assert abs(len(first.asked_verdicts) - len(second.asked_verdicts)) <= 4


def test_who_closes_two_rigs_early_leaves_no_thread_at_work(tmp_path, monkeypatch, hurried):
    with RigModule("DM1-0001") as first, RigModule("DM1-0002") as second, ExitStack() as stack:
        found = {"left": Bench(first, "left").description, "right": Bench(second, "right").description}
        monkeypatch.setattr(on_rig.rig, "load", lambda name: found[str(name)])
        source = on_rig.opened(plan.load(toml(tmp_path)), list(found), tmp_path / "out", None, print, stack)
        shown = source.show(source.attempts())
        next(shown)
        shown.close()
        asked = len(first.asked_verdicts) + len(second.asked_verdicts)
        assert not {"left", "right"} & {thread.name for thread in threading.enumerate()}
        assert asked < 3 * ALL


def test_when_one_of_two_rigs_fails_the_other_goes_on(tmp_path, go, hurried):
    path = toml(tmp_path)
    with RigModule("DM1-0001") as first, RigModule("DM1-0002") as second:
        first.at[1] = "burns"
        with pytest.raises(HostError, match="does not answer"):
            go(path, Bench(first, "left"), Bench(second, "right"))
        share = len(second.asked_verdicts)
        assert share >= 4 and len(rows(tmp_path / "out", ".part")) == share + 1
        first.power(True)
        go(path, Bench(first, "left"), Bench(second, "right"))
        assert len(rows(tmp_path / "out")) == 12 and len(second.asked_verdicts) == share


def test_a_twin_behind_a_boards_port_is_called_simulated(tmp_path, go, module):
    module.board = "twin"
    go(toml(tmp_path), Bench(module))
    assert {row["simulated"] for row in rows(tmp_path / "out")} == {"yes"}
    assert json.loads((tmp_path / "out" / "run.json").read_text())["simulated"] is True


def test_rigs_that_do_not_go_together(tmp_path, go, module):
    with RigModule("DM1-0001") as twin:
        twin.board = "twin"
        with pytest.raises(UsageError, match="do not go into one evaluation"):
            go(toml(tmp_path), Bench(module, "left"), Bench(twin, "right"))
    with pytest.raises(UsageError, match="Two rigs have a module DM1-0007"), RigModule() as other:
        go(toml(tmp_path), Bench(module, "left"), Bench(other, "right"))
