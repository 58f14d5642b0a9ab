"""What the imager sees of a posed scene, sample by sample: Mitsuba finds surfaces and shadows, numpy keeps them.

Samples lie on a regular grid finer than the pixels (no noise, the same in every variant), so that all that depends
on materials and modules can be composed from them without another ray.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

import numpy as np

from dermis_hw.geometry import Mesh
from dermis_hw.optics import Optics
from dermis_hw.render.variant import mitsuba

OVERSAMPLING = 2  # samples a pixel along each axis
NEAR, FAR = "near", "far"  # the scene's lamps: a point, and a direction


@dataclass(frozen=True)
class Samples:
    """The n samples that met a surface.

    index: int (n,), place in the raster (height * s, width * s). oversampling: s. position: float32 (n, 3), mm.
    normal: float32 (n, 3), unit, towards the imager. mesh: int (n,), which mesh. face: int (n,). corner: float32
    (n, 3), barycentric weights of the face's vertices.
    """

    index: np.ndarray
    oversampling: int
    position: np.ndarray
    normal: np.ndarray
    mesh: np.ndarray
    face: np.ndarray
    corner: np.ndarray
    raster: tuple[int, int]

    @cached_property
    def pixel(self) -> np.ndarray:
        """The imager's pixel, row by row, that each sample lies in: int (n,)."""
        width, s = self.raster[1], self.oversampling
        return (self.index // width // s) * (width // s) + self.index % width // s

    def interpolate(self, mesh_number: int, faces: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Values given at one mesh's vertices (v, ...) -> at that mesh's samples (k, ...)."""
        chosen = self.mesh == mesh_number
        corners = values[faces[self.face[chosen]]]
        weight = self.corner[chosen].reshape(corners.shape[:2] + (1,) * (corners.ndim - 2))
        return (corners * weight).sum(axis=1)

    def to_image(self, values: np.ndarray, chosen: np.ndarray | None = None) -> np.ndarray:
        """Values of all samples or of `chosen` -> float32 (height, width): means over pixels, 0 off surfaces."""
        pixel = self.pixel if chosen is None else self.pixel[chosen]
        height, width = self.raster[0] // self.oversampling, self.raster[1] // self.oversampling
        total = np.bincount(pixel, values, height * width)
        return (total / self.oversampling**2).astype(np.float32).reshape(height, width)


def _mitsuba_mesh(mi: ModuleType, meshes: list[Mesh], bsdf=None):
    """All meshes as one, so that the index of a triangle says which: Mitsuba's shape index differs by variant."""
    sizes = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes])
    vertices = np.concatenate([mesh.vertices for mesh in meshes])
    faces = np.concatenate([mesh.faces + start for mesh, start in zip(meshes, sizes, strict=False)])
    properties = mi.Properties()
    if bsdf is not None:
        properties["mesh_bsdf"] = bsdf
    shape = mi.Mesh("scene", len(vertices), len(faces), props=properties)
    parameters = mi.traverse(shape)
    parameters["vertex_positions"] = vertices.astype(np.float32).ravel()
    parameters["faces"] = faces.astype(np.uint32).ravel()
    parameters.update()
    return shape


class Tracer:
    """The posed meshes in Mitsuba, with the imager's view on them."""

    def __init__(self, meshes: list[Mesh], optics: Optics, oversampling: int = OVERSAMPLING) -> None:
        self._mi = mitsuba()
        self._meshes = meshes
        self._optics = optics
        self._s = oversampling

    @cached_property
    def _scene(self):
        """Loaded once, since the tree over its triangles costs several renders: both lamps stand in it, and `_lit`
        chooses which one counts."""
        meshes = {"mesh": _mitsuba_mesh(self._mi, self._meshes)} if self._meshes else {}
        near = {"type": "point", "position": [0.0, 0.0, 0.0], "intensity": 1e6}
        scene = {"type": "scene", "sensor": self._sensor(), NEAR: near, FAR: _directional([0.0, 0.0, 1.0])}
        return self._mi.load_dict({**scene, **meshes})

    def _sensor(self) -> dict:
        o, s = self._optics, self._s
        width, height = o.width * s, o.height * s
        view = self._mi.ScalarTransform4f().look_at(origin=[0, 0, 0], target=[0, 0, 1], up=[0, -1, 0])
        return {
            "type": "perspective",
            "fov_axis": "x",
            "fov": float(2 * np.degrees(np.arctan(o.width / 2 / o.focal_px))),
            # Mitsuba's centre is the raster's; ours is the centre of pixels (centre_u, centre_v).
            "principal_point_offset_x": float((o.centre_u + 0.5) / o.width - 0.5),
            "principal_point_offset_y": float((o.centre_v + 0.5) / o.height - 0.5),
            "near_clip": 1.0,
            "far_clip": 1e5,
            "to_world": view,
            # One sample in the middle of each cell: a grid without noise.
            "sampler": {"type": "stratified", "sample_count": 1, "jitter": False},
            "film": {
                "type": "hdrfilm",
                "width": width,
                "height": height,
                "pixel_format": "luminance",
                "component_format": "float32",
                "rfilter": {"type": "box"},
            },
        }

    def _render(self, integrator: dict) -> np.ndarray:
        return np.array(self._mi.render(self._scene, integrator=self._mi.load_dict(integrator), spp=1))

    def samples(self) -> Samples:
        """Trace the imager's rays."""
        o, s = self._optics, self._s
        raster = (o.height * s, o.width * s)
        if not self._meshes:
            none = np.zeros(0, np.int64)
            three = np.zeros((0, 3), np.float32)
            return Samples(none, s, three, three, none, none, three, raster)
        aovs = self._render({"type": "aov", "aovs": "p:position,f:prim_index"})
        flat = aovs.reshape(-1, 4)
        index = np.flatnonzero(flat[:, 2] > 1.0)
        position = flat[index, :3].astype(np.float64)
        ends = np.cumsum([len(mesh.faces) for mesh in self._meshes])
        prim = flat[index, 3].astype(np.int64)
        number = np.searchsorted(ends, prim, side="right")
        face = prim - np.concatenate([[0], ends])[number]
        normal = np.zeros_like(position)
        corner = np.zeros_like(position)
        for k, mesh in enumerate(self._meshes):
            chosen = number == k
            a, b, c = (mesh.vertices[mesh.faces[face[chosen], j]] for j in range(3))
            corner[chosen] = _barycentric(position[chosen], a, b, c)
            if mesh.smooth:
                vertex = mesh.vertex_normals()[mesh.faces[face[chosen]]]
                normal[chosen] = (vertex * corner[chosen][..., None]).sum(axis=1)
            else:
                normal[chosen] = np.cross(b - a, c - a)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        # A sheet has two sides; what is seen is the side turned to the imager.
        normal *= np.where(np.einsum("ij,ij->i", normal, position) > 0, -1.0, 1.0)[:, None]
        return Samples(
            index,
            s,
            position.astype(np.float32),
            normal.astype(np.float32),
            number,
            face,
            corner.astype(np.float32),
            raster,
        )

    def lit(self, samples: Samples, light: tuple[float, float, float]) -> np.ndarray:
        """Which samples a point at `light` (mm) reaches: float32 (n,) of 0 or 1, by Mitsuba's direct integrator."""
        return self._lit(samples, NEAR, {"position": list(light)})

    def lit_from(self, samples: Samples, towards: np.ndarray) -> np.ndarray:
        """Which samples see along `towards` (3,) to infinity."""
        lamp = self._mi.load_dict(_directional((-towards).tolist()))
        return self._lit(samples, FAR, {"to_world": self._mi.traverse(lamp)["to_world"]})

    def _lit(self, samples: Samples, lamp: str, changed: dict) -> np.ndarray:
        if not len(samples.index):
            return np.zeros(0, np.float32)
        parameters = self._mi.traverse(self._scene)
        for name in (NEAR, FAR):
            parameters[f"{name}.sampling_weight"] = float(name == lamp)
        for name, value in changed.items():
            parameters[f"{lamp}.{name}"] = value
        parameters.update()
        image = self._render({"type": "direct", "bsdf_samples": 0, "emitter_samples": 1})
        return (image.reshape(samples.raster[0] * samples.raster[1], -1)[samples.index, 0] > 0).astype(np.float32)


def _directional(direction: list[float]) -> dict:
    return {"type": "directional", "direction": direction, "irradiance": 1.0}


def _barycentric(p: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Weights (n, 3) of corners a, b, c at points p of their triangles."""
    e1, e2, d = b - a, c - a, p - a
    d11, d12, d22 = (np.einsum("ij,ij->i", x, y) for x, y in ((e1, e1), (e1, e2), (e2, e2)))
    d1, d2 = np.einsum("ij,ij->i", d, e1), np.einsum("ij,ij->i", d, e2)
    area = np.maximum(d11 * d22 - d12 * d12, 1e-12)
    v, w = (d22 * d1 - d12 * d2) / area, (d11 * d2 - d12 * d1) / area
    weight = np.clip(np.stack([1 - v - w, v, w], axis=1), 0.0, 1.0)
    return weight / weight.sum(axis=1, keepdims=True)
