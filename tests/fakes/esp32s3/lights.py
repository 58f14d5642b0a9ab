"""The lights' board and the SWIR head: pulse pins, one-shots, decoders, current. It says what burns, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.fakes.esp32s3.chip import Chip
from tests.fakes.esp32s3.parts import Tca9535


@dataclass
class Burn:
    """One light from `on_us` to `off_us` (None: it burns), at that part of its nominal current."""

    light: str
    on_us: int
    off_us: int | None
    level: float


class Bank:
    """Lights behind one pulse pin, one one-shot and one decoder: at most one burns. A pulse begins with the pin's
    rising edge, and ends with its falling edge or when the one-shot's time is over.

    switched: (us, light, light) of a decoder that was moved while its bank burned.
    """

    def __init__(self, chip: Chip, board: dict[str, Any], expander: Tca9535, name: str):
        self._chip = chip
        self._expander = expander
        self._pulse = board["pins"][f"{name}_pulse"]
        self._current = board["pins"].get(f"{name}_current")
        self._nominal = board["nominal_duty_u16"]
        self._one_shot_us = board["one_shots"][f"{name}_us"]
        self._lights = {number: light for light, number in board[f"{name}_select"].items()}
        prefix = f"{name}_select_"
        self._bits = [board["expander"][each][0] for each in sorted(board["expander"]) if each.startswith(prefix)]
        self._interlock = board["expander"]["interlock"]
        self._open_until = 0  # of the one-shot
        self._before = 0
        self.dead: set[str] = set()  # stay dark
        self.burns: list[Burn] = []
        self.switched: list[tuple[int, str, str]] = []
        chip.watching.append(self._look)

    def selected(self) -> str:
        number = sum(self._expander.level(bit) << index for index, bit in enumerate(self._bits))
        return self._lights.get(number, "")

    def level(self) -> float:
        """Current as a part of the nominal one."""
        if self._current is None:
            return 1.0
        if self._chip.pin(self._current).driver == "pwm":
            return self._chip.duties.get(self._current, 0) / self._nominal
        return float(self._chip.level(self._current))  # no PWM: off, or all that there is

    def burning(self) -> str:
        """Which light burns now, "" for none."""
        pulse = self._chip.level(self._pulse) and self._chip.now_us < self._open_until
        light = self.selected()
        bit, active = self._interlock
        if not pulse or not self.level() or (light == "dots" and self._expander.level(bit) != active):
            return ""
        return light

    def burned_us(self, light: str, since_us: int, until_us: int) -> float:
        """How long that light burned between two times, weighted by its level."""
        total = 0.0
        for burn in self.burns:
            off_us = self._chip.now_us if burn.off_us is None else burn.off_us
            if burn.light == light:
                total += max(0, min(off_us, until_us) - max(burn.on_us, since_us)) * burn.level
        return total

    def _look(self) -> None:
        now, pulse = self._chip.now_us, self._chip.level(self._pulse)
        if pulse and not self._before:
            self._open_until = now + self._one_shot_us
            self._chip.at(self._open_until, self._look)
        self._before = pulse
        light, level = self.burning(), self.level()
        last = self.burns[-1] if self.burns and self.burns[-1].off_us is None else None
        if last and (light != last.light or level != last.level):
            last.off_us = now
            if light and light != last.light:
                self.switched.append((now, last.light, light))
            last = None
        if light and last is None:
            self.burns.append(Burn(light, now, None, level))
