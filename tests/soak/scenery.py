"""What the twin of a soak shows: committed recordings, turned back into light, by the timetable.

The detector's model is taken backwards for the module that recorded them. Their noise stays in, and the twin adds its
own: faces read a little noisier than they did when they were rendered.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
from dermis_host.recording import Recording, load
from dermis_hw.lightfield import LightField
from dermis_hw.module_instance import ModuleInstance, draw
from dermis_hw.optics import DM1, NIR_BANDS, SWIR_BANDS
from dermis_hw.twin.sensor import CODES, ImagerSensor, output_factor

from tests.soak.timetable import NOBODY, Timetable

MODULE_SEED = 31  # of the module that recorded them
RECORDINGS = Path(__file__).parents[1] / "recordings"
# How the soak tells the twin's process what to show.
SEED_VARIABLE, PASSAGES_VARIABLE = "DERMIS_SOAK_SEED", "DERMIS_SOAK_PASSAGES"
PROVIDER = f"{__name__}:show"


def recorded_by() -> ModuleInstance:
    """The module that made the recordings, and must show them: its record stands in each."""
    return draw(MODULE_SEED)


@cache
def field(name: str) -> LightField:
    """The light field of a recording."""
    recording, module = load(RECORDINGS / f"{name}.npz"), recorded_by()
    sensor, temperature_c = ImagerSensor(DM1, module), recording.meta["temperature_cc"] / 100
    exposure_us = recording.meta["exposure_us"]
    unit = LightField(
        bands=dict.fromkeys(NIR_BANDS, np.ones((DM1.height, DM1.width), np.float32)),
        dots=np.ones((DM1.height, DM1.width), np.float32),
        ambient=np.ones((DM1.height, DM1.width), np.float32),
        klux_sun=1.0,
        swir={},
    )
    burned = np.full(DM1.height, exposure_us, np.float32)
    dark = _electrons(recording, "dark", module)
    under_unit = sensor.electrons(unit, {}, exposure_us, temperature_c)

    def radiance(light: str) -> np.ndarray:
        of_unit = sensor.electrons(unit, {light: burned}, exposure_us, temperature_c) - under_unit
        lit = _electrons(recording, light, module) - dark
        return np.maximum(lit / np.maximum(of_unit, np.finfo(np.float32).tiny), 0).astype(np.float32)

    first, last = DM1.monitor_columns
    return LightField(
        bands={band: radiance(band) for band in NIR_BANDS},
        dots=radiance("dots"),
        ambient=(dark / under_unit).astype(np.float32),
        klux_sun=float(np.mean(dark[:, first:last] / under_unit[:, first:last])),
        swir=_swir(recording, module, temperature_c),
        temperature_c=temperature_c,
    )


def _electrons(recording: Recording, name: str, module: ModuleInstance) -> np.ndarray:
    codes = recording.frames[name].astype(np.float32)
    linear = (np.clip(codes - module.black_code, 0, None) / (CODES - module.black_code)) ** np.float32(module.gamma)
    return linear * np.float32(DM1.full_well_e * 256 / recording.meta["gain_q8"])


def _swir(recording: Recording, module: ModuleInstance, temperature_c: float) -> dict[int, float]:
    seen = {}
    for band, (on, off, pairs) in zip(SWIR_BANDS, recording.meta["swir"], strict=True):
        led = module.swir_order[list(SWIR_BANDS).index(band)]
        counts = (on - off) / pairs / (module.photodiode_gain * module.photodiode_sign)
        counts /= module.level.get(led, 1.0) * output_factor(led, temperature_c, module)
        tab = DM1.swir_tab_counts * module.swir_tab.get(led, 1.0)
        seen[int(led.removeprefix("swir"))] = max(0.0, (counts - tab) / DM1.swir_counts)
    return seen


class Scenery:
    """A provider of the twin: seconds -> light field."""

    def __init__(self, timetable: Timetable):
        self._timetable = timetable

    def __call__(self, at_s: float) -> LightField:
        passage = self._timetable.present(at_s)
        return field(passage.scene if passage else NOBODY)

    def quiet_until(self, at_s: float) -> float:
        """As the twin asks: until when nothing happens."""
        return self._timetable.quiet_until(at_s)


def environment(seed: int, passages: int) -> dict[str, str]:
    """What the process of a soak's twin must find in its environment."""
    return {SEED_VARIABLE: str(seed), PASSAGES_VARIABLE: str(passages)}


def __getattr__(name: str) -> Scenery:
    if name != "show":
        raise AttributeError(name)
    return Scenery(Timetable(int(os.environ[SEED_VARIABLE]), int(os.environ[PASSAGES_VARIABLE])))
