"""A build in flash, from reset to an answer: the same firmware as from sources, and nothing of the checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dermis.core import release
from dermis_host import Module
from dermis_host.errors import LinkError

from tests.twin.conftest import wait_for


def test_a_flashed_module_takes_bursts_answers_and_outlives_its_cable(make_flashed_twin):
    twin = make_flashed_twin()
    with Module(twin.url) as module:
        assert module.echo("from flash") == "from flash"
        assert module.identity().firmware == release.VERSION
        assert module.burst().frames
        assert module.verify().reasons == ["not_calibrated"], "it was flashed, and not calibrated"
        status = twin.status()
        assert status["from_flash"] and status["boots"] == 1
        twin.fault("cable_pulled")
        with pytest.raises(LinkError, match="still plugged in"):
            module.echo("gone")
    with Module(twin.url) as module:
        assert module.echo("again") == "again"
    assert twin.status()["boots"] == 2


def test_without_an_image_it_says_so_and_opens_no_prompt(make_flashed_twin):
    twin = make_flashed_twin(parts={"slot0": b""})
    log = twin.state_dir / "console.log"
    said = wait_for(lambda: "nothing_to_start" in (text := log.read_text()) and text, "the reason")
    assert "dermis flash" in said and ">>>" not in said
    assert twin.status()["boots"] == 1


def test_mpremote_gets_the_prompt_of_a_flashed_module(make_flashed_twin):
    """In the bench state; its files are the boot partition's and the image's."""
    twin = make_flashed_twin(virtual_time=False)
    with Module(twin.url) as module:
        module.echo("up")
    mpremote = str(Path(sys.executable).parent / "mpremote")
    listed = subprocess.run(
        [mpremote, "connect", twin.url, "resume", "exec", "import os; print(sorted(os.listdir('/')))"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert "'main.py'" in listed.stdout and "'app'" in listed.stdout and "'etc'" not in listed.stdout
