"""What is worn on a head and is no instrument: a hat, a headscarf. Frame: the head's."""

from __future__ import annotations

import numpy as np

from dermis_hw.geometry import head as heads
from dermis_hw.geometry import mesh as meshes
from dermis_hw.geometry.anthropometry import HeadParameters
from dermis_hw.geometry.mesh import Mesh

# A seat of a hat above the sellion, its brim, the stuff's thickness and the hair under it, mm.
HAT_SEAT_MM, BRIM_MM, HAT_MM = 38.0, 45.0, 4.0
SCARF_MM = 4.0
# The opening of a headscarf, from the middle of the face: half axes for an adult, mm.
SCARF_UP_MM, SCARF_SIDE_MM, SCARF_POWER = 92.0, 66.0, 2.4
SCARF_WAVE_MM = 1.2  # how far its folds stand out
_BRIM_RINGS, _BRIM_COLUMNS = 6, 96


def hat(
    p: HeadParameters,
    *,
    seat_mm: float = HAT_SEAT_MM,
    brim_mm: float = BRIM_MM,
    visor_mm: float = 0.0,
    droop_mm: float = 8.0,
) -> Mesh:
    """A hat: a crown that follows the head from its seat up, and a brim that hangs by `droop_mm` at its edge.

    seat_mm: height of the seat over the sellion in front; behind it sits 15 mm lower. brim_mm: all around. visor_mm:
    more of it in front, as a cap has. Without either it is a knitted cap.
    """
    m = heads.landmarks(p)
    k = m.scale
    skull = heads.head(p, body=False)
    seat = m.sellion + seat_mm * k
    tilt = 15.0 * k / p.length  # lower behind
    field = (skull.vertices[:, 0] - seat + tilt * skull.vertices[:, 2]) / (10.0 * k)
    crown = meshes.shell(meshes.make(skull.vertices, skull.faces, body="hat"), HAT_MM, field)
    if brim_mm + visor_mm <= 0.0:
        return crown
    # The brim starts where the crown's edge is: an ellipse about the head there.
    turn = np.linspace(0, 2 * np.pi, _BRIM_COLUMNS, endpoint=False)
    near = np.abs(skull.vertices[:, 0] - seat) < 4.0 * k
    ring = skull.vertices[near]
    middle_z, half_z = 0.5 * (ring[:, 2].max() + ring[:, 2].min()), 0.5 * np.ptp(ring[:, 2]) + HAT_MM
    half_y = 0.5 * np.ptp(ring[:, 1]) + HAT_MM
    part = np.linspace(0, 1, _BRIM_RINGS)[:, None]
    width = brim_mm + visor_mm * np.maximum(np.cos(turn), 0.0) ** 2
    y = (half_y + part * width) * np.sin(turn)
    z = middle_z - (half_z + part * width) * np.cos(turn)
    x = seat - tilt * z - droop_mm * part**2
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    brim = meshes.make(points, meshes.grid_faces(_BRIM_RINGS, _BRIM_COLUMNS, closed=True), body="hat")
    return meshes.join([crown, brim])


def headscarf(p: HeadParameters, *, up_mm: float = SCARF_UP_MM, side_mm: float = SCARF_SIDE_MM) -> Mesh:
    """A scarf over hair, ears, cheeks and neck, with an oval opening of those half axes for the face."""
    m = heads.landmarks(p)
    k = m.scale
    skull = heads.head(p, body=False)
    points = skull.vertices
    # The opening's lower end lies under the chin.
    middle = m.menton - 4.0 * k + up_mm * k
    reach = np.abs((points[:, 0] - middle) / (up_mm * k)) ** SCARF_POWER
    reach = (reach + np.abs(points[:, 1] / (side_mm * k)) ** SCARF_POWER) ** (1.0 / SCARF_POWER)
    field = np.where(points[:, 2] < 0.45 * p.length, reach - 1.0, 1.0)
    rng = np.random.default_rng([p.seed, 0x5CAF])
    wave = rng.normal(size=(8, 3)) * 2 * np.pi / 60.0
    folds = SCARF_WAVE_MM * np.cos(points @ wave.T + rng.uniform(0, 2 * np.pi, 8)).sum(axis=1) / 2.0
    draped = meshes.make(points + folds[:, None] * skull.vertex_normals(), skull.faces, body="scarf")
    return meshes.shell(draped, SCARF_MM, field)
