"""The station without a module: its file, its flash command, its record however a unit ends."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from dermis_host import files
from dermis_host.answers import Identity, SelfTest
from dermis_host.calibration import limits
from dermis_host.errors import LinkError, NotDermis, RequestFailed, UsageError
from dermis_host.station import causes, flash, judged, label, schema, settings, unit_pass, unit_record
from dermis_host.station.unit_pass import CannotRecord, UnitPass
from station_records import record, write_station

DOCUMENT = Path(__file__).parents[3] / "docs" / "station.md"
ENDED_S = 20.0


@pytest.fixture
def station(tmp_path) -> settings.Settings:
    return write_station(tmp_path)


def _begun(station: settings.Settings, serial: str = "DM1-0001") -> UnitPass:
    unit = UnitPass(station, serial, "ada", threading.Event())
    unit.begin()
    return unit


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id = ", "is no TOML"),
        ('name = "x"\ntwin = "t"', "lacks id"),
        ('id = "a/b"\ntwin = "t"', "must be letters"),
        ('id = "a"', "either a port or a twin"),
        ('id = "a"\nport = "p"\ntwin = "t"', "either a port or a twin"),
        ('id = "a"\nport = "p"', "names no fixture file"),
        ('id = "a"\ntwin = "t"\nserial = "("', "no regular expression"),
        ('id = "a"\ntwin = "t"\npage_port = 70000', "no TCP port"),
        ('id = "a"\ntwin = "t"\ncolour = 3', "does not know colour"),
        ('id = "a"\ntwin = "t"\nfixture = "none.toml"', "cannot be read"),
        ('id = "a"\ntwin = "t"\nkey = "none"', "cannot be read"),
        ('id = "a"\ntwin = "t"\n[flash]\ncommand = "x"', "wrong kind"),
        ('id = "a"\ntwin = "t"\n[flash]\ncommand = []', "list of words"),
        ('id = "a"\ntwin = "t"\n[flash]\ntimeout_s = 5', "either a folder"),
        ('id = "a"\ntwin = "t"\n[flash]\ncommand = ["x"]\nfolder = "f"', "either a folder"),
        ('id = "a"\ntwin = "t"\n[flash]\nfolder = "f"', "lacks runtime"),
        ('id = "a"\ntwin = "t"\n[flash]\nfolder = "f"\nruntime = "r"\nerase_data = 1', "true or false"),
        ('id = "a"\ntwin = "t"\n[flash]\ncommand = ["x"]\ntimeout_s = 0', "must be 1 to"),
    ],
)
def test_a_wrong_file_is_told_in_a_sentence(tmp_path, text, told):
    (tmp_path / "station.toml").write_text(text)
    with pytest.raises(UsageError, match=told) as problem:
        settings.load(tmp_path / "station.toml")
    assert str(problem.value).endswith(".")


@pytest.mark.parametrize("serial", ["", "../x", "a b", "x" * 41, ".x", "DM2-0001"])
def test_serial_numbers_that_are_none(tmp_path, serial):
    station = write_station(tmp_path, "serial = 'DM1-[0-9]{4}'\n")
    assert station.check_serial(" DM1-0001\n") == "DM1-0001"
    with pytest.raises(UsageError, match="scan it again"):
        station.check_serial(serial)


def test_a_number_is_judged_as_calibration_judges():
    two = [judged.number("x", "p", value, "mm", -1.0, 1.0).result for value in (-1.01, -0.95, 0.0, 0.95, 1.01)]
    assert two == ["failed", "marginal", "passed", "marginal", "failed"]
    one = [judged.number("x", "p", value, "%", 0.0, 1.0).result for value in (0.0, 0.89, 0.91)]
    assert one == ["passed", "passed", "marginal"]
    unknown = judged.number("x", "p", float("nan"), "", None, None)
    assert (unknown.value, unknown.result) == (None, "failed")


def test_measurements_of_the_bench_are_measurements():
    known = {*limits.LIMITS}
    assert known >= judged.BENCH_KINDS


def test_a_self_test_needs_its_record_only_when_there_is_one():
    checks = [
        {"name": "thermometer", "ok": True, "value": 2500, "unit": "1/100 degree Celsius", "low": -2000, "high": 7000},
        {"name": "light_970", "ok": False, "value": None, "todo": "replace it"},
        {"name": "calibration", "ok": False, "value": "", "todo": "calibrate it"},
    ]
    found = judged.self_test(SelfTest(False, checks), "self-test", with_record=False)
    assert [(one.name, one.value, one.result) for one, _ in found] == [
        ("thermometer", 25.0, "passed"),
        ("light_970", "failed", "failed"),
    ]
    assert len(judged.self_test(SelfTest(False, checks), "verify", with_record=True)) == 3


def test_a_record_says_so_even_when_the_station_dies(station):
    unit = _begun(station)
    left = unit_record.read(unit.folder / "unit.json")
    assert left.outcome == unit_record.UNFINISHED and left.ended is None and "test it again" in left.sentence


def test_a_record_comes_back_as_it_was(station):
    unit = _begun(station)
    with unit.phase("calibrate"):
        unit.measured(judged.number("flat", "calibrate", 0.95, "%", 0.0, 1.0))
        unit.measured(judged.number("flat", "calibrate", 0.1, "%", 0.0, 1.0))
    (unit.folder / "x.txt").write_text("hello")
    unit.attach("x.txt", "a greeting")
    unit.finish()
    back = unit_record.read(unit.folder / "unit.json")
    assert back == unit.record
    assert (back.outcome, back.marginal, back.attachments[0].bytes) == ("passed", True, 5)
    assert [one.name for one in back.measurements] == ["flat", "flat (2)"]
    assert not (unit.folder / unit_pass.RESERVE).exists()


def test_two_passes_in_a_second_have_two_records(station):
    units = [_begun(station), _begun(station)]
    assert len({unit.folder for unit in units}) == len({unit.record.started for unit in units}) == 2
    assert all(unit_record.read(unit.folder / "unit.json") == unit.record for unit in units)


def test_a_value_outside_its_limits_never_passes(station):
    unit = _begun(station)
    with unit.phase("calibrate"):
        unit.measured(judged.number("flat", "calibrate", 1.1, "%", 0.0, 1.0))
    unit.finish()
    assert (unit.record.outcome, unit.record.phases[0].outcome) == ("failed", "failed")


def test_what_a_module_says_cannot_spoil_the_record(station):
    unit = _begun(station)
    evil = "\x1b[2J" + "x" * 500
    answered: dict[str, Any] = dict.fromkeys((each.name for each in dataclasses.fields(Identity)), evil)
    unit.met(Identity(**answered))
    check = {"name": evil, "ok": False, "value": 1e300, "unit": evil, "low": None, "high": None, "todo": evil}
    for measured, _ in judged.self_test(SelfTest(False, [check]), "self-test", with_record=True):
        unit.measured(measured)
    unit.finish()
    assert unit_record.read(unit.folder / "unit.json") == unit.record


def test_a_retest_is_counted(station):
    for number, outcome in enumerate(("failed", "unfinished", "passed")):
        folder = station.output / f"DM1-0001-{number}"
        folder.mkdir(parents=True)
        record("DM1-0001", number, outcome=outcome).write(folder)
    (station.output / "DM1-0001-9").mkdir()
    (station.output / "DM1-0001-9" / "unit.json").write_text("{")
    unit = UnitPass(station, "DM1-0001", "ada", threading.Event())
    assert unit.record.retest == 2 and unit.earlier[-1].outcome == "passed"
    assert UnitPass(station, "DM1-00", "ada", threading.Event()).record.retest == 0


def _no_room(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_at_the_start_touches_nothing(station, monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", _no_room)
    with pytest.raises(CannotRecord, match="nothing was done to the module"):
        _begun(station)


def test_a_full_disk_at_the_end_leaves_the_record_that_says_unfinished(station, monkeypatch):
    unit = _begun(station)
    monkeypatch.setattr(files.Path, "replace", _no_room)
    with pytest.raises(CannotRecord, match="test the unit again"):
        unit.finish()
    monkeypatch.undo()
    assert unit_record.read(unit.folder / "unit.json").outcome == unit_record.UNFINISHED


def test_a_hidden_full_disk_has_its_name():
    try:
        try:
            _no_room()
        except OSError as problem:
            raise LinkError(f"x cannot be written: {problem}.") from None
    except LinkError as problem:
        assert causes.named(problem)[0] == "disk_full"


def test_errors_have_names_and_sentences():
    assert causes.named(NotDermis("Nothing answers."))[0] == "no_module"
    assert causes.named(LinkError("It fell silent."))[0] == "unplugged"
    assert causes.named(RequestFailed("burst", 8, "no"))[0] == "refused_by_module"
    assert causes.named(ZeroDivisionError("x"))[1].startswith("A fault of these tools")
    assert causes.named(PermissionError(13, "Permission denied", "/x")) == ("interrupted", "/x: Permission denied.")


def _flashed(tmp_path: Path, code: str, timeout_s: float = 20.0, checked=lambda: None) -> unit_record.Flashed:
    done = unit_record.Flashed(False, [], None, "")
    command = flash.Flash((sys.executable, "-c", code, "{serial}", "{port}", "{other}"), timeout_s)
    filled = flash.words(command, port="/dev/x", serial="DM1-0001", folder=tmp_path)
    try:
        flash.run(command, filled, tmp_path / "flash.txt", done, checked)
    finally:
        _flashed.done = done
    return done


def test_a_flash_command_is_recorded(tmp_path):
    done = _flashed(tmp_path, "import sys; print(sys.argv[1:])")
    assert done.done and done.exit_code == 0
    assert done.output == "['DM1-0001', '/dev/x', '{other}']\n"


def test_a_flash_command_that_fails_says_so(tmp_path):
    with pytest.raises(flash.FlashFailed, match="ended with 3"):
        _flashed(tmp_path, "print('\\x1b[31mno'); raise SystemExit(3)")
    assert _flashed.done.exit_code == 3 and _flashed.done.output == "?[31mno\n"


def test_a_flash_command_that_hangs_is_ended(tmp_path):
    with pytest.raises(flash.FlashFailed, match="did not end"):
        _flashed(tmp_path, "import time; time.sleep(60)", timeout_s=0.3)
    assert _flashed.done.exit_code is None


def test_a_flash_command_ends_when_the_unit_is_stopped(tmp_path):
    def stop():
        raise unit_pass.Stopped("stopped")

    with pytest.raises(unit_pass.Stopped):
        _flashed(tmp_path, "import time; time.sleep(60)", checked=stop)


def test_a_built_folder_is_flashed_by_dermis_itself(tmp_path):
    file = tmp_path / "station.toml"
    told = 'folder = "rel"\nruntime = "mp.bin"\nruntime_sha256 = "ab"\nerase_data = true\n'
    file.write_text(f'id = "a"\ntwin = "t"\n[flash]\n{told}')
    given = settings.load(file).flash
    assert given and given.ours
    filled = flash.words(given, port="/dev/x", serial="DM1-0001", folder=tmp_path)
    assert filled[3:] == ["flash", "--port", "/dev/x", "--folder", str(tmp_path / "rel")] + [
        *("--runtime", str(tmp_path / "mp.bin"), "--runtime-sha256", "ab", "--erase-data")
    ]
    # The folder is not there: the station's fault, not the unit's.
    done = unit_record.Flashed(False, [], None, "")
    with pytest.raises(flash.NoFlashCommand, match=r"correct \[flash\]"):
        flash.run(given, filled, tmp_path / "flash.txt", done, lambda: None)
    assert "holds no *-flash.json" in done.output


def test_a_flash_command_that_is_not_there(tmp_path):
    done = unit_record.Flashed(False, [], None, "")
    with pytest.raises(flash.NoFlashCommand, match=r"correct \[flash\]"):
        flash.run(flash.Flash(("no-such-program",), 1), ["no-such-program"], tmp_path / "x", done, lambda: None)


def test_a_flash_command_that_floods_fills_no_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(flash, "LARGEST_LOG", 100_000)
    done = _flashed(tmp_path, "print('x' * 1_000_000 + 'the end')")
    assert (tmp_path / "flash.txt").stat().st_size == 100_000
    assert done.output.endswith("xthe end\n") and len(done.output) == flash.KEPT_CHARACTERS


def test_what_a_flash_command_started_ends_with_it(tmp_path):
    """A command that ignores the polite end, with a child that would go on writing to the module."""
    child = "import signal,sys,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    code = (
        f"import subprocess,sys; p=subprocess.Popen([sys.executable,'-c',{child!r}]); print(p.pid,flush=True); p.wait()"
    )
    started = time.monotonic()
    with pytest.raises(flash.FlashFailed, match="did not end"):
        _flashed(tmp_path, code, timeout_s=0.5)
    pid = int(_flashed.done.output)
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < started + ENDED_S
        time.sleep(0.05)


def test_a_label_cannot_be_broken_out_of(tmp_path):
    made = record("DM1-0001")
    made.module.firmware = '^XZ~JA"<script>'
    label.write(tmp_path, made)
    zpl = (tmp_path / label.ZPL).read_text()
    assert zpl.count("^XZ") == 1 and "~" not in zpl and "DM1-0001" in zpl
    picture = (tmp_path / label.PICTURE).read_text()
    assert "<script" not in picture and ">DM1-0001<" in picture and "SIMULATED" in picture
    assert json.loads((tmp_path / label.DATA).read_text())["calibration"] == "ab" * 8


def test_the_document_has_every_field_of_the_record():
    text = DOCUMENT.read_text()
    for kind in unit_record.KINDS:
        for name, (_, means) in schema.checks_of(kind).items():
            assert f"| `{name}` | {means} |" in text, f"docs/station.md lacks {kind.__name__}.{name}"


def test_the_document_names_every_cause():
    text = DOCUMENT.read_text()
    assert [name for _, name in causes.NAMES if f"`{name}`" not in text] == []
