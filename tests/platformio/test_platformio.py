"""`pio` as a person types it: its targets run the host tools, and nothing but these does any work."""

from __future__ import annotations

import importlib.util
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dermis_host import Module, building

from tests.twin.conftest import make_twin  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "build/pio/image"  # as platformio.ini has it
LIMIT_S = 120


@pytest.fixture(scope="module")
def pio():
    """`make pio`, once a checkout."""
    spec = importlib.util.spec_from_file_location("pio_install", ROOT / "platformio/install.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.install()


def run(pio, *words, **changed) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("DERMIS_", "PLATFORMIO_"))}
    ended = subprocess.run(
        [pio, "run", *map(str, words)],
        cwd=ROOT,
        env=environment | changed,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert "Traceback" not in ended.stdout + ended.stderr
    return ended


def test_an_image_is_built_and_flashed(pio, tmp_path):
    """The one that the tools build; the flashing stops before it would need a board."""
    ended = run(pio, "-e", "esp32s3", "-t", "upload", "-a", "--dry-run")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "the runtime" in ended.stdout and "dermis build" in ended.stdout
    made = building.build("esp32s3", building.development_key(IMAGES), tmp_path)
    for file in (made.image, made.boot):
        assert (IMAGES / "esp32s3" / file.name).read_bytes() == file.read_bytes(), file.name


def test_a_blank_twin_is_flashed_looked_at_and_answers(pio, make_twin):  # noqa: F811
    """The self-test's own sentence and failure come through."""
    twin = make_twin("blank", blank=True)
    ended = run(pio, "-e", "twin", "-t", "upload", "-t", "selftest", "--upload-port", twin.url)
    assert twin.status()["from_flash"], ended.stdout + ended.stderr
    assert "thermometer" in ended.stdout and "storage" in ended.stdout, ended.stdout + ended.stderr
    assert ended.returncode == 1 and "the self-test failed: calibration." in ended.stderr, "nothing else is wrong"
    with Module(twin.url) as module:
        verdict = module.verify()
    assert (verdict.verdict, verdict.reasons) == ("no_decision", ["not_calibrated"])
    assert '"boot"' in _monitored(pio, twin)


def _monitored(pio, twin) -> str:
    """What `-t monitor` shows of a module that is started anew."""
    asked = False

    def restart(shown: bytes) -> bool:
        nonlocal asked
        if not asked and b"Terminal on" in shown:
            asked = True
            twin.reset()
        return b'"boot"' in shown

    return on_terminal([pio, "run", "-e", "twin", "-t", "monitor", "--monitor-port", twin.url], restart)


def on_terminal(words, seen) -> str:
    """What a command shows on a terminal of its own until `seen(bytes)` is true; then Ctrl-C ends it."""
    process, terminal = pty.fork()
    if not process:
        os.chdir(ROOT)
        os.execv(words[0], [str(word) for word in words])
    shown, until = b"", time.monotonic() + LIMIT_S
    try:
        while time.monotonic() < until and not seen(shown):
            shown += os.read(terminal, 4096)
        os.write(terminal, b"\x03")
    except OSError:
        shown += b"(it ended by itself)"  # so does a terminal whose last program has gone
    finally:
        os.close(terminal)
        os.waitpid(process, 0)
    return shown.decode(errors="replace")


def test_calibration_talks_with_a_person(pio):
    """On a terminal it has one, and looks for the module."""
    words = [pio, "run", "-e", "twin", "-t", "calibrate", "--upload-port", "socket://127.0.0.1:9"]
    assert "127.0.0.1" in on_terminal(words, lambda shown: b"dermis: " in shown)


def test_the_coral_takes_no_image_but_the_sources_by_ssh(pio, tmp_path):
    """With an `ssh` that runs here what it would there, and a `sudo` that asks nothing."""
    ended = run(pio, "-e", "coral", "-t", "upload")
    assert ended.returncode == 1 and "--upload-port USER@HOST" in ended.stderr
    assert "takes no image" in ended.stdout
    (tmp_path / "board").mkdir()
    for name, does in (("ssh", f'cd {tmp_path}/board && echo "to $1" && exec sh -c "$2"'), ("sudo", 'exec "$@"')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    words = ("-a", "--dry-run", "-a", "--python", "-a", sys.executable)
    ended = run(pio, "-e", "coral", "-t", "nobuild", "-t", "upload", "--upload-port", "mendel@coral", *words, PATH=path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "takes no image" not in ended.stdout, "nothing is built where nobody asks for it"
    assert "to mendel@coral" in ended.stdout and "would: " in ended.stdout
    assert (tmp_path / "board/dermis-upload/firmware/dermis/main.py").is_file()
