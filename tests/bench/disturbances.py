"""What may befall a burst, by class: each draws its circumstances from a seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from dermis.core import vocabulary
from dermis_hw.optics import DM1
from dermis_hw.twin.lamps import Filler, Flasher, Flicker, Follower

from tests.bench.burst_rig import Rig, Setting

SLOW_PERIOD_US = 2 * DM1.frame_period_us
BRIGHT = 0.62  # of full well on the tab: an attacker's lamp reaches what our own strongest light does

Prepare = Callable[[Rig], None]


def draw_setting(name: str, seed: int) -> Setting:
    """The circumstances of burst `seed` of that class (a key of CLASSES)."""
    rng = np.random.default_rng([seed, 0xD1])
    setting = Setting(
        period_us=int(rng.choice([DM1.frame_period_us, SLOW_PERIOD_US])),
        calibrated=bool(rng.random() < 0.8),
        klux=float(rng.choice([rng.uniform(0, 1), rng.uniform(1, 10)])),
        temperature_c=float(rng.uniform(-10, 50)),
    )
    CLASSES[name](setting, rng)
    return setting


def _undisturbed(_setting: Setting, _rng: np.random.Generator) -> None:
    """As the imager is: 20 to 90 ms late, 1% dropped, 1% repeated, and a mixed frame at nearly every switch."""


def _late(setting: Setting, rng: np.random.Generator) -> None:
    chance, most_us = rng.uniform(0.02, 0.2), int(rng.uniform(20_000, 250_000))

    def prepare(rig: Rig) -> None:
        rig.imager.late_probability, rig.imager.late_us = chance, most_us

    setting.prepare = prepare


def _dropped(setting: Setting, rng: np.random.Generator) -> None:
    chance = rng.uniform(0.03, 0.25)

    def prepare(rig: Rig) -> None:
        rig.imager.drop_probability = chance

    setting.prepare = prepare


def _repeated(setting: Setting, rng: np.random.Generator) -> None:
    chance = rng.uniform(0.03, 0.25)

    def prepare(rig: Rig) -> None:
        rig.imager.repeat_probability = chance

    setting.prepare = prepare


def _busy(setting: Setting, rng: np.random.Generator) -> None:
    setting.overshoot_us = float(rng.uniform(5_000, 40_000))


def _flicker(hz: float) -> Callable[[Setting, np.random.Generator], None]:
    def change(setting: Setting, rng: np.random.Generator) -> None:
        flicker = Flicker(hz * rng.uniform(0.998, 1.002), rng.uniform(0.1, 1.0), rng.uniform(0, 2 * np.pi))
        setting.klux = float(rng.uniform(0.1, 3))

        def prepare(rig: Rig) -> None:
            rig.world.flicker = flicker

        setting.prepare = prepare

    return change


def _flash(periods: float | None) -> Callable[[Setting, np.random.Generator], None]:
    """On and off with a period of that many frames; None: any period."""

    def change(setting: Setting, rng: np.random.Generator) -> None:
        period_us = setting.period_us * periods if periods else rng.uniform(5_000, 500_000)
        lamp = Flasher(
            period_us=period_us * rng.uniform(0.999, 1.001),
            duty=rng.uniform(0.1, 0.9),
            scene=rng.uniform(0.1, 2),
            tab=rng.choice([0.0, rng.uniform(0, BRIGHT)]),
            phase_us=rng.uniform(0, period_us),
            since_us=rng.choice([0, rng.uniform(0, 500_000)]),
        )

        def prepare(rig: Rig) -> None:
            rig.world.lamps.append(lamp)

        setting.prepare = prepare

    return change


def _follow(setting: Setting, rng: np.random.Generator) -> None:
    """Answers one light, or all of them, with a delay from none to some frames."""
    lights = vocabulary.LIGHTS[1:]
    chosen = lights if rng.random() < 0.5 else (str(rng.choice(lights)),)
    tab = rng.choice([0.0, rng.uniform(0, BRIGHT)])
    answers = {light: (rng.uniform(0.1, 2), tab) for light in chosen}
    delay_us = int(rng.choice([0, rng.uniform(100, 10_000), rng.uniform(10_000, 200_000)]))

    def prepare(rig: Rig) -> None:
        rig.world.lamps.append(Follower(answers, delay_us))

    setting.prepare = prepare


def _mimic(setting: Setting, rng: np.random.Generator) -> None:
    """Makes one light look like another on the tab: adds just what is missing, in step or a little late."""
    weak, strong = _pair(rng)
    delay_us = int(rng.choice([0, 0, rng.uniform(100, 60_000)]))
    error = rng.normal(1, 0.02)

    def prepare(rig: Rig) -> None:
        missing = max(0.0, rig.level_on_tab(strong) - rig.level_on_tab(weak)) * error
        rig.world.lamps.append(Follower({weak: (0.0, missing)}, delay_us))

    setting.prepare = prepare


def _fill(setting: Setting, rng: np.random.Generator) -> None:
    """Burns in the dark slots, as one of our lights does or otherwise."""
    like = str(rng.choice(vocabulary.LIGHTS[1:])) if rng.random() < 0.7 else ""
    level, scene = rng.uniform(0, BRIGHT), rng.uniform(0, 2)
    delay_us = int(rng.choice([0, rng.uniform(0, 60_000)]))
    since_us = int(rng.choice([0, rng.uniform(100_000, 400_000)]))

    def prepare(rig: Rig) -> None:
        tab = rig.level_on_tab(like) if like else level
        rig.world.lamps.append(Filler(scene, tab, delay_us, since_us))

    setting.prepare = prepare


def _replay(setting: Setting, rng: np.random.Generator) -> None:
    """Plays back on the tab, without a light of ours, what an earlier burst of this module showed."""
    slot_us = setting.period_us + 45_600
    order = [str(light) for light in rng.permutation(vocabulary.LIGHTS[1:])]
    start_us = rng.uniform(60_000, 200_000)

    def prepare(rig: Rig) -> None:
        rig.world.dead_lights.update(vocabulary.LIGHTS[1:])  # a shutter over the tab
        for number, light in enumerate([*order, vocabulary.NIR_850]):
            lamp = Flasher(1e9, slot_us / 1e9, 1.0, rig.level_on_tab(light), start_us + number * slot_us, 0)
            rig.world.lamps.append(lamp)

    setting.prepare = prepare


def _dying(setting: Setting, rng: np.random.Generator) -> None:
    """One light dies at some time, perhaps in the middle of a frame."""
    light, when_us = str(rng.choice(vocabulary.LIGHTS[1:])), int(rng.uniform(0, 900_000))

    def prepare(rig: Rig) -> None:
        pulse = rig.world.pulse

        def dying(now_us: int, name: str, level: float, longest_us: int) -> None:
            left_us = when_us - now_us if name == light else longest_us
            pulse(now_us, name, level, max(0, min(longest_us, left_us)))

        rig.world.pulse = dying  # type: ignore[method-assign]

    setting.prepare = prepare


def _everything(setting: Setting, rng: np.random.Generator) -> None:
    """Drops, repeats, lateness and a busy program together with one of the lamps."""
    LAMPS[str(rng.choice(list(LAMPS)))](setting, rng)
    lamp = setting.prepare
    chances = rng.uniform(0.01, 0.08, 3)
    setting.overshoot_us = float(rng.uniform(0, 15_000))

    def prepare(rig: Rig) -> None:
        if lamp:
            lamp(rig)
        rig.imager.drop_probability, rig.imager.repeat_probability, rig.imager.late_probability = chances
        rig.imager.late_us = 80_000

    setting.prepare = prepare


def _pair(rng: np.random.Generator) -> tuple[str, str]:
    """(weaker, stronger) of two lights, by their levels on the tab."""
    one, other = (str(light) for light in rng.choice(vocabulary.LIGHTS[1:], 2, replace=False))
    return (one, other) if DM1.monitor_level[one] < DM1.monitor_level[other] else (other, one)


UNDISTURBED = "undisturbed"
LAMPS: dict[str, Callable[[Setting, np.random.Generator], None]] = {
    "flicker 100 Hz": _flicker(100),
    "flicker 120 Hz": _flicker(120),
    "flash, frame rate": _flash(1),
    "flash, half of it": _flash(2),
    "flash, any rate": _flash(None),
    "lamp follows": _follow,
    "lamp mimics": _mimic,
    "lamp fills the dark": _fill,
    "replay on the tab": _replay,
}
CLASSES: dict[str, Callable[[Setting, np.random.Generator], None]] = {
    UNDISTURBED: _undisturbed,
    "late": _late,
    "dropped": _dropped,
    "repeated": _repeated,
    "busy program": _busy,
    **LAMPS,
    "a light dies": _dying,
    "several at once": _everything,
}
