"""Parts of a face that an instrument covers, and how much of the face each is.

The face is what a camera before it sees of the head from the chin to the hairline and in front of the ears: its
share that a patch covers is counted in the frontal projection, not by surface, because that is what a recogniser gets.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from dermis_hw.geometry import head as heads
from dermis_hw.geometry.anthropometry import HeadParameters
from dermis_hw.geometry.mesh import Mesh

PATCHES = ("nose", "brow", "jaw", "cheeks", "face")
# How large a patch is drawn, as a factor on its half axes; 1 is the part that its name says.
SMALLEST, LARGEST = 0.5, 2.5
HAIRLINE_MM = 62.0  # above the sellion, as `head` paints it on an adult
FACE_DEPTH = 0.42  # of the head's length: what lies further back is not face


def _shapes(p: HeadParameters) -> dict[str, tuple[float, float, float, float, float]]:
    """Patch -> (middle x, middle |y|, half axes x and y, power): superellipses in the frontal view, mm."""
    m = heads.landmarks(p)
    k = m.scale
    return {
        "nose": (0.5 * (m.sellion + m.subnasale), 0.0, 0.56 * p.nose_height, 0.66 * p.nose_breadth, 2.0),
        "brow": (m.sellion + 30.0 * k, 0.0, 22.0 * k, 0.42 * p.forehead_breadth, 3.0),
        "jaw": (m.menton + 10.0 * k, 0.0, 25.0 * k, 0.42 * p.jaw_breadth, 2.5),
        "cheeks": (m.subnasale + 14.0 * k, 0.3 * p.cheek_breadth, 22.0 * k, 0.13 * p.cheek_breadth, 2.0),
        "face": (m.sellion - 12.0 * k, 0.0, 73.0 * k, 0.5 * p.cheek_breadth, 3.0),
    }


def cover_field(p: HeadParameters, points: np.ndarray, cover: dict[str, float]) -> np.ndarray:
    """Positive within the patches of `cover` (patch -> factor on its size), (n,), about in units of their half axes.

    points: (n, 3) of a head in its own frame, mm. A patch lies on the front of the head only.
    """
    x, ay = points[:, 0], np.abs(points[:, 1])
    field = np.full(len(points), -1.0)
    shapes = _shapes(p)
    for name, factor in cover.items():
        at_x, at_y, half_x, half_y, power = shapes[name]
        reach = np.abs((x - at_x) / (factor * half_x)) ** power + np.abs((ay - at_y) / (factor * half_y)) ** power
        field = np.maximum(field, 1.0 - reach ** (1.0 / power))
    return np.where(points[:, 2] < FACE_DEPTH * p.length, field, -1.0)


def _face_triangles(p: HeadParameters, mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Middles (m, 3) of the triangles of the face, and the area (m,) that each shows to the front, mm2."""
    m = heads.landmarks(p)
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    middle = (a + b + c) / 3.0
    shown = np.maximum(-0.5 * np.cross(b - a, c - a)[:, 2], 0.0)
    face = (middle[:, 0] > m.menton) & (middle[:, 0] < m.sellion + HAIRLINE_MM * m.scale)
    face &= middle[:, 2] < FACE_DEPTH * p.length
    return middle[face], shown[face]


@lru_cache(maxsize=4)
def _face(p: HeadParameters) -> tuple[np.ndarray, np.ndarray]:
    return _face_triangles(p, heads.head(p, body=False))


def shown_part(p: HeadParameters, mesh: Mesh) -> float:
    """The area that a mesh before the face shows to the front, as a part of the face's own."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    area = np.maximum(-0.5 * np.cross(b - a, c - a)[:, 2], 0.0).sum()
    return float(area / _face(p)[1].sum())


def covered_part(p: HeadParameters, cover: dict[str, float], holes: tuple[str, ...] = ()) -> float:
    """Which part of the face, 0 to 1, lies under the patches of `cover`, its holes left out."""
    middle, shown = _face(p)
    inside = cover_field(p, middle, cover) > 0
    if holes:
        inside &= heads.hole_field(p, middle, holes) > 0
    return float(shown[inside].sum() / shown.sum())


def factor_for(p: HeadParameters, patch: str, part: float, holes: tuple[str, ...] = ()) -> float:
    """The factor that makes a patch cover that part of the face; the nearest that there is, where it cannot."""
    low, high = SMALLEST, LARGEST
    for _ in range(12):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if covered_part(p, {patch: middle}, holes) < part else (low, middle)
    return 0.5 * (low + high)
