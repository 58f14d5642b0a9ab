"""Flat, bent and folded instruments, and spectacles. Frame: as the head's, nearest point at z = 0."""

from __future__ import annotations

import numpy as np

from dermis_hw.geometry import head as heads
from dermis_hw.geometry import mesh as meshes
from dermis_hw.geometry.anthropometry import HeadParameters
from dermis_hw.geometry.mesh import Mesh
from dermis_hw.geometry.printed import PRINTED

CELL_MM = 2.5  # of a sheet: fine enough that a bend of 60 mm radius has a sagitta of .01 mm a cell


MOST_CELLS = 100  # along a straight side


def _vertices(size_mm: float, most: int) -> int:
    return max(2, min(round(size_mm / CELL_MM), most) + 1)


def plane(height_mm: float, width_mm: float) -> Mesh:
    """A sheet square to the axis: height along x, width along y."""
    return cylinder(height_mm, width_mm, float("inf"))


def cylinder(height_mm: float, width_mm: float, radius_mm: float) -> Mesh:
    """A sheet bent about the vertical, its middle nearest; `width_mm` is along the bend.

    `local` keeps the flat sheet's (x, y, 0), so that a print bends with it.
    """
    bent = np.isfinite(radius_mm)
    rows = _vertices(height_mm, MOST_CELLS)
    columns = _vertices(width_mm, round(width_mm / CELL_MM) if bent else MOST_CELLS)
    x, s = np.meshgrid(
        np.linspace(-height_mm / 2, height_mm / 2, rows),
        np.linspace(-width_mm / 2, width_mm / 2, columns),
        indexing="ij",
    )
    if bent:
        y, z = radius_mm * np.sin(s / radius_mm), radius_mm * (1 - np.cos(s / radius_mm))
    else:
        y, z = s, np.zeros_like(s)
    faces = meshes.grid_faces(rows, columns)
    sheet = meshes.make(np.stack([x, y, z], axis=-1).reshape(-1, 3), faces)
    flat = np.stack([x, s, np.zeros_like(s)], axis=-1).reshape(-1, 3)
    return Mesh(sheet.vertices, sheet.faces, sheet.region_names, sheet.regions, flat)


def printed_holes(local: np.ndarray, holes: tuple[str, ...]) -> np.ndarray:
    """As `head.hole_field`, for a sheet with a median face printed on it."""
    return heads.hole_field(PRINTED, local * [1.0, 1.0, 0.0], holes)


# Where a folder of paper heads puts the folds: angles about the vertical, from the nose, degrees.
_FOLD_DEG = np.array([0.0, 7.0, 15.0, 25.0, 37.0, 51.0, 68.0, 90.0])


def papercraft(p: HeadParameters) -> Mesh:
    """A head folded of paper: the head's own surface sampled at its landmarks and left faceted; one region."""
    whole = heads.head(p, body=False)
    m = heads.landmarks(p)
    columns = heads.FRONT_COLUMNS + heads.BACK_COLUMNS
    grid = whole.vertices.reshape(-1, columns, 3)
    heights = [
        m.menton - 60 * m.scale, m.menton - 25 * m.scale, m.menton, m.menton + 13 * m.scale, m.mouth - 12 * m.scale,
        m.mouth - 5 * m.scale, m.mouth, m.mouth + 6 * m.scale, m.subnasale, m.tip, 0.5 * (m.tip + m.sellion), m.pupil,
        m.sellion + 4 * m.scale, m.sellion + 14 * m.scale, m.sellion + 35 * m.scale, m.sellion + 60 * m.scale,
        m.sellion + 82 * m.scale, m.sellion + 98 * m.scale, m.sellion + 107 * m.scale,
    ]  # fmt: skip
    middle = heads.FRONT_COLUMNS // 2
    row_at = np.unique([int(np.argmin(np.abs(grid[:, middle, 0] - height))) for height in heights])
    step = np.round(_FOLD_DEG / 180.0 * heads.FRONT_COLUMNS).astype(int)
    front = np.unique(np.concatenate([middle - step, middle + step]))
    column_at = np.concatenate([front, heads.FRONT_COLUMNS + np.arange(6, heads.BACK_COLUMNS, 8)])
    points = grid[np.ix_(row_at, column_at)].reshape(-1, 3)
    # Mirror the diagonals about the nose, as folds are.
    rows, across = len(row_at), len(column_at)
    i, j = (index.ravel() for index in np.meshgrid(np.arange(rows - 1), np.arange(across), indexing="ij"))
    a, b = i * across + j, i * across + (j + 1) % across
    c, d = a + across, b + across
    left = (column_at[j] < middle)[:, None]
    first = np.where(left, np.stack([a, b, c], axis=1), np.stack([a, b, d], axis=1))
    second = np.where(left, np.stack([b, d, c], axis=1), np.stack([a, d, c], axis=1))
    points = points - [0.0, 0.0, points[:, 2].min()]
    return meshes.facing(meshes.make(points, np.concatenate([first, second]), body="paper", smooth=False))


def _tube(path: np.ndarray, radius: float, *, closed: bool) -> Mesh:
    """A round tube along a path (n, 3)."""
    sides = 8
    ahead = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0)
    if not closed:
        ahead[0], ahead[-1] = path[1] - path[0], path[-1] - path[-2]
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    across = np.cross(ahead, np.array([0.13, 0.21, 0.97]))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    other = np.cross(ahead, across)
    turn = np.arange(sides) * 2 * np.pi / sides
    ring = across[:, None] * np.cos(turn)[None, :, None] + other[:, None] * np.sin(turn)[None, :, None]
    points = path[:, None] + radius * ring
    if closed:
        points = np.concatenate([points, points[:1]])
    return meshes.facing(
        meshes.make(points.reshape(-1, 3), meshes.grid_faces(len(points), sides, closed=True), body="frame")
    )


RIM_BEND = 0.003  # 1/mm: how far rims and lenses follow the face around
LENS_RADIUS_MM = 90.0  # of a lens's front: base curve 6, the usual one


def _rounded_cos(turn: np.ndarray) -> np.ndarray:
    """A cosine pressed towards a rectangle, as rims are."""
    return np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.8


def _rim_place(p: HeadParameters, lens_mm: float, vertex_mm: float) -> tuple[float, float, float]:
    """Depth of the rims at the nose, and the middle of a lens: height and distance from the nose."""
    m = heads.landmarks(p)
    face = heads.head(p, body=False).vertices
    near = np.hypot(face[:, 0] - m.pupil, face[:, 1] - m.pupil_y)
    depth = face[near < 3.0, 2].min() - vertex_mm
    return depth, m.pupil - 2, max(m.pupil_y, 0.5 * lens_mm + 0.5 * p.nose_root_breadth)


def spectacles(p: HeadParameters, *, rim_mm: float = 1.6, lens_mm: float = 46.0, vertex_mm: float = 13.0) -> Mesh:
    """Rims, bridge and arms on this head; the lenses are clear in the near infrared and left out.

    rim_mm: radius of the wire. lens_mm: width of a lens. vertex_mm: from the cornea to the rim.
    """
    m = heads.landmarks(p)
    depth, centre_x, centre_y = _rim_place(p, lens_mm, vertex_mm)
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    parts = []
    for side in (-1.0, 1.0):
        reach = 0.5 * lens_mm
        rim_y = side * centre_y + reach * _rounded_cos(turn)
        rim_x = centre_x + 0.8 * reach * _rounded_cos(turn - 0.5 * np.pi)
        rim_z = depth + RIM_BEND * rim_y**2
        parts.append(_tube(np.stack([rim_x, rim_y, rim_z], axis=1), rim_mm, closed=True))
        temple_y = 0.5 * p.cheek_breadth + 3.0
        start_y = centre_y + reach
        run = np.linspace(0, 1, 12)
        arm_y = side * (start_y + (temple_y - start_y) * np.minimum(1.0, 3 * run))
        arm_z = depth + RIM_BEND * start_y**2 + (p.nose_protrusion + 0.5 * p.length - depth) * run
        parts.append(_tube(np.stack([np.full(12, m.pupil + 6), arm_y, arm_z], axis=1), rim_mm, closed=False))
    bridge_y = np.linspace(-(centre_y - 0.5 * lens_mm), centre_y - 0.5 * lens_mm, 9)
    bridge = np.stack([m.pupil + 4 + 0 * bridge_y, bridge_y, depth - 1.0 + RIM_BEND * bridge_y**2], axis=1)
    parts.append(_tube(bridge, rim_mm, closed=False))
    return meshes.join(parts)


def lenses(p: HeadParameters, *, lens_mm: float = 46.0, vertex_mm: float = 13.0) -> Mesh:
    """The two lenses of `spectacles` of the same measures, spherical in front: for those that are not clear."""
    depth, centre_x, centre_y = _rim_place(p, lens_mm, vertex_mm)
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    part = np.linspace(0, 1, 12)[:, None]
    parts = []
    for side in (-1.0, 1.0):
        across = 0.5 * lens_mm * part * _rounded_cos(turn)
        up = 0.4 * lens_mm * part * _rounded_cos(turn - 0.5 * np.pi)
        y = side * centre_y + across
        z = depth + RIM_BEND * (side * centre_y) ** 2 + (across**2 + up**2) / (2 * LENS_RADIUS_MM)
        points = np.stack([centre_x + up, y, z], axis=-1).reshape(-1, 3)
        faces = meshes.grid_faces(len(part), len(turn), closed=True)
        parts.append(meshes.make(points, faces[:, ::-1], body="lens"))  # the front of a surface is what light reaches
    return meshes.join(parts)


def wall(distance_behind_mm: float) -> Mesh:
    """A wall behind everything, large enough to fill the frame."""
    half = max(4000.0, distance_behind_mm)
    corners = np.array([[-half, -half, 0], [-half, half, 0], [half, -half, 0], [half, half, 0]], float)
    return meshes.make(corners + [0, 0, distance_behind_mm], np.array([[0, 1, 2], [1, 3, 2]]), body="wall")
