"""What a burst says of a target while it is being placed: level, distance, tilt, light of the room.

Guides for a hand on a target, from nominal optics; what counts is measured and judged by the steps.
"""

from __future__ import annotations

import numpy as np
from dermis.core import vocabulary
from dermis_hw.optics import DM1

from dermis_host.calibration import targets
from dermis_host.calibration.limits import LIMITS
from dermis_host.calibration.targets import Target
from dermis_host.recording import Recording

FRAMES = ("dark", "850")  # what a look fetches: two frames are a second and a half over a UART
BAND = "850"
FULL = 250  # code from which on a pixel counts as saturated
# A module's LEDs differ by 20%, so its first look at a distance by 10%; beyond that the target stands elsewhere.
DISTANCE_SLACK = 0.15
# A degree of tilt changes an edge by 1.7%, the LEDs' own slope is 2 to 3%: six degrees show surely.
TILT = 0.10
CORNER = 0.45  # of the middle: with the darkest lens a corner has .6, so less is no target any more
# What the steps refuse, in percent there.
ROOM, CAP_LIGHT, SATURATED = ((LIMITS[kind][1] or 0.0) / 100 for kind in ("ambient", "cap_light", "saturated"))
EDGE = 24  # px; side of the patches that are compared


class Hint:
    """The read-out for one target before the module of that board."""

    def __init__(self, target: Target, board: dict):
        self._target = target
        self._gamma, self._black = board["gamma_q8"] / 256, board["black_code"]
        self._first = board["monitor_columns"][1] + EDGE // 2  # right of the monitor tab
        exposure = board["exposure_us"] * DM1.electrons_per_us[BAND] / DM1.full_well_e
        self._white = exposure * DM1.z_ref_mm**2  # part of full scale x mm^2 of a white in the middle

    def line(self, burst: Recording) -> str:
        """One line: what is seen, then what to do about it, or that it looks right."""
        seen, wrong = self._see(burst)
        return f"{seen}  {'; '.join(wrong) if wrong else 'looks right'}"

    def _see(self, burst: Recording) -> tuple[str, list[str]]:
        dark, frame = self._linear(burst.frames[vocabulary.DARK]), self._linear(burst.frames[BAND])
        lit = (frame - dark)[:, self._first :]
        room = float(np.median(dark))
        if self._target.name == targets.CAP:
            leak = max(room, float(np.median(lit)))
            seen = f"light under the cap {100 * leak:.2f} %"
            return seen, ["light leaks in: press the cap on"] if leak > CAP_LIGHT else []
        level = _patch(lit, 0.5, 0.5)
        saturated = float((burst.frames[BAND][:, self._first :] >= FULL).mean())
        wrong = []
        if room > ROOM:
            wrong.append(f"the room is too bright ({100 * room:.1f} %): switch lights off")
        if level <= 0:
            return "nothing stands there", [*wrong, "place the target"]
        distance = float(np.sqrt(self._white * self._target.reflectance(BAND) / level))
        seen = f"level {100 * level:.1f} %, about {distance:.0f} mm of {self._target.distance_mm:g}"
        if saturated > SATURATED:
            wrong.append("saturated: too near, or it shines")
        elif distance < self._target.distance_mm * (1 - DISTANCE_SLACK):
            wrong.append("too near")
        elif distance > self._target.distance_mm * (1 + DISTANCE_SLACK):
            wrong.append("too far, or the wrong target")
        return seen, wrong + _posture(lit, level)

    def _linear(self, codes: np.ndarray) -> np.ndarray:
        """Part of full scale, by the nominal gamma and black level."""
        part = np.clip(codes.astype(float) - self._black, 0, None) / (255 - self._black)
        return part**self._gamma


def _patch(lit: np.ndarray, v: float, u: float) -> float:
    """Median of a patch; v, u from 0 to 1 over the frame."""
    rows, columns = lit.shape
    top, left = round(v * (rows - EDGE)), round(u * (columns - EDGE))
    return float(np.median(lit[top : top + EDGE, left : left + EDGE]))


def _posture(lit: np.ndarray, level: float) -> list[str]:
    """Tilt, or a target that does not reach the frame's corners. Upright, u runs upwards and v to the right."""
    corners = [_patch(lit, v, u) for v in (0, 1) for u in (0, 1)]
    if min(corners) < CORNER * level:
        return ["it does not fill the frame"]
    edges = {"lower": (0.5, 0.0), "upper": (0.5, 1.0), "left": (0.0, 0.5), "right": (1.0, 0.5)}
    found = {name: _patch(lit, *place) for name, place in edges.items()}
    wrong = []
    for one, other in (("lower", "upper"), ("left", "right")):
        lean = (found[one] - found[other]) / level
        if abs(lean) > TILT:
            wrong.append(f"tilted: its {one if lean > 0 else other} edge is too near")
    return wrong
