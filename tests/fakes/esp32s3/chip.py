"""Time, pins and what is wired to them. Time is virtual: it moves when a test, the event loop or a call that takes time
moves it (`run`), and hardware goes on meanwhile whether or not Python does.

Ref: ESP32-S3 datasheet (pins), ESP32-S3-WROOM-1 datasheet (26 to 37 lead to flash and octal PSRAM of an N16R8).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ABSENT_PINS = range(22, 26)
MEMORY_PINS = range(26, 38)
USB_PINS = (19, 20)
LAST_PIN = 48
RMT_TX_CHANNELS = 4
# What the fakes say a call takes; the order of magnitude of a 240 MHz S3 under MicroPython, estimated.
TICK_US = 2  # a look at the clock
TURN_US = 50  # a turn of the event loop
CALL_US = 15  # a call into a peripheral


@dataclass
class Gpio:
    """mode: "" (as after reset), "in", "out" or "open_drain". latch: what the output register says. driver: name of the
    peripheral that has the pin, "" for the output register. outside: a level that something else on the board forces,
    stronger than a pull."""

    number: int
    mode: str = ""
    pull: int | None = None
    latch: int = 0
    driver: str = ""
    driven: int = 0
    outside: int | None = None
    watchers: list[Callable[[int], None]] = field(default_factory=list)

    def level(self) -> int:
        if self.driver and self.driver != "i2c":
            return self.driven
        if self.mode == "out":
            return self.latch
        if self.mode == "open_drain" and not self.latch:
            return 0
        if self.outside is not None:
            return self.outside
        return 1 if self.pull is None and self.mode == "open_drain" else self.pull or 0


class PinTaken(Exception):
    """A pin that is not there, or belongs to flash, PSRAM or USB: what the port says of it is `invalid pin`."""


class Chip:
    """log: (us, gpio, level) of every change of a pin's level."""

    def __init__(self, seed: int = 1):
        self.now_us = 0
        self.seed = seed
        self.pins = {
            number: Gpio(number)
            for number in range(LAST_PIN + 1)
            if number not in ABSENT_PINS and number not in MEMORY_PINS and number not in USB_PINS
        }
        self.log: list[tuple[int, int, int]] = []
        self.i2c_parts: dict[int, object] = {}  # address -> part (`parts.py`)
        self.i2c_timeouts = 0
        self.rmt: list[object] = []  # transmitters in use
        self.pulled_low: list[tuple[int, int]] = []  # (us, gpio) of a high line that a new transmitter drove low
        self.waited_for_rmt_us = 0  # that Python stood still for a transmission under way
        self.duties: dict[int, int] = {}  # gpio -> PWM duty of 65535
        self.broken_pwm = False  # it takes no duty any more
        self.watching: list[Callable[[], None]] = []  # called after every change of a pin or a duty
        self.imager: Any = None  # what `camera.Camera` finds (`imager.Imager`)
        self.camera: Any = None  # the one `camera.Camera` that runs
        self.blocked_us = 0  # that Python stood still for a frame
        # Of `flash.py`, `uart.py` and `reset.py`, once they are installed; they outlive a start.
        self.flash: Any = None
        self.usb: Any = None
        self.uarts: Any = None
        self.reset_state: Any = None
        self.unique_id = bytes((0x7C, 0xDF, 0xA1, 0x00, 0x00, seed & 0xFF))
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._levels = {number: pin.level() for number, pin in self.pins.items()}

    # Time.

    def run(self, duration_us: int) -> None:
        """Let that time pass, with everything that hardware does in it."""
        until = self.now_us + duration_us
        while self._events and self._events[0][0] <= until:
            at_us, _, action = heapq.heappop(self._events)
            self.now_us = max(self.now_us, at_us)
            action()
        self.now_us = max(self.now_us, until)

    def at(self, time_us: int, action: Callable[[], None]) -> None:
        """Have hardware do that at that time."""
        self._count += 1
        heapq.heappush(self._events, (time_us, self._count, action))

    # Pins.

    def pin(self, number: int) -> Gpio:
        if number not in self.pins:
            raise PinTaken(number)
        return self.pins[number]

    def settle(self, pin: Gpio) -> None:
        """Tell who watches that pin if its level is another than before."""
        level = pin.level()
        if level == self._levels[pin.number]:
            return
        self._levels[pin.number] = level
        self.log.append((self.now_us, pin.number, level))
        for watcher in list(pin.watchers):
            watcher(level)
        self.changed()

    def changed(self) -> None:
        """Something that a part on the board may see has changed."""
        for watcher in list(self.watching):
            watcher()

    def drive(self, number: int, driver: str, level: int) -> None:
        """A peripheral takes the pin (until somebody makes it an output of the register again) and drives it."""
        pin = self.pin(number)
        pin.driver, pin.driven = driver, level
        self.settle(pin)

    def force(self, number: int, level: int | None) -> None:
        """Something on the board holds the line of an input or open-drain pin at that level; None lets go."""
        pin = self.pin(number)
        pin.outside = level
        self.settle(pin)

    def watch(self, number: int, watcher: Callable[[int], None]) -> None:
        self.pin(number).watchers.append(watcher)

    def level(self, number: int) -> int:
        return self.pin(number).level()
