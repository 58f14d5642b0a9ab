"""A console that MicroPython has as a stream: standard input and output, or a UART."""

from __future__ import annotations

import asyncio
import select
import sys
from typing import TYPE_CHECKING

from dermis.drivers.link import Link

if TYPE_CHECKING:
    from typing import Any

INTERRUPT = 0x03
POLL_PAUSE_S = 0.004

IS_MICROPYTHON = sys.implementation.name == "micropython"


def _bytes_of(source):
    """An async `read(n)` that waits until there is something. Of MicroPython's streams `read(n)` waits for all n."""
    if IS_MICROPYTHON:
        return asyncio.StreamReader(source).read  # type: ignore[call-arg]
    poll = select.poll()  # for a fake chip's: CPython's loop knows descriptors only
    poll.register(source, select.POLLIN)

    async def read(count):
        while not poll.poll(0):
            await asyncio.sleep(POLL_PAUSE_S)
        return source.read(count)

    return read


class StreamLink(Link):
    """source: the stream. Each byte of it is asked for alone, so that none is taken after a 0x03."""

    def __init__(self, source: Any):
        self._source = source
        self._next = _bytes_of(source)
        self._poll = select.poll()
        self._poll.register(source, select.POLLIN)

    async def read(self, buffer) -> int:
        first = await self._next(1)
        if not first:
            raise EOFError
        self.heard()
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

    def heard(self):
        """Bytes have come."""
