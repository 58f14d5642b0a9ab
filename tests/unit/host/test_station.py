"""The station without a module: its file, its flash command, its record however a unit ends, its page in a browser."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sys
import threading
import urllib.error
import urllib.request
from datetime import date
from pathlib import Path

import pytest
from dermis_host import cli, files
from dermis_host.answers import SelfTest
from dermis_host.calibration import limits
from dermis_host.errors import LinkError, NotDermis, RequestFailed, UsageError
from dermis_host.output import Output
from dermis_host.station import causes, flash, judged, label, schema, settings, unit_pass, unit_record
from dermis_host.station.unit_pass import CannotRecord, UnitPass
from station_records import record

DOCUMENT = Path(__file__).parents[3] / "docs" / "station.md"
PAGE_S = 20.0


@pytest.fixture
def station(tmp_path) -> settings.Settings:
    return _station(tmp_path, "")


def _station(folder: Path, more: str) -> settings.Settings:
    path = folder / "station.toml"
    path.write_text(f'id = "line-1"\nname = "Line 1"\ntwin = "twin"\noperator = "ada"\npage_port = 0\n{more}')
    return settings.load(path)


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
    station = _station(tmp_path, "serial = 'DM1-[0-9]{4}'\n")
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


def test_a_flash_command_that_is_not_there(tmp_path):
    done = unit_record.Flashed(False, [], None, "")
    with pytest.raises(flash.NoFlashCommand, match=r"correct \[flash\]"):
        flash.run(flash.Flash(("no-such-program",), 1), ["no-such-program"], tmp_path / "x", done, lambda: None)


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


# The line and its page: phases that take no time stand in for those that need a module.


def _quick_phases():
    def passes(unit, hands):
        hands.say("all is well")
        measured = judged.number("level", "quick", 0.5, "mm", 0.0, 1.0)
        unit.measured(measured)
        hands.show(measured)

    def asks(unit, hands):
        if not hands.by_itself:
            hands.asker.place("Put the white <b>target</b> there.", lambda: "about 450 mm")

    return (("prepare", passes), ("calibrate", asks))


@pytest.fixture
def line_module(monkeypatch):
    pytest.importorskip("openhtf", reason="the extra eol is not installed: pip install 'dermis[eol]'")
    from dermis_host.station import line

    monkeypatch.setattr(line, "PHASES", _quick_phases())
    return line


def test_openhtf_takes_nothing_over(line_module, station, capsys, monkeypatch):
    import signal

    monkeypatch.setattr(sys, "argv", ["dermis", "--config", "x", "--help", "-v"])
    before = signal.getsignal(signal.SIGINT)
    unit = line_module.Line(station, Output(as_json=True), "ada", None, ask=False).one("DM1-0001")
    assert unit.record.outcome == "passed" and [phase.name for phase in unit.record.phases] == ["prepare", "calibrate"]
    assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("problem", "outcome", "name"),
    [
        (LinkError("The module fell silent: check its cable."), "unfinished", "unplugged"),
        (NotDermis("Nothing answers."), "failed", "no_module"),
        (OSError(errno.ENOSPC, "No space left on device"), "unfinished", "disk_full"),
        (ZeroDivisionError("x"), "unfinished", "station_fault"),
    ],
)
def test_whatever_a_phase_raises_is_in_the_record(line_module, station, monkeypatch, problem, outcome, name):
    def raises(unit, hands):
        raise problem

    monkeypatch.setattr(line_module, "PHASES", (("one", raises), *_quick_phases()))
    unit = line_module.Line(station, Output(as_json=True), "ada", None, ask=False).one("DM1-0001")
    back = unit_record.read(unit.folder / "unit.json")
    assert (back.outcome, back.causes[0].name, back.causes[0].phase) == (outcome, name, "one")
    assert [phase.outcome for phase in back.phases] == [outcome, "skipped", "skipped"]


def test_an_overdue_fixture_is_told(line_module, station, monkeypatch):
    import dataclasses

    from dermis_host.station import phases

    old = dataclasses.replace(station.fixture, due=date(2026, 2, 1))
    monkeypatch.setattr(line_module, "PHASES", (("prepare", phases.prepare),))
    late = dataclasses.replace(station, fixture=old)
    unit = line_module.Line(late, Output(as_json=True), "ada", None, ask=False).one("DM1-0001")
    assert unit.record.causes[0].name == "fixture_overdue" and unit.record.fixture.overdue


def test_a_stop_is_in_the_record(line_module, station, monkeypatch):
    def stopped(unit, hands):
        unit.stop.set()
        unit.check()

    monkeypatch.setattr(line_module, "PHASES", (("one", stopped),))
    unit = line_module.Line(station, Output(as_json=True), "ada", None, ask=False).one("DM1-0001")
    assert (unit.record.outcome, unit.record.causes[0].name) == ("unfinished", "stopped")


@pytest.fixture
def page(line_module, station):
    from dermis_host.station.page import StationPage

    line = line_module.Line(station, Output(as_json=True), "ada", None, ask=True)
    with StationPage(station, line.stop) as served:
        line.page = served
        yield line, served


def _get(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as problem:
        return problem.code


def test_the_page_answers_its_own_pages_only(page, station):
    _, served = page
    folder = station.output / "DM1-0001-x"
    folder.mkdir(parents=True)
    record("DM1-0001").write(folder)
    (folder / "secret.txt").write_text("x")
    assert _get(served.url) == _get(served.url + "units") == _get(served.url + "units/DM1-0001-x") == 200
    assert _get(served.url + "lot") == _get(served.url + "units/DM1-0001-x/unit.json") == 200
    assert _get(served.url, Host="evil.example") == 404
    assert _get(served.url, Origin="http://evil.example") == 404
    for place in ("secret.txt", "..%2f..%2fstation.toml", "%2e%2e"):
        assert _get(f"{served.url}units/DM1-0001-x/{place}") == 404


def test_a_station_without_its_extra_says_what_to_install(station, monkeypatch, capsys):
    for name in ("line", "prompts", "phases", "causes"):
        monkeypatch.delitem(sys.modules, f"dermis_host.station.{name}", raising=False)
    monkeypatch.delitem(sys.modules, "dermis_host.station.framework", raising=False)
    monkeypatch.setitem(sys.modules, "openhtf", None)
    assert cli.main(["station", "--config", str(station.path), "--serial", "DM1-0001", "--yes"]) == 1
    assert "pip install 'dermis[eol]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--yes"], "name the unit with --serial"),
        (["--no-page", "--json"], "Somebody must be asked"),
        (["--serial", "a b", "--yes"], "is no serial number"),
    ],
)
def test_wrong_words_are_told(station, capsys, words, told):
    assert cli.main(["station", "--config", str(station.path), *words]) == 2
    assert told in capsys.readouterr().err


def _browser():
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing:
        told = f"{' and '.join(missing)} not installed: apt-get install chromium chromium-driver"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: make setup")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    # Root (a CI container) has no sandbox of its own to give; small /dev/shm of containers ends a tab.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1300,1000"):
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def test_a_unit_through_the_browser(page, station):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    line, served = page
    seen: dict[str, object] = {}

    def person() -> None:
        driver = _browser_of["driver"]
        wait = WebDriverWait(driver, PAGE_S)
        plug = (By.CSS_SELECTOR, "htf-user-input-plug")

        def prompt(words: str):
            wait.until(lambda d: words in "".join(each.text for each in d.find_elements(*plug)))
            return driver.find_element(*plug)

        try:
            driver.get(served.url)
            prompt("scan its serial number").find_element(By.TAG_NAME, "input").send_keys("../etc\n")
            prompt("is no serial number").find_element(By.TAG_NAME, "input").send_keys("DM1-0001\n")
            box = prompt("about 450 mm")
            seen["escaped"] = "<b>target</b>" in box.text
            phases = wait.until(lambda d: d.find_elements(By.CSS_SELECTOR, "htf-phase"))
            seen["phases"] = " ".join(each.text for each in phases)
            box.find_element(By.TAG_NAME, "button").click()

            def last(d):
                d.switch_to.default_content()
                d.switch_to.frame(d.find_element(By.CSS_SELECTOR, "iframe[title=station]"))
                found = d.find_elements(By.ID, "last")
                link = found[0].get_attribute("href") if found else None
                d.switch_to.default_content()
                return link

            driver.get(wait.until(last))
            seen["outcome"] = driver.find_element(By.ID, "outcome").text
            seen["record"] = driver.find_element(By.TAG_NAME, "body").text
        except BaseException as problem:  # noqa: BLE001 - told in the test's own thread
            seen["problem"] = problem
            line.ended.set()
            line.stop.set()

    _browser_of = {"driver": _browser()}
    thread = threading.Thread(target=person)
    try:
        thread.start()
        unit = line.one(None)  # OpenHTF wants the main thread
        thread.join(PAGE_S)
    finally:
        _browser_of["driver"].quit()
    assert "problem" not in seen, seen["problem"]
    assert unit.record.outcome == seen["outcome"] == "passed"
    assert seen["escaped"] and re.search(r"calibrate.*prepare", str(seen["phases"]), re.S | re.I)
    assert "level" in str(seen["record"]) and "0.5" in str(seen["record"])
