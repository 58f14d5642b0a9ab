"""Light that is not the module's: a lamp that flickers with the mains, an attacker's that flashes or follows.

All of them say how long they burned in a row's exposure, and how bright. Brightness is twofold, because a lamp can
be aimed at either: `scene` is a part of what the 850 nm LEDs give there at nominal level, `tab` a part of full well
on the monitor tab at the nominal exposure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Burning(Protocol):
    """One pulse of a light of the module (`world.Pulse`)."""

    light: str
    on_us: int
    off_us: int


@dataclass(frozen=True)
class Share:
    """What one lamp gave to one frame: brightness, and float32 (rows,) us for which it burned in each row."""

    scene: float
    tab: float
    burned_us: np.ndarray


class Lamp(Protocol):
    def shares(self, starts_us: np.ndarray, exposure_us: int, pulses: Iterable[Burning]) -> list[Share]:
        """starts_us: int64 (rows,), world time, when each row's exposure began. pulses: of the module's lights."""
        ...


@dataclass(frozen=True)
class Flicker:
    """The room's lamps: ambient light times 1 + depth cos(2 pi hz t + phase). Twice the mains' frequency."""

    hz: float
    depth: float
    phase: float = 0.0

    def ambient_us(self, starts_us: np.ndarray, exposure_us: int) -> np.ndarray:
        """How long a steady lamp of the same mean would have burned in each row: float32 (rows,) us."""
        rate = 2 * np.pi * self.hz / 1e6
        ends, starts = rate * (starts_us + exposure_us) + self.phase, rate * starts_us + self.phase
        return (exposure_us + self.depth / rate * (np.sin(ends) - np.sin(starts))).astype(np.float32)


@dataclass(frozen=True)
class Flasher:
    """On for `duty` of each `period_us`, counted from `phase_us`, from `since_us` on."""

    period_us: float
    duty: float
    scene: float
    tab: float
    phase_us: float = 0.0
    since_us: float = 0.0

    def shares(self, starts_us: np.ndarray, exposure_us: int, pulses: Iterable[Burning]) -> list[Share]:
        begin, end = np.maximum(starts_us, self.since_us), np.maximum(starts_us + exposure_us, self.since_us)
        burned = self._until(end) - self._until(begin)
        return [Share(self.scene, self.tab, burned.astype(np.float32))]

    def _until(self, time_us: np.ndarray) -> np.ndarray:
        whole, part = np.divmod(time_us - self.phase_us, self.period_us)
        on_us = self.duty * self.period_us
        return whole * on_us + np.minimum(part, on_us)


@dataclass(frozen=True)
class Follower:
    """Watches the module's lights and burns with them, `delay_us` later at both ends; `answers`: light -> (scene,
    tab), none for those that it does not answer."""

    answers: Mapping[str, tuple[float, float]]
    delay_us: int = 0

    def shares(self, starts_us: np.ndarray, exposure_us: int, pulses: Iterable[Burning]) -> list[Share]:
        found = []
        for pulse in pulses:
            if pulse.light in self.answers:
                burned = _overlap(starts_us, exposure_us, pulse, self.delay_us)
                if burned.any():
                    found.append(Share(*self.answers[pulse.light], burned))
        return found


@dataclass(frozen=True)
class Filler:
    """Burns whenever no light of the module does, `delay_us` later at both ends."""

    scene: float
    tab: float
    delay_us: int = 0
    since_us: int = 0

    def shares(self, starts_us: np.ndarray, exposure_us: int, pulses: Iterable[Burning]) -> list[Share]:
        begin, end = np.maximum(starts_us, self.since_us), np.maximum(starts_us + exposure_us, self.since_us)
        burned = (end - begin).astype(np.float32)
        for pulse in pulses:
            burned = burned - _overlap(starts_us, exposure_us, pulse, self.delay_us)
        return [Share(self.scene, self.tab, np.maximum(burned, 0))]


def _overlap(starts_us: np.ndarray, exposure_us: int, pulse: Burning, delay_us: int) -> np.ndarray:
    """float32 (rows,): us of each exposure within the pulse, which comes so much later."""
    end = np.minimum(starts_us + exposure_us, pulse.off_us + delay_us)
    return np.maximum(end - np.maximum(starts_us, pulse.on_us + delay_us), 0).astype(np.float32)
