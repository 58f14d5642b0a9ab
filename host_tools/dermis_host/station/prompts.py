"""Who is asked: a person at the station page, a person on the terminal, or nobody."""

from __future__ import annotations

import html
import queue
import sys
import threading
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from dermis_host.calibration.operators import Look
from dermis_host.calibration.targets import Target
from dermis_host.errors import HostError, RequestFailed, UsageError
from dermis_host.output import Output
from dermis_host.station.framework import UserInput

WAIT_S = 0.2  # between two looks at whether somebody stopped the unit
LATE = 50  # lines that a slow browser may lie behind: ten seconds and more


class Asker(Protocol):
    """Every method raises what `checked` raises (the unit was stopped), at the latest after `WAIT_S`."""

    def text(self, message: str, error: str = "") -> str:
        """What the person types or scans; `error`: why the answer before was refused."""
        ...

    def place(self, message: str, look: Look | None = None) -> None:
        """Returns when the person says that it is done; `look` gives a line of what the module sees meanwhile."""
        ...


class PagePrompts(UserInput):
    """OpenHTF's plug for the page, without its second prompt on the terminal, with a live line and an error.

    The page shows a plug whose class descends from UserInput, and reads the keys of `_asdict`.
    """

    disable_remote_attrs = UserInput.disable_remote_attrs | {"ask"}  # the page answers; it does not ask

    def __init__(self) -> None:
        super().__init__()
        self._shown: dict[str, Any] | None = None
        # Of the prompt shown: each new line has one, and an answer to any that the page may still show is an answer.
        self._ids: deque[str] = deque(maxlen=LATE)
        self._answer: str | None = None
        self._answered = threading.Event()

    def _asdict(self) -> dict[str, Any] | None:
        return self._shown

    def respond(self, prompt_id: str, response: str) -> None:
        """What the page sends."""
        if prompt_id in self._ids and not self._answered.is_set():
            self._answer = str(response)
            self._answered.set()

    def remove_prompt(self) -> None:
        self._shown = None
        self._ids.clear()
        self.notify_update()

    def ask(self, message: str, text_input: bool, error: str, look: Look | None, checked: Callable[[], None]) -> str:
        """Shows the prompt until it is answered."""
        self._answer = None
        self._answered.clear()
        self._show(message, "", text_input, error)
        line = ""
        try:
            while not self._answered.wait(WAIT_S):
                checked()
                seen = _seen(look)
                if seen != line:
                    line = seen
                    self._show(message, line, text_input, error)
        finally:
            self.remove_prompt()
        return self._answer or ""

    def _show(self, message: str, line: str, text_input: bool, error: str) -> None:
        """The page takes the message as HTML."""
        told = html.escape(message)
        if line:
            told += f"<br><small>{html.escape(line)}</small>"
        identifier = uuid.uuid4().hex
        self._ids.append(identifier)
        self._shown = {"id": identifier, "message": told, "text-input": text_input, "image-url": None, "error": error}
        self.notify_update()


def _seen(look: Look | None) -> str:
    if look is None:
        return ""
    try:
        return look()
    except RequestFailed as refused:  # a lamp, a covered lens: what the person is there to put right
        return refused.sentence


class OnPage:
    """Asks at the station page."""

    def __init__(self, prompts: PagePrompts, checked: Callable[[], None]):
        self._prompts, self._checked = prompts, checked

    def text(self, message: str, error: str = "") -> str:
        return self._prompts.ask(message, True, error, None, self._checked)

    def place(self, message: str, look: Look | None = None) -> None:
        self._prompts.ask(message, False, "", look, self._checked)


class OnTerminal:
    """Asks on the terminal. One thread reads the keyboard for all prompts, so that a stop is seen while one waits."""

    def __init__(self, output: Output, checked: Callable[[], None], lines: queue.Queue[str | None]):
        self._output, self._console, self._checked, self._lines = output, output.err, checked, lines

    def text(self, message: str, error: str = "") -> str:
        self._output.clear_tick()
        if error:
            self._console.print(error, style="red", markup=False, soft_wrap=True)
        self._console.print(message, style="bold", markup=False, soft_wrap=True)
        while (line := self._line()) is None:
            self._checked()
        return line

    def place(self, message: str, look: Look | None = None) -> None:
        while not self._lines.empty():  # an Enter pressed too early, or twice, says nothing of this target
            self._line()
        self._output.clear_tick()
        self._console.print(f"{message} Press Enter when it is done.", style="bold", markup=False, soft_wrap=True)
        while self._line() is None:
            self._checked()
            if line := _seen(look):
                self._output.tick(line)

    def _line(self) -> str | None:
        """What was typed, without its end; None when nothing came within `WAIT_S`."""
        try:
            line = self._lines.get(timeout=WAIT_S)
        except queue.Empty:
            return None
        if line is None:
            self._lines.put(None)  # whoever asks next must be told too
            raise InputEnded("The input ended: run it on a terminal, or name --serial and --yes.")
        return line


class InputEnded(UsageError):
    """Nobody is at the terminal any more."""


def keyboard() -> queue.Queue[str | None]:
    """Lines from stdin as they come; None at its end."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line.rstrip("\r\n"))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return lines


class Nobody:
    """Nobody is there: `--yes`. Answers what needs no eyes, and refuses the rest."""

    def text(self, message: str, error: str = "") -> str:
        raise UsageError("Nobody can be asked for a serial number: name it with --serial.")

    def place(self, message: str, look: Look | None = None) -> None:
        raise HostError("Nobody can place targets (--yes): use a twin, or leave --yes out.")


class Placing:
    """`calibration.operators.Operator` that asks."""

    def __init__(self, asker: Asker):
        self._asker = asker

    def show(self, target: Target, look: Look) -> None:
        self._asker.place(target.guide, look)

    def heat(self, temperature_c: float, look: Look) -> None:
        self._asker.place(f"Bring the module to {temperature_c:g} degC and let it settle.", look)

    def close(self) -> None:
        """Nothing to put back."""
