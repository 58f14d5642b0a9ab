"""mpremote at a development build: the prompt, files, scripts, and the way back to the firmware.

Its first words end the firmware; what follows in the same test stays at the prompt (`resume`), as a person would.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dermis_host import Module
from dermis_host.rig import Rig

from tests.hil.clients import tools


@pytest.fixture
def prompt(rig: Rig) -> Iterator[str]:
    """The port of a module whose firmware is up; it runs again afterwards."""
    rig.wait_for_module()
    yield rig.port
    if rig.twin is not None:
        rig.twin.reset()  # whatever the test left there
    elif not rig.answers_now():
        tools.run("mpremote", "connect", rig.port, "resume", "reset")
        rig.wait_for_module()


def test_statements_files_scripts_and_a_mounted_folder(rig, prompt, tmp_path):
    (tmp_path / "hers.py").write_text("VALUE = 37\n")
    (tmp_path / "script.py").write_text("import sys\nprint('script on', sys.implementation.name)\n")
    connect = ("connect", prompt, "resume")
    assert tools.told("mpremote", "connect", prompt, "exec", "print(6 * 7)") == "42", "with the soft reset of its own"
    listed = tools.told("mpremote", *connect, "fs", "ls")
    assert "boot.py" in listed and "main.py" in listed
    tools.told("mpremote", *connect, "fs", "cp", ":main.py", tmp_path / "main.py")
    assert "dermis.first_stage" in (tmp_path / "main.py").read_text()
    assert tools.told("mpremote", *connect, "run", tmp_path / "script.py") == "script on micropython"
    said = tools.told("mpremote", *connect, "mount", tmp_path, "exec", "import hers; print(hers.VALUE)")
    assert "37" in said.split(), said  # mpremote's own words stand before or after it
    tools.told("mpremote", *connect, "soft-reset")
    failed = tools.run("mpremote", *connect, "exec", "1 / 0")
    assert failed.code == 1 and "ZeroDivisionError" in failed.text
    missing = tools.run("mpremote", *connect, "fs", "cat", ":nothing.txt")
    assert missing.code == 1 and "nothing.txt: No such file or directory" in missing.text
    tools.told("mpremote", *connect, "reset")
    rig.wait_for_module()
    with rig.module() as module:
        assert module.echo("back") == "back"


def test_a_module_that_is_starting_keeps_what_is_typed(rig, prompt):
    """What mpremote sends at once waits in the port until the firmware reads."""
    if rig.twin is None:
        pytest.skip("Only a twin is reset without opening its port.")
    rig.twin.reset()
    assert tools.told("mpremote", "connect", prompt, "exec", "print(6 * 7)") == "42"


def test_a_port_that_is_not_there(nowhere: Path):
    said = tools.run("mpremote", "connect", nowhere, "exec", "1")
    assert said.code == 1 and f"failed to access {nowhere}" in said.text


def test_a_port_that_somebody_else_has(taken: str):
    said = tools.run("mpremote", "connect", taken, "exec", "1")
    assert said.code == 1 and "it may be in use by another program" in said.text


def test_a_module_in_the_field_state_gives_no_prompt(field: Rig):
    said = tools.run("mpremote", "connect", field.port, "exec", "print(6 * 7)")
    assert said.code != 0 and "could not enter raw repl" in said.text and "42" not in said.text
    with Module(field.port) as module:
        assert module.echo("alive") == "alive"
        assert module.posture().state == "field"
