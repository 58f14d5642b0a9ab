"""Bursts of a presentation: a light field, taken as a module takes it, with all that strays since its calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from dermis.core import burst, vocabulary
from dermis_host.recording import Recording
from dermis_hw import render
from dermis_hw.boards import board_file
from dermis_hw.lightfield import LightField
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1, Optics
from dermis_hw.render.motion import FARTHEST_MM
from dermis_hw.twin import sensor
from dermis_hw.twin.lamps import Flicker

from dermis_models.generator import Generator

FRAME_US = 105_000  # from one lit frame to the next, dark slots between counted in: as the twin's bursts have it
BURST_US = 900_000  # from one burst to the next


@dataclass(frozen=True)
class Straying:
    """How one presentation strays from module and design; drawn once for all its bursts.

    optics: the design's, with noise and full well of its own. module: as it has aged since its calibration. level: a
    light of the vocabulary, or "swir" and a band -> factor on what the scene sends back of it. slope: light -> (along
    u, along v), what that factor gains from the frame's middle to its edge, as a part of it. thermometer_k: what the
    thermometer reads too much. velocity_mm_s: (up, side, away) of all that is shown. flicker: of the room's lamp; None
    where it is steady.
    """

    optics: Optics
    module: ModuleInstance
    level: dict[str, float]
    slope: dict[str, tuple[float, float]]
    thermometer_k: float
    velocity_mm_s: tuple[float, float, float]
    flicker: Flicker | None


def aged(module: ModuleInstance, generator: Generator, rng: np.random.Generator) -> ModuleInstance:
    """The module as it is some time after its calibration: peaks and gamma have moved."""
    return replace(
        module,
        peak_offset_nm={
            light: offset + float(rng.normal(0, generator.peak_shift_nm)) * (light != vocabulary.DOTS)
            for light, offset in module.peak_offset_nm.items()
        },
        gamma=module.gamma * (1.0 + float(rng.normal(0, generator.gamma_residual))),
    )


def stray(
    module: ModuleInstance,
    generator: Generator,
    rng: np.random.Generator,
    lamp: str,
    velocity_mm_s: Sequence[float],
) -> Straying:
    """Draws how a presentation before `module` strays. lamp: of the surroundings."""
    optics = replace(
        DM1,
        read_noise_e=DM1.read_noise_e * rng.uniform(*generator.read_noise),
        prnu=DM1.prnu * rng.uniform(*generator.prnu),
        full_well_e=DM1.full_well_e * rng.uniform(*generator.full_well),
        swir_noise_counts=DM1.swir_noise_counts * rng.uniform(*generator.swir_noise),
    )
    lights = (*vocabulary.LIGHTS, *(f"swir{band}" for band in vocabulary.SWIR_BANDS))
    depth = dict(generator.flicker_depth).get(lamp)
    flicker = None
    if depth is not None:
        hz = float(rng.choice(generator.flicker_hz))
        flicker = Flicker(hz, float(rng.uniform(*depth)), float(rng.uniform(0, 2 * np.pi)))
    sway = rng.normal(0, generator.sway_mm_s, 3)
    return Straying(
        optics=optics,
        module=module,
        level={light: float(np.exp(rng.normal(0, generator.calibration_error))) for light in lights},
        slope={light: tuple(rng.normal(0, generator.flat_error, 2)) for light in vocabulary.LIGHTS},  # type: ignore[misc]
        thermometer_k=float(rng.normal(0, generator.thermometer_error_k)),
        velocity_mm_s=tuple(float(a + b) for a, b in zip(sway, velocity_mm_s, strict=True)),  # type: ignore[arg-type]
        flicker=flicker,
    )


def take(field: LightField, straying: Straying, rng: np.random.Generator, record: bytes, number: int = 0) -> Recording:
    """The `number`-th burst of a presentation, every frame wholly lit, in an order of its own.

    The dots show the geometry where it was traced; all other frames show it moved by its velocity.
    """
    board = board_file("twin")
    optics, module = straying.optics, straying.module
    field = _strayed(field, straying)
    imager = sensor.ImagerSensor(optics, module)
    exposure_us = board["exposure_us"]
    order = _order(rng)
    start_us = number * BURST_US
    time_us = {name: start_us + FRAME_US * place for place, name in enumerate(order, 1)}
    frames = {}
    for name in vocabulary.FRAMES:
        light = vocabulary.FRAME_LIGHT[name]
        lit = {} if light == vocabulary.DARK else {light: np.full(optics.height, exposure_us, np.float32)}
        seen = field
        if light != vocabulary.DOTS:
            # No other band is in this frame, and moving one costs what taking the frame costs.
            alone = replace(field, bands={band: field.bands[band] for band in lit})
            seen = _moved(alone, straying, time_us[name] - time_us[vocabulary.DOTS])
        ambient_us = None
        if straying.flicker is not None:
            begin = time_us[name] - exposure_us + np.arange(optics.height) * optics.row_time_us
            ambient_us = straying.flicker.ambient_us(begin, exposure_us)
        gain = board["gain_q8"] / 256
        frames[name] = imager.expose(seen, lit, exposure_us, gain, field.temperature_c, rng, ambient_us)
    pairs = board["swir_pairs"]
    header = burst.Burst().header()
    header.update(
        frames=list(vocabulary.FRAMES),
        order=[vocabulary.FRAME_LIGHT[name] for name in order],
        time_us={name: int(time_us[name]) for name in vocabulary.FRAMES},
        exposure_us=exposure_us,
        gain_q8=board["gain_q8"],
        temperature_cc=round((field.temperature_c + straying.thermometer_k) * 100),
        swir=[
            [*sensor.swir_sums(optics, module, field, band, pairs, field.temperature_c, rng), pairs]
            for band in vocabulary.SWIR_BANDS
        ],
    )
    return Recording(header, frames, record, board)


def _order(rng: np.random.Generator) -> list[str]:
    """Names of the frames, as chance has it; 850 is not the first, because the device takes it again when more than
    .4 s lie between it and `850b`."""
    *once, again = vocabulary.FRAMES
    while True:
        order = [str(name) for name in rng.permutation(once)]
        if order[0] != vocabulary.NIR_850:
            return [*order, again]


def _strayed(field: LightField, straying: Straying) -> LightField:
    """The field times what the calibration got wrong: of the scene alone, so that the monitor tab does not tell."""
    optics = straying.optics
    u = ((np.arange(optics.width, dtype=np.float32) - optics.centre_u) / optics.centre_u)[None, :]
    v = ((np.arange(optics.height, dtype=np.float32) - optics.centre_v) / optics.centre_v)[:, None]
    bands = {}
    for band, image in field.bands.items():
        along_u, along_v = straying.slope[band]
        bands[band] = (image * (straying.level[band] * (1 + along_u * u + along_v * v))).astype(np.float32)
    swir = {band: signal * straying.level[f"swir{band}"] for band, signal in field.swir.items()}
    return replace(field, bands=bands, swir=swir)


def _moved(field: LightField, straying: Straying, after_us: float) -> LightField:
    shift = np.array(straying.velocity_mm_s) * (after_us / 1e6)
    up, side, away = (float(part) for part in np.clip(shift, -FARTHEST_MM, FARTHEST_MM))
    return render.displaced(field, (up, side, away))
