"""A projector that was knocked: its pattern lies elsewhere on what stands before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dermis_hw.lightfield import LightField

# The band whose light tells how bright each place is without the pattern: nearest to the dots' 940 nm.
NEAREST_BAND = "970"
DARKEST = 1e-6  # less is no surface that could show a dot


def shifted(field: LightField, du_px: float, dv_px: float) -> LightField:
    """The same scene with the pattern moved by that along the baseline (u) and across it, in pixels of the imager.

    The surface stays where it is and as bright as it is; what moves is the pattern on it. The pattern's own
    displacement with distance is that of the place where a dot was, which on a face differs little over a few pixels.
    """
    surface = field.bands[NEAREST_BAND]
    bright = surface > DARKEST
    pattern = np.divide(field.dots, surface, out=np.zeros_like(field.dots), where=bright)
    moved = _moved(_moved(pattern, dv_px, 0), du_px, 1)
    return replace(field, dots=(moved * surface).astype(np.float32))


def _moved(values: np.ndarray, by_px: float, axis: int) -> np.ndarray:
    """Linear interpolation; what comes in at the edge is dark."""
    length = values.shape[axis]
    source = np.arange(length) - by_px
    low = np.floor(source).astype(int)
    shape = [1, 1]
    shape[axis] = length
    weight = (source - low).astype(np.float32).reshape(shape)

    def at(index: np.ndarray) -> np.ndarray:
        inside = ((index >= 0) & (index < length)).reshape(shape)
        return np.take(values, np.clip(index, 0, length - 1), axis) * inside

    return at(low) * (1 - weight) + at(low + 1) * weight
