"""pyserial's miniterm in a terminal, keys typed: the module's events to read, its menu, and the way out."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dermis_host.rig import Rig
from dermis_host.wire import frame_lines, request

from tests.hil.clients import tools

MENU, LEAVE = "\x14", "\x1d"  # Ctrl-T, Ctrl-]
HELP, DTR, RTS, UPLOAD = "\x08", "\x04", "\x12", "\x15"
BAUD = 921600
LOCAL_MODES = 3  # of what `termios.tcgetattr` gives
LOOK_S = 0.05


class Terminal:
    """miniterm on a port, in a terminal of its own."""

    def __init__(self, port: str):
        self._keys, screen = pty.openpty()
        command = [sys.executable, "-m", "serial.tools.miniterm", port, str(BAUD)]
        self.process = subprocess.Popen(command, stdin=screen, stdout=screen, stderr=screen, start_new_session=True)
        os.close(screen)
        self.shown = ""

    def type(self, keys: str) -> None:
        os.write(self._keys, keys.encode())

    def wait_for(self, pattern: str, limit_s: float = tools.LIMIT_S) -> re.Match[str]:
        """What is shown from here on is read until it fits. Fails when that does not come in time."""
        until = time.monotonic() + limit_s
        while not (found := re.search(pattern, self.shown)):
            if not self._read(max(0.0, until - time.monotonic())):
                pytest.fail(f"{pattern} did not come within {limit_s:g} s; shown was: {self.shown[-2000:]}")
        self.shown = self.shown[found.end() :]
        return found

    def send_file(self, path: Path) -> None:
        """Its menu's upload. It asks before it turns the terminal to lines, and that throws away what was typed."""
        self.type(MENU + UPLOAD)
        self.wait_for("File to upload: ")
        self.wait_for_lines(True)
        self.type(f"{path}\r")

    def wait_for_lines(self, lines: bool) -> None:
        """Until it reads lines, or else key by key: before that a key is the terminal's, and Ctrl-U empties a line."""
        until = time.monotonic() + tools.LIMIT_S
        while bool(termios.tcgetattr(self._keys)[LOCAL_MODES] & termios.ICANON) != lines:
            assert time.monotonic() < until, f"it does not read {'lines' if lines else 'keys'}"
            self._read(LOOK_S)

    def _read(self, limit_s: float) -> bool:
        if not select.select([self._keys], [], [], limit_s)[0]:
            return False
        try:
            data = os.read(self._keys, 1 << 16)
        except OSError:  # Linux's word for a terminal whose last program has ended
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)

    def leave(self) -> int:
        """Ctrl-]: its exit code."""
        self.type(LEAVE)
        self.wait_for("--- exit ---")
        return self.process.wait(tools.LIMIT_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._keys)


@pytest.fixture
def terminal(rig: Rig) -> Iterator[Terminal]:
    rig.wait_for_module()
    opened = Terminal(rig.port)
    try:
        opened.wait_for(r"--- Miniterm on .* ---")
        opened.wait_for_lines(False)
        yield opened
    finally:
        opened.close()


def event(terminal: Terminal, name: str) -> dict:
    """The next event of that name, as a person reads it: one JSON object a line."""
    return json.loads(terminal.wait_for(rf'(\{{"t_ms": [^\n]*"event": "{name}"[^\n]*\}})\r*\n')[1])


def test_its_menu_resets_the_module_and_its_boot_line_is_read(lines, terminal, rig):
    terminal.type(MENU + HELP)
    terminal.wait_for(r"Ctrl\+T +Menu escape key")
    terminal.type(MENU + DTR)  # off: with RTS still on, the module is held in reset
    terminal.wait_for("DTR inactive")
    terminal.type(MENU + RTS)
    terminal.wait_for("RTS inactive")
    said = event(terminal, "boot")
    assert terminal.leave() == 0
    with rig.module() as module:
        assert module.identity().serial == said["serial"]


def test_a_modules_verdicts_are_watched(terminal, rig, tmp_path: Path):
    """It sends files: one that holds a request sets the watch going, another one ends it."""
    for name, fields in (("watch", {"on": True, "period_ms": 200}), ("enough", {"on": False})):
        (tmp_path / name).write_bytes(frame_lines(request("watch", **fields).BYTES))
    terminal.send_file(tmp_path / "watch")
    seen = [event(terminal, "verdict") for _ in range(2)]
    assert {each["verdict"] for each in seen} <= {"bona_fide", "attack", "no_decision"}
    assert all(isinstance(each["reasons"], list) and each["t_ms"] > 0 for each in seen)
    terminal.send_file(tmp_path / "enough")
    terminal.wait_for("sent ---")
    assert terminal.leave() == 0
    with rig.module() as module:
        assert module.echo("after") == "after"


def miniterm(port: object) -> tools.Said:
    command = [sys.executable, "-m", "serial.tools.miniterm", str(port), str(BAUD)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return tools.ended(process)


def test_a_port_that_is_not_there(nowhere: Path):
    said = miniterm(nowhere)
    assert said.code == 1 and said.text.startswith(f"could not open port '{nowhere}'")


def test_a_port_that_somebody_else_has(taken: str):
    said = miniterm(taken)
    assert said.code == 1 and said.text.startswith(f"could not open port '{taken}'"), said


def test_ctrl_c_in_the_field_state_is_not_heard(field: Rig):
    field.wait_for_module()
    terminal = Terminal(field.port)
    try:
        terminal.wait_for(r"--- Miniterm on .* ---")
        terminal.type("\x03")  # miniterm hands it on
        with pytest.raises(pytest.fail.Exception):
            terminal.wait_for(">>>", limit_s=1.0)
        assert terminal.leave() == 0
    finally:
        terminal.close()
    with field.module() as module:
        assert module.echo("alive") == "alive"
