"""The suite itself: what it skips and why, what a failure leaves behind, several modules at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
from dermis_hw import scenes

from tests.hil.support.bench import OPENINGS, rig_file

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIMIT_S = 280.0
OUTER = ("DERMIS_STRICT", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST")

pytestmark = pytest.mark.timeout(600)  # runs of the suite in a run of the suite, the first of them calibrating


@dataclass(frozen=True)
class Ran:
    """A run of the suite: exit code, what it printed, its tests (name -> element of JUnit's file), its HTML report."""

    code: int
    said: str
    cases: dict[str, ElementTree.Element]
    page: str

    def outcome(self, name: str) -> str:
        """passed, failed, error or skipped."""
        kinds = [child.tag for child in self.cases[name] if child.tag in ("failure", "error", "skipped")]
        return kinds[0] if kinds else "passed"

    def reason(self, name: str) -> str:
        """Why it was skipped."""
        (skipped,) = self.cases[name].findall("skipped")
        return skipped.get("message", "")

    def properties(self, name: str) -> dict[str, str]:
        found = self.cases[name].findall("properties/property")
        return {each.get("name", ""): each.get("value", "") for each in found}


@pytest.fixture
def suite(tmp_path):
    """`suite(words...)`: runs it in a process of its own, as a test engineer does. logs: where pytest-embedded's go,
    which the root's run does not have."""

    def run(*words: object, logs: tuple[object, ...] = ("--root-logdir", tmp_path)) -> Ran:
        xml, html = tmp_path / "junit.xml", tmp_path / "report.html"
        reports = ("--junitxml", xml, "--html", html, "--self-contained-html", *logs)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, (*reports, *words))]
        environment = {name: value for name, value in os.environ.items() if name not in OUTER}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_S)
        found = ElementTree.parse(xml).iter("testcase") if xml.exists() else ()
        cases = {case.get("name", ""): case for case in found}
        page = html.read_text() if html.exists() else ""
        return Ran(done.returncode, done.stdout + done.stderr, cases, page)

    return run


def test_what_a_rig_lacks_is_skipped_with_the_rig_s_reason(suite, rig):
    names = ("identity", "power_that_goes", "verdict_and_reason and empty", "written_and_taken_back")
    ran = suite("--port", rig.port, HERE, "-k", " or ".join(f"({name})" for name in names))
    assert ran.code == 0, ran.said
    assert ran.outcome("test_identity") == "passed"
    assert "A port alone has no [power]" in ran.reason("test_power_that_goes_and_comes_back")
    assert "A port alone has no [targets]" in ran.reason("test_verdict_and_reason[empty]")
    assert "--allow-records" in ran.reason("test_a_record_is_written_and_taken_back")
    assert "A port alone has no [targets]" in ran.page and "A port alone has no [targets]" in ran.said


def test_an_instrument_that_is_declared_and_silent_fails_the_run(suite, rig, tmp_path):
    bench = rig_file(tmp_path, rig)
    silent = '[power]\nkind = "scpi_power"\nport = "socket://127.0.0.1:9"\n'
    bench.write_text(f"{bench.read_text()}{silent}")
    ran = suite("--rig", bench, HERE / "test_hil_boot.py", "-k", "power_that_goes or requested_reset")
    assert ran.code == 1 and {ran.outcome(name) for name in ran.cases} == {"error"}, ran.said
    assert "The power supply" in ran.said and "cannot be used" in ran.page


@pytest.mark.thorough
@pytest.mark.needs("faults")  # a twin, played as a board
def test_a_board_is_opened_once_and_loses_nothing(suite, rig, tmp_path):
    """By the tests and by the tools. Something to flash is named, and nobody said that it may be."""
    bench = rig_file(tmp_path, rig)
    bench.write_text(bench.read_text().replace(rig.port, "/dev/none"))
    before = (rig.folder / OPENINGS).read_text().count("opened") if (rig.folder / OPENINGS).exists() else 0
    given = ("--rig", bench, "--port", rig.port, "--firmware", tmp_path, "--runtime", "stand-in")
    names = (
        "identity",
        "its_menu",
        "chip_and_its",
        "region_is_written",
        "small_image",
        "is_flashed",
        "ctrl_c",
        "echo_s",
    )
    files = (HERE / "test_hil_module.py", HERE / "clients", HERE / "test_hil_update.py")
    ran = suite(*given, *files, "-k", " or ".join(names))
    assert ran.code == 0, ran.said
    assert (rig.folder / OPENINGS).read_text().count("opened") == before + 1
    assert ran.outcome("test_identity") == "passed"
    assert ran.outcome("test_its_menu_resets_the_module_and_its_boot_line_is_read") == "passed"
    for name in (
        "test_the_chip_and_its_flash_say_what_they_are",
        "test_a_region_is_written_checked_read_back_and_erased",
        "test_a_small_image_is_uploaded_and_taken_out_again",
        "test_it_is_flashed_and_answers",
    ):
        assert "needs flash" in ran.reason(name) and "has no flash = true" in ran.reason(name), ran.said
    assert "is no tty" in ran.reason("test_echo_statistics_and_what_is_not_served")
    assert "played by a twin" in ran.reason("test_ctrl_c_in_the_field_state_is_not_heard")


@pytest.mark.thorough
@pytest.mark.needs("faults")
def test_a_module_that_fails_leaves_its_log_and_a_burst_in_the_reports(suite, rig):
    rig.faults.ask("brown_out", light="850")
    name = "test_a_burst_holds_every_frame"
    ran = suite("--port", rig.port, "--bursts", f"{HERE / 'test_hil_module.py'}::{name}")
    assert ran.code == 1 and ran.outcome(name) == "failure", ran.said
    (said,) = ran.cases[name].findall("system-out")
    for report in (said.text or "", ran.page, ran.said):
        assert "heap_free" in report, "the module's boot line is missing"
    assert "Captured log of the module" in ran.page and "Captured log of the module" in ran.said
    assert "no burst" in ran.page or "data:application/octet-stream;base64," in ran.page
    assert not re.findall(r'<(?:img|script|link)[^>]*(?:src|href)="(?!data:|")', ran.page), (
        "the page needs something beside it"
    )


@pytest.mark.thorough
@pytest.mark.needs("scene")
def test_a_wrong_expectation_fails_and_the_burst_is_kept(suite, calibrated, tmp_path):
    right = scenes.builtin("empty").read_text()
    (tmp_path / "right.toml").write_text(right)
    (tmp_path / "wrong.toml").write_text(right.replace('"no_decision"', '"attack"').replace('"no_face"', '"flat"'))
    given = ("--scene", tmp_path / "right.toml", "--scene", tmp_path / "wrong.toml", "--bursts")
    bench = rig_file(tmp_path, calibrated)
    ran = suite("--rig", bench, *given, HERE / "test_hil_scenes.py", "-k", "verdict_and_reason")
    assert ran.code == 1, ran.said
    assert ran.outcome("test_verdict_and_reason[right]") == "passed", ran.said
    assert ran.outcome("test_verdict_and_reason[wrong]") == "failure"
    assert "data:application/octet-stream;base64," in ran.page and "data:image/png;base64," in ran.page


@pytest.mark.thorough
def test_two_modules_at_the_same_time(suite, rig, tmp_path):
    first = rig_file(tmp_path, rig, "first")
    second = tmp_path / "second.toml"
    second.write_text('format = 1\n[module]\nkind = "twin"\nscene = "empty"\nmodule = "7003"\nswir = false\n')
    tests = (HERE / "test_hil_module.py", HERE / "test_hil_boot.py")
    ran = suite("--rig", first, "--rig", second, "-n", "2", *tests, "-k", "identity or echo or posture or swir or soon")
    assert ran.code == 0, ran.said
    names = [name.removesuffix("[first]") for name in ran.cases if name.endswith("[first]")]
    assert len(names) >= 5 and {f"{name}[second]" for name in names} < set(ran.cases)
    pairs = {(ran.properties(name)["rig"], ran.properties(name)["process"]) for name in ran.cases}
    assert len(pairs) == 2 == len({process for _, process in pairs}), pairs
    assert ran.outcome("test_selftest_lights_each_swir_led[first]") == "passed"
    assert "no SWIR head" in ran.reason("test_selftest_lights_each_swir_led[second]")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--port", "a", "--rig", "b.toml", "--rig", "c.toml"), "name one --rig beside --port"),
        (("--rig", "attic.toml"), "There is no attic.toml"),
        (("--port", "/dev/one|/dev/two"), "by a --rig of its own"),
        (("--port", "/dev/one", "-n", "2"), "One module has one port"),
        (("--port", "/dev/none"), "The port /dev/none cannot be opened"),
    ],
    ids=["both", "missing", "multi", "two processes", "no port"],
)
def test_wrong_usage_is_a_sentence(suite, words, said):
    ran = suite(*words, HERE / "test_hil_boot.py")
    assert ran.code == pytest.ExitCode.USAGE_ERROR and said in ran.said and "Traceback" not in ran.said


def test_the_root_s_run_leaves_it_out(suite):
    ran = suite("-c", ROOT / "pyproject.toml", "--collect-only", "-q", HERE / "test_hil_boot.py", HERE, logs=())
    assert ran.code == pytest.ExitCode.NO_TESTS_COLLECTED, ran.said
