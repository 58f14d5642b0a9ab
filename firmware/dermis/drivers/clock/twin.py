"""The twin's clock: the interpreter's own, or a virtual one that sleeping moves on at once."""

from __future__ import annotations

import struct
import time

from dermis.core import twin_wire as wire
from dermis.drivers.clock import Clock
from dermis.drivers.twin_channel import IS_MICROPYTHON, pause_ms

if IS_MICROPYTHON:
    _now_us = time.ticks_us  # type: ignore[attr-defined]
    _since_us = time.ticks_diff  # type: ignore[attr-defined]
else:

    def _now_us():
        return time.monotonic_ns() // 1000  # type: ignore[attr-defined]

    def _since_us(later, earlier):
        return later - earlier


# In virtual time a sleeper moves the clock when it has had this many turns in a row in which no task did
# anything that a driver could see: enough for an event to pass from task to task.
QUIET_TURNS = 4
# Shorter sleeps wait for hardware; the twin is asked only about those between two measurements.
SKIPPED_FROM_US = 100_000
# In real time two clocks are compared, which agree to less than this.
LEAST_LEAP_US = 10_000


class TwinClock(Clock):
    """Counts from the start of the process, on from what the twin says. In virtual time computing takes no
    time: only sleeping moves the clock, and reading it moves it by 1 us, so that a loop that waits for it ends. There a
    sleep may end later than was asked for, where the twin skips time in which nothing happens."""

    def __init__(self, channel):
        self._channel = channel
        self._virtual = bool(channel.hello.get("virtual_time"))
        self._skips = bool(channel.hello.get("skips"))
        self._now = self._from = channel.hello.get("ticks_us") or 0
        self._unix_offset = channel.hello.get("unix_time") or 0
        if self._unix_offset:
            self._unix_offset -= self._from // 1000000
        self._started = _now_us()
        self._deadlines: list[int] = []
        self.activity = 0  # counts what drivers do; a sleeper that sees it change waits on

    def ticks_us(self) -> int:
        if self._virtual:
            self._now += 1
            return self._now
        return self._from + _since_us(_now_us(), self._started)

    async def sleep_ms(self, duration_ms: int) -> None:
        self.activity += 1
        if self._virtual and duration_ms > 0:
            await self.until_us(self._now + duration_ms * 1000)
        else:
            await pause_ms(duration_ms if duration_ms > 0 else 0)

    async def until_us(self, deadline_us: int) -> None:
        """Let the other tasks run until that time of this clock. Returns at once if it has passed."""
        if not self._virtual:
            wait_us = deadline_us - self.ticks_us()
            if wait_us > 0:
                await pause_ms((wait_us + 999) // 1000)
            return
        self._deadlines.append(deadline_us)
        seen, quiet = self.activity, 0
        try:
            while self._now < deadline_us:
                await pause_ms(0)
                if self.activity != seen or self._channel.busy():
                    seen, quiet = self.activity, 0
                    continue
                quiet += 1
                if quiet >= QUIET_TURNS and self._now < deadline_us == min(self._deadlines):
                    self._now = self._woken_us(deadline_us)
        finally:
            self._deadlines.remove(deadline_us)
            self.activity += 1

    def _woken_us(self, deadline_us):
        if not self._skips or len(self._deadlines) > 1 or deadline_us - self._now < SKIPPED_FROM_US:
            return deadline_us
        answer = self._channel.glance(wire.SKIP, struct.pack(wire.SKIP_REQUEST, deadline_us))
        return struct.unpack(wire.SKIP_RESPONSE, answer)[0]

    def leap_to(self, time_us: int) -> None:
        """The twin answers from a time that has not come: the clock moves on to it."""
        if self._virtual:
            self._now = max(self._now, time_us)
            return
        ahead_us = time_us - self.ticks_us()
        if ahead_us > LEAST_LEAP_US:
            self._from += ahead_us

    def unix_time(self) -> int:
        if not self._unix_offset:
            return 0
        return self._unix_offset + self.ticks_us() // 1000000

    def set_unix_time(self, seconds: int) -> None:
        self._unix_offset = seconds - self.ticks_us() // 1000000
