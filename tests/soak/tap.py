"""What the module says, heard beside whoever holds its port: lines of log, placed in world time."""

from __future__ import annotations

import json
import os
import select
import threading
import tty
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermis_hw.twin import Twin

LONGEST_LINE = 65_536
POLL_MS = 100
BOOT = "boot"


@dataclass(frozen=True)
class Event:
    """A line of the module's log: when it was said (s of world time), in which life, and its fields."""

    at_s: float
    life: int
    fields: dict[str, Any]

    @property
    def name(self) -> str:
        return self.fields["event"]


class Tap:
    """Reads the twin's pseudo-terminal until it is closed. The twin waits for it, so that nothing is lost on the way.

    damaged: lines that were begun as an event and cannot be read. lives: starts that were told.
    """

    def __init__(self, twin: Twin, link: Path):
        self._twin = twin
        self._events: deque[Event] = deque()
        self.damaged = 0
        self.lives = 0
        self.problem: Exception | None = None
        self._life_began(twin.status())
        self._terminal = os.open(link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._terminal)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, name="tap", daemon=True)
        self._thread.start()

    def taken(self) -> list[Event]:
        """The events since the last call. Raises what ended the reading."""
        if self.problem is not None:
            raise self.problem
        events = []
        while self._events:
            events.append(self._events.popleft())
        return events

    def _life_began(self, status: dict[str, Any]) -> None:
        self._boots, self._epoch_us = status["boots"], status["epoch_us"]

    def told(self, status: dict[str, Any]) -> None:
        """The twin's status: the module's clock may have leapt, against which the world's time goes on."""
        if status["boots"] == self._boots:  # else its first line is still to come
            self._epoch_us = status["epoch_us"]

    def close(self) -> None:
        """No more is read."""
        self._ended.set()
        self._thread.join()
        os.close(self._terminal)

    def _read(self) -> None:
        poll = select.poll()
        poll.register(self._terminal, select.POLLIN)
        rest = b""
        try:
            while not self._ended.is_set():
                if not poll.poll(POLL_MS):
                    continue
                *lines, rest = (rest + os.read(self._terminal, LONGEST_LINE)).split(b"\n")
                rest = rest[-LONGEST_LINE:]
                for line in lines:
                    self._take(line)
        except Exception as problem:  # noqa: BLE001 - `taken` raises it where somebody hears it
            self.problem = problem

    def _take(self, line: bytes) -> None:
        begin = line.rfind(b'{"t_ms"')  # the last: noise may have taken the end of the line before it
        if begin < 0:
            return
        try:
            fields = json.loads(line[begin:])
            at_ms = int(fields["t_ms"])
            name = str(fields["event"])
        except (ValueError, KeyError, TypeError):
            self.damaged += 1
            return
        if name == BOOT:
            self.lives += 1
            self._life_began(self._twin.status())
        self._events.append(Event((self._epoch_us + at_ms * 1000) / 1e6, self.lives, fields))
