"""The station's line and its page, in a browser too: phases that take no time stand in for those that need a module."""

from __future__ import annotations

import dataclasses
import errno
import os
import queue
import re
import shutil
import sys
import threading
import types
import urllib.error
import urllib.request
from datetime import date

import pytest
from dermis_host import cli
from dermis_host.answers import SelfTest
from dermis_host.errors import LinkError, NotDermis, UsageError
from dermis_host.output import Output
from dermis_host.station import judged, settings, unit_record
from station_records import record, write_station

PAGE_S = 20.0


@pytest.fixture
def station(tmp_path) -> settings.Settings:
    return write_station(tmp_path)


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


def test_a_phase_that_was_killed_is_no_passed_unit(line_module, station, monkeypatch):
    from openhtf.util import threads

    def killed(unit, hands):
        raise threads.ThreadTerminationError  # as OpenHTF ends a phase

    monkeypatch.setattr(line_module, "PHASES", (("one", killed),))
    unit = line_module.Line(station, Output(as_json=True), "ada", None, ask=False).one("DM1-0001")
    assert unit.record.outcome == "unfinished"


def test_the_end_of_the_input_ends_the_station(line_module, station):
    ended = queue.Queue()
    ended.put(None)
    line = line_module.Line(station, Output(as_json=True), "ada", None, ask=True)
    line._keyboard = ended
    with pytest.raises(UsageError, match="The input ended"):
        line.one(None)


def test_a_self_test_that_says_nothing_is_no_pass(line_module, station, monkeypatch):
    from dermis_host.station import phases

    def tested(unit, hands):
        phases._self_test(unit, hands, "verify", with_record=True)

    monkeypatch.setattr(line_module, "PHASES", (("verify", tested),))
    for answer in (SelfTest(True, []), SelfTest(False, [{"name": "a", "ok": True}])):
        module = types.SimpleNamespace(selftest=lambda answer=answer: answer)
        monkeypatch.setattr(phases, "_held", lambda unit, module=module: module)
        unit = line_module.Line(station, Output(as_json=True), "ada", None, ask=False).one("DM1-0001")
        assert (unit.record.outcome, unit.record.causes[0].name) == ("failed", "selftest_unclear")


def test_an_overdue_fixture_is_told(line_module, station, monkeypatch):
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
    assert _get(served.url, Origin="http://evil.example") == _get(served.url, Origin="null") == 404
    frame = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"}
    assert _get(served.url, **frame) == _get(served.url + "bar", **frame) == 404
    assert _get(served.url, **{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "script"}) == 404
    assert _get(served.url, **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}) == 200
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
