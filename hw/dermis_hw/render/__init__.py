"""Rendering: a scene to the light field at the imager (docs/rendering.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dermis_hw.lightfield import LightField
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1, Optics
from dermis_hw.render.answering import AnsweringLamp, answered
from dermis_hw.render.compose import Ambient, Geometry
from dermis_hw.render.motion import displaced
from dermis_hw.render.variant import RenderError

if TYPE_CHECKING:
    from dermis_hw.scenes import Scene

__all__ = [
    "Ambient",
    "AnsweringLamp",
    "Geometry",
    "RenderError",
    "answered",
    "displaced",
    "geometry",
    "render",
]


def geometry(scene: Scene, *, optics: Optics = DM1, time_s: float = 0.0) -> Geometry:
    """The scene traced (dear), without its materials: `Geometry.compose` makes light fields of it."""
    from dermis_hw.scenes import place

    meshes, _ = place(scene, time_s)
    return Geometry(meshes, optics=optics, ambient=scene.ambient)


def render(
    scene: Scene,
    module: ModuleInstance | None = None,
    *,
    optics: Optics = DM1,
    seed: int = 0,
    time_s: float = 0.0,
    temperature_c: float | None = None,
) -> LightField:
    """What the scene sends to this module at `time_s`.

    seed: of the reflectance's variation within a face. temperature_c: of the module, instead of the scene's. The
    module's spectra, baseline and focal errors are in it, and before a target its tilt; its levels, illumination
    tilt, vignetting, gamma and noise are the sensor's.
    """
    from dermis_hw.scenes import place, rotation

    meshes, materials = place(scene, time_s)
    if module is not None and scene.kind == "target":
        # A target stands square to the fixture; anybody else stands as the scene says.
        turn = rotation(module.yaw_deg, module.pitch_deg, 0.0)
        meshes = [mesh.moved(turn, np.zeros(3)) for mesh in meshes]
    traced = Geometry(meshes, optics=optics, ambient=scene.ambient)
    warmth = scene.temperature_c if temperature_c is None else temperature_c
    field = traced.compose(materials, module, temperature_c=warmth, seed=seed)
    return answered(field, scene.lamp, optics)
