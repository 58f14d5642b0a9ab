"""From a scene to posed meshes and their materials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from dermis_hw.geometry import head as heads
from dermis_hw.geometry import mesh as meshes
from dermis_hw.geometry import meshfile, patches, simple, worn
from dermis_hw.geometry.anthropometry import LIMITS, MEASURES, HeadParameters, limits
from dermis_hw.geometry.hand import NOMINAL_LENGTH_MM, hand
from dermis_hw.geometry.mesh import Mesh
from dermis_hw.materials import Material
from dermis_hw.scenes.model import Scene, SceneObject

_HEAD = {name: limits(name) for name in (*MEASURES, *LIMITS)}
_VISOR = {"visor_mm": (0.0, 120.0), "droop_mm": (-20.0, 40.0)}
# geometry -> parameter -> (lowest, highest), mm. What a scene file may say.
PARAMETERS: dict[str, dict[str, tuple[float, float]]] = {
    "head": _HEAD,
    "papercraft": _HEAD,
    "spectacles": {**_HEAD, "rim_mm": (0.4, 5.0), "lens_mm": (30.0, 65.0), "vertex_mm": (5.0, 25.0)},
    "lenses": {**_HEAD, "lens_mm": (30.0, 65.0), "vertex_mm": (5.0, 25.0)},
    "hat": {**_HEAD, "seat_mm": (20.0, 70.0), "brim_mm": (0.0, 120.0), **_VISOR},
    "headscarf": {**_HEAD, "up_mm": (60.0, 130.0), "side_mm": (45.0, 90.0)},
    "hand": {"length": (100.0, 260.0)},
    "plane": {"height": (20.0, 3000.0), "width": (20.0, 3000.0)},
    "cylinder": {"height": (20.0, 3000.0), "width": (20.0, 3000.0), "radius": (30.0, 5000.0)},
}
# Where a parameter is missing.
SHEET_DEFAULTS = {"height": 240.0, "width": 190.0, "radius": 100.0}
HEADS = ("head", "papercraft")
ON_A_HEAD = (*HEADS, "spectacles", "lenses", "hat", "headscarf")  # made to the measures of a head


def _parameters(values: dict[str, float]) -> HeadParameters:
    known = {name: value for name, value in values.items() if name in _HEAD}
    if "seed" in known:
        known["seed"] = int(known["seed"])
    return replace(HeadParameters(), **known)  # type: ignore[arg-type]


# geometry -> what makes it for a head and the parameters of its own.
_WORN: dict[str, Callable[..., Mesh]] = {
    "spectacles": simple.spectacles,
    "lenses": simple.lenses,
    "hat": worn.hat,
    "headscarf": worn.headscarf,
}


@lru_cache(maxsize=16)
def _head(p: HeadParameters, body: bool) -> Mesh:
    return heads.head(p, body=body)


def shape(thing: SceneObject) -> Mesh:
    """The object's mesh in its own frame, with its holes, before the pose.

    Raises meshfile.MeshError.
    """
    values = thing.parameters
    p = _parameters(values)
    if isinstance(thing.geometry, Path):
        mesh = meshfile.load(thing.geometry)
        middle = 0.5 * (mesh.vertices.max(axis=0) + mesh.vertices.min(axis=0))
        middle[2] = mesh.vertices[:, 2].min()
        mesh = replace(mesh, vertices=mesh.vertices - middle, local=mesh.local - middle)
    elif thing.geometry == "head":
        mesh = _head(p, body=thing.shell_mm == 0)
    elif thing.geometry == "papercraft":
        mesh = simple.papercraft(p)
    elif thing.geometry in _WORN:
        mesh = _WORN[thing.geometry](p, **{k: v for k, v in values.items() if k not in _HEAD})
    elif thing.geometry == "hand":
        mesh = hand(values.get("length", NOMINAL_LENGTH_MM))
    else:
        size = {**SHEET_DEFAULTS, **values}
        radius = size["radius"] if thing.geometry == "cylinder" else float("inf")
        mesh = simple.cylinder(size["height"], size["width"], radius)
    field = None
    if thing.holes:
        on_head = thing.geometry in HEADS
        field = (
            heads.hole_field(p, mesh.vertices, thing.holes)
            if on_head
            else simple.printed_holes(mesh.local, thing.holes)
        )
    if thing.cover:
        covered = patches.cover_field(p, mesh.vertices, thing.cover)
        field = covered if field is None else np.minimum(field, covered)
    if thing.shell_mm > 0:
        return meshes.shell(mesh, thing.shell_mm, field)
    return mesh if field is None else meshes.clip(mesh, field)


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> np.ndarray:
    """Yaw about the vertical (x), then pitch about y, then roll about the axis z; right-handed, 3x3."""
    a, b, c = np.radians([yaw_deg, pitch_deg, roll_deg])
    yaw = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    pitch = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    roll = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return roll @ pitch @ yaw


def place(scene: Scene, time_s: float = 0.0) -> tuple[list[Mesh], list[dict[str, Material]]]:
    """The scene's meshes where they are at `time_s` (mm), and for each its materials by region.

    A head turns about the middle between its ears, a sheet about its own middle.
    """
    placed: list[Mesh] = []
    pose = scene.pose
    if scene.objects:
        shapes = [shape(thing) for thing in scene.objects]
        pivot = np.zeros(3)
        if not isinstance(scene.objects[0].geometry, Path) and scene.objects[0].geometry in HEADS:
            pivot[2] = 0.5 * _parameters(scene.objects[0].parameters).length
        turn = rotation(pose.yaw_deg, pose.pitch_deg, pose.roll_deg)
        shapes = [
            m.moved(np.eye(3), np.array(o.position_mm) - pivot) for m, o in zip(shapes, scene.objects, strict=True)
        ]
        shapes = [m.moved(turn, np.zeros(3)) for m in shapes]
        nearest = shapes[0].vertices[:, 2].min()
        shift = np.array([pose.up_mm, pose.side_mm, pose.distance_mm - nearest])
        shift = shift + np.array(pose.velocity_mm_s) * time_s
        placed = [m.moved(np.eye(3), shift) for m in shapes]
    if scene.background_mm > 0 and scene.background_material is not None:
        placed.append(simple.wall(scene.background_mm))
    return placed, paint(scene, placed)


def paint(scene: Scene, placed: list[Mesh]) -> list[dict[str, Material]]:
    """For each mesh of a scene its materials by region. placed: as `place` gives them, of this scene or of one that
    differs from it in materials only."""
    materials: list[dict[str, Material]] = []
    for mesh, thing in zip(placed, scene.objects, strict=False):
        body = thing.materials[""]
        materials.append({name: thing.materials.get(name, body) for name in mesh.region_names})
    if len(placed) > len(scene.objects) and scene.background_material is not None:
        materials.append({"wall": scene.background_material})
    return materials
