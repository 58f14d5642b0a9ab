"""The firmware's end of the one channel to the twin: requests in order, answers matched by number.

The channel is an inherited socket; `DERMIS_TWIN_FD` holds its descriptor number. Only the drivers of the
twin use it, and only `dermis.drivers.twin_board` opens it. The flash chip has a channel of its own
(`open_flash_channel`). See `dermis.core.twin_wire` for the messages.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import struct
import sys
from typing import TYPE_CHECKING

from dermis.core import twin_wire as wire
from dermis.core.errors import InterlockOpen, SensorFault

if TYPE_CHECKING:
    from typing import Any

    from dermis.drivers.clock.twin import TwinClock

# A quick request is answered within a fraction of a millisecond; only frames and SWIR readings take longer,
# and those are awaited. One that stays out this long means that the twin is gone or hangs.
ANSWER_LIMIT_MS = 10000
POLL_PAUSE_MS = 1
# In virtual time no task moves on before the answer: stand still for it, but look at the console now and then.
VIRTUAL_WAIT_MS = 5

IS_MICROPYTHON = sys.implementation.name == "micropython"

if IS_MICROPYTHON:
    pause_ms = asyncio.sleep_ms  # type: ignore[attr-defined]
else:

    def pause_ms(duration_ms):
        """MicroPython's `asyncio.sleep_ms`."""
        return asyncio.sleep(duration_ms / 1000)


class _Request:
    """One request under way: `into` takes the answer's payload after its first `head` bytes."""

    def __init__(self, op, seq, into, head):
        self.op = op
        self.seq = seq
        self.into = into
        self.head = head
        self.done = False
        self.status = 0
        self.time_us = 0
        self.answer = b""
        self.filled = 0  # bytes of `into`


class Channel:
    """`stream`: the descriptor, opened `r+b` and unbuffered. `clock` is set once there is one. Without `greet`, the
    twin is not asked who it is."""

    def __init__(self, stream, greet=True):
        self._stream = stream
        self._poll = select.poll()
        self._poll.register(stream, select.POLLIN)
        self._header = bytearray(wire.HEADER_SIZE)
        self._waiting = []
        self._awaited = 0  # answers that a task waits for; a quick request may have taken one for it
        self._seq = 0
        self.clock: TwinClock | None = None
        self.answer_time_us = 0  # of the answer last taken, module clock
        self.answer_filled = 0  # bytes that it put into the buffer handed in
        self.hello = {}
        if greet:
            self.hello = json.loads(self.ask(wire.HELLO, struct.pack(wire.HELLO_REQUEST, wire.VERSION)))
        self._wait_ms = VIRTUAL_WAIT_MS if self.hello.get("virtual_time") else 0

    def ask(self, op, payload=b"", into=None, head=0):
        """Send a request, wait for its answer and return it as bytes; for the quick ones.

        With `into`, only the first `head` bytes of the answer are returned and the rest fills that buffer.
        Raises SensorFault or InterlockOpen with the twin's sentence.
        """
        request = self._send(op, payload, into, head)
        while not request.done:
            if not self._poll.poll(ANSWER_LIMIT_MS):
                raise SensorFault("the twin does not answer; restart it")
            self._take()
        return self._result(request)

    def glance(self, op, payload=b""):
        """As `ask`, for what is looked at again and again: virtual time does not wait for whoever does."""
        before = self.clock.activity if self.clock else 0
        answer = self.ask(op, payload)
        if self.clock:
            self.clock.activity = before
        return answer

    async def ask_async(self, op, payload=b"", into=None, head=0):
        """As `ask`, and the other tasks run meanwhile; for what takes milliseconds to answer."""
        request = self._send(op, payload, into, head)
        self._awaited += 1
        try:
            while not request.done:
                if self._poll.poll(self._wait_ms):
                    self._take()
                else:
                    await pause_ms(POLL_PAUSE_MS)
        finally:
            self._awaited -= 1
        return self._result(request)

    def busy(self):
        """Whether an answer is awaited; virtual time stands still meanwhile."""
        return bool(self._waiting) or self._awaited > 0

    def _send(self, op, payload, into, head):
        self._seq = (self._seq + 1) & 0xFFFF
        request = _Request(op, self._seq, into, head)
        time_us = 0
        if self.clock is not None:
            self.clock.activity += 1
            time_us = self.clock.ticks_us()
        self._put(struct.pack(wire.HEADER, op, 0, request.seq, len(payload), time_us))
        if payload:
            self._put(payload)
        self._waiting.append(request)
        return request

    def _put(self, data):
        view, done = memoryview(data), 0
        while done < len(data):
            done += self._stream.write(view[done:]) or 0

    def _take(self):
        """Read one whole answer. The twin has it ready before it sends the first byte, so this does not wait."""
        self._fill(self._header)
        op, status, seq, length, time_us = struct.unpack(wire.HEADER, self._header)
        request = self._waiting.pop(0)
        if request.op != op or request.seq != seq:
            raise SensorFault("the twin answered what was not asked; restart it")
        if request.into is None or status != wire.STATUS_OK:
            request.answer = bytearray(length)
            self._fill(request.answer)
        else:
            request.answer = bytearray(min(request.head, length))
            self._fill(request.answer)
            rest = length - len(request.answer)
            if rest > len(request.into):
                raise SensorFault("the twin sent more than fits the buffer; use the same version on both sides")
            if rest:
                self._fill(memoryview(request.into)[:rest])
            request.filled = rest
        request.status = status
        request.time_us = time_us
        request.done = True

    def _fill(self, buffer):
        view, done = memoryview(buffer), 0
        while done < len(buffer):
            count = self._stream.readinto(view[done:] if done else view)
            if not count:
                # The world has ended: a module without hardware has nothing left to do.
                raise SystemExit(0)
            done += count

    def _result(self, request):
        self.answer_time_us = request.time_us
        self.answer_filled = request.filled
        if self.clock is not None:
            self.clock.leap_to(request.time_us)
        if request.status == wire.STATUS_OK:
            return request.answer
        sentence = str(request.answer, "utf-8")
        if request.status == wire.STATUS_INTERLOCK:
            raise InterlockOpen(sentence)
        raise SensorFault(sentence)


def open_channel():
    """The channel that the twin handed over. Raises SensorFault outside the twin."""
    return Channel(_inherited(wire.CHANNEL_VARIABLE))


def open_flash_channel():
    """The flash chip's own channel: FLASH_* alone, each awaited before anything else is asked.

    Any number of objects may share it, one after another or in turn, since none leaves a request under way: a file
    system that the first stage mounted is read on while the firmware after it waits for frames on its own channel.
    Raises SensorFault outside the twin.
    """
    return Channel(_inherited(wire.FLASH_VARIABLE), greet=False)


def _inherited(variable):
    """The stream of that descriptor, one a process: whichever is collected first would close it for the others, and
    the first stage's modules are forgotten before the firmware starts. So it is kept where modules are."""
    number = os.getenv(variable)
    if not number:
        raise SensorFault("this is not the twin: %s is not set; start the firmware with `dermis twin`" % variable)
    kept: Any = sys.modules
    if variable not in kept:
        kept[variable] = open(int(number), "r+b", buffering=0)
    return kept[variable]
