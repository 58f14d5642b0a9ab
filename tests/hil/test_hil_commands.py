"""Each command of the host as a process of its own against the module, over the rig's port: exit code and --json."""

from __future__ import annotations

import csv

import pytest
from dermis_host import recording
from dermis_host.verdicts import EXIT_CODE

from tests.hil.support.bench import rig_file

CONSISTENT = 3  # verdicts asked for in a row


def test_devices_names_the_module(dermis, rig):
    told = dermis("devices", rig.port, port=False)
    (found,) = [device for device in told["devices"] if device["port"] == rig.port]
    assert found["dermis"] and found["serial"]


def test_info(dermis, rig):
    told = dermis("info")
    with rig.module() as module:
        assert told["serial"] == module.identity().serial
    assert told["port"] == rig.port and told["buf_size"]


def test_info_posture(dermis):
    told = dermis("info", "--posture")
    assert told["state"] and told["words"]


def test_selftest(calibrated, dermis):
    told = dermis("selftest")
    assert told["ok"] and all(check["ok"] for check in told["checks"])


@pytest.mark.needs("scene")
@pytest.mark.parametrize(
    ("scene", "verdict"),
    [
        ("silicone_mask_3mm", "attack"),
        pytest.param("bona_fide_medium_spectacles", "bona_fide", marks=pytest.mark.thorough),
        pytest.param("empty", "no_decision", marks=pytest.mark.thorough),
    ],
)
def test_verify_tells_by_its_exit_code(calibrated, dermis, scene, verdict):
    calibrated.targets.show(scene)
    told = dermis("verify", "--transaction", "gate 7", code=EXIT_CODE[verdict])
    assert told["verdict"] == verdict


def test_watch(dermis):
    told = dermis("watch", "--period-ms", "0", "--count", str(CONSISTENT))
    assert len(told) == CONSISTENT and all("verdict" in event for event in told)


@pytest.mark.thorough
@pytest.mark.needs("scene")
def test_capture_and_replay_agree_with_the_module(calibrated, dermis, tmp_path):
    calibrated.targets.show("silicone_mask_3mm")
    path = tmp_path / "burst.npz"
    told = dermis("capture", "-o", path)
    assert not told.get("sealed") and path.with_suffix(".png").exists()
    assert recording.load(path).frames
    replayed = dermis.run("replay", path, port=False)
    assert replayed.code == EXIT_CODE["attack"], replayed
    (result,) = replayed.told["results"]
    assert result["verdict"] == "attack"


def test_audit_is_exported_checked_and_continued(dermis, tmp_path):
    path = tmp_path / "audit.jsonl"
    first = dermis("audit", "-o", path)
    assert first["holds"] and first["entries"]
    again = dermis("audit", "-o", path)
    assert again["holds"] and again["next"] >= first["next"]
    assert dermis("audit", "--verify", path, port=False)["holds"]


@pytest.mark.thorough
def test_calibrate_plan_show_export_and_diff(calibrated, dermis, tmp_path):
    assert dermis("calibrate", "plan", port=False)
    shown = dermis("calibrate", "show")
    assert shown["fields"]["serial"] == dermis("info")["serial"]
    path = tmp_path / "record.cal"
    dermis("calibrate", "export", path)
    assert dermis("calibrate", "show", path, port=False)["hash"] == shown["hash"]
    assert not dermis("calibrate", "diff", "in-force", path)["differences"]


@pytest.mark.thorough
def test_calibrate_import_refuses_an_altered_record(calibrated, dermis, tmp_path):
    path = tmp_path / "record.cal"
    dermis("calibrate", "export", path)
    altered = bytearray(path.read_bytes())
    altered[20] ^= 1
    path.write_bytes(altered)
    told = dermis("calibrate", "import", path, code=1)
    assert "altered" in told["error"]


@pytest.mark.thorough
@pytest.mark.needs("scene")
def test_calibrate_verify_before_a_grey_card(calibrated, dermis):
    """A grey card that stands there already, whoever put it there."""
    calibrated.targets.show("target_grey_50")
    assert dermis("calibrate", "verify", "--yes", *dermis.twin_words())["passed"]


def test_update_status(dermis):
    told = dermis("update", "--status")
    assert "update" in told and "images" in told


@pytest.mark.thorough
def test_a_second_host_is_told_who_has_the_port(dermis, module):
    done = dermis.run("info")
    assert done.code == 1 and done.told["error"].endswith(".") and module.echo("mine") == "mine"


@pytest.mark.thorough
def test_wrong_usage_is_one_sentence_and_exit_2(dermis):
    for words in (("verify", "--nonce", "zz"), ("watch", "--count", "0"), ("update",)):
        done = dermis.run(*words)
        assert done.code == 2, done


@pytest.mark.thorough
@pytest.mark.parametrize("words", [("info",), ("verify",), ("selftest",)])
def test_no_module_is_one_sentence_and_exit_1(dermis, words):
    done = dermis.run(*words, "-p", "socket://127.0.0.1:9", port=False)
    assert done.code == 1 and "dermis devices" in done.told["error"], done


def test_rig_lists_what_stands_round_the_module(dermis):
    told = dermis("rig")
    assert told["ok"] and told["module"]["serial"]
    assert "[targets]" in told["capabilities"]["scene"]["why"]  # of a port alone nothing else is known


PLAN = """
format = 1
name = "two attempts"
source = "rig"
profile = "border"
[rig]
repeats = 1
[[rig.target]]
show = "bona_fide_light"
kind = "bona_fide"
subject = "light"
tone = 0.62
[[rig.target]]
show = "silicone_mask_3mm"
kind = "attack"
species = "silicone_mask_3mm"
"""


@pytest.mark.thorough
@pytest.mark.needs("scene")
def test_evaluate_on_this_rig(calibrated, dermis, tmp_path):
    bench = rig_file(tmp_path, calibrated) if calibrated.virtual else calibrated.description.source
    (tmp_path / "plan.toml").write_text(PLAN)
    told = dermis("evaluate", tmp_path / "plan.toml", "--rig", bench, "-o", tmp_path / "out", port=False)
    assert told["replay"] == [], "a wrong verdict"
    with open(tmp_path / "out" / "presentations.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 2
