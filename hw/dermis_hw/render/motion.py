"""What stands before the module a moment later, without tracing it again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dermis_hw.lightfield import LightField
from dermis_hw.optics import DM1, Optics

# Beyond this the edges of a face uncover what was never traced.
FARTHEST_MM = 25.0


def displaced(light_field: LightField, shift_mm: tuple[float, float, float], optics: Optics = DM1) -> LightField:
    """The light field after a rigid shift (up, side, away) in mm of all that stands nearer than the far limit.

    LED bands and ambient light are moved in the image, by the depth of each pixel, and dimmed with the distance; what
    a few millimetres change in shading and shadows is left out. The dots stay as they were traced: their projector does
    not move with the face, so take the frame of the dots where the shift is none. SWIR signals stay: their sums last
    longer than the rest. Raises ValueError for a shift beyond `FARTHEST_MM`.
    """
    up, side, away = shift_mm
    if max(abs(up), abs(side), abs(away)) > FARTHEST_MM:
        raise ValueError(f"a shift of {shift_mm} mm is too far to be moved in the image; trace it again")
    if up == side == away == 0.0:
        return light_field
    depth = light_field.depth_mm
    near = np.isfinite(depth) & (depth < 1.5 * optics.z_far_mm)
    if not near.any():
        return light_field
    v, u = np.mgrid[0 : optics.height, 0 : optics.width].astype(np.float32)
    # The depth of what will be seen at a pixel is about the depth of what is seen there; off the surface, its median.
    z = np.where(near, depth, np.float32(np.median(depth[near])))
    scale = (z + away) / z
    from_u = optics.centre_u + (u - optics.centre_u) * scale - optics.focal_px * up / z
    from_v = optics.centre_v + (v - optics.centre_v) * scale - optics.focal_px * side / z
    dimmed = 1.0 / scale**2
    bands = {band: dimmed * _sampled(image, from_v, from_u) for band, image in light_field.bands.items()}
    ambient = _sampled(light_field.ambient, from_v, from_u)
    return replace(light_field, bands=bands, ambient=ambient)


def _sampled(image: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Bilinear, held at the edges: float32, the shape of `row`."""
    height, width = image.shape
    row, column = np.clip(row, 0, height - 1.001), np.clip(column, 0, width - 1.001)
    i, j = row.astype(np.int32), column.astype(np.int32)
    di, dj = row - i, column - j
    flat, at = image.ravel(), i * width + j
    top = flat[at] * (1 - dj) + flat[at + 1] * dj
    below = flat[at + width] * (1 - dj) + flat[at + width + 1] * dj
    return (top * (1 - di) + below * di).astype(np.float32)
