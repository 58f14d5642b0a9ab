"""The words of `dermis calibrate` that keep, compare and refuse records, against a module made of a socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone

import pytest
from calibration_records import IMAGER, SERIAL, SWIR_HEAD, record
from dermis.core import calibration
from dermis_host import cli
from dermis_host.calibration import clock
from fake_module import FakeModule


class Module:
    """What outlives a connection: the records, what was asked, and handlers that misbehave."""

    def __init__(self):
        self.slots: dict[str, bytes] = {}
        self.in_force = ""
        self.asked: list[str] = []
        self.spoil: Callable[[FakeModule, dict], dict] | None = None

    def serve(self) -> FakeModule:
        made = FakeModule()
        made.slots, made.in_force, made.asked = self.slots, self.in_force, self.asked
        plain = made.identity
        made.handlers["identity"] = lambda _: {**plain(), "serial": SERIAL, "imager": IMAGER, "swir_head": SWIR_HEAD}
        if spoil := self.spoil:
            made.handlers["calibration_write"] = lambda fields: spoil(made, fields)
        return made


@pytest.fixture
def fake():
    """A module with the identity of the records; no record yet."""
    return Module()


@pytest.fixture
def words(capsys, fake):
    """`words("commit", path)`: (exit code, stdout, stderr)."""

    def run(*given, port=True):
        with fake.serve() as made:
            code = cli.main(["calibrate", *map(str, given), *(["-p", made.url] if port else [])])
            fake.in_force = made.in_force
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err and "a fault of these tools" not in captured.err
        return code, captured.out, captured.err

    return run


def file_of(tmp_path, name="a.cal", **changes):
    path = tmp_path / name
    path.write_bytes(record(**changes))
    return path


def folder_of(tmp_path, passed=True, name=None, cut=0, **changes):
    folder = tmp_path / "run"
    folder.mkdir()
    path = file_of(folder, "record.cal", **changes)
    told = {"passed": passed, "hash": name or calibration.name_of(path.read_bytes()), "causes": []}
    if not passed:
        told["causes"] = [{"name": "room_light", "sentence": "Switch the lamp off."}]
    (folder / "report.json").write_text(json.dumps(told))
    if cut:
        path.write_bytes(path.read_bytes()[:-cut])
    return folder


def test_commit_writes_the_record_of_a_run(words, fake, tmp_path):
    folder = folder_of(tmp_path)
    code, out, _ = words("commit", folder)
    assert code == 0 and "Written and read back: user record" in out and "only record" in out
    assert fake.slots == {"user": (folder / "record.cal").read_bytes()}


def test_a_second_commit_keeps_the_first_and_says_how_to_get_back(words, fake, tmp_path):
    fake.slots, fake.in_force = {"user": record()}, "user"
    code, out, _ = words("commit", file_of(tmp_path, baseline_um=40050))
    assert code == 0 and "dermis calibrate rollback" in out and calibration.name_of(record()) in out
    assert fake.slots["previous"] == record()


def test_what_is_in_force_already_is_not_written(words, fake, tmp_path):
    fake.slots, fake.in_force = {"user": record()}, "user"
    code, out, _ = words("commit", file_of(tmp_path))
    assert code == 0 and "nothing was written" in out and "calibration_write" not in fake.asked


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ({"passed": False}, 1, "Switch the lamp off."),
        ({"name": "00" * 8}, 1, "not the one that its report is about"),
        ({"measurements": [["flat 970", "%", 1700, None, 1000]]}, 1, "did not pass (flat 970)"),
        ({"measurements": []}, 1, "lists no measurements"),
        ({"serial": "DM1-0008"}, 1, "DM1-0008"),
        ({"cut": 7}, 2, "cut short"),
        ({"sensors": {"imager": "other", "swir": SWIR_HEAD}}, 1, "other"),
    ],
)
def test_what_may_not_be_committed_does_not_touch_the_module(words, fake, tmp_path, given, code, said):
    found, out, err = words("commit", folder_of(tmp_path, **given))
    assert (found, out) == (code, "") and said in err and len(err.strip().splitlines()) == 1
    assert "calibration_write" not in fake.asked and not fake.slots


def test_a_record_that_did_not_pass_is_not_imported_either(words, fake, tmp_path):
    code, _, err = words("import", file_of(tmp_path, measurements=[["tilt yaw", "deg", -2001, -2000, 2000]]))
    assert code == 1 and "did not pass (tilt yaw)" in err and not fake.slots


@pytest.mark.parametrize("causes", [5, [1], [{"name": "x"}]])
def test_a_failed_run_whose_causes_somebody_wrote_over_is_still_a_failed_run(words, fake, tmp_path, causes):
    folder = folder_of(tmp_path)
    (folder / "report.json").write_text(json.dumps({"passed": False, "causes": causes}))
    code, _, err = words("commit", folder)
    assert code == 1 and "did not pass" in err and "fault of these tools" not in err and not fake.slots


def test_the_factory_record_is_asked_for_and_written_once(words, fake, tmp_path):
    path = file_of(tmp_path)
    code, _, err = words("commit", path, "--factory")
    assert code == 2 and "--yes" in err and "calibration_write" not in fake.asked


def test_a_factory_record_that_is_there_stays(words, fake, tmp_path):
    fake.slots, fake.in_force = {"factory": record()}, "factory"
    code, _, err = words("import", file_of(tmp_path, baseline_um=40050), "--factory", "--yes")
    assert code == 1 and "written once" in err and "calibration_write" not in fake.asked


def test_a_record_that_comes_back_otherwise_is_told(words, fake, tmp_path):
    def forget(made, fields):
        answer = made.calibration_write(fields)
        if "user" in made.slots:
            made.slots["user"] = record(baseline_um=39000)
        return answer

    fake.spoil = forget
    code, _, err = words("import", file_of(tmp_path))
    assert code == 1 and "another calibration record than it was given" in err


def test_a_record_of_another_key_is_refused_by_who_knows_it_is_wrong(words, fake, tmp_path):
    path = file_of(tmp_path)
    data = bytearray(path.read_bytes())
    data[30] ^= 4
    path.write_bytes(data)
    code, _, err = words("import", path)
    assert code == 1 and "altered" in err and not fake.slots


@pytest.mark.parametrize("word", ["rollback", "factory", "diff", "show", "export"])
def test_what_is_not_there_is_said(words, tmp_path, word):
    code, _, err = words(word, *([tmp_path / "x.cal"] if word == "export" else []))
    assert code == 1 and "it holds none: run and commit a calibration" in err


def test_rollback_and_factory_say_what_that_changes(words, fake):
    fake.slots = {"user": record(), "previous": record(baseline_um=40050), "factory": record(z_offset_um=-100)}
    fake.in_force = "user"
    code, out, _ = words("rollback")
    assert code == 0 and "baseline 40.12 -> 40.05 mm" in out and fake.slots["previous"] == record()
    code, out, _ = words("factory")
    assert code == 0 and "depth offset 0.30 -> -0.10 mm" in out and "--undo" in out
    code, out, _ = words("factory")
    assert code == 0 and "already" in out
    code, out, _ = words("factory", "--undo", "--json")
    assert code == 0 and json.loads(out)["in_force"] == "user"


def test_diff_between_the_module_and_a_file(words, fake, tmp_path):
    fake.slots, fake.in_force = {"factory": record()}, "factory"
    code, out, _ = words("diff", "factory", file_of(tmp_path, operator="bob", baseline_um=40050))
    assert code == 0 and "baseline 40.12 -> 40.05 mm" in out and "operator: ada -> bob" in out


def test_files_are_compared_and_shown_without_a_module(words, tmp_path):
    old, new = file_of(tmp_path), file_of(tmp_path, "b.cal", baseline_um=40050)
    code, out, _ = words("diff", old, new, port=False)
    assert code == 0 and "What is not named is alike" in out
    code, out, _ = words("show", old, port=False)
    assert code == 0 and "baseline_um" in out and "40.12 mm" in out and "development key" in out
    code, out, _ = words("show", old, "--json", port=False)
    assert json.loads(out)["fields"]["serial"] == SERIAL


def test_show_of_an_altered_record_fails(words, tmp_path):
    path = file_of(tmp_path)
    data = bytearray(path.read_bytes())
    data[30] ^= 4
    path.write_bytes(data)
    code, out, _ = words("show", path, port=False)
    assert code == 1 and "WRONG" in out


def test_export_and_import_are_each_other_s_opposite(words, fake, tmp_path):
    fake.slots, fake.in_force = {"user": record()}, "user"
    path = tmp_path / "kept.cal"
    code, out, _ = words("export", path)
    assert code == 0 and SERIAL in out and path.read_bytes() == record()
    code, _, err = words("export", path)
    assert code == 2 and "--force" in err
    fake.slots, fake.in_force = {}, ""
    assert words("import", path)[0] == 0 and fake.slots == {"user": record()}


@pytest.mark.parametrize(
    ("today", "code", "said"),
    [
        (datetime(2001, 1, 1, tzinfo=timezone.utc), 1, "clock says 2001-01-01"),
        (datetime(2040, 1, 1, tzinfo=timezone.utc), 1, "--allow-overdue"),
    ],
)
@pytest.mark.parametrize("word", ["run", "verify"])
def test_clock_and_certificate_come_first(words, fake, monkeypatch, today, code, said, word):
    monkeypatch.setattr(clock, "now", lambda: today)
    found, _, err = words(word, "--twin", "nowhere", "--yes")
    assert found == code and said in err and not fake.asked


def test_plan_needs_no_module(words):
    code, out, _ = words("plan", "--json", port=False)
    plan = json.loads(out)
    assert code == 0 and [step["name"] for step in plan["steps"]][:2] == ["dark", "linearity"]
    assert plan["seconds"] < 300
    code, out, _ = words("plan", port=False)
    assert code == 0 and "white 450" in out and "certified to" in out
