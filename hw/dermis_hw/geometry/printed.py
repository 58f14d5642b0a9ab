"""A face in ink, drawn by procedure: nobody's photo, but dark where a photo of a face is dark."""

from __future__ import annotations

import numpy as np

from dermis_hw.geometry import head as heads
from dermis_hw.geometry.anthropometry import HeadParameters

PRINTED = HeadParameters()  # the face that prints show
MEAN_INK = 0.5  # what `dermis_hw.materials` takes for granted of a print


def ink(local: np.ndarray) -> np.ndarray:
    """Ink density (n,) from 0 to 1 at points of a sheet, (x, y) in mm from the print's middle."""
    m = heads.landmarks(PRINTED)
    x, y = local[:, 0].astype(np.float64), local[:, 1].astype(np.float64)
    ay = np.abs(y)

    def spot(at_x: float, at_y: float, size_x: float, size_y: float) -> np.ndarray:
        return np.exp(-(((x - at_x) / size_x) ** 2) - ((ay - at_y) / size_y) ** 2)

    face = np.hypot((x - 12) / 92, y / 68)
    skin = np.clip((1.06 - face) / 0.12, 0.0, 1.0)
    hair = np.clip((x - m.sellion - 50 + 0.012 * y**2) / 8, 0.0, 1.0) * (np.hypot((x - 25) / 100, y / 80) < 1)
    marks = (
        0.45 * spot(m.pupil, m.pupil_y, 6, 14)
        + 0.35 * spot(m.sellion + 15, m.pupil_y, 4, 18)
        + 0.25 * spot(m.mouth, 0, 8, 26)
        + 0.25 * spot(m.subnasale + 3, 9, 4, 6)
        + 0.12 * spot(0, 62, 70, 14)
    )
    density = skin * (0.42 + marks) + (1 - skin) * 0.6
    return np.clip(np.maximum(density, 0.9 * hair), 0.0, 1.0)
