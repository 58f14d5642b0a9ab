"""The ESP32-S3's time: `time.ticks_us` made one that never wraps, and the chip's own wall clock.

Ref: MicroPython 1.29, docs/library/time.rst (ticks wrap at 2**30) and ports/esp32/machine_rtc.c: the wall clock is
ESP-IDF's, which goes on through every reset but a loss of power, after which it starts at 2000-01-01. No board has
shown either yet.
"""

from __future__ import annotations

import asyncio
import time

from dermis.drivers.clock import Clock

TICKS_HALF_US = 1 << 29  # `ticks_diff` is right for less than that, nine minutes; see `S3Clock`
# A wall clock before this (2025-01-01) was never set.
SET_FROM = 1_735_689_600
# From 1970 to the year that `time.time` counts from on this port.
EPOCH_2000 = 946_684_800


class S3Clock(Clock):
    """Must be read once in `TICKS_HALF_US`, or it loses a wrap. `S3System.feed` does so, and what does not call that
    is reset by the watchdog much earlier."""

    def __init__(self):
        self._last = time.ticks_us()
        self._now = 0

    def ticks_us(self) -> int:
        ticks = time.ticks_us()
        now = self._now + time.ticks_diff(ticks, self._last)
        self._last, self._now = ticks, now
        return now

    async def sleep_ms(self, duration_ms: int) -> None:
        await asyncio.sleep_ms(duration_ms if duration_ms > 0 else 0)

    def wait_us(self, duration_us: int) -> None:
        # Ref: docs/library/time.rst; it counts finer than a loop of ours, of which a round takes some 20 us.
        time.sleep_us(duration_us)

    def unix_time(self) -> int:
        seconds = int(time.time()) + _epoch()
        return seconds if seconds >= SET_FROM else 0

    def set_unix_time(self, seconds: int) -> None:
        import machine  # rarely: once after a loss of power

        year, month, day, hour, minute, second, weekday = time.gmtime(seconds - _epoch())[:7]
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))


def _epoch():
    """What `time.time` counts from, in seconds since 1970."""
    return EPOCH_2000 if time.gmtime(0)[0] == 2000 else 0
