"""`dermis calibrate` as a technician uses it, before a twin that knows nothing of it: one run that is cut twice, its
record onto the module and back, and everything that must be refused on the way. The tests build on one another."""

from __future__ import annotations

import functools
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from dermis.core import calibration as record_format
from dermis.core.calibration_table import FIELDS
from dermis_host import Module, cli
from dermis_host.calibration import record_file, targets
from dermis_host.calibration.keys import DEVELOPMENT_KEY
from dermis_hw import scenes
from dermis_hw.module_instance import draw
from dermis_hw.twin import Twin

SEED = 7006
BEFORE = scenes.builtin("empty")  # what stands there before: quickly rendered, and no target

pytestmark = [pytest.mark.render, pytest.mark.timeout(300)]


@dataclass
class Line:
    """The bench: the twin that runs now, the folder of the run, a fixture that does not heat."""

    twin: Twin
    folder: Path
    fixture: Path
    hashes: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> tuple[str, ...]:
        return (
            "--twin",
            str(self.twin.state_dir),
            "--yes",
            "--fixture",
            str(self.fixture),
            "--output",
            str(self.folder),
        )

    def kept(self) -> list[str]:
        try:
            return list(json.loads((self.folder / "work" / "bound.json").read_text())["steps"])
        except FileNotFoundError:
            return []


@pytest.fixture(scope="module")
def line(make_shared_twin, tmp_path_factory) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("calibrate")
    text = re.sub(r"temperatures_c = .*", "", targets.BUILT_IN_FILE.read_text())
    (folder / "fixture.toml").write_text(text)
    for table in targets.BUILT_IN_FILE.parent.glob("*.csv"):
        shutil.copy(table, folder)
    yield Line(_twin(make_shared_twin), folder / "run", folder / "fixture.toml")


def _twin(make) -> Twin:
    return make("line", provider=None, scene=BEFORE, module=draw(SEED), seed=SEED)


def started(line: Line, *more: str) -> subprocess.Popen[str]:
    """`dermis calibrate run` in a process of its own, which can be interrupted and cut off."""
    heard = functools.partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(
        [sys.executable, "-m", "dermis_host.cli", "calibrate", "run", *line.words, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heard,
    )


def finished(process: subprocess.Popen[str], line: Line, step: str) -> None:
    """Returns when that step is kept."""
    until = time.monotonic() + 120
    while step not in line.kept():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)


def dermis(capsys, line: Line, word: str, *words: str) -> tuple[int, dict, str]:
    """(exit code, JSON, stderr) of one word of the command."""
    more = line.words if word == "run" else ("--twin", str(line.twin.state_dir))
    code = cli.main(["calibrate", word, *more, *words, "--json"])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err and "a fault of these tools" not in captured.err
    return code, json.loads(captured.out), captured.err


def scene_now(line: Line) -> str:
    return Path(line.twin.status()["scene"]).stem


def test_ctrl_c_keeps_the_finished_steps_and_puts_the_scene_back(line):
    process = started(line)
    finished(process, line, "dark")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "kept" in err and "Traceback" not in err
    assert line.kept() == ["dark"] and scene_now(line) == BEFORE.stem


def test_a_second_host_on_the_port_is_told(capsys, line):
    with Module(line.twin.url):
        code, answer, _ = dermis(capsys, line, "run")
    assert code == 1 and "nother program holds" in answer["error"] and line.kept() == ["dark"]


def test_a_cable_pulled_in_the_middle_keeps_what_is_finished(line, make_shared_twin):
    process = started(line)
    finished(process, line, "linearity")
    line.twin.stop()
    _, err = process.communicate(timeout=60)
    line.twin = _twin(make_shared_twin)  # before anything is asserted: the tests below go on with it
    assert process.returncode == 1 and "Traceback" not in err
    assert "dark, linearity" in err and "kept" in err
    # Whichever was in use when they went, or was the first to be asked for after it: the port, or the twin's control.
    ends = ("dermis: The link", "dermis: The twin", "dermis: The module", "dermis: No twin runs in")
    assert err.strip().splitlines()[-1].startswith(ends), err


def test_the_same_command_takes_the_run_up_and_writes_nothing_to_the_module(capsys, line):
    code, answer, _ = dermis(capsys, line, "run", "--operator", "ada")
    assert (code, answer["passed"], answer["resumed"]) == (0, True, ["dark", "linearity"]), answer
    assert (line.folder / "report.html").read_text().count("<svg") >= 3
    assert json.loads((line.folder / "report.json").read_text())["hash"] == answer["hash"]
    line.hashes["first"] = answer["hash"]
    with Module(line.twin.url) as module:
        assert not module.calibration_state().calibrated
    assert scene_now(line) == BEFORE.stem


def test_commit_reads_back_and_says_what_is_in_force(capsys, line):
    code, answer, _ = dermis(capsys, line, "commit", str(line.folder))
    assert code == 0 and answer["written"] and answer["in_force"] == "user"
    assert answer["hash"] == line.hashes["first"]
    code, answer, _ = dermis(capsys, line, "commit", str(line.folder))
    assert code == 0 and not answer["written"]


def test_show_gives_every_field_and_the_state_of_the_mac(capsys, line):
    code, answer, _ = dermis(capsys, line, "show")
    assert code == 0 and answer["trusted"] and set(answer["fields"]) == {f.name for f in FIELDS}
    assert answer["fields"]["operator"] == "ada" and len(answer["fields"]["peaks_dnm"]) == 8
    assert answer["fields"]["measurements"]


def test_verify_passes_before_a_grey_card(capsys, line):
    code, answer, _ = dermis(capsys, line, "verify", "--yes")
    assert code == 0 and answer["passed"] and answer["distance_mm"] == pytest.approx(450, abs=3), answer
    assert scene_now(line) == BEFORE.stem


def changed(line: Line, name: str, key: bytes = DEVELOPMENT_KEY, **changes) -> Path:
    """The run's record with other fields, as a file."""
    fields = record_file.read(line.folder / "record.cal", {}).fields
    path = line.folder / name
    path.write_bytes(record_format.encode({**fields, **changes}, key))
    return path


def test_records_that_are_not_this_module_s_do_not_touch_it(capsys, line):
    altered = bytearray((line.folder / "record.cal").read_bytes())
    altered[20] ^= 1
    (line.folder / "altered.cal").write_bytes(altered)
    for path, code, said in (
        (line.folder / "altered.cal", 1, "altered"),
        (changed(line, "sensors.cal", sensors={"imager": "twin-0", "swir": "twin-0"}), 1, "twin-0"),
        (changed(line, "key.cal", key=bytes(32)), 1, "key"),
    ):
        found, answer, _ = dermis(capsys, line, "import", str(path))
        assert found == code and said in answer["error"], answer
    code, answer, _ = dermis(capsys, line, "show")
    assert answer["hash"] == line.hashes["first"] and len(answer["module"]["records"]) == 1


def test_import_diff_and_rollback(capsys, line):
    fields = record_file.read(line.folder / "record.cal", {}).fields
    other = changed(line, "other.cal", baseline_um=fields["baseline_um"] - 70)
    code, answer, _ = dermis(capsys, line, "import", str(other))
    assert (
        code == 0
        and answer["in_force"] == "user"
        and {each["slot"] for each in answer["records"]}
        == {
            "user",
            "previous",
        }
    )
    code, answer, _ = dermis(capsys, line, "diff")
    (only,) = answer["differences"]
    assert code == 0 and re.fullmatch(r"baseline \d+\.\d\d -> \d+\.\d\d mm", only["sentence"])
    code, answer, _ = dermis(capsys, line, "rollback")
    assert code == 0 and answer["hash"] == line.hashes["first"] and len(answer["differences"]) == 1
    code, answer, _ = dermis(capsys, line, "diff", "in-force", str(line.folder))
    assert code == 0 and answer["differences"] == []


def test_the_factory_record_is_written_once_and_found_again(capsys, line):
    code, answer, _ = dermis(capsys, line, "commit", str(line.folder / "other.cal"), "--factory", "--yes")
    assert code == 0 and answer["in_force"] == "user" and answer["slot"] == "factory" and answer["written"]
    code, answer, _ = dermis(capsys, line, "commit", str(line.folder), "--factory", "--yes")
    assert code == 1 and "written once" in answer["error"]
    code, answer, _ = dermis(capsys, line, "factory")
    assert code == 0 and answer["in_force"] == "factory" and answer["hash"] != line.hashes["first"]
    code, answer, _ = dermis(capsys, line, "factory", "--undo")
    assert code == 0 and answer["in_force"] == "user" and answer["hash"] == line.hashes["first"]


ARM = """
import sys
from pathlib import Path
from dermis_hw import scenes, twin
for line in sys.stdin:
    word, *rest = line.split()
    if word == "show":
        name = "grey_50" if rest[0] == "white" else rest[0]
        twin.request(Path({state!r}), {{"do": "scene", "path": str(scenes.builtin("target_" + name))}})
    print("ok", flush=True)
"""


def test_an_arm_that_shows_the_wrong_target_is_found_out(capsys, line):
    arm = line.folder / "arm.py"
    arm.write_text(ARM.format(state=str(line.twin.state_dir)))
    words = ["-p", line.twin.url, "--yes", "--fixture", str(line.fixture), "--output", str(line.folder), "--json"]
    code = cli.main(["calibrate", "run", *words, "--script", str(arm), "--redo", "white"])
    answer = json.loads(capsys.readouterr().out)
    assert code == 1 and not answer["passed"] and "wrong_target" in [cause["name"] for cause in answer["causes"]]
    assert not (line.folder / "record.cal").exists()
    code, answer, _ = dermis(capsys, line, "commit", str(line.folder))
    assert code == 1 and "did not pass" in answer["error"]
    code, answer, _ = dermis(capsys, line, "show")
    assert answer["hash"] == line.hashes["first"]
