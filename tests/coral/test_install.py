"""hw/coral: the install script into folders, and a service that knows the board's devices. No Coral was touched."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dermis.drivers import coral_board, coral_stopped
from dermis_hw.boards import board_file

from tests.coral import environment

ROOT = Path(__file__).parents[2]
CORAL = ROOT / "hw" / "coral"
UNIT = CORAL / "dermis-module.service"
PYTHON = environment.base_python()
needs_python = pytest.mark.skipif(PYTHON is None, reason="the script wants a Python that tflite-runtime has wheels for")
pytestmark = pytest.mark.tflite_runtime  # excused where there is no such Python


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> Path:
    """As much of the sources as the script reads, so that they hold still and can be changed."""
    folder = tmp_path_factory.mktemp("sources")
    ignored = shutil.ignore_patterns("__pycache__")
    (folder / "firmware" / "dermis" / "core").mkdir(parents=True)
    for name in ("main.py", "core/release.py"):  # of some two hundred: the script takes what lies there
        shutil.copy(ROOT / "firmware" / "dermis" / name, folder / "firmware" / "dermis" / name)
    shutil.copytree(CORAL, folder / "hw" / "coral")
    shutil.copytree(ROOT / "hw" / "dermis_hw" / "boards", folder / "hw" / "dermis_hw" / "boards", ignore=ignored)
    for name in ("__init__.py", "optics.py", "toml.py"):
        shutil.copy(ROOT / "hw" / "dermis_hw" / name, folder / "hw" / "dermis_hw" / name)
    (folder / "models" / "released").mkdir(parents=True)
    (folder / "models" / "released" / "spoof.tflite").write_bytes(b"a model")
    return folder


def install(sources: Path, root: Path, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(sources / "hw" / "coral" / "install.sh"), "--root", str(root), "--python", str(PYTHON), *options],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(root)},
    )


def installed(sources: Path, root: Path, *options: str) -> str:
    done = install(sources, root, "--no-packages", *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def tree(root: Path) -> dict[str, bytes | str]:
    """path -> content, or where a link points."""
    found: dict[str, bytes | str] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


@needs_python
def test_a_dry_run_changes_nothing_and_says_what_it_would(sources, tmp_path):
    said = installed(sources, tmp_path, "--dry-run")
    assert tree(tmp_path) == {}
    assert all(line.startswith("would: ") for line in said.splitlines())
    for word in ("dermis-module.service", "board.json", "spoof.tflite", "70-dermis.rules", "current"):
        assert word in said


@needs_python
def test_installed_twice_is_installed_once(sources, tmp_path):
    installed(sources, tmp_path)
    first = tree(tmp_path)
    stamps = {name: (tmp_path / name).lstat().st_mtime_ns for name in first}
    installed(sources, tmp_path)
    assert tree(tmp_path) == first
    assert {name: (tmp_path / name).lstat().st_mtime_ns for name in first} == stamps
    current = str(first["opt/dermis/current"])
    assert json.loads(first["etc/dermis/board.json"]) == json.loads(json.dumps(board_file("coral")))
    assert first[f"opt/dermis/{current}/spoof.tflite"] == b"a model"
    assert first[f"opt/dermis/{current}/firmware/dermis/main.py"] == (ROOT / "firmware/dermis/main.py").read_bytes()
    assert os.access(tmp_path / "opt/dermis" / current / "prepare", os.X_OK)


@needs_python
def test_another_release_takes_its_place_and_the_one_before_can_come_back(sources, tmp_path):
    installed(sources, tmp_path)
    first = os.readlink(tmp_path / "opt/dermis/current")
    model = sources / "models" / "released" / "spoof.tflite"
    names = [first]
    try:
        for number in range(2):
            model.write_bytes(b"model %d" % number)
            installed(sources, tmp_path)
            names.append(os.readlink(tmp_path / "opt/dermis/current"))
    finally:
        model.write_bytes(b"a model")
    assert len(set(names)) == 3
    assert os.readlink(tmp_path / "opt/dermis/previous") == names[1]
    kept = {f"releases/{path.name}" for path in (tmp_path / "opt/dermis/releases").iterdir()}
    assert kept == set(names[1:]), "two are kept"
    done = install(sources, tmp_path, "--rollback")
    assert done.returncode == 0, done.stderr
    assert os.readlink(tmp_path / "opt/dermis/current") == names[1]
    assert os.readlink(tmp_path / "opt/dermis/previous") == names[2]


@needs_python
def test_one_that_was_not_ended_is_made_anew(sources, tmp_path):
    installed(sources, tmp_path)
    release = tmp_path / "opt/dermis" / os.readlink(tmp_path / "opt/dermis/current")
    (release / "whole").unlink()
    (release / "spoof.tflite").unlink()
    installed(sources, tmp_path)
    assert (release / "spoof.tflite").read_bytes() == b"a model"


@needs_python
def test_the_owners_board_file_stays(sources, tmp_path):
    installed(sources, tmp_path)
    board = tmp_path / "etc/dermis/board.json"
    board.write_text('{"profile": "turnstile"}')
    said = installed(sources, tmp_path)
    assert board.read_text() == '{"profile": "turnstile"}' and "board.json.new" in said
    assert json.loads((tmp_path / "etc/dermis/board.json.new").read_text())["board"] == "coral"


@needs_python
def test_nothing_but_the_owners_is_left_and_with_purge_not_even_that(sources, tmp_path):
    installed(sources, tmp_path)
    (tmp_path / "var/lib/dermis").mkdir(parents=True)
    (tmp_path / "var/lib/dermis/keys").write_text("secret")
    done = install(sources, tmp_path, "--uninstall")
    assert done.returncode == 0 and set(tree(tmp_path)) == {"etc/dermis/board.json", "var/lib/dermis/keys"}
    assert install(sources, tmp_path, "--uninstall").returncode == 0  # again
    installed(sources, tmp_path)
    assert install(sources, tmp_path, "--uninstall", "--purge").returncode == 0
    assert tree(tmp_path) == {}


@needs_python
def test_packages_that_cannot_be_had_leave_what_was(sources, tmp_path):
    installed(sources, tmp_path)
    before = tree(tmp_path)
    model = sources / "models" / "released" / "spoof.tflite"
    stub = tmp_path.parent / "python-without-packages"
    stub.write_text(f'#!/bin/sh\n[ "$1" != -m ] || exit 1\nexec {PYTHON} "$@"\n')
    stub.chmod(0o755)
    try:
        model.write_bytes(b"another")
        done = install(sources, tmp_path, "--python", str(stub))
    finally:
        model.write_bytes(b"a model")
    assert done.returncode == 1 and done.stderr.splitlines()[-1].endswith("nothing was changed")
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--rollback"], "no firmware before"),
        (["--nonsense"], "--nonsense"),
        (["--purge"], "--uninstall"),
        (["--python"], "needs a value"),
        (["--python", "/bin/false"], "3.10 or 3.11"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(sources, tmp_path, options, word):
    done = install(sources, tmp_path, *options)
    assert done.returncode == 1 and word in done.stderr and len(done.stderr.splitlines()) == 1
    assert tree(tmp_path) == {}


def test_it_wants_root_and_explains_itself(sources):
    script = str(sources / "hw" / "coral" / "install.sh")
    told = subprocess.run([script, "--help"], capture_output=True, text=True)
    assert told.returncode == 0
    for option in ("--dry-run", "--root", "--python", "--wheels", "--no-packages", "--rollback", "--uninstall"):
        assert option in told.stdout
    missing = subprocess.run([script, "--root", "/nowhere/at/all"], capture_output=True, text=True)
    assert missing.returncode == 1 and "make it first" in missing.stderr


def test_the_pwm_is_given_to_the_group_and_one_that_is_missing_stops_no_start(tmp_path):
    pwm = tmp_path / "pwmchip0" / "pwm0"
    pwm.mkdir(parents=True)
    for name in ("period", "duty_cycle", "enable", "polarity"):
        (pwm / name).touch(mode=0o644)
    (tmp_path / "bin").mkdir()
    chgrp = tmp_path / "bin" / "chgrp"  # there is no such group here
    chgrp.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/given\n')
    chgrp.chmod(0o755)
    path = {**os.environ, "PATH": f"{chgrp.parent}:{os.environ['PATH']}"}
    subprocess.run([str(CORAL / "prepare"), str(pwm)], check=True, env=path)
    given = [f"dermis {pwm}/{name}" for name in ("period", "duty_cycle", "enable")]
    assert (tmp_path / "given").read_text().splitlines() == given
    assert (pwm / "enable").stat().st_mode & 0o777 == 0o664 and (pwm / "polarity").stat().st_mode & 0o777 == 0o644
    missing = subprocess.run(
        [str(CORAL / "prepare"), str(tmp_path / "pwmchip9" / "pwm0")], capture_output=True, text=True, env=path
    )
    assert missing.returncode == 0 and "the lights stay dark" in missing.stderr


def test_the_scripts_are_clean():
    shellcheck = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed")
    scripts = [str(CORAL / "install.sh"), str(CORAL / "prepare")]
    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@needs_python
@pytest.mark.parametrize(
    ("change", "fault"),
    [(("", ""), ""), (("Restart=always", "Restart=sometimes"), "restart"), (("ProtectClock", "ProtectClok"), "Clok")],
)
def test_systemd_takes_the_unit(sources, tmp_path, change, fault):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    installed(sources, tmp_path)
    placed = tmp_path / "etc/systemd/system/dermis-module.service"
    placed.write_text(placed.read_text().replace(*change))
    python = tmp_path / "opt/dermis/current/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    unit = "/etc/systemd/system/dermis-module.service"
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"--root={tmp_path}", unit],
        capture_output=True,
        text=True,
    )
    # Below a folder it finds no sysinit.target; what it says of the unit itself is what counts.
    said = [line for line in done.stderr.splitlines() if "dermis-module" in line and "not found" not in line]
    assert bool(said) == bool(fault) and all(fault in line for line in said)


def lines_of(name: str) -> list[str]:
    return [line for line in (CORAL / name).read_text().splitlines() if line and not line.startswith("#")]


def test_what_the_service_is_given_is_what_the_board_has():
    board = board_file("coral")
    devices = {place[0] for place in board["pins"].values()} | {board["link"]}
    devices |= {path for name, path in board["devices"].items() if name not in ("current_pwm", "watchdog")}
    rules = lines_of("70-dermis.rules")
    given = {"/dev/" + found for line in rules for found in re.findall(r'KERNEL=="([^"]+)"', line)}
    assert given == devices
    assert all('GROUP="dermis"' in line and 'MODE="0660"' in line for line in rules)
    unit = UNIT.read_text()
    assert f"prepare {board['devices']['current_pwm']}\n" in unit
    assert f"DERMIS_STORAGE={coral_board.STORAGE}\n" in unit
    assert f"SuccessExitStatus={coral_stopped.RESTART_STATUS}\n" in unit
    runtime = re.search(r"^RuntimeDirectory=(.+)$", unit, re.MULTILINE)
    assert runtime and coral_stopped.NOTE.startswith(f"/run/{runtime[1]}/")


def pins(lines: list[str]) -> dict[str, str]:
    """name -> version."""
    found = {}
    for line in lines:
        name, _, version = line.partition(";")[0].strip().partition("==")
        found[name] = version
    return found


def test_the_boards_packages_are_those_that_are_tested_here():
    board, own = pins(lines_of("requirements.txt")), pins(list(environment.PACKAGES))
    pinned = pins((ROOT / "requirements.txt").read_text().splitlines())
    for name, version in board.items():
        assert own.get(name, pinned.get(name)) == version, name
    extra = (ROOT / "pyproject.toml").read_text().partition("\ncoral = [")[2].partition("\n]")[0]
    for name in re.findall(r'^ +"([a-z0-9-]+)', extra, re.MULTILINE):
        assert name in board
