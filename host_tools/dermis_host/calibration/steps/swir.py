"""The SWIR head before the white that stands there still: what a white gives, less what tab and window give alone."""

from __future__ import annotations

import math

from dermis.core import vocabulary
from dermis_hw.optics import DM1

from dermis_host.calibration import maths, spectra
from dermis_host.calibration.steps.state import State
from dermis_host.calibration.steps.step import Shoot, Step, StepData
from dermis_host.calibration.targets import GREYS, WHITE

NAME = "swir"
BURSTS = 3  # beside those of the white step, whose readings count as well
FRAMES = ("dark",)


def take(shoot: Shoot) -> StepData:
    shoot.show(WHITE)
    for number in range(BURSTS):
        shoot.burst(f"swir_{number + 1}", FRAMES)
    return shoot.data


def judge(state: State, data: StepData) -> None:
    readings = [burst.meta["swir"] for burst in (*state.whites, *data.bursts.values())]
    *used, check = readings
    totals = [level / 16 for level in maths.swir_levels(used)]
    net = [total - dark for total, dark in zip(totals, state.swir_dark, strict=True)]
    again = [level / 16 - dark for level, dark in zip(maths.swir_levels([check]), state.swir_dark, strict=True)]
    white = state.target(WHITE)
    distance = (white.distance_mm / DM1.z_ref_mm) ** 2
    state.swir_white = []
    for band, level, second in zip(vocabulary.SWIR_BANDS, net, again, strict=True):
        factor = spectra.through(white.spectrum, f"swir{band}")
        state.swir_white.append(level / factor)
        state.add("swir_white", 100 * level / factor * distance / DM1.swir_counts, f"{band} nm")
        state.add("swir_check", 100 * (second / level - 1) if level > 1 else math.nan, f"{band} nm")
    for grey in GREYS:
        read_against_white(state, grey, [state.facts["greys"][grey].meta["swir"]])


def read_against_white(state: State, name: str, readings: list[list[list[int]]]) -> None:
    """Reading of a target in the SWIR bands, by the stated distances; the SWIR LEDs shine as they did on the white."""
    target, white = state.target(name), state.target(WHITE)
    far = (target.distance_mm / white.distance_mm) ** 2
    parts = []
    for band, level, dark, full in zip(
        vocabulary.SWIR_BANDS, maths.swir_levels(readings), state.swir_dark, state.swir_white, strict=True
    ):
        reading = (level / 16 - dark) / full * far if full > 1 else math.nan
        state.readings.setdefault(name, {})[f"swir{band}"] = reading
        parts.append(reading / spectra.through(target.spectrum, f"swir{band}") - 1)
    if name in GREYS:
        state.add(
            "reading", 100 * max(parts, key=lambda part: math.inf if math.isnan(part) else abs(part)), f"{name} SWIR"
        )


STEP = Step(
    NAME,
    "SWIR head",
    (WHITE,),
    "what a white gives the photodiode under each LED, with the tab's and the window's own light taken off",
    8.0,
    take,
    judge,
)
