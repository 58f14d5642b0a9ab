"""The lock's side, seen by a small microcontroller: the relay's contact, the Wiegand lines, the trigger input.

It speaks the lines of docs/formats/lock-observer.md. Nothing of it has met a real microcontroller.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dermis_host.rig.contract import LockObserver, RigError
from dermis_host.rig.keys import Keys
from dermis_host.rig.serial_line import SerialLine

BAUD = 115200
ANSWER_S = 1.0
START_S = 4.0  # a board that restarts when its port is opened, loader included
VERSION = 1
GREETING = re.compile(r"LOCK-OBSERVER (\d+) (\w[\w .-]*) TRIGGER=([01])")
MOST_FRAMES = 256  # that it keeps
FRAME = re.compile(r"FRAME ([01]{1,64})")
MOST_STALE = 20  # lines from before that may still come


class SerialLock(LockObserver):
    """Keys: port, baud."""

    def __init__(self, port: str, baud: int):
        self._line = SerialLine("The lock's observer", port, baud)
        self._in_step = True
        try:
            greeting = self._greet()
            if int(greeting[1]) != VERSION:
                raise RigError(f"The lock's observer on {port} speaks version {greeting[1]}, and not {VERSION}.")
            self._name, self._can_trigger = greeting[2], greeting[3] == "1"
            self.frames()  # of before
        except BaseException:
            self._line.close()
            raise

    @classmethod
    def read(cls, keys: Keys) -> Callable[[], SerialLock]:
        port, baud = keys.port(), keys.baud(BAUD)
        return lambda: cls(port, baud)

    def identity(self) -> str:
        return self._name

    def relay(self) -> bool:
        return self._matched("RELAY?", re.compile("RELAY ([01])"))[1] == "1"

    def frames(self) -> list[tuple[int, ...]]:
        found = self._matched("FRAMES?", re.compile(r"FRAMES (\d{1,3}) LOST (\d{1,9})"))
        count, lost = int(found[1]), int(found[2])
        self._in_step = False
        if count > MOST_FRAMES:
            raise self._line.nonsense("FRAMES?", found[0])
        frames = []
        for _ in range(count):
            line = self._line.line("FRAMES?", ANSWER_S)
            if not (frame := FRAME.fullmatch(line)):
                raise self._line.nonsense("FRAMES?", line)
            frames.append(tuple(int(bit) for bit in frame[1]))
        self._in_step = True
        if lost:
            raise RigError(f"The lock's observer on {self._line.port} lost {lost} Wiegand frames: ask it more often.")
        return frames

    def can_trigger(self) -> bool:
        return self._can_trigger

    def trigger(self, on: bool) -> None:
        if not self._can_trigger:
            raise RigError("The lock's observer has no wire to the trigger input.")
        self._matched(f"TRIGGER {int(on)}", re.compile(f"TRIGGER {int(on)}"))

    def close(self) -> None:
        self._line.close()

    def _greet(self) -> re.Match[str]:
        """It may be starting: what it says meanwhile is no answer."""
        try:
            return self._hello(ANSWER_S)
        except RigError:
            return self._hello(START_S)

    def _hello(self, limit_s: float) -> re.Match[str]:
        self._line.drop_input()
        self._line.send("HELLO?")
        line = ""
        for _ in range(MOST_STALE):
            line = self._line.line("HELLO?", limit_s)
            if found := GREETING.fullmatch(line):
                return found
        raise self._line.nonsense("HELLO?", line)

    def _matched(self, question: str, form: re.Pattern[str]) -> re.Match[str]:
        if not self._in_step:
            self._hello(ANSWER_S)  # the answer to a question that was given up may still come before it
        self._in_step = False
        self._line.send(question)
        line = self._line.line(question, ANSWER_S)
        self._in_step = True
        if line.startswith("ERROR "):
            raise RigError(f"The lock's observer on {self._line.port} refused {question}: {line[6:]}.")
        if not (found := form.fullmatch(line)):
            self._in_step = False
            raise self._line.nonsense(question, line)
        return found
