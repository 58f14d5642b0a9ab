"""Triangle meshes as arrays: normals, rigid motion, clipping by a field, shells.

Coordinates are millimetres in the imager's axes: x up along u, y along v, z away from the module.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Mesh:
    """A surface with regions.

    vertices: float64 (n, 3), mm. faces: int32 (m, 3). region_names: the first is the body, which takes whatever
    the others leave. regions: float32 (n, len(region_names)), weights from 0 to 1 whose rows add up to 1.
    local: float64 (n, 3), the vertices before the pose; textures and noise are anchored there.
    smooth: whether normals are interpolated across faces (a faceted model is not smooth).
    """

    vertices: np.ndarray
    faces: np.ndarray
    region_names: tuple[str, ...]
    regions: np.ndarray
    local: np.ndarray
    smooth: bool = True

    def vertex_normals(self) -> np.ndarray:
        """Unit normals (n, 3), weighted by the area of the faces around each vertex."""
        a, b, c = (self.vertices[self.faces[:, k]] for k in range(3))
        face_normals = np.cross(b - a, c - a)
        normals = np.zeros_like(self.vertices)
        for k in range(3):
            for axis in range(3):
                normals[:, axis] += np.bincount(self.faces[:, k], face_normals[:, axis], len(normals))
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        return normals / np.where(length > 0, length, 1.0)

    def moved(self, rotation: np.ndarray, shift: np.ndarray) -> Mesh:
        """The mesh rotated by a 3x3 matrix, then shifted by mm; `local` stays."""
        return replace(self, vertices=self.vertices @ rotation.T + shift)

    def extent(self) -> np.ndarray:
        """Size along each axis, mm."""
        return self.vertices.max(axis=0) - self.vertices.min(axis=0)


def make(
    vertices: np.ndarray,
    faces: np.ndarray,
    *,
    regions: dict[str, np.ndarray] | None = None,
    body: str = "body",
    smooth: bool = True,
) -> Mesh:
    """A mesh from arrays; `regions` are weights of the named regions, cut so that no vertex exceeds 1 in all."""
    vertices = np.asarray(vertices, np.float64)
    named = regions or {}
    left = np.ones(len(vertices))
    columns = []
    for weight in named.values():
        taken = np.clip(weight, 0.0, left)
        left = left - taken
        columns.append(taken)
    weights = np.stack([left, *columns], axis=1).astype(np.float32)
    return Mesh(vertices, np.asarray(faces, np.int32), (body, *named), weights, vertices.copy(), smooth)


def grid_faces(rows: int, columns: int, *, closed: bool = False) -> np.ndarray:
    """Two triangles a cell of a grid of vertices laid out row by row; `closed` joins the last column to the first."""
    across = columns if closed else columns - 1
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(across), indexing="ij")
    a = i * columns + j
    b = i * columns + (j + 1) % columns
    c, d = a + columns, b + columns
    return np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])


def facing(mesh: Mesh) -> Mesh:
    """The mesh with faces turned, where needed, so that closed shapes have their normals outwards."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    volume = np.einsum("ij,ij->", a - mesh.vertices.mean(axis=0), np.cross(b - a, c - a))
    return mesh if volume >= 0 else replace(mesh, faces=mesh.faces[:, ::-1].copy())


def join(meshes: list[Mesh]) -> Mesh:
    """One mesh of several; regions of the same name are one, the first mesh's body is the body."""
    names = list(meshes[0].region_names)
    for mesh in meshes[1:]:
        names += [name for name in mesh.region_names if name not in names]
    weights, faces, start = [], [], 0
    for mesh in meshes:
        block = np.zeros((len(mesh.vertices), len(names)), np.float32)
        for column, name in enumerate(mesh.region_names):
            block[:, names.index(name)] = mesh.regions[:, column]
        weights.append(block)
        faces.append(mesh.faces + start)
        start += len(mesh.vertices)
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate(faces),
        tuple(names),
        np.concatenate(weights),
        np.concatenate([m.local for m in meshes]),
        all(m.smooth for m in meshes),
    )


def clip(mesh: Mesh, field: np.ndarray) -> Mesh:
    """What remains where `field` (n,) is positive; triangles on the contour are cut along it."""
    inside = field > 0
    count = inside[mesh.faces].sum(axis=1)
    kept = [mesh.faces[count == 3]]
    new_from: list[np.ndarray] = []
    new_to: list[np.ndarray] = []
    made = len(mesh.vertices)

    def cut(start: np.ndarray, end: np.ndarray) -> np.ndarray:
        nonlocal made
        new_from.append(start)
        new_to.append(end)
        made += len(start)
        return np.arange(made - len(start), made)

    for wanted in (1, 2):
        faces = mesh.faces[count == wanted]
        if not len(faces):
            continue
        # Turn each face so that its odd vertex comes first; winding is kept.
        odd = np.argmax(inside[faces] == (wanted == 1), axis=1)
        a, b, c = (faces[np.arange(len(faces)), (odd + k) % 3] for k in range(3))
        ab, ac = cut(a, b), cut(a, c)
        if wanted == 1:
            kept.append(np.stack([a, ab, ac], axis=1))
        else:
            kept += [np.stack([ab, b, c], axis=1), np.stack([ab, c, ac], axis=1)]
    if new_from:
        start, end = np.concatenate(new_from), np.concatenate(new_to)
        part = (field[start] / (field[start] - field[end]))[:, None]

        def blend(values: np.ndarray) -> np.ndarray:
            return np.concatenate([values, values[start] * (1 - part) + values[end] * part]).astype(values.dtype)
    else:

        def blend(values: np.ndarray) -> np.ndarray:
            return values

    faces = np.concatenate(kept)
    used, compact = np.unique(faces, return_inverse=True)
    return Mesh(
        blend(mesh.vertices)[used],
        compact.reshape(-1, 3).astype(np.int32),
        mesh.region_names,
        blend(mesh.regions)[used],
        blend(mesh.local)[used],
        mesh.smooth,
    )


def boundary(mesh: Mesh) -> np.ndarray:
    """Edges (k, 2) that belong to one face only, in that face's winding."""
    edges = np.concatenate([mesh.faces[:, [0, 1]], mesh.faces[:, [1, 2]], mesh.faces[:, [2, 0]]]).astype(np.int64)
    size = len(mesh.vertices)
    key = edges.min(axis=1) * size + edges.max(axis=1)
    _, first, count = np.unique(key, return_index=True, return_counts=True)
    return edges[first[count == 1]]


def shell(mesh: Mesh, offset_mm: float, field: np.ndarray | None = None) -> Mesh:
    """A skin at `offset_mm` outside the mesh, with rims down to it; `field` <= 0 cuts holes."""
    outer = replace(mesh, vertices=mesh.vertices + offset_mm * mesh.vertex_normals())
    inner = mesh
    if field is not None:
        outer, inner = clip(outer, field), clip(mesh, field)
    edges = boundary(outer)
    if not len(edges):
        return outer
    size = len(outer.vertices)
    a, b = edges[:, 0], edges[:, 1]
    rim = np.concatenate([np.stack([b, a, a + size], axis=1), np.stack([b, a + size, b + size], axis=1)])
    faces = np.concatenate([outer.faces, rim])
    # The rim's vertices are their own, so that normals do not round the edge over.
    both = np.concatenate([outer.vertices, inner.vertices])
    regions = np.concatenate([outer.regions, inner.regions])
    local = np.concatenate([outer.local, inner.local])
    used, compact = np.unique(faces, return_inverse=True)
    return Mesh(both[used], compact.reshape(-1, 3).astype(np.int32), mesh.region_names, regions[used], local[used])
