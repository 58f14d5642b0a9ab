"""The cap on the window: what imager and photodiode give without a target."""

from __future__ import annotations

import numpy as np
from dermis.core import vocabulary
from dermis_hw.optics import DM1

from dermis_host.calibration import maths
from dermis_host.calibration.outcome import Cause
from dermis_host.calibration.steps.state import CannotMeasure, State
from dermis_host.calibration.steps.step import Shoot, Step, StepData
from dermis_host.calibration.targets import CAP

NAME = "dark"
BURSTS = 4  # of the photodiode; their frames say the same, so that two carry pictures
PICTURED = 2
FRAMES = ("dark", "850")
LIT_UNDER_CAP = "850"  # the brightest band: what leaks, leaks most there


def take(shoot: Shoot) -> StepData:
    shoot.show(CAP)
    for number in range(BURSTS):
        shoot.burst(f"cap_{number + 1}", FRAMES if number < PICTURED else ("dark",))
    return shoot.data


def judge(state: State, data: StepData) -> None:
    bursts = list(data.bursts.values())
    first = bursts[0]
    darks = np.stack([burst.frames[vocabulary.DARK] for burst in bursts])[:, :, state.columns[1] :]
    state.black = maths.black_code(darks)
    state.exposure_us = first.meta["exposure_us"]
    state.add("black_level", state.black)
    try:
        nominal = maths.linear_table(state.subject.board["gamma_q8"] / 256, state.black)
    except ValueError as problem:
        raise CannotMeasure(
            Cause(
                "stray_light",
                f"The dark frame is not dark ({problem}): put the cap on and keep light out, then start again.",
                ("black_level",),
            )
        ) from None
    state.facts["darks"] = darks
    lit = [
        maths.lit(burst.frames, LIT_UNDER_CAP, nominal)[:, state.columns[1] + maths.TAB_MARGIN :].mean()
        for burst in bursts[:PICTURED]
    ]
    state.add("cap_light", 100 * float(np.mean(lit)) / maths.FULL_SCALE, f"{LIT_UNDER_CAP} nm")
    if state.has_swir:
        _swir(state, data)


def _swir(state: State, data: StepData) -> None:
    readings = [burst.meta["swir"] for burst in data.bursts.values()]
    state.swir_dark = [level / 16 for level in maths.swir_levels(readings)]
    for band, level in zip(vocabulary.SWIR_BANDS, state.swir_dark, strict=True):
        state.add("swir_dark", 100 * level / DM1.swir_counts, f"{band} nm")
    # With the LED off every band reads the same offset: what differs is noise, sqrt(pairs) times smaller in a mean.
    off = np.array([[low / pairs for _, low, pairs in rows] for rows in readings])
    pairs = readings[0][0][2]
    state.swir_noise = float(off.std(ddof=1) * np.sqrt(pairs))
    state.facts["swir_off"] = float(off.mean())
    state.add("swir_noise", state.swir_noise)


STEP = Step(
    NAME,
    "Dark",
    (CAP,),
    "black level, stray light, and what tab and window send back to the photodiode",
    20.0,
    take,
    judge,
)
