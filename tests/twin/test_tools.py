"""The whole firmware in the twin, from its sources: at mpremote's prompt, and after noise. (Tools of others before a
flashed module: tests/hil/clients.)"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dermis_host import Module
from dermis_hw.twin import Twin

from tests.twin.conftest import wait_for


def _run(tool: str, *arguments: str) -> str:
    path = shutil.which(tool) or shutil.which(str(Path(sys.executable).parent / tool))
    if not path:
        pytest.skip(f"{tool} is not installed; `make setup` installs it, smpmgr from Python 3.11 on")
    result = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def _booted(twin: Twin) -> None:
    wait_for(lambda: twin.status()["said_hello"], "the firmware to start")


def test_mpremote_gets_the_prompt_and_leaves_by_a_reset(make_twin):
    twin = make_twin(virtual_time=False)
    _booted(twin)
    assert _run("mpremote", "connect", twin.url, "exec", "print(6 * 7)").strip() == "42"
    pid = twin.status()["module_pid"]
    _run("mpremote", "connect", twin.url, "soft-reset")
    assert twin.status()["module_pid"] != pid
    assert (
        _run("mpremote", "connect", twin.url, "resume", "exec", "import dermis; print(dermis.__name__)") == "dermis\n"
    )
    _run("mpremote", "connect", twin.url, "reset")
    wait_for(lambda: twin.status()["said_hello"], "the firmware to start again")
    with Module(twin.url) as module:
        assert module.echo("back") == "back"


def test_the_pty_is_gone_with_the_twin(make_twin, tmp_path):
    link = tmp_path / "module"
    twin = make_twin(pty=link)
    assert link.is_symlink()
    twin.stop()
    assert not link.is_symlink()


def test_the_firmware_answers_after_noise(make_twin):
    twin = make_twin(virtual_time=False)
    _booted(twin)
    pid = twin.status()["module_pid"]
    noise = random.Random(3)
    with Module(twin.url) as module:
        assert module.echo("before") == "before"
    for _ in range(5):
        twin.fault("serial_garbage", count=noise.randrange(20_000))
    wait_for(lambda: not twin.status()["backlog"], "the noise to pass")
    with Module(twin.url) as module:
        assert module.echo("after") == "after"
        assert module.burst().frames
    assert twin.status()["module_pid"] == pid
