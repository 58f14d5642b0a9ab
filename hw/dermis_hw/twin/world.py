"""The world in the module's time: which light burned when, what stood before the module, how warm it was.

The module's clock is the world's clock (`dermis.core.twin_wire`); it starts anew with every start of the
module, so that the world adds the time at which that start happened. World time is in microseconds and
never goes back.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from dermis.core import vocabulary

from dermis_hw.lightfield import LightField
from dermis_hw.optics import Optics

from .knock import shifted
from .lamps import Flicker, Lamp, Share

# Frames that can still be asked for were exposed at most this long ago.
MEMORY_US = 2_000_000

FieldAt = Callable[[float], LightField]  # seconds since the scene came into force -> light field


@dataclass
class Pulse:
    """One light, on from `on_us` to `off_us` (world time) at `level` times its nominal output."""

    light: str
    level: float
    on_us: int
    off_us: int


@dataclass
class Dying:
    """A light that gives `pulses` more, then one that goes out after `burns_us`, then none."""

    pulses: int
    burns_us: int


class DutyReached(Exception):
    """The channel has been on for as long as its duty limit allows."""


class World:
    """Everything outside the module's program. `virtual`: time is only where the module's clock says. ticks_us: what
    that clock says at each start."""

    def __init__(self, optics: Optics, *, virtual: bool, wall: Callable[[], float] = time.monotonic, ticks_us: int = 0):
        self._optics = optics
        self._virtual = virtual
        self.ticks_us = ticks_us
        self._wall = wall
        self._epoch_us = 0
        self._module_us = 0
        self._heard_at = wall()
        self._running = False
        self._pulses: deque[Pulse] = deque()
        self._last: dict[str, Pulse] = {}
        self._scenes: deque[tuple[int, FieldAt]] = deque()
        self._interlock_closed = True
        self.dead_lights: set[str] = set()
        self.dying_lights: dict[str, Dying] = {}
        self.dim_lights: dict[str, float] = {}  # light -> part of its output that is left
        self.swapped_lights: dict[str, str] = {}  # driver -> whose LEDs hang on it
        self._knock_px = (0.0, 0.0)
        self._knocked: tuple[LightField, LightField] | None = None  # the last field, and as the projector has it now
        self.forced_temperature_c: float | None = None
        self.flicker: Flicker | None = None  # of the room's lamps
        self.lamps: list[Lamp] = []  # somebody else's

    # --- time

    def module_started(self) -> None:
        """The module's clock starts again at `ticks_us`."""
        self._epoch_us = self.now_us() + 1 - self.ticks_us
        self._module_us = self.ticks_us
        self._heard_at = self._wall()
        self._running = True

    def module_ended(self) -> None:
        """From now on no program moves the clock; in virtual time the pulses under way run out at once."""
        if self._virtual:
            ends = [pulse.off_us for pulse in self._pulses]
            self._module_us = max([self.now_us(), *ends]) - self._epoch_us
        self._running = False

    def hear(self, module_us: int) -> int:
        """The module says what time it is; returns it as world time."""
        self._module_us = max(self._module_us, module_us)
        self._heard_at = self._wall()
        return self._epoch_us + self._module_us

    def leap(self, by_us: int) -> None:
        """The module's clock leaps forward; the world does not."""
        self._module_us += by_us
        self._epoch_us -= by_us

    def now_us(self) -> int:
        """World time now."""
        now = self._epoch_us + self._module_us
        if not self._virtual:
            now += int((self._wall() - self._heard_at) * 1e6)
        return now

    def module_us(self, world_us: int) -> int:
        """World time on the module's clock."""
        return max(0, world_us - self._epoch_us)

    @property
    def epoch_us(self) -> int:
        """World time at which the module's clock said 0, or would have."""
        return self._epoch_us

    @property
    def skips(self) -> bool:
        """Whether what stands before the module knows of time in which nothing happens (`skipped_to`)."""
        return bool(self._scenes) and hasattr(self._scenes[-1][1], "quiet_until")

    def skipped_to(self, module_us: int) -> int:
        """When a sleep of the module's that was to last until then ends, on its clock: later, where what stands before
        it says (`quiet_until`: seconds -> seconds) that nothing happens for longer."""
        since_us, field_at = self._scenes[-1]
        quiet_until = getattr(field_at, "quiet_until", None)
        if quiet_until is None:
            return module_us
        until_s = quiet_until(max(0, self.now_us() - since_us) / 1e6)
        return max(module_us, self.module_us(since_us + int(until_s * 1e6)))

    # --- lights

    def pulse(self, now_us: int, light: str, level: float, longest_us: int) -> None:
        """Light one lamp alone; its one-shot, the board's limit and the duty limit end it.

        Raises DutyReached when nothing is left of the duty limit.
        """
        self.dark(now_us)
        left_us = self._duty_left_us(light, now_us)
        if left_us <= 0:
            raise DutyReached
        length_us = min(longest_us, self._optics.longest_pulse_us, left_us)
        pulse = Pulse(light, level, now_us, now_us + self._burns_us(light, length_us))
        self._pulses.append(pulse)
        self._last[light] = pulse
        keep_us = max(MEMORY_US, self._optics.duty_window_us)
        while self._pulses and self._pulses[0].off_us < now_us - keep_us:
            self._pulses.popleft()

    def _burns_us(self, light: str, length_us: int) -> int:
        """How long a pulse of that length gives light."""
        dying = self.dying_lights.get(light)
        if dying is None:
            return length_us
        if dying.pulses > 0:
            dying.pulses -= 1
            return length_us
        burns_us, dying.burns_us = min(dying.burns_us, length_us), 0
        return burns_us

    def dark(self, now_us: int) -> None:
        """Every light off."""
        for pulse in self._last.values():
            pulse.off_us = min(pulse.off_us, now_us)

    @property
    def interlock_closed(self) -> bool:
        """Whether the projector's diffuser is in place."""
        return self._interlock_closed

    @interlock_closed.setter
    def interlock_closed(self, closed: bool) -> None:
        # It breaks the emitter's current by itself: a pulse under way ends without any program's help.
        self._interlock_closed = closed
        burning = self._last.get(vocabulary.DOTS)
        if not closed and burning:
            burning.off_us = min(burning.off_us, max(burning.on_us, self.now_us()))

    def _duty_left_us(self, light: str, now_us: int) -> int:
        window = self._optics.duty_window_us
        used = sum(
            pulse.off_us - max(pulse.on_us, now_us - window)
            for pulse in self._pulses
            if pulse.light == light and pulse.off_us > now_us - window
        )
        return int(self._optics.duty_limit * window) - used

    def lit_us(self, starts_us: np.ndarray, exposure_us: int) -> dict[str, np.ndarray]:
        """How long each light burned in each window [start, start + exposure), weighted by its level.

        starts_us: int64 (n,), world time. Returns light -> float32 (n,) us, without those that stayed dark.
        """
        out: dict[str, np.ndarray] = {}
        ends_us = starts_us + exposure_us
        for pulse in self._pulses:
            light = self.swapped_lights.get(pulse.light, pulse.light)
            if pulse.off_us <= starts_us[0] or pulse.on_us >= ends_us[-1] or light in self.dead_lights:
                continue
            overlap = np.minimum(ends_us, pulse.off_us) - np.maximum(starts_us, pulse.on_us)
            weight = (np.maximum(overlap, 0) * (pulse.level * self.dim_lights.get(light, 1.0))).astype(np.float32)
            out[light] = out[light] + weight if light in out else weight
        return out

    def ambient_us(self, starts_us: np.ndarray, exposure_us: int) -> np.ndarray:
        """float32 (n,): us for which the ambient light burned in each window, at its mean brightness."""
        if self.flicker is None:
            return np.full(len(starts_us), exposure_us, np.float32)
        return self.flicker.ambient_us(starts_us, exposure_us)

    def foreign(self, starts_us: np.ndarray, exposure_us: int) -> list[Share]:
        """What the lamps of others gave to each window."""
        pulses = [pulse for pulse in self._pulses if pulse.light not in self.dead_lights]
        return [share for lamp in self.lamps for share in lamp.shares(starts_us, exposure_us, pulses)]

    def lights(self) -> dict:
        """Every light now: on or off, since its last pulse began and until when it burns or burned (world us)."""
        now = self.now_us()
        table = {}
        for light in vocabulary.LIGHTS[1:]:
            pulse = self._last.get(light)
            table[light] = {
                "on": bool(pulse and pulse.on_us <= now < pulse.off_us),
                "level": pulse.level if pulse else 0.0,
                "lit_us": pulse.on_us if pulse else None,
                "dark_us": pulse.off_us if pulse else None,
            }
        went_dark = [pulse.off_us for pulse in self._last.values() if pulse.off_us <= now]
        return {
            "now_us": now,
            "any_on": any(entry["on"] for entry in table.values()),
            "last_dark_us": max(went_dark, default=None),
            "lights": table,
        }

    # --- the scene

    def show(self, field_at: FieldAt) -> None:
        """From now on this is what the module sees; what was exposed before keeps the scene it was exposed to."""
        now = self.now_us()
        self._scenes.append((now, field_at))
        while len(self._scenes) > 1 and self._scenes[1][0] < now - MEMORY_US:
            self._scenes.popleft()

    def field(self, at_us: int) -> LightField:
        """What the module saw at that world time."""
        since_us, field_at = self._scenes[0]
        for start_us, candidate in self._scenes:
            if start_us <= at_us:
                since_us, field_at = start_us, candidate
        field = field_at(max(0, at_us - since_us) / 1e6)
        if self._knock_px == (0.0, 0.0):
            return field
        if self._knocked is None or self._knocked[0] is not field:
            self._knocked = field, shifted(field, *self._knock_px)
        return self._knocked[1]

    def knock_projector(self, du_px: float, dv_px: float) -> None:
        """From now on its pattern lies so much off, in pixels of the imager; 0, 0: where it belongs."""
        self._knock_px, self._knocked = (du_px, dv_px), None

    def temperature_c(self, at_us: int) -> float:
        if self.forced_temperature_c is not None:
            return self.forced_temperature_c
        return self.field(at_us).temperature_c
