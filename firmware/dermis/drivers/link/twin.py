"""The twin's console: standard input and output of the process, a terminal without echo or translation."""

from __future__ import annotations

import asyncio
import os
import select
import struct
import sys

from dermis.core import twin_wire as wire
from dermis.drivers.link import Link
from dermis.drivers.twin_channel import IS_MICROPYTHON

INTERRUPT = 0x03


class _Console(Link):
    """What both interpreters share: who gets 0x03, and that virtual time waits for whoever has read."""

    def __init__(self, channel, clock):
        self._channel = channel
        self._clock = clock
        self._take(True)

    def release(self) -> None:
        self._take(False)

    def _take(self, ours):
        self._channel.ask(wire.CONSOLE, struct.pack(wire.CONSOLE_REQUEST, ours))


class MicroPythonLink(_Console):
    """`read(n)` waits for all n bytes on every port of MicroPython, so each byte is asked for alone."""

    def __init__(self, channel, clock):
        super().__init__(channel, clock)
        self._source = sys.stdin.buffer
        self._sink = sys.stdout.buffer
        self._reader = asyncio.StreamReader(self._source)  # type: ignore[call-arg]
        self._poll = select.poll()
        self._poll.register(self._source, select.POLLIN)

    async def read(self, buffer) -> int:
        first = await self._reader.read(1)
        if not first:
            raise EOFError
        self._clock.activity += 1
        buffer[0] = first[0]
        count, take, ready = 1, self._source.read, self._poll.poll
        # What follows a Ctrl-C may be meant for the prompt that it asks for: leave it where it is.
        while buffer[count - 1] != INTERRUPT and count < len(buffer) and ready(0):
            byte = take(1)
            if not byte:
                break
            buffer[count] = byte[0]
            count += 1
        return count

    def write(self, data) -> None:
        self._sink.write(data)


class CPythonLink(_Console):
    """The same over descriptors 0 and 1."""

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


TwinLink = MicroPythonLink if IS_MICROPYTHON else CPythonLink
