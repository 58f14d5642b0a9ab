"""A separable Gaussian, so that the renderer needs no image library."""

from __future__ import annotations

import numpy as np


def gaussian(image: np.ndarray, sigma: float) -> np.ndarray:
    """The image (2-D) convolved with a Gaussian of `sigma` pixels, zero beyond the edges. The kernel's taps are
    integrals over pixels, so that a sigma well below one pixel still spreads as much as it should."""
    if sigma <= 0.05:
        return image
    reach = int(np.ceil(3.5 * sigma))
    edges = (np.arange(-reach, reach + 2) - 0.5) / sigma
    # The error function to 1.5e-7 (Abramowitz and Stegun 7.1.26).
    x = np.abs(edges) / np.sqrt(2)
    t = 1.0 / (1.0 + 0.3275911 * x)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    cumulative = 0.5 * (1 + np.sign(edges) * (1 - series * np.exp(-(x**2))))
    taps = np.diff(cumulative).astype(np.float32)
    taps /= taps.sum()
    out = np.zeros_like(image, np.float32)
    padded = np.pad(image.astype(np.float32), ((reach, reach), (0, 0)))
    for k, tap in enumerate(taps):
        out += tap * padded[k : k + image.shape[0]]
    padded = np.pad(out, ((0, 0), (reach, reach)))
    out = np.zeros_like(out)
    for k, tap in enumerate(taps):
        out += tap * padded[:, k : k + image.shape[1]]
    return out
