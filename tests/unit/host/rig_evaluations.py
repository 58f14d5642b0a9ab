"""Runs of `dermis evaluate --rig` on rigs of fakes, as fixtures."""

import csv
from contextlib import ExitStack

import pytest
from dermis_host.evaluation import on_rig, plan
from dermis_host.evaluation.running import Run

PATIENCE_S = 2.0


@pytest.fixture
def hurried(monkeypatch):
    """Silence is noticed, and given up on, within seconds; shorter, a busy computer would be silence, too."""
    for name, seconds in (("SILENT_S", 2.0), ("ALIVE_S", 0.4), ("PROBE_S", 1.0), ("GREETING_S", PATIENCE_S)):
        monkeypatch.setattr(f"dermis_host.client.{name}", seconds)
    monkeypatch.setattr("dermis_host.evaluation.stand.BACK_S", PATIENCE_S)
    monkeypatch.setattr(on_rig.rig.Rig.power_cycle, "__defaults__", (0.0, PATIENCE_S))


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
        return Session(path, options.pop("folder", tmp_path / "out"), *benches, monkeypatch=monkeypatch, **options)

    return make


def rows(folder, part=""):
    with open(folder / f"presentations.csv{part}", newline="") as file:
        return list(csv.DictReader(file))
