"""`dermis evaluate --rig`: order, rows, resume, modules that reset or fall silent, recordings and their replay."""

import json

import pytest
from dermis.core import errors
from dermis_host.cli import main
from dermis_host.errors import HostError, UsageError
from dermis_host.evaluation import on_rig
from dermis_host.evaluation.running import Run
from fake_module import Refused
from rig_evaluations import rows
from rig_of_fakes import ALL, TARGETS, Bench, RigModule, toml


@pytest.fixture
def module():
    with RigModule() as made:
        yield made


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
    assert row["module"] == "DM1-0007 0.9.0 36804490 aabbccdd" and row["simulated"] == "no" and row["subject"] == "ada"
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


def test_another_module_does_not_take_up_a_run(tmp_path, go, module, hurried):
    path = toml(tmp_path)
    module.at[3] = "burns"
    with pytest.raises(HostError):
        go(path, Bench(module))
    with RigModule("DM1-0008") as other, pytest.raises(UsageError, match="holds another evaluation"):
        go(path, Bench(other))


# Modules that go away


def said(row):
    return row["verdict"], row["response"], row["reasons"], row["score"]


@pytest.mark.parametrize(("fate", "reason"), [("resets", "reset"), ("hangs_up", "silent")])
def test_a_module_that_goes_away_and_comes_back(tmp_path, go, module, hurried, fate, reason):
    """Silence is no decision, and what follows is not lost."""
    module.at[4] = fate
    bench = Bench(module, power=True)
    session = go(toml(tmp_path), bench)
    found = rows(tmp_path / "out")
    assert len(found) == 3 * ALL and said(found[3]) == ("no_decision", "no", reason, "")
    assert {row["response"] for row in [*found[:3], *found[4:]]} == {"yes"}
    assert bench.power.cycles == 0 and len(session.told) == 1 and found[3]["attempt"] in session.told[0]


def test_a_module_that_stays_silent_is_power_cycled_once(tmp_path, go, module, hurried):
    module.at[2] = "hangs"
    bench = Bench(module, power=True)
    go(toml(tmp_path), bench)
    found = rows(tmp_path / "out")
    assert said(found[1]) == ("no_decision", "no", "silent power_cycled", "")
    assert bench.power.cycles == 1 and len(found) == 3 * ALL


def test_a_module_that_does_not_come_back_ends_the_run_with_its_row(tmp_path, go, module, hurried):
    path = toml(tmp_path)
    module.at[2] = "burns"
    with pytest.raises(HostError, match="does not answer"):
        go(path, Bench(module))
    found = rows(tmp_path / "out", ".part")
    assert len(found) == 2 and said(found[1]) == ("no_decision", "no", "silent", "")
    module.power(True)
    go(path, Bench(module))  # mended, the same one
    assert len(rows(tmp_path / "out")) == 3 * ALL and len(module.asked_verdicts) == 3 * ALL


def test_a_module_that_is_stuck_but_alive_is_power_cycled(tmp_path, go, module, hurried, monkeypatch):
    monkeypatch.setattr("dermis_host.module.VERIFY_S", 1.0)
    module.at[2] = "stuck"
    bench = Bench(module, power=True)
    go(toml(tmp_path), bench)
    assert said(rows(tmp_path / "out")[1]) == ("no_decision", "no", "no_answer power_cycled", "")
    assert bench.power.cycles == 1


def test_silence_before_an_attack_is_no_right_decision(tmp_path, module, hurried, monkeypatch, capsys):
    """A module that starts anew at every mask has refused none."""
    bench = Bench(module)
    monkeypatch.setattr(on_rig.rig, "load", lambda _: bench.description)
    module.at = dict.fromkeys(range(1, 100), "")
    module.during = lambda: module.at.update({len(module.asked_verdicts) + 1: "resets" * (module.standing == "mask")})
    path = toml(tmp_path, top='claims = ["apcer=99%"]\n')
    path.write_text(path.read_text() + "[goals.apcer]\nsilicone_glued_1_5 = 1.0\n")
    assert main(["evaluate", str(path), "--rig", "bench.toml", "-o", str(tmp_path / "out"), "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["apcer"]["photo_matte"]["n"], result["apcer"]["silicone_glued_1_5"]["n"]) == (3, 0)
    assert result["apnrr"]["silicone_glued_1_5"]["errors"] == 3
    assert [goal["reached"] for goal in result["goals"]] == [False]
    assert {claim["species"]: claim["carried"] for claim in result["claims"]}["silicone_glued_1_5"] is False


def test_the_verdict_of_another_question_is_none(tmp_path, go, module, hurried, monkeypatch):
    monkeypatch.setattr("dermis_host.evaluation.stand.AGAIN_S", 0.01)
    own = module.handlers["verify"]

    def late(fields):
        return {**own(fields), "nonce": b"of before"} if len(module.asked_verdicts) == 1 else own(fields)

    module.handlers["verify"] = late
    go(toml(tmp_path), Bench(module))
    assert {row["response"] for row in rows(tmp_path / "out")} == {"yes"} and len(module.asked_verdicts) == 3 * ALL + 1
    monkeypatch.setattr("dermis_host.evaluation.stand.BUSY_S", 0.0)
    module.asked_verdicts.clear()
    go(toml(tmp_path), Bench(module, power=True), folder=tmp_path / "other")
    assert said(rows(tmp_path / "other")[1]) == ("no_decision", "no", "no_answer power_cycled", "")


@pytest.mark.parametrize("what", ["serial", "firmware", "model_hash"])
def test_another_module_in_mid_run_is_refused(tmp_path, go, module, hurried, what):
    def exchanged():
        setattr(module, what, "another")
        module.hangs_up()

    module.exchanged = exchanged
    module.at[3] = "exchanged"
    with pytest.raises(HostError, match=f"is not the one that began this run \\({what} differ"):
        go(toml(tmp_path), Bench(module))
    assert len(rows(tmp_path / "out", ".part")) == 3


def test_a_firmware_that_changes_without_a_word_is_refused(tmp_path, go, module):
    module.during = lambda: setattr(module, "firmware", "0.9.1" if len(module.asked_verdicts) > 3 else "0.9.0")
    with pytest.raises(HostError, match=r"firmware of DM1-0007 changed in the middle of the run \(0.9.0 -> 0.9.1\)"):
        go(toml(tmp_path), Bench(module))
    assert len(rows(tmp_path / "out", ".part")) == 4


def test_a_target_that_cannot_be_shown_is_no_presentation(tmp_path, go, module):
    path, bench = toml(tmp_path), Bench(module)
    bench.targets.jammed = {"photo"}
    with pytest.raises(HostError, match=r"3 of 12 presentations were not made \(the first: photo-"):
        go(path, bench)
    assert len(rows(tmp_path / "out", ".part")) == 9
    assert "photo" not in module.asked_verdicts
    bench.targets.jammed = set()
    session = go(path, bench)
    assert len(rows(tmp_path / "out")) == 12 and session.told == []


# Before the run


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_hash": "ffffffffffffffff"}, "carries the model ffffffffffffffff, and plan is about model.tflite"),
        ({"profile": "turnstile"}, "has the profile turnstile, and plan asks for border"),
        ({"in_force": ""}, "has no calibration and would decide nothing"),
    ],
)
def test_a_module_that_is_not_the_plans_is_refused(tmp_path, go, module, change, words):
    for name, value in change.items():
        setattr(module, name, value)
    with pytest.raises(UsageError, match=words):
        go(toml(tmp_path), Bench(module))
    assert not module.asked_verdicts and not (tmp_path / "out" / "run.json").exists()


def test_what_a_rig_cannot_do_is_told_before_the_run(tmp_path, go, module):
    with pytest.raises(UsageError, match=r"The rig bench cannot show mask; it has ada, bo, photo\."):
        go(toml(tmp_path), Bench(module, names=("ada", "bo", "photo")))
    lit = '[rig]\n[[rig.target]]\nshow = "ada"\nkind = "bona_fide"\nlight = [0, 1]\n'
    bench = Bench(module)
    bench.openers.pop("light")
    with pytest.raises(UsageError, match=r"has no \[light\], for which ada asks"):
        go(toml(tmp_path, lit), bench)
    bench.openers.pop("targets")
    with pytest.raises(UsageError, match="can show nothing"):
        go(toml(tmp_path), bench)


def test_light_is_set_before_the_module_is_asked(tmp_path, go, module):
    seen = []
    module.during = lambda: seen.append((module.standing, module.klux))
    lit = '[rig]\nrepeats = 2\n[[rig.target]]\nshow = "ada"\nkind = "bona_fide"\nlight = [0.5, 0]\n'
    bench = Bench(module)
    go(toml(tmp_path, lit), bench)
    assert seen == [("ada", 0.0)] * 2 + [("ada", 0.5)] * 2
    assert bench.light.steps == [0.0, 0.0, 0.5, 0.0]  # the rig begins and ends at rest
    assert [row["condition"] for row in rows(tmp_path / "out")] == ["0 klux"] * 2 + ["0.5 klux"] * 2


def test_frames_of_a_module_in_the_field_need_a_keyring(tmp_path, go, module):
    module.state = "field"
    path = toml(tmp_path)
    path.write_text(path.read_text().replace('"none"', '"failures"'))
    with pytest.raises(UsageError, match="gives frames only in a session: name its fleet's keyring with --keyring"):
        go(path, Bench(module))
    assert not module.asked_verdicts


def test_a_module_that_is_still_busy_is_asked_again(tmp_path, go, module, monkeypatch):
    """As after a cable that came loose: the verdict that nobody waits for any more holds the sensors."""
    monkeypatch.setattr("dermis_host.evaluation.stand.AGAIN_S", 0.01)

    def busy():
        raise Refused(errors.RC_BUSY, "the module is busy with verify; ask again when that has ended")

    module.still_busy = busy
    module.at = {2: "still_busy", 3: "still_busy"}
    go(toml(tmp_path), Bench(module))
    assert {row["response"] for row in rows(tmp_path / "out")} == {"yes"} and len(module.asked_verdicts) == 3 * ALL + 2
    monkeypatch.setattr("dermis_host.evaluation.stand.BUSY_S", 0.0)
    module.at = {len(module.asked_verdicts) + 1: "still_busy"}
    with pytest.raises(HostError, match="busy with verify"):
        go(toml(tmp_path, "[rig]\nrepeats = 4\n" + TARGETS), Bench(module), folder=tmp_path / "other")
