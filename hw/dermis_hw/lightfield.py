"""What a scene sends to the imager, one light at a time: the contract between renderer and sensor."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class LightField:
    """Linear radiance at the imager for each light alone, at nominal level and 25 degrees Celsius output.

    bands: "850", "970", "1050" -> float32 (240, 320). 1.0 is a Lambertian white (reflectance factor 1) on a
        plane at `z_ref_mm`, square to the axis, at the axis. Falls with distance as the light does.
    dots: float32 (240, 320), normalised so that the mean over such a white plane at `z_ref_mm` is 1.0.
    ambient: float32 (240, 320); 1.0 is such a white under 1 klux of sunlight.
    klux_sun: what the ambient light amounts to, in klux of sunlight (for the monitor tab and the photodiode).
    swir: band (nm, label) -> signal of the photodiode, 1.0 for such a white plane filling the spot.
    temperature_c: of the module.
    depth_mm: float32 (240, 320), truth for hosts; inf where nothing stands.
    tab: light -> what somebody else's lamp adds on the monitor tab while that light burns, as a part of full well at
        the nominal exposure (`render.answering`).
    """

    bands: dict[str, np.ndarray]
    dots: np.ndarray
    ambient: np.ndarray
    klux_sun: float
    swir: dict[int, float]
    temperature_c: float = 25.0
    depth_mm: np.ndarray = field(default_factory=lambda: np.full((240, 320), np.inf, np.float32))
    tab: dict[str, float] = field(default_factory=dict)
