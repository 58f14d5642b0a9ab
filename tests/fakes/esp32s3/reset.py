"""What starts, watches and ends a program: `machine.reset`, its causes, the watchdog, the memory and clock of the RTC.

Ref: MicroPython 1.29, docs/library/machine.rst, machine.WDT.rst, machine.RTC.rst; ports/esp32/modmachine.c,
machine_wdt.c, machine_rtc.c; ESP-IDF, esp_reset_reason: `machine.reset` and a panic are both told as a hard reset, a
brown-out as a start with power, a reset by the host over USB as 0.
"""

from __future__ import annotations

import calendar
import time
from types import SimpleNamespace
from typing import Any

from tests.fakes.esp32s3.chip import CALL_US, Chip

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = range(1, 6)
# How a start came about -> what the port tells of it. brown_out, host: see above.
TOLD = {
    "power": PWRON_RESET,
    "brown_out": PWRON_RESET,
    "reset": HARD_RESET,
    "panic": HARD_RESET,
    "watchdog": WDT_RESET,
    "soft": SOFT_RESET,
    "host": 0,
}
MEMORY_SIZE = 2048
EPOCH_2000 = 946_684_800


class ChipReset(SystemExit):
    """The program is over: event loops let this through at once, and nothing of ours catches it. why: a key of
    `TOLD`."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


class Rtc:
    """What resets leave alone. memory: 2 kB. seconds, since_us: the wall clock, from 2000-01-01."""

    def __init__(self) -> None:
        self.memory = b""
        self.seconds = 0
        self.since_us = 0

    def now(self, chip: Chip) -> float:
        return self.seconds + (chip.now_us - self.since_us) / 1e6


class State:
    """started_by: a key of `TOLD`. limit_ms, fed_us: the watchdog's, 0 where it was not started."""

    def __init__(self) -> None:
        self.started_by = "power"
        self.rtc = Rtc()
        self.limit_ms = 0
        self.fed_us = 0
        self.feeds = 0

    def start(self, why: str) -> None:
        """The chip starts anew."""
        self.started_by = why
        self.limit_ms = 0
        if why in ("power", "brown_out"):
            self.rtc = Rtc()


def members(chip: Chip) -> dict[str, dict[str, Any]]:
    state: State = chip.reset_state or State()
    chip.reset_state = state

    def bite(fed_us):
        if state.limit_ms and state.fed_us == fed_us:
            raise ChipReset("watchdog")

    class WDT:
        def __init__(self, *, id=0, timeout=5000):
            chip.run(CALL_US)
            if id != 0 or timeout <= 0:
                raise ValueError("WDT timeout too short")
            if timeout >= 1 << 31:
                raise OverflowError("overflow converting long int to machine word")
            state.limit_ms = timeout
            self._fed()

        def feed(self):
            chip.run(CALL_US)
            state.feeds += 1
            self._fed()

        def _fed(self):
            fed_us = state.fed_us = chip.now_us
            chip.at(fed_us + state.limit_ms * 1000, lambda: bite(fed_us))

    class RTC:
        def __init__(self, *arguments):
            if arguments:
                raise ValueError("there is one RTC")

        def memory(self, data=None):
            if data is None:
                return state.rtc.memory
            if len(data) > MEMORY_SIZE:
                raise ValueError("buffer too long")
            state.rtc.memory = bytes(data)
            return None

        def datetime(self, value=None):
            if value is None:
                raise AssertionError("time is asked of `time`")
            year, month, day, weekday, hour, minute, second, _micros = value
            if not 0 <= weekday <= 6:
                raise ValueError("no weekday")
            text = f"{year}-{month}-{day} {hour}:{minute}:{second} +0000"
            state.rtc.seconds = calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S %z")) - EPOCH_2000
            state.rtc.since_us = chip.now_us

    def reset():
        raise ChipReset("reset")

    return {
        "machine": {
            "PWRON_RESET": PWRON_RESET,
            "HARD_RESET": HARD_RESET,
            "WDT_RESET": WDT_RESET,
            "DEEPSLEEP_RESET": DEEPSLEEP_RESET,
            "SOFT_RESET": SOFT_RESET,
            "WDT": WDT,
            "RTC": RTC,
            "reset": reset,
            "reset_cause": lambda: TOLD[state.started_by],
        }
    }


def wall_clock(chip: Chip) -> SimpleNamespace:
    """What stands in the place of `time` in the clock's driver: this port counts from 2000."""
    return SimpleNamespace(
        ticks_us=time.ticks_us,  # type: ignore[attr-defined]
        ticks_diff=time.ticks_diff,  # type: ignore[attr-defined]
        sleep_us=time.sleep_us,  # type: ignore[attr-defined]
        time=lambda: int(chip.reset_state.rtc.now(chip)),
        gmtime=lambda seconds: time.gmtime(seconds + EPOCH_2000),
    )
