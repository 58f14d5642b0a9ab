"""Modules off a simulated line, each calibrated as a technician would: dark, white target, two planes.

The bursts are composed from three traced targets, so that a module costs a second, not a minute; the maths is the
calibration tool's own (`dermis_host.calibration`).
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np
from dermis.core import burst, vocabulary
from dermis_host.calibration import first_procedure as procedure
from dermis_host.recording import Recording
from dermis_hw import module_instance, render, scenes
from dermis_hw.boards import board_file
from dermis_hw.lightfield import LightField
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1
from dermis_hw.twin import sensor

TEMPERATURE_C = 25.0


def take(field: LightField, module: ModuleInstance, rng: np.random.Generator, calibration: bytes = b"") -> Recording:
    """One burst of a light field by this module, without the timing of a real one: every frame wholly lit."""
    board = board_file("twin")
    imager = sensor.ImagerSensor(DM1, module)
    exposure_us = board["exposure_us"]
    frames = {}
    for name in vocabulary.FRAMES:
        light = vocabulary.FRAME_LIGHT[name]
        lit = {} if light == vocabulary.DARK else {light: np.full(DM1.height, exposure_us, np.float32)}
        frames[name] = imager.expose(field, lit, exposure_us, board["gain_q8"] / 256, field.temperature_c, rng)
    pairs = board["swir_pairs"]
    swir = [
        [*sensor.swir_sums(DM1, module, field, band, pairs, field.temperature_c, rng), pairs]
        for band in vocabulary.SWIR_BANDS
    ]
    header = burst.Burst().header()
    header.update(
        frames=list(vocabulary.FRAMES),
        order=[vocabulary.FRAME_LIGHT[name] for name in vocabulary.FRAMES],
        time_us={name: 90_000 * number for number, name in enumerate(vocabulary.FRAMES)},
        exposure_us=exposure_us,
        gain_q8=board["gain_q8"],
        temperature_cc=round(field.temperature_c * 100),
        swir=swir,
    )
    return Recording(header, frames, calibration, board)


@lru_cache(maxsize=1)
def _targets():
    traced = {}
    for target in procedure.TARGETS:
        scene = scenes.load(scenes.builtin(target.scene))
        traced[target.scene] = (render.geometry(scene), scenes.place(scene)[1])
    return traced


def calibrate(seed: int, folder: Path) -> tuple[ModuleInstance, bytes]:
    """(module, calibration record) of that seed; the record is kept in `folder`.

    Raises CalibrationFailed when the drawn module would not pass the bench.
    """
    module = module_instance.draw(seed)
    path = folder / f"{module.serial}.cal"
    if path.exists():
        return module, path.read_bytes()
    rng = np.random.default_rng([seed, 0xCA])

    def look(target: procedure.Target, count: int = 1) -> list[Recording]:
        geometry, materials = _targets()[target.scene]
        field = geometry.compose(materials, module, temperature_c=TEMPERATURE_C, seed=seed)
        return [take(field, module, rng) for _ in range(count)]

    (dark,) = look(procedure.DARK)
    *white, check = look(procedure.WHITE, procedure.WHITE_BURSTS + 1)
    (near,) = look(procedure.NEAR)
    far, far_check = look(procedure.FAR, 2)
    outcome = procedure.compute(procedure.Bursts(dark, white, check, near, far, far_check), module.serial)
    record = outcome.record()
    folder.mkdir(parents=True, exist_ok=True)
    # Several processes calibrate the same module: whoever reads finds a whole record or none.
    temporary = path.with_suffix(f".{os.getpid()}.part")
    temporary.write_bytes(record)
    temporary.replace(path)
    return module, record
