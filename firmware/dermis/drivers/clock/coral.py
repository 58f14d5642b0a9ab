"""The time of Linux: CLOCK_MONOTONIC for ticks, as the kernel stamps frames by it."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timezone

from dermis.core import release
from dermis.drivers.clock import Clock

RELEASED_S = int(datetime.fromisoformat(release.RELEASED).replace(tzinfo=timezone.utc).timestamp())


class CoralClock(Clock):
    """The wall clock is Linux's, which keeps it by NTP or an RTC; one that stands before this release was never set.
    Setting it here moves the module's alone, until it restarts: the machine's is not ours to move."""

    def __init__(self):
        self._started_us = time.monotonic_ns() // 1000
        self._moved_s: int | None = None  # None: nobody has

    def ticks_us(self) -> int:
        return time.monotonic_ns() // 1000 - self._started_us

    def of_monotonic_us(self, monotonic_us: int) -> int:
        """A stamp of the kernel's CLOCK_MONOTONIC on this clock."""
        return monotonic_us - self._started_us

    async def sleep_ms(self, duration_ms: int) -> None:
        await asyncio.sleep(duration_ms / 1000)

    def unix_time(self) -> int:
        seconds = int(time.time())
        if self._moved_s is not None:
            return seconds + self._moved_s
        return seconds if seconds >= RELEASED_S else 0

    def set_unix_time(self, seconds: int) -> None:
        self._moved_s = seconds - int(time.time())
