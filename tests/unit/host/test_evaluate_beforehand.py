"""What would leave a finished evaluation without its report is refused before anything is presented."""

import json

import pytest
from dermis_host.cli import main
from dermis_host.errors import UsageError
from dermis_host.evaluation import beforehand, on_rig, plan, rig_plan
from dermis_host.evaluation.recorded import Recordings
from dermis_host.evaluation.running import Run
from dermis_host.evaluation.simulated import Simulation, drawn_species
from dermis_host.recording import Recording
from rig_of_fakes import MODEL_FILE


def toml(tmp_path, text):
    (tmp_path / "model.tflite").write_bytes(MODEL_FILE)
    (tmp_path / "model.json").write_text('{"threshold": {"border": 8603}}')
    path = tmp_path / "plan.toml"
    path.write_text(f'format = 1\nmodel = "model.tflite"\n{text}')
    return path


@pytest.mark.parametrize("content", [b"", b"TFL3", MODEL_FILE[:-1], b"<!doctype html><p>Not found"])
def test_a_model_that_is_none(tmp_path, content, capsys):
    path = toml(tmp_path, "")
    (tmp_path / "model.tflite").write_bytes(content)
    assert main(["evaluate", str(path)]) == 2
    said = capsys.readouterr().err
    assert "model.tflite is no TensorFlow Lite model: name a .tflite" in " ".join(said.split())


@pytest.mark.parametrize(
    ("text", "species", "said"),
    [
        ("", {""}, "nothing that it presents is an attack"),
        ("", {"photo_matte"}, "nothing that it presents is bona fide"),
        ("", {"", "live"}, "a PAI species is called 'live'"),
        ("", {"", "max"}, "a PAI species is called 'max'"),
        ('claims = ["apcer:photo_mate=5%"]', {"", "photo_matte"}, "claims names the species 'photo_mate'"),
        ('claims = ["apnrr:photo_mate=5%"]', {"", "photo_matte"}, "did you mean 'photo_matte'?"),
        ('concealer = ["x"]', {"", "photo_matte"}, "concealer names the species 'x'"),
        (
            'held_out = "x"',
            {"", "photo_matte"},
            "held_out names the species 'x', which is not presented; presented are",
        ),
        ("[goals.apcer]\nx = 0.1", {"", "photo_matte"}, "[goals.apcer] names the species 'x'"),
    ],
)
def test_what_no_report_could_be_made_of(tmp_path, text, species, said):
    made = plan.load(toml(tmp_path, text))
    with pytest.raises(UsageError) as caught:
        beforehand.check(made, species)
    sentence = str(caught.value)
    assert sentence.startswith("plan.toml: ") and said in sentence and "\n" not in sentence


def test_what_a_report_can_be_made_of(tmp_path):
    text = 'claims = ["apcer=5%", "bpcer=1%", "apcer:m=5%"]\nconcealer = ["m"]\nheld_out = "m"\n[goals.apcer]\nm = 0.1'
    made = plan.load(toml(tmp_path, text))
    beforehand.check(made, {"", "m", "photo"})
    beforehand.check(made, None)


def test_every_source_knows_its_species(tmp_path, recording):
    pytest.importorskip("mitsuba")
    table = {"species": {"bona_fide_hat": 1, "bona_fide": 1, "photo_matte": 1, "mirror": 0}}
    assert Simulation(table, "p", 1, tmp_path, 1).species() == {"", "photo_matte"}
    assert drawn_species(["mirror"]) == {"mirror"}
    for name, truth in (("a", {"kind": "bona_fide"}), ("b", {"kind": "attack", "species": "mask"})):
        Recording(recording.meta, recording.frames, recording.calibration, recording.board, truth).save(
            tmp_path / f"{name}.npz"
        )
    assert Recordings(tmp_path).species() == {"", "mask"}
    text = (
        'source = "rig"\n[[rig.target]]\nshow = "ada"\nkind = "bona_fide"\n[[rig.target]]\nshow = "x"\nspecies = "m"\n'
    )
    path = toml(tmp_path, text)
    attempts = rig_plan.in_order(rig_plan.parse(plan.load(path).source_table, path), 1)
    source = on_rig.OnRig.__new__(on_rig.OnRig)
    source._attempts = {attempt.name: attempt for attempt in attempts}  # type: ignore[assignment]
    assert source.species() == {"", "m"}


def test_nothing_is_presented_and_no_folder_made(tmp_path, recording, monkeypatch, capsys):
    (tmp_path / "burst").mkdir()
    Recording(recording.meta, recording.frames, recording.calibration, recording.board, {"kind": "bona_fide"}).save(
        tmp_path / "burst" / "a.npz"
    )
    monkeypatch.setattr(Run, "go", lambda *_: pytest.fail("something was presented"))
    path = toml(tmp_path, 'source = "recordings"\n[recordings]\nfolder = "burst"\n')
    assert main(["evaluate", str(path), "-o", str(tmp_path / "out")]) == 2
    assert "nothing that it presents is an attack" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("rule", "why"),
    [("{ bpcer = 0.01 }", "BPCER cannot be 0.01, as 2 of 2"), ("{ apcer = 0.01 }", "no score of an impostor's attack")],
)
def test_an_operating_point_out_of_reach_keeps_the_report(tmp_path, recording, monkeypatch, capsys, rule, why):
    (tmp_path / "burst").mkdir()
    for name, truth in (
        ("a", {"kind": "bona_fide"}),
        ("b", {"kind": "bona_fide"}),
        ("c", {"kind": "attack", "species": "heavy_makeup"}),  # a concealer: no impostor's score
    ):
        Recording(recording.meta, recording.frames, recording.calibration, recording.board, truth).save(
            tmp_path / "burst" / f"{name}.npz"
        )
    refused = {"findings": [("attack", "flat"), ("attack", "screen")], "usable": True, "score": 9000, "evidence": {}}
    monkeypatch.setattr(
        "dermis_host.replaying.replay",
        lambda bursts, *_, **__: [{**refused, "verdict": "attack", "reasons": [], "stages_us": {}} for _ in bursts],
    )
    path = toml(
        tmp_path, f'operating_point = {rule}\nkeep = "none"\nsource = "recordings"\n[recordings]\nfolder = "burst"\n'
    )
    assert main(["evaluate", str(path), "-o", str(tmp_path / "out"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["threshold"], found["threshold_from"]) == (8603, "as given")
    assert why in found["remarks"][0] and "the module's own threshold" in found["remarks"][0]
    assert not any("--bpcer" in remark or "--threshold" in remark for remark in found["remarks"])
