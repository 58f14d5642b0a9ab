"""An open hand, held up: a palm, four fingers and a thumb as rounded bodies. Frame: the palm's middle at x = y = 0,
fingers up (x), the side that is nearest at z = 0, mm."""

from __future__ import annotations

import numpy as np

from dermis_hw.geometry import mesh as meshes
from dermis_hw.geometry.mesh import Mesh

# Of an adult (wrist to the tip of the middle finger: ISO 7250-3, between women and men); the rest is our drawing.
NOMINAL_LENGTH_MM = 185.0
PALM_HALF_MM = (50.0, 43.0, 14.0)  # half axes along x, y, z
# Fingers, little finger first: (y of the root, y of the tip, length above the palm, radius).
FINGERS_MM = ((-33.0, -46.0, 58.0, 7.5), (-12.0, -15.0, 78.0, 8.5), (10.0, 12.0, 84.0, 9.0), (31.0, 38.0, 74.0, 8.5))
FINGER_ROOT_MM = 38.0  # above the palm's middle
THUMB_MM = ((-18.0, 38.0), (22.0, 74.0), 10.5)  # root and tip (x, y), radius
AROUND, ALONG = 24, 20  # vertices of a body's rings
SQUARENESS = 0.6  # of the palm: 1 is an ellipsoid, towards 0 a box


def _rounded(values: np.ndarray, power: float) -> np.ndarray:
    return np.sign(values) * np.abs(values) ** power


def _ellipsoid(half_mm: tuple[float, float, float], power: float) -> Mesh:
    up, turn = np.meshgrid(
        np.linspace(-0.5 * np.pi, 0.5 * np.pi, ALONG), np.linspace(0, 2 * np.pi, AROUND, endpoint=False), indexing="ij"
    )
    x = half_mm[0] * _rounded(np.sin(up), power)
    y = half_mm[1] * _rounded(np.cos(up), power) * _rounded(np.cos(turn), power)
    z = half_mm[2] * np.cos(up) * _rounded(np.sin(turn), power)
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    return meshes.facing(meshes.make(points, meshes.grid_faces(ALONG, AROUND, closed=True), body="hand"))


def _finger(root: tuple[float, float], tip: tuple[float, float], radius: float) -> Mesh:
    """A stretched ball from root to tip, (x, y) in the plane of the palm."""
    start, end = np.array([*root, 0.0]), np.array([*tip, 0.0])
    along = end - start
    length = float(np.linalg.norm(along))
    along /= length
    across = np.array([-along[1], along[0], 0.0])
    ball = _ellipsoid((radius, radius, radius), 1.0)
    stretch = np.where(ball.vertices[:, :1] > 0, length, 0.0)
    points = start + (ball.vertices[:, :1] + stretch) * along + ball.vertices[:, 1:2] * across
    points[:, 2] += ball.vertices[:, 2]
    return meshes.facing(meshes.make(points, ball.faces, body="hand"))


def hand(length_mm: float = NOMINAL_LENGTH_MM) -> Mesh:
    """The hand of that length, wrist to the tip of the middle finger."""
    parts = [_ellipsoid(PALM_HALF_MM, SQUARENESS)]
    for root_y, tip_y, reach, radius in FINGERS_MM:
        parts.append(_finger((FINGER_ROOT_MM, root_y), (FINGER_ROOT_MM + reach, tip_y), radius))
    root, tip, radius = THUMB_MM
    parts.append(_finger(root, tip, radius))
    whole = meshes.join(parts)
    points = whole.vertices * (length_mm / NOMINAL_LENGTH_MM)
    points = points - [0.0, 0.0, points[:, 2].min()]
    return Mesh(points, whole.faces, whole.region_names, whole.regions, points.copy())
