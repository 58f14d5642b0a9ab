"""What is done to the module at random: faults of the twin that last a while, and resets, each counted by its cause."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from dermis_hw.twin import Twin

from tests.soak.ledger import LEAP, LEAP_S, Ledger, Window

# name, arguments. While they last nobody must be let through who should not be; afterwards all must be as before.
LASTING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("dead_light", {"light": "850"}),
    ("dead_light", {"light": "970"}),
    ("dead_light", {"light": "1050"}),
    ("dead_light", {"light": "dots"}),
    ("dead_light", {"light": "swir1450"}),
    ("dead_light", {"light": "970", "after": 1, "burns_us": 3000}),
    ("dim_light", {"light": "850", "left": 0.4}),
    ("swapped_lights", {"first": "850", "second": "1050"}),
    ("shifted_projector", {"du": 3.0}),
    ("saturated_imager", {}),
    ("silent_imager", {"after": 3}),
    ("frozen_imager", {"after": 2}),
    ("short_frames", {"after": 4}),
    ("old_frames", {"count": 2}),
    ("bad_frames", {"drop": 0.2, "repeat": 0.1, "late": 0.2}),
    ("dead_part", {"part": "imager", "after": 20}),
    ("dead_part", {"part": "lights", "after": 5}),
    ("dead_part", {"part": "swir_adc"}),
    ("dead_part", {"part": "thermometer"}),
    ("dead_part", {"part": "flash"}),
    ("dead_part", {"part": "i2c", "after": 9}),
    ("stuck_adc", {}),
    ("noisy_swir", {}),
    (LEAP, {"seconds": LEAP_S}),
    ("interlock_open", {}),
    ("hot_module", {"temperature_c": 45.0}),
    ("lamp_flicker", {}),
    ("flashing_light", {}),
    ("following_light", {}),
    ("serial_noise", {"drop": 0.01, "flip": 0.01}),
    ("serial_stall", {"seconds": 0.5}),
    ("serial_garbage", {"count": 400}),
)
# Those after which the module starts anew, and as what.
POWER_CUT, BROWN_OUT, BUTTON = "power_cut", "brown_out", "button"
KILLED, SUDDEN = "kill_in_pulse", "sudden_reset"
CAUSES = {
    POWER_CUT: "power_on",
    BROWN_OUT: "power_on",
    BUTTON: "hard_reset",
    KILLED: "hard_reset",
    SUDDEN: "hard_reset",
}
RESETS = tuple(CAUSES)
WITHOUT_POWER = "waiting"  # as the twin calls it; the start comes at once
LASTS_S = (5.0, 60.0)
# Power is cut in a write of the flash, of which there are few: as long as this it is waited for.
RESET_WITHIN_S = 1800.0
# What a module needs from its start to its first verdict of somebody, in virtual time, and a verification on its way.
STARTED_WITHIN_S = 20.0


@dataclass
class _Trouble:
    name: str
    window: Window
    until_s: float
    boots: int = -1  # before it, of one that ends in a reset; -1: it must not


@dataclass
class Troubles:
    """One at a time. `turn` says what is to be said of each; call it often.

    counts: how often each was there. asked: starts by the cause that they must have had.
    """

    twin: Twin
    ledger: Ledger
    rng: random.Random
    an_hour: float
    resets_an_hour: float
    counts: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    _now: _Trouble | None = None
    _next_s: float = -1.0
    _next_reset_s: float = -1.0

    @property
    def under_way(self) -> str:
        """Name of the one that lasts, or ''."""
        return self._now.name if self._now else ""

    def turn(self, status: dict) -> None:
        """The next one begins, or the one under way ends, when its time has come."""
        now_s = status["world_us"] / 1e6
        if self._now is not None:
            self._end(self._now, status, now_s)
            return
        if self._next_s < 0:
            self._next_s, self._next_reset_s = self._later(now_s, self.an_hour), self._later(now_s, self.resets_an_hour)
        if now_s >= self._next_reset_s:
            self._begin_reset(status, now_s)
        elif now_s >= self._next_s:
            self._begin(now_s)

    def finish(self) -> None:
        """The one under way ends, unless the module is just then without power: ask again while `under_way`."""
        if self._now is not None:
            if self._now.boots >= 0:
                self._end_reset(self._now, self.twin.status(), cut_short=True)
            else:
                self._mend(self._now)

    def _later(self, now_s: float, an_hour: float) -> float:
        return now_s + self.rng.expovariate(an_hour / 3600) if an_hour else float("inf")

    def _begin(self, now_s: float) -> None:
        name, arguments = self.rng.choice(LASTING)
        told = f"{name} {next(iter(arguments.values()))}" if name in ("dead_light", "dead_part") else name
        self.counts[told] += 1
        window = self.ledger.open(now_s, told)
        self.twin.fault(name, **arguments)
        self._now = _Trouble(name, window, now_s + self.rng.uniform(*LASTS_S))

    def _begin_reset(self, status: dict, now_s: float) -> None:
        name = self.rng.choice(RESETS)
        self.counts[name] += 1
        self._now = _Trouble(name, self.ledger.open(now_s, name), now_s + RESET_WITHIN_S, status["boots"])
        if name == BUTTON:
            self.twin.reset()
        elif name == POWER_CUT:
            self.twin.fault(name, after=self.rng.randint(1, 20), torn=self.rng.randint(0, 64))
        elif name == SUDDEN:
            self.twin.fault(name, after=self.rng.randint(1, 200))
        else:
            self.twin.fault(name)

    def _end(self, trouble: _Trouble, status: dict, now_s: float) -> None:
        if trouble.boots >= 0:
            self._end_reset(trouble, status)
        elif now_s >= trouble.until_s:
            self._mend(trouble)

    def _mend(self, trouble: _Trouble) -> None:
        self.twin.fault("clear")
        # A verification that saw it may still be under way.
        trouble.window.end_s = self.twin.status()["world_us"] / 1e6
        self._over()

    def _end_reset(self, trouble: _Trouble, status: dict, cut_short: bool = False) -> None:
        now_s = status["world_us"] / 1e6
        if status["state"] == WITHOUT_POWER:
            return
        if status["state"] == "dead":
            self.twin.reset()
            status = self.twin.status()
        if status["boots"] > trouble.boots and status["said_hello"]:
            self.asked[CAUSES[trouble.name]] += 1
        elif now_s < trouble.until_s and not cut_short:
            return
        else:
            self.twin.fault("clear")
            if self.twin.status()["boots"] > trouble.boots:  # it came while it was taken back
                self.asked[CAUSES[trouble.name]] += 1
        trouble.window.end_s = self.twin.status()["world_us"] / 1e6 + STARTED_WITHIN_S
        self._over()

    def _over(self) -> None:
        self._now = None
        now_s = self.twin.status()["world_us"] / 1e6
        self._next_s = self._later(now_s, self.an_hour)
        if self._next_reset_s <= now_s:
            self._next_reset_s = self._later(now_s, self.resets_an_hour)
