"""The white target: levels of the lights, the flat field of each band, and what a spot on the window takes away."""

from __future__ import annotations

import numpy as np
from dermis.core import vocabulary
from dermis_hw.optics import DM1

from dermis_host.calibration import maths, spectra
from dermis_host.calibration.outcome import Cause, Picture
from dermis_host.calibration.steps.state import CENTRE, CannotMeasure, State
from dermis_host.calibration.steps.step import Shoot, Step, StepData
from dermis_host.calibration.targets import GREYS, WHITE

NAME = "white"
BURSTS = 3  # averaged: shot noise of a block falls below 0.1 %
FRAMES = ("dark", "850", "970", "1050", "dots")
CHECK = "check"  # one more of the same, kept out of what is computed


def take(shoot: Shoot) -> StepData:
    shoot.show(WHITE)
    for number in range(BURSTS):
        shoot.burst(f"white_{number + 1}", FRAMES)
    shoot.burst(CHECK, FRAMES)
    return shoot.data


def judge(state: State, data: StepData) -> None:
    *whites, check = data.bursts.values()
    state.whites, state.white_check = whites, check
    state.temperature_c = float(np.mean([burst.meta["temperature_cc"] for burst in whites])) / 100
    state.exposure_us = whites[0].meta["exposure_us"]
    state.add("temperature", state.temperature_c)
    state.ambient(whites[0], WHITE)
    frames = [burst.frames for burst in whites]
    state.add("saturated", 100 * maths.saturated_part(frames[0]), WHITE)
    state.monitor = maths.monitor_levels(frames, state.table, state.columns)
    nominal = state.subject.board["monitor_nominal"]
    for light, level in state.monitor.items():
        state.add("monitor", 100 * level / nominal[light], light)
    _flats(state, frames, check.frames)
    for band in vocabulary.NIR_BANDS:
        expected = DM1.electrons_per_us[band] * DM1.exposure_us / DM1.full_well_e / DM1.monitor_level[band]
        certified = spectra.through(state.target(WHITE).spectrum, band)
        distance = (state.target(WHITE).distance_mm / DM1.z_ref_mm) ** 2
        state.add("target", 100 * (state.white_levels[band] * distance / expected / certified - 1), f"white {band} nm")
    _locals(state, frames)
    _greys(state, frames)


def _flats(state: State, frames: list[maths.Frames], check: maths.Frames) -> None:
    """The flat field by band: before and after, on the burst that it was not made from."""
    for band in vocabulary.NIR_BANDS:
        try:
            nodes = maths.flat_nodes(frames, band, state.table, state.columns)
        except ValueError as problem:
            raise CannotMeasure(
                Cause(
                    "dead_led",
                    f"Nothing is seen under {band} nm ({problem}): check that LED, its driver and its cable.",
                    (f"monitor {band}",),
                )
            ) from None
        raw = maths.lit(check, band, state.table)
        before = 100 * maths.unevenness(raw, state.columns)
        evened = raw / maths.flat_image(nodes)
        state.add("flat_before", before, f"{band} nm")
        state.add("flat", 100 * maths.unevenness(evened, state.columns), f"{band} nm", before)
        factor = spectra.through(state.target(WHITE).spectrum, band)
        state.flat[band] = np.clip(np.round(nodes / factor), 1, maths.FULL_SCALE).astype(np.uint16)
        for title, image in (("before", raw), ("after", evened)):
            means = maths.blocks(image)
            means[:, : 1 + state.columns[1] // maths.FLAT_BLOCK] = np.nan
            percent = 100 * (means / np.nanmean(means) - 1)
            state.outcome.pictures.append(Picture(NAME, f"Flat field at {band} nm, {title}", "%", percent))


def _locals(state: State, frames: list[maths.Frames]) -> None:
    """The worst spot that white and greys share: it lies on the window. What only the white shows lies on the white."""
    white = np.mean([maths.lit(each, band, state.table) for each in frames for band in vocabulary.NIR_BANDS], axis=0)
    greys = [
        maths.lit(burst.frames, band, state.table)
        for burst in state.facts["greys"].values()
        for band in vocabulary.NIR_BANDS
    ]
    grey = np.mean([image / max(image[CENTRE].mean(), 1.0) for image in greys], axis=0)
    on_white, on_grey = (maths.local_residual(image, state.columns) for image in (white, grey))
    shared = np.where(np.abs(on_white) < np.abs(on_grey), on_white, on_grey)
    same_sign = np.sign(on_white) == np.sign(on_grey)
    window = np.where(same_sign, shared, 0.0)
    state.add("local", 100 * float(np.nanmax(np.abs(window))), "window")
    state.add("local", 100 * float(np.nanmax(np.abs(on_white - window))), "white target")
    state.outcome.pictures.append(Picture(NAME, "Off the smooth field, on the window", "%", 100 * window))


def _greys(state: State, frames: list[maths.Frames]) -> None:
    """Greys against the white, through the curve found: each as a part of its certificate."""
    for grey in GREYS:
        read_against_white(state, grey, [state.facts["greys"][grey].frames], frames)


def read_against_white(state: State, name: str, bursts: list[maths.Frames], whites: list[maths.Frames]) -> None:
    """Reading of a target in the imager's bands over its certificate, pixel by pixel against the white, by the stated
    distances; notes it, band by band and one band against another."""
    target, white = state.target(name), state.target(WHITE)
    tab = maths.monitor_levels(bursts, state.table, state.columns)
    out = {}
    for band in vocabulary.NIR_BANDS:
        seen, reference = (
            np.mean([maths.lit(each, band, state.table)[CENTRE] for each in those], axis=0)
            for those in (bursts, whites)
        )
        reading = float(seen.mean() / reference.mean()) * state.monitor[band] / max(tab[band], 1)
        reading *= (target.distance_mm / white.distance_mm) ** 2 * spectra.through(white.spectrum, band)
        out[band] = reading
    state.readings.setdefault(name, {}).update(out)
    if name not in GREYS:
        return
    parts = {band: value / spectra.through(target.spectrum, band) for band, value in out.items()}
    for band, part in parts.items():
        state.add("reading", 100 * (part - 1), f"{name} {band} nm")
    spread = max(parts.values(), key=lambda part: abs(part / parts["850"] - 1)) / parts["850"] - 1
    state.add("bands", 100 * spread, name)


STEP = Step(
    NAME,
    "White reference",
    (WHITE,),
    "levels of the lights on tab and white, and the flat field of each band",
    25.0,
    take,
    judge,
)
