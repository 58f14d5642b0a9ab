"""Time and lines of a simulated Linux board, with DM1's lights' board on its header.

The parts behind the header are those of the simulated ESP32-S3; what differs is who drives them. Time is virtual.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from tests.fakes.esp32s3.chip import Chip, Gpio
from tests.fakes.esp32s3.lights import Bank
from tests.fakes.esp32s3.parts import parts_of

LINES_PER_CHIP = 32
PWM_PIN = 1000  # a number of its own beside the lines
# What the fakes say a call takes: some system calls of a 1.5 GHz Cortex-A53 under CPython, estimated.
TICK_US = 1
CALL_US = 20
SINCE_BOOT_US = 77_000_000  # CLOCK_MONOTONIC when the firmware starts: not the module's clock


class Machine(Chip):
    """board: the board file's values. taken: lines that a process holds."""

    STARTED_US = 200_000  # after power: Linux takes longer, the parts on the board do not

    def __init__(self, board: dict[str, Any], swir_light: Callable[[], float] = lambda: 700.0):
        super().__init__()
        self.board = board
        self.chips = {place[0] for place in board["pins"].values()}
        self.numbers = {name: _number(*place) for name, place in board["pins"].items()}
        self.pins = {number: Gpio(number, pull=0) for number in self.numbers.values()}
        for name in ("wiegand_d0", "wiegand_d1"):
            self.pins[self.numbers[name]].pull = 1
        self.pins[PWM_PIN] = Gpio(PWM_PIN, driver="pwm")
        self._levels = {number: pin.level() for number, pin in self.pins.items()}
        self.taken: set[int] = set()
        self.held_low = False  # the I2C bus
        self.missing: set[str] = set()  # device files
        self.hung = False  # the program stands still, all its threads
        self._late: list[Callable[[], None]] = []
        wired = {**board, "pins": {**self.numbers, "light_current": PWM_PIN}}
        self.expander, self.thermometer, self.adc = parts_of(self, wired, swir_light)
        self.lights = Bank(self, wired, self.expander, "light")
        self.swir_leds = Bank(self, wired, self.expander, "swir")

    def line(self, path: str, offset: int) -> Gpio:
        return self.pins[_number(path, offset)]

    def monotonic_us(self) -> int:
        return self.now_us + SINCE_BOOT_US

    def wall_s(self) -> float:
        """CLOCK_REALTIME of a machine that nobody told the time."""
        return self.now_us / 1e6

    def level_of(self, name: str) -> int:
        return self.level(self.numbers[name])

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Within, nothing of the program runs; what its threads should have done they do afterwards."""
        self.hung = True
        try:
            yield
        finally:
            self.hung = False
            late, self._late = self._late, []
            for action in late:
                action()

    def by_program(self, time_us: int, action: Callable[[], None]) -> None:
        """Have a thread of the program do that at that time."""
        self.at(time_us, lambda: self._late.append(action) if self.hung else action())


class VirtualTimer:
    """What `threading.Timer` is, in the machine's time."""

    def __init__(self, machine: Machine, interval_s: float, function: Callable[[], None]):
        self._machine, self._interval_s, self._function = machine, interval_s, function
        self._cancelled = False
        self.daemon = False

    def start(self) -> None:
        assert self.daemon, "a thread that is no daemon keeps a process alive that should end"
        at_us = self._machine.now_us + round(self._interval_s * 1e6)
        self._machine.by_program(at_us, lambda: None if self._cancelled else self._function())

    def cancel(self) -> None:
        self._cancelled = True


def _number(path: str, line: int) -> int:
    """As the kernel's old interface numbered them: 32 lines a chip."""
    return int(path.removeprefix("/dev/gpiochip")) * LINES_PER_CHIP + line
