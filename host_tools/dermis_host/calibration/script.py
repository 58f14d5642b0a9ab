"""A program that places targets (`--script FILE`): a robot arm, a turret, a climate chamber. docs/cli.md gives
the protocol: a request a line on its stdin, an answer a line on its stdout."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dermis_host.errors import HostError, UsageError

if TYPE_CHECKING:
    from dermis_host.calibration.operators import Look
    from dermis_host.calibration.targets import Target

VERSION = 1
DONE = "ok"
REMARK = "#"  # a line that starts with it is for people
ANSWER_S = 1800.0  # a climate chamber goes from 10 to 45 degrees in less
END_S = 5.0  # from `end` to the program's own end


class ScriptFailed(HostError):
    """The program that places the targets said no, fell silent or ended."""


class Script:
    """An operator that is a program; a Python file is run by this Python. `tell` hears its remarks.

    Raises UsageError when the file is not there or cannot be run, ScriptFailed with what to do in all other cases.
    """

    def __init__(self, path: Path, serial: str, tell: Callable[[str], None], answer_s: float = ANSWER_S):
        self._path, self._tell, self._answer_s = path, tell, answer_s
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process = _start(path)
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self._ask(f"hello {VERSION} {serial}")
        except BaseException:
            self.close()
            raise

    def show(self, target: Target, look: Look) -> None:
        self._ask(f"show {target.name} {target.distance_mm or 0:g}")

    def heat(self, temperature_c: float, look: Look) -> None:
        self._ask(f"heat {temperature_c:g}")

    def close(self) -> None:
        """`end`, then the end of its input; a program that stays is ended."""
        assert self._process.stdin
        try:
            self._process.stdin.write("end\n")
            self._process.stdin.close()
        except OSError:
            self._tell(f"{self._path} had ended before it was told to.")
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait(END_S)

    def _ask(self, request: str) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
        except OSError:
            raise ScriptFailed(f"{self._path} ended before {request!r}: see what it printed, then resume.") from None
        while True:
            try:
                line = self._lines.get(timeout=self._answer_s)
            except queue.Empty:
                raise ScriptFailed(
                    f"{self._path} gave no answer to {request!r} within {self._answer_s:g} s: look after the arm, "
                    "then resume."
                ) from None
            if line is None:
                raise ScriptFailed(
                    f"{self._path} ended without an answer to {request!r}: see what it printed, then resume."
                )
            if line.startswith(REMARK):
                self._tell(line.lstrip(REMARK + " "))
            elif line == DONE:
                return
            elif line:
                raise ScriptFailed(f"{self._path} answered {request!r} with: {line}")

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line.strip())
        self._lines.put(None)


def _start(path: Path) -> subprocess.Popen[str]:
    if not path.is_file():
        raise UsageError(f"There is no script {path}.")
    words = [str(path.resolve())]
    if path.suffix == ".py":
        words.insert(0, sys.executable)
    elif not os.access(path, os.X_OK):
        raise UsageError(f"{path} may not be executed: chmod +x it, or name a .py file.")
    try:
        return subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
        )
    except OSError as problem:
        raise UsageError(f"{path} cannot be started ({problem.strerror or problem}): has it a #! line?") from None
