"""Rendering: a scene to the light field at the imager (docs/rendering.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
) -> LightField:
    """What the scene sends to this module at `time_s`.

    seed: of the reflectance's variation within a face. The module's spectral offsets, baseline and focal errors
    are in it; its levels, illumination tilt, vignetting, gamma and noise are the sensor's.
    """
    from dermis_hw.scenes import place

    meshes, materials = place(scene, time_s)
    traced = Geometry(meshes, optics=optics, ambient=scene.ambient)
    field = traced.compose(materials, module, temperature_c=scene.temperature_c, seed=seed)
    return answered(field, scene.lamp, optics)
