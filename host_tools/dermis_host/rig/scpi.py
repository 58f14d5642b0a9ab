"""An instrument that speaks SCPI over a serial port: IEEE 488.2's common commands and the error queue of SCPI-99."""

from __future__ import annotations

import math
import re

from dermis_host.rig.contract import RigError
from dermis_host.rig.keys import Keys
from dermis_host.rig.serial_line import SerialLine

BAUD = 9600  # what most leave the works with
ANSWER_S = 2.0
LONGEST_ANSWER_S = 30.0
MOST_ERRORS = 20  # in its queue; a longer one never ends
MOST_STALE = 20  # lines that may still be on their way after a question that was not answered in time
ERROR = re.compile(r'([+-]?\d+)\s*(?:,\s*"?([^"]*)"?)?')
IS_ON, IS_OFF = ("1", "ON"), ("0", "OFF")


class ScpiKeys:
    """The keys that every SCPI instrument takes: port, baud, timeout_s, first (commands before all others, such as
    "SYST:REM", without which some supplies listen to their buttons only)."""

    def __init__(self, keys: Keys):
        self.port = keys.port()
        self.baud = keys.baud(BAUD)
        self.answer_s = keys.number("timeout_s", 0.05, LONGEST_ANSWER_S, ANSWER_S)
        self.first = keys.texts("first", ("*CLS",))


class Scpi:
    """One instrument, open. what: as it stands in sentences. Raises RigError, here and in every method."""

    def __init__(self, what: str, keys: ScpiKeys):
        self._limit_s = keys.answer_s
        self._line = SerialLine(what, keys.port, keys.baud)
        self._in_step = False
        try:
            self.identity = self._greet()
            self._in_step = True
            for command in keys.first:
                self._line.send(command)
            self._empty_errors()  # of somebody before us
        except BaseException:
            self._line.close()
            raise

    def ask(self, question: str) -> str:
        """The answer to a question."""
        if not self._in_step:
            self._fall_in_step()
        self._in_step = False
        self._line.send(question)
        answer = self._line.line(question, self._limit_s)
        self._in_step = True
        return answer

    def do(self, command: str) -> None:
        """A command; returns when the instrument has taken it without an error in its queue."""
        if not self._in_step:
            self._fall_in_step()
        self._line.send(command)
        if errors := self._empty_errors():
            raise RigError(f"{self._line.what} on {self._line.port} refused {command}: {'; '.join(errors)}.")

    def is_on(self, question: str) -> bool:
        """The answer to a question that has 0 or 1."""
        answer = self.ask(question)
        if answer.upper() not in IS_ON + IS_OFF:
            raise self._nonsense(question, answer)
        return answer.upper() in IS_ON

    def number(self, question: str) -> float:
        """The answer to a question that has a number."""
        answer = self.ask(question)
        try:
            value = float(answer)
        except ValueError:
            raise self._nonsense(question, answer) from None
        if not math.isfinite(value):
            raise self._nonsense(question, answer)
        return value

    def wrong(self, what: str) -> RigError:
        """What is wrong with it, to be raised."""
        return RigError(f"{self._line.what} on {self._line.port} {what}.")

    def close(self) -> None:
        self._line.close()

    def _nonsense(self, question: str, answer: str) -> RigError:
        """It may be the answer to another question, so the next ones may be as well."""
        self._in_step = False
        return self._line.nonsense(question, answer)

    def _greet(self) -> str:
        self._line.drop_input()
        self._line.send("*IDN?")
        try:
            answer = self._line.line("*IDN?", self._limit_s)
        except RigError:
            # Half a command of somebody before us may have stood in its buffer: this one ended it.
            self._line.drop_input()
            self._line.send("*IDN?")
            answer = self._line.line("*IDN?", self._limit_s)
        if "," not in answer:
            raise self._line.nonsense("*IDN?", answer)
        return answer

    def _fall_in_step(self) -> None:
        """A question was not answered in time: its answer may still come, and must not be taken for another's. Answers
        come in order, so that nothing is left before that to *IDN?."""
        self._line.drop_input()
        self._line.send("*IDN?")
        for _ in range(MOST_STALE):
            if self._line.line("*IDN?", self._limit_s) == self.identity:
                self._in_step = True
                return
        raise RigError(f"{self._line.what} on {self._line.port} answers out of step: switch it off and on.")

    def _empty_errors(self) -> list[str]:
        errors = []
        for _ in range(MOST_ERRORS):
            answer = self.ask("SYST:ERR?")
            found = ERROR.fullmatch(answer)
            if found is None:
                raise self._nonsense("SYST:ERR?", answer)
            if int(found[1]) == 0:
                return errors
            errors.append(f"{found[2] or 'error'} ({int(found[1])})")
        raise RigError(f"{self._line.what} on {self._line.port} has errors without an end: switch it off and on.")
