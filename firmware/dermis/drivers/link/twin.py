"""The twin's console: standard input and output of the process, a terminal without echo or translation."""

from __future__ import annotations

import asyncio
import os
import struct
import sys

from dermis.core import twin_wire as wire
from dermis.drivers.link import Link
from dermis.drivers.link.stream import StreamLink
from dermis.drivers.twin_channel import IS_MICROPYTHON


def _take(channel, ours):
    """Who gets 0x03: the firmware, as a byte, or the interpreter."""
    channel.ask(wire.CONSOLE, struct.pack(wire.CONSOLE_REQUEST, ours))


class MicroPythonLink(StreamLink):
    """Virtual time waits for whoever has read."""

    def __init__(self, channel, clock):
        super().__init__(sys.stdin.buffer)
        self._channel = channel
        self._clock = clock
        self._sink = sys.stdout.buffer
        _take(channel, True)

    def heard(self):
        self._clock.activity += 1

    def write(self, data) -> None:
        self._sink.write(data)

    def release(self) -> None:
        _take(self._channel, False)


class CPythonLink(Link):
    """The same over descriptors 0 and 1."""

    def __init__(self, channel, clock):
        self._channel = channel
        self._clock = clock
        _take(channel, True)

    async def read(self, buffer) -> int:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        loop.add_reader(0, ready.set_result, None)
        try:
            await ready
        finally:
            loop.remove_reader(0)
        data = os.read(0, len(buffer))
        if not data:
            raise EOFError
        self._clock.activity += 1
        buffer[: len(data)] = data
        return len(data)

    def write(self, data) -> None:
        view = memoryview(data)
        while len(view):
            view = view[os.write(1, view) :]

    def release(self) -> None:
        _take(self._channel, False)


TwinLink = MicroPythonLink if IS_MICROPYTHON else CPythonLink
