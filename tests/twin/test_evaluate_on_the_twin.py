"""`dermis evaluate --rig` with a real module behind a real port: verdicts, recordings, and their replay."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

from dermis_host.cli import main
from dermis_host.evaluation import on_rig
from dermis_host.recording import load
from dermis_host.rig import RigDescription, open_rig

from tests.twin.indulgent import indulgent_model
from tests.twin.quick_record import quick_record

PLAN = """
format = 1
source = "rig"
profile = "border"
model = "{model}"
keep = "failures"
[[rig.target]]
show = "face"
kind = "bona_fide"
tone = 0.5
[[rig.target]]
show = "the same face"
species = "silicone_mask"
"""


class Stands:
    """Targets that stand there already: the twin has one light field."""

    def identity(self) -> str:
        return "a face"

    def close(self) -> None:
        """Nothing to give back."""

    def names(self) -> list[str]:
        return ["face", "the same face"]

    def show(self, target: str | Path) -> None:
        """It stands there."""


def test_an_evaluation_on_a_twin_and_the_replay_of_its_failure(tmp_path, monkeypatch, capsys):
    options = {"provider": "dermis_hw.twin.synthetic:face", "virtual_time": True}
    described = RigDescription("test", "face", twin=options, openers={"targets": Stands})
    model, folder = indulgent_model(tmp_path), tmp_path / "out"
    with open_rig(described, folder / "rig-face", model=model) as rig, rig.module() as module:
        module.store_calibration(quick_record(module.identity()))
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.format(model=model))
    monkeypatch.setattr(on_rig.rig, "load", lambda _: described)
    words = ["evaluate", str(path), "--rig", "face.toml", "-o", str(folder), "--json"]
    assert main(words) == 0
    result = json.loads(capsys.readouterr().out)
    with open(folder / "presentations.csv", newline="") as file:
        found = {row["attempt"]: row for row in csv.DictReader(file)}
    person, mask = found["face-1"], found["the same face-1"]
    assert person["verdict"] == mask["verdict"] == "bona_fide" and not person["recording"] and mask["recording"]
    assert {row["simulated"] for row in found.values()} == {"yes"} and result["simulated"] is True
    assert float(person["ms"]) > 300 and int(person["bursts"]) >= 1
    identity = json.loads((folder / "run.json").read_text())["rigs"][0]["module"]
    assert person["module"].split()[:2] == [identity["serial"], identity["firmware"]] and identity["calibration"]
    assert result["bpcer"]["errors"] == 0 and result["apcer"]["silicone_mask"]["errors"] == 1
    kept = [load(path) for path in sorted((folder / "recordings").iterdir())]
    assert len(kept) == int(mask["bursts"]) == 2 and not (folder / "incidents.txt").exists()
    said = (kept[0].truth or {})["said"]
    (command,) = result["replay"]
    assert main([*shlex.split(command)[1:], "--json"]) == 0  # bona fide, as the module said
    (again,) = json.loads(capsys.readouterr().out)["presentations"]
    assert (again["verdict"], again["said"], again["profile"]) == ("bona_fide", "bona_fide", "border")
    assert {name: again[name] for name in ("verdict", "reasons", "score", "bursts")} == said and not again["differs"]
    kept[1].frames["970"][100:140, 140:180] //= 2  # one bit less would do; this much is seen
    kept[1].save(folder / "recordings" / "the_same_face-1-1.npz")
    main([*shlex.split(command)[1:], "--json"])
    (other,) = json.loads(capsys.readouterr().out)["presentations"]
    assert "instead of" in other["differs"]
