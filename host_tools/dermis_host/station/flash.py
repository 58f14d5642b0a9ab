"""The flash phase: a command of the line's own, run once a unit, its end and its words recorded."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from dermis_host.errors import HostError, UsageError
from dermis_host.station import schema
from dermis_host.station.settings import Flash
from dermis_host.station.unit_record import Flashed

KEPT_CHARACTERS = 6000  # of the end of what it said, in the record
LARGEST_LOG = 4 << 20  # bytes of the beginning, in a file; a command that floods must not fill the disk
BLOCK = 1 << 16
LOOK_S = 0.1
END_S = 3.0  # from the polite end to the other; also for what it started and left behind to fall silent
NOT_FLASHED = "not flashed by this station"


class FlashFailed(HostError):
    """The command said so, or did not end."""


class NoFlashCommand(HostError):
    """The command is not there or cannot be started: the station's fault."""


def words(flash: Flash, *, port: str, serial: str, folder: Path) -> list[str]:
    """The command with its placeholders filled in; other braces stay."""
    given = {"{port}": port, "{serial}": serial, "{folder}": str(folder)}
    filled = []
    for word in flash.command:
        for name, value in given.items():
            word = word.replace(name, value)
        filled.append(word)
    return filled


def run(flash: Flash, command: list[str], log: Path, done: Flashed, checked: Callable[[], None]) -> None:
    """Runs it, with what it says in the file `log` (at most `LARGEST_LOG`), and fills in `done` however it ends.

    checked: called several times a second; may raise to give up. Raises FlashFailed, NoFlashCommand, and what
    `checked` raises; the command has ended then.
    """
    done.done, done.command = True, [schema.cleaned(word) for word in command]
    with open(log, "wb") as said:
        try:
            # A session of its own: what the command starts ends with it.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as problem:
            raise NoFlashCommand(
                f"The flash command {command[0]} cannot be started ({problem.strerror or problem}): correct [flash] in "
                "the station's file."
            ) from None
        assert process.stdout
        heard = _Heard(process.stdout)
        try:
            done.exit_code = _ended(process, flash.timeout_s, checked)
        finally:
            if done.exit_code is None:
                _end(process)
            heard.join(END_S)
            done.output = heard.tail()
            said.write(heard.head())
    if done.exit_code is None:
        raise FlashFailed(
            f"The flash command did not end within {flash.timeout_s:g} s: see flash.txt, then test again."
        )
    if flash.ours and done.exit_code == UsageError.exit_code:
        raise NoFlashCommand(
            "The files to flash cannot be used: see flash.txt, and correct [flash] in the station's file."
        )
    if done.exit_code:
        raise FlashFailed(f"The flash command ended with {done.exit_code}: see flash.txt, then test again.")


def _ended(process: subprocess.Popen[bytes], timeout_s: float, checked: Callable[[], None]) -> int | None:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        checked()
        try:
            return process.wait(LOOK_S)
        except subprocess.TimeoutExpired:
            continue
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing is left writing to a module that is taken out."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):  # all of them have ended
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_S)


class _Heard(threading.Thread):
    """Reads what a command says until its end, so that it never waits; keeps the beginning and the end."""

    def __init__(self, pipe: IO[bytes]):
        super().__init__(daemon=True)
        self._pipe, self._head, self._tail = pipe, bytearray(), b""
        self.start()

    def run(self) -> None:
        while block := os.read(self._pipe.fileno(), BLOCK):
            self._head += block[: LARGEST_LOG - len(self._head)]
            self._tail = (self._tail + block)[-4 * KEPT_CHARACTERS :]  # a character has at most four bytes
        self._pipe.close()

    def head(self) -> bytes:
        """Its first bytes."""
        return bytes(self._head)

    def tail(self) -> str:
        """The end of it, as a record takes it."""
        text = self._tail.decode("utf-8", "replace").replace("\r", "\n")
        return schema.cleaned(text[-KEPT_CHARACTERS:])
