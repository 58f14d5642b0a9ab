"""Three greys, then the white at several exposures: the curve from codes to light, and whether greys agree with it.

An exposure changes nothing but the time that the imager gathers light: the LEDs burn through all of it, so that scene
and monitor tab scale with it alike. White and tab together reach from a fiftieth to nine tenths of full scale.
"""

from __future__ import annotations

import itertools

import numpy as np

from dermis_host.calibration import maths
from dermis_host.calibration.outcome import Cause, Line, Plot
from dermis_host.calibration.steps.state import CENTRE, CannotMeasure, State
from dermis_host.calibration.steps.step import Shoot, Step, StepData
from dermis_host.calibration.targets import GREYS, WHITE

NAME = "linearity"
# Parts of the board's exposure: the longest keeps the tab of the brightest module below saturation.
PARTS = (0.17, 0.35, 0.65, 1.0, 1.2)
BAND = "850"
GREY_FRAMES = ("dark", "850", "970", "1050", "dots")
STRIPS = 4  # of the scene, right of the tab: the lens makes each as bright as it likes


def take(shoot: Shoot) -> StepData:
    for grey in GREYS:
        shoot.show(grey)
        shoot.burst(grey, GREY_FRAMES)
    shoot.show(WHITE)
    for part in PARTS:
        shoot.burst(f"white_{round(100 * part)}", ("dark", BAND), round(part * shoot.exposure_us))
    return shoot.data


def judge(state: State, data: StepData) -> None:
    exposed = [burst for key, burst in data.bursts.items() if key.startswith("white_")]
    exposures = np.array([burst.meta["exposure_us"] for burst in exposed], float)
    try:
        state.gamma, left = maths.fit_gamma(_series(state, exposures, [burst.frames for burst in exposed]), state.black)
    except ValueError as problem:
        raise CannotMeasure(
            Cause(
                "dead_led",
                f"The picture under {BAND} nm does not follow the exposure ({problem}): check that LED, its driver and "
                "its cable, and that the white target stands there.",
            )
        ) from None
    state.add("gamma", state.gamma)
    state.add("linearity", 100 * float(np.abs(left).max()))
    state.table = table_of(state.gamma, state.black, state.facts["darks"])
    state.dark_level = float(state.table[state.facts["darks"]].astype(float).mean())
    state.facts["greys"] = {grey: data.bursts[grey] for grey in GREYS}
    for key, burst in data.bursts.items():
        if key in GREYS or key == f"white_{round(100 * PARTS[-1])}":
            state.ambient(burst, "white" if key not in GREYS else key)
    _plot(state, exposures, [burst.frames for burst in exposed])


def table_of(gamma: float, black: int, darks: np.ndarray) -> np.ndarray:
    """Code to linear counts; a gamma that cannot be gives the design's, so that what follows can still be looked at."""
    try:
        table = maths.linear_table(gamma, black)
    except ValueError:
        table = maths.linear_table(1.0, black)
    return maths.balanced(table, darks, black)


def _series(state: State, exposures: np.ndarray, frames: list[maths.Frames]) -> list[tuple[np.ndarray, np.ndarray]]:
    """(exposures, mean codes) of the tab and of strips of the scene."""
    first, end = state.columns
    edges = np.linspace(end + maths.TAB_MARGIN, frames[0][BAND].shape[1], STRIPS + 1).astype(int)
    spots = [slice(first, end), *(slice(a, b) for a, b in itertools.pairwise(edges))]
    rows = CENTRE[0]  # along v the lens darkens less within them
    return [(exposures, np.array([each[BAND][rows, spot].mean() for each in frames])) for spot in spots]


def _plot(state: State, exposures: np.ndarray, frames: list[maths.Frames]) -> None:
    lines = []
    for name, (t, codes) in zip(("tab", "scene"), _series(state, exposures, frames), strict=False):
        light = np.interp(codes, np.arange(maths.CODES), state.table) - state.dark_level
        lines.append(Line(f"{name}, measured", [float(each) for each in t], [float(each) for each in light]))
        slope = float((light * t).sum() / (t * t).sum())
        lines.append(Line(f"{name}, proportional", [float(each) for each in t], [float(slope * each) for each in t]))
    state.outcome.plots.append(Plot(NAME, "Light by exposure", "exposure (us)", "linear counts", tuple(lines)))


STEP = Step(
    NAME,
    "Linearity",
    (*GREYS, WHITE),
    "the imager's curve from codes to light, from one white at several exposures; three greys check it",
    60.0,
    take,
    judge,
)
