"""The ESP32-S3 itself: who it is, why it started, its watchdog and its random numbers.

Ref: MicroPython 1.29, ports/esp32/modmachine.c (a panic and `machine.reset` are told alike, a brown-out and a start
with power too, the host's reset over USB is told as nothing), machine_wdt.c (the chip's task watchdog: any number of ms
above 0, may be set anew, ends in a panic and so in a reset), machine_rtc.c (memory that resets leave alone and a loss
of power does not). No board has shown any of it yet.
"""

from __future__ import annotations

import binascii
import os
from typing import TYPE_CHECKING

import machine

from dermis.core import handover
from dermis.drivers.system import System

if TYPE_CHECKING:
    from typing import Any

    from dermis.drivers.clock import Clock

SERIAL_PREFIX = "DM1-"
# Left in the memory that resets leave alone by a firmware that asked for its reset: what asks for none has crashed.
ASKED = b"dermis: reset asked for"
LONGEST_WATCHDOG_MS = 0x3FFFFFFF  # 12 days; a small int of the port


class S3System(System):
    """clock: what `feed` reads, so that it sees every wrap of the chip's counter."""

    board = "esp32s3"

    def __init__(self, clock: Clock):
        self._clock = clock
        self._watchdog: Any = None
        self._cause = self._cause_now()

    def serial(self) -> str:
        """By the MAC that Espressif burned into the chip, which no two share."""
        return SERIAL_PREFIX + binascii.hexlify(machine.unique_id()).decode().upper()

    def reset(self) -> None:
        machine.RTC().memory(ASKED)
        machine.reset()

    def reset_cause(self) -> str:
        return self._cause

    def start_watchdog(self, limit_ms: int) -> None:
        self._watchdog = machine.WDT(id=0, timeout=min(limit_ms, LONGEST_WATCHDOG_MS))
        self.feed()

    def feed(self) -> None:
        self._clock.ticks_us()
        if self._watchdog is not None:
            self._watchdog.feed()

    def random(self, count: int) -> bytes:
        """Weak: with Wi-Fi and Bluetooth off, as they always are here, Espressif calls what its generator gives
        pseudo-random after the bootloader, which seeds it from noise. Never use it alone (`app.entropy`).

        Ref: ESP-IDF Programming Guide for the ESP32-S3, Random Number Generation.
        """
        return os.urandom(count)

    def _cause_now(self):
        left = handover.found()
        if left is not None:
            return left["cause"]  # the first stage was before us and has taken the note away
        cause = machine.reset_cause()
        memory = machine.RTC()
        asked = bytes(memory.memory()) == ASKED
        if asked:
            memory.memory(b"")
        if cause == machine.HARD_RESET:
            return "software" if asked else "crash"
        named = {
            machine.PWRON_RESET: "power_on",
            machine.WDT_RESET: "watchdog",
            machine.SOFT_RESET: "soft_reset",
        }
        return named.get(cause, "hard_reset")
