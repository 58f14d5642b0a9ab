"""What stands before the module on a calibration bench: white, greys, a spectral standard, coloured tiles.

All modelled: Lambertian, of the reflectance that a certificate would give. None of them has been made or measured.
"""

from __future__ import annotations

import difflib

import numpy as np

from dermis_hw.materials.grid import GRID_NM
from dermis_hw.materials.material import MATTE, Material, MaterialError

# Logarithm of reflectance at wavelengths (nm): it falls by .7 % a nanometre under the imager's LEDs and by .6 % under
# the SWIR head's, so that a peak shows in its LED's reading; and it stands at another height under each LED of a
# detector (and at 940 nm), so that one fitted in another's place cannot pass for it.
_SPECTRAL_TURNS = (
    (700.0, -0.04),
    (800.0, -0.05),
    (1104.0, -2.25),
    (1122.0, -0.05),
    (1600.0, -3.00),
    (1750.0, -3.05),
)
_ROUNDED_NM = 8.0  # sigma with which the turns are rounded: an absorption band of a doped glass has no corner

# Reflectance at wavelengths (nm), smoothed: what ceramic pigments do in the near infrared is broad.
_TILES: dict[str, dict[float, float]] = {
    "white": {700.0: 0.985, 1100.0: 0.985, 1750.0: 0.975},
    "grey_75": {700.0: 0.752, 1100.0: 0.750, 1750.0: 0.742},
    "grey_50": {700.0: 0.502, 1100.0: 0.500, 1750.0: 0.494},
    "grey_20": {700.0: 0.198, 1100.0: 0.200, 1750.0: 0.204},
    "red": {700.0: 0.62, 850.0: 0.66, 1000.0: 0.70, 1250.0: 0.74, 1450.0: 0.70, 1600.0: 0.71, 1750.0: 0.70},
    "green": {700.0: 0.20, 850.0: 0.34, 1000.0: 0.48, 1250.0: 0.58, 1450.0: 0.55, 1600.0: 0.56, 1750.0: 0.56},
    "blue": {700.0: 0.55, 850.0: 0.60, 1000.0: 0.56, 1250.0: 0.24, 1450.0: 0.22, 1600.0: 0.30, 1750.0: 0.36},
    "brown": {700.0: 0.24, 850.0: 0.22, 1000.0: 0.27, 1250.0: 0.38, 1450.0: 0.40, 1600.0: 0.42, 1750.0: 0.43},
}
_COLOUR_ROUNDED_NM = 50.0


def _rounded(points: dict[float, float], sigma_nm: float) -> np.ndarray:
    """Straight lines between points, smoothed by a Gaussian, at `GRID_NM`."""
    fine = np.arange(GRID_NM[0] - 200.0, GRID_NM[-1] + 200.0, 1.0)
    line = np.interp(fine, list(points), list(points.values()))
    reach = np.arange(-round(4 * sigma_nm), round(4 * sigma_nm) + 1)
    bell = np.exp(-0.5 * (reach / sigma_nm) ** 2)
    return np.interp(GRID_NM, fine, np.convolve(line, bell / bell.sum(), mode="same"))


def tile(kind: str) -> Material:
    """A tile of the bench: white, grey_75, grey_50, grey_20, spectral, red, green, blue or brown.

    Raises MaterialError for another.
    """
    if kind == "spectral":
        values = np.exp(_rounded(dict(_SPECTRAL_TURNS), _ROUNDED_NM))
        note = "modelled: a doped ceramic whose edges lie at the LEDs; its own table is its certificate"
    elif kind in _TILES:
        values = _rounded(_TILES[kind], _COLOUR_ROUNDED_NM)
        note = "modelled: a glazed tile, matte; its own table is its certificate"
    else:
        near = difflib.get_close_matches(kind, TILES, n=1)
        hint = f"did you mean tile:{near[0]}?" if near else f"there are {', '.join(TILES)}"
        raise MaterialError(f"there is no tile:{kind}; {hint}")
    return Material(f"tile:{kind}", values, False, note, MATTE, (), 0.0)


TILES = (*_TILES, "spectral")
