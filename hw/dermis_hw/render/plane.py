"""A plane that fills the frame, seen by arithmetic instead of by rays: a bench's targets cost no renderer."""

from __future__ import annotations

import numpy as np

from dermis_hw.geometry import simple
from dermis_hw.optics import DM1, Optics
from dermis_hw.render.buffers import OVERSAMPLING, Samples
from dermis_hw.render.compose import Ambient, Geometry

SIDE_MM = 4000.0  # of the mesh that stands for the plane: beyond the frame's edge at any distance of a bench


class PlaneTracer:
    """What `buffers.Tracer` finds of an endless plane: no shadow, one face.

    normal: (3,), unit, towards the imager. distance_mm: from the lens, along the normal.
    """

    def __init__(self, normal: np.ndarray, distance_mm: float, optics: Optics, oversampling: int = OVERSAMPLING):
        self._normal, self._distance_mm = normal, distance_mm
        self._optics, self._s = optics, oversampling

    def samples(self) -> Samples:
        o, s = self._optics, self._s
        u = ((np.arange(o.width * s) + 0.5) / s - 0.5 - o.centre_u) / o.focal_px
        v = ((np.arange(o.height * s) + 0.5) / s - 0.5 - o.centre_v) / o.focal_px
        along_v, along_u = np.meshgrid(v, u, indexing="ij")
        rays = np.stack([along_u, along_v, np.ones_like(along_u)], axis=-1).reshape(-1, 3)
        position = rays * (-self._distance_mm / (rays @ self._normal))[:, None]
        count = len(rays)
        one = np.zeros(count, np.int64)
        corner = np.zeros((count, 3), np.float32)
        corner[:, 0] = 1.0
        normal = np.broadcast_to(self._normal.astype(np.float32), (count, 3))
        raster = (o.height * s, o.width * s)
        return Samples(np.arange(count), s, position.astype(np.float32), normal, one, one, corner, raster)

    def lit(self, samples: Samples, light: tuple[float, float, float]) -> np.ndarray:
        """Every sample sees every light."""
        del light
        return np.ones(len(samples.index), np.float32)

    def lit_from(self, samples: Samples, towards: np.ndarray) -> np.ndarray:
        """Every sample sees whatever is on the plane's side."""
        return np.full(len(samples.index), float(self._normal @ towards > 0), np.float32)


def plane(
    distance_mm: float, turn: np.ndarray | None = None, *, optics: Optics = DM1, ambient: Ambient | None = None
) -> Geometry:
    """A plane of one material, "body", at `distance_mm` from the lens along its normal.

    turn: 3x3, how the plane is turned about the lens (`scenes.rotation`); None: it stands square to the axis.
    """
    turn = np.eye(3) if turn is None else turn
    mesh = simple.plane(SIDE_MM, SIDE_MM).moved(turn, turn @ np.array([0.0, 0.0, distance_mm]))
    tracer = PlaneTracer(turn @ np.array([0.0, 0.0, -1.0]), distance_mm, optics)
    return Geometry([mesh], optics=optics, ambient=ambient, tracer=tracer)
