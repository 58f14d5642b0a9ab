"""The twin's machine."""

from __future__ import annotations

import struct
import sys

from dermis.core import twin_wire as wire
from dermis.drivers.system import System

LONGEST_DRAW = 255  # the request's count is one byte


class TwinSystem(System):
    """`random` comes from the twin's seed, so that a run can be repeated: good for tests, never for keys."""

    board = "twin"

    def __init__(self, channel):
        self._channel = channel
        self._limit_ms = 0  # of the watchdog; 0: it was not started

    def serial(self) -> str:
        return self._channel.hello["serial"]

    def reset(self) -> None:
        sys.exit(wire.RESET_STATUS)

    def reset_cause(self) -> str:
        return self._channel.hello["reset_cause"]

    def start_watchdog(self, limit_ms: int) -> None:
        self._limit_ms = limit_ms
        self.feed()

    def feed(self) -> None:
        if self._limit_ms:
            self._channel.ask(wire.WATCHDOG, struct.pack(wire.WATCHDOG_REQUEST, self._limit_ms))

    def random(self, count: int) -> bytes:
        out = b""
        while len(out) < count:
            wanted = min(LONGEST_DRAW, count - len(out))
            out += bytes(self._channel.ask(wire.RANDOM, struct.pack(wire.RANDOM_REQUEST, wanted)))
        return out
