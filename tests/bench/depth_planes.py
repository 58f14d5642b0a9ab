"""Does the disparity lean towards whole pixels? Mean error on planes that lie at known parts of a pixel.

    python -m tests.bench.depth_planes

The nominal module before planes of grey and of skin; the reference is the grey plane at 450 mm.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from dermis.core import calibration
from dermis.core.analysis import MAX_DISPARITY, MIN_DISPARITY, WINDOW
from dermis.core.depth import DepthMapper
from dermis.core.reflectance import STEP, dot_image
from dermis_hw import render, scenes
from dermis_hw.materials import resolve
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1
from dermis_models import modules

from tests.bench import depth_scenes

SKIN = "skin:draw=5+r700=0.45"
WHOLE = (-10, 0, 20)  # px: 698, 450 and 268 mm
PARTS = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875)


def dots(distance_mm: float, material: str, linear) -> bytearray:
    scene = scenes.load(scenes.builtin("target_grey_50"))
    plane = dataclasses.replace(scene.objects[0], materials={"": resolve(material)})
    pose = dataclasses.replace(scene.pose, distance_mm=distance_mm)
    scene = dataclasses.replace(scene, objects=(plane,), pose=pose)
    module = ModuleInstance()
    field = render.geometry(scene).compose(scenes.place(scene)[1], module, seed=1)
    frames = modules.take(field, module, np.random.default_rng(round(distance_mm * 100)), b"").frames
    out = bytearray(DM1.width * DM1.height)
    dot_image(frames["dots"].tobytes(), frames["dark"].tobytes(), linear, out)
    return out


def main() -> None:
    linear = calibration.decode(depth_scenes.calibrated(depth_scenes.FIRST_SEED)[1]).linear
    mapper = DepthMapper(DM1.width, DM1.height, STEP, WINDOW, MIN_DISPARITY, MAX_DISPARITY)
    mapper.set_reference(dots(DM1.z_ref_mm, "grey:0.5", linear))
    print(f"{'mean error, px':16}" + "".join(f"{part:8.3f}" for part in PARTS))
    for material in ("grey:0.5", SKIN):
        for whole in WHOLE:
            errors = []
            for part in PARTS:
                disparity = whole + part
                inverse = 1 / DM1.z_ref_mm + disparity / (DM1.focal_px * DM1.baseline_mm)
                mapper.measure(dots(1 / inverse, material, linear))
                answered = np.frombuffer(mapper.confidence, np.uint8) > 0
                errors.append(float(np.mean(np.array(mapper.disparity)[answered] / 16 - disparity)))
            name = f"{material.split(':')[0]}, {whole:+d}"
            print(f"{name:16}" + "".join(f"{error:+8.4f}" for error in errors), flush=True)


if __name__ == "__main__":
    main()
