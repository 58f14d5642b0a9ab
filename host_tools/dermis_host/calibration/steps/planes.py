"""Two planes, near and far: baseline times focal length, where the white really stands, the sign, and how the module
sits in its fixture. The white and all that stood at its distance count as planes, too.
"""

from __future__ import annotations

import math
import statistics

import numpy as np
from dermis.core import vocabulary

from dermis_host.calibration import maths, planes, spectra
from dermis_host.calibration.outcome import Cause, Line, Picture, Plot
from dermis_host.calibration.steps import white
from dermis_host.calibration.steps.state import CannotMeasure, State
from dermis_host.calibration.steps.step import Shoot, Step, StepData
from dermis_host.calibration.targets import FAR, NEAR, SPECTRAL, WHITE
from dermis_host.recording import Recording

NAME = "planes"
FRAMES = ("dark", "850", "970", "1050", "dots")
CHECK = "far_check"
EXCHANGED = 0.6  # light of a plane as a part of what its distance would give; 300 mm for 650 is .2
SIGN_PX = 1.0  # how far planes must come the wrong way for the projector to stand on the wrong side


def take(shoot: Shoot) -> StepData:
    shoot.show(NEAR)
    shoot.burst(NEAR, FRAMES)
    shoot.show(FAR)
    shoot.burst(FAR, FRAMES)
    shoot.burst(CHECK, ("dark", "dots"))
    return shoot.data


def judge(state: State, data: StepData) -> None:
    for name in (NEAR, FAR):
        state.ambient(data.bursts[name], name)
        white.read_against_white(state, name, [data.bursts[name].frames], [burst.frames for burst in state.whites])
    state.reference = maths.dot_pattern([burst.frames for burst in state.whites], state.table)
    bursts = {**state.facts["greys"], SPECTRAL: state.facts["spectral"], NEAR: data.bursts[NEAR], FAR: data.bursts[FAR]}
    state.looks = {WHITE: planes.Look(WHITE, state.target(WHITE).distance_mm, 0.0)}
    for name, burst in bursts.items():
        state.looks[name] = _look(state, name, burst)
    _check_order(state)
    near, far = state.looks[NEAR], state.looks[FAR]
    for look in (near, far):
        state.add("dots_valid", 100 * look.valid, look.name)
        state.add("plane_rms", look.rms_px, look.name)
    if far.disparity_px > SIGN_PX and near.disparity_px < -SIGN_PX:
        raise CannotMeasure(
            Cause(
                "mirrored_reference",
                "The dots of a nearer plane move the wrong way: the projector sits on the other side of the lens, or "
                "the picture is mirrored; check how the projector and the imager are mounted.",
                (f"plane {NEAR}", f"plane {FAR}"),
            )
        )
    _fit(state, data)


def _check_order(state: State) -> None:
    """By light, which knows no sign: whoever exchanges the planes must not be told that the projector is."""
    parts = {}
    for name in (NEAR, FAR):
        certificate = state.target(name).spectrum
        parts[name] = statistics.median(
            state.readings[name][band] / spectra.through(certificate, band) for band in vocabulary.NIR_BANDS
        )
    if parts[NEAR] < EXCHANGED and parts[FAR] > 1 / EXCHANGED:
        raise CannotMeasure(
            Cause(
                "wrong_target",
                f"Near and far plane are exchanged (the near one gives {100 * parts[NEAR]:.0f} % of the light that it "
                "should): put each at its own distance and start again.",
                (f"dots_valid {NEAR}", f"dots_valid {FAR}"),
            )
        )


def _look(state: State, name: str, burst: Recording | None) -> planes.Look:
    assert burst is not None
    try:
        return state.plane(name, burst)
    except ValueError as problem:
        level = 100 * state.monitor[vocabulary.DOTS] / state.subject.board["monitor_nominal"][vocabulary.DOTS]
        state.add("dots_valid", 0.0, name)
        raise CannotMeasure(
            Cause(
                "no_dots",
                f"The module finds {problem} (the projector gives {level:.0f} % of its nominal light): check that the "
                "target stands there and that the projector's window is clean.",
                (f"dots_valid {name}",),
            )
        ) from None


def _fit(state: State, data: StepData) -> None:
    board = state.subject.board
    focal, nominal = board["focal_px_q8"] / 256, board["baseline_um"] / 1000
    looks = list(state.looks.values())
    try:
        triangle = planes.fit_triangle(focal, nominal, looks)
    except ValueError as problem:
        raise CannotMeasure(
            Cause(
                "wrong_distance",
                f"The planes fit no baseline ({problem}): put near and far plane at their distances, in their order.",
                (f"plane {NEAR}", f"plane {FAR}"),
            )
        ) from None
    state.triangle = triangle
    state.yaw, state.pitch = planes.tilt([state.looks[NEAR], state.looks[FAR]])
    state.add("baseline", 100 * (triangle.baseline_mm / nominal - 1))
    state.add("z_ref", triangle.z_ref_mm - state.target(WHITE).distance_mm)
    state.add("z_offset", triangle.offset_mm)
    design = planes.Triangle(focal, state.target(WHITE).distance_mm, nominal)
    for look in looks:
        before = design.distance_mm(look.disparity_px) - look.stated_mm
        state.add("plane", triangle.distance_mm(look.disparity_px) - look.stated_mm, look.name, before)
    _turns(state, data)
    _straighten(state, data)
    _plot(state, looks, triangle, design)


def _turns(state: State, data: StepData) -> None:
    assert state.reference is not None
    shifts = []
    for name in (NEAR, FAR):
        dots = maths.dot_pattern([data.bursts[name].frames], state.table)
        look = state.looks[name]
        shifts.append((look.disparity_px, planes.vertical_shift(state.reference, dots, look)))
    state.add("dots_turn", planes.turn_deg(shifts))
    light_yaw, light_pitch = _light_tilt(state)
    turned = (state.yaw - light_yaw, state.pitch - light_pitch)
    state.add("dots_slope", math.degrees(max(turned, key=abs)))
    state.add("tilt", math.degrees(math.atan(state.yaw)), "yaw")
    state.add("tilt", math.degrees(math.atan(state.pitch)), "pitch")


def _light_tilt(state: State) -> tuple[float, float]:
    """tan(yaw), tan(pitch) as the light on the white shows them: it falls with the third power of 1 - x tan(yaw) -
    y tan(pitch), in every band alike; each band's LEDs have slopes of their own, which is all that it errs by."""
    v, u = np.meshgrid(
        np.arange(maths.FLAT_ROWS) * maths.FLAT_STEP, np.arange(maths.FLAT_COLUMNS) * maths.FLAT_STEP, indexing="ij"
    )
    x, y = planes.rays(u, v)
    basis = np.stack([np.ones(x.size), x.ravel(), y.ravel(), x.ravel() ** 2, y.ravel() ** 2], axis=1)
    ln = np.mean([np.log(nodes.astype(float)) for nodes in state.flat.values()], axis=0).ravel()
    weights, *_ = np.linalg.lstsq(basis, ln, rcond=None)
    return -float(weights[1]) / 3, -float(weights[2]) / 3


def _straighten(state: State, data: StepData) -> None:
    """Reference and flat fields as a target square to the module would have given them, then the reference once more
    against a white and a far plane that it was not made from."""
    assert state.reference is not None and state.triangle is not None
    turned = state.reference
    v, u = np.meshgrid(
        np.arange(maths.FLAT_ROWS) * maths.FLAT_STEP, np.arange(maths.FLAT_COLUMNS) * maths.FLAT_STEP, indexing="ij"
    )
    square = planes.square_light(u, v, state.yaw, state.pitch)
    for band, nodes in state.flat.items():
        state.flat[band] = np.clip(np.round(nodes * square), 1, maths.FULL_SCALE).astype(np.uint16)
    state.reference = planes.straighten(turned, state.triangle, state.yaw, state.pitch)
    state.add("dots_shift", _look(state, WHITE, state.white_check).disparity_px, WHITE)
    again = _look(state, FAR, data.bursts[CHECK])
    state.looks[CHECK] = again
    state.add("plane", state.triangle.distance_mm(again.disparity_px) - again.stated_mm, "far again")
    state.outcome.pictures.append(Picture(NAME, "The dots on the reference plane", "codes", state.reference))


def _plot(state: State, looks: list[planes.Look], triangle: planes.Triangle, design: planes.Triangle) -> None:
    stated = sorted((look.stated_mm, look.disparity_px) for look in looks)
    mm = [float(each) for each in np.linspace(stated[0][0] - 20, stated[-1][0] + 20, 60)]
    state.outcome.plots.append(
        Plot(
            NAME,
            "Disparity by distance",
            "mm",
            "px",
            (
                Line("planes", [a for a, _ in stated], [b for _, b in stated]),
                Line("record", mm, [triangle.disparity_px(each) for each in mm]),
                Line("design", mm, [design.disparity_px(each) for each in mm]),
            ),
        )
    )
    left = [(look.stated_mm, triangle.distance_mm(look.disparity_px) - look.stated_mm) for look in looks]
    state.outcome.plots.append(
        Plot(
            NAME,
            "What the record misses each plane by",
            "mm",
            "mm",
            (Line("planes", *map(list, zip(*left, strict=True))),),
        )
    )


STEP = Step(
    NAME,
    "Planes",
    (NEAR, FAR),
    "baseline x focal length, mount, sign and tilt, and the dots' reference pattern",
    35.0,
    take,
    judge,
)
