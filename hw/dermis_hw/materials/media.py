"""What layers are made of: absorption of pure media, and scattering that falls with wavelength."""

from __future__ import annotations

import numpy as np

from dermis_hw.materials.grid import GRID_NM, column


def scatter_per_mm(at_1000_nm: float, power: float) -> np.ndarray:
    """Reduced scattering mu_s' at the grid, 1/mm, that falls with wavelength as a power."""
    return at_1000_nm * (GRID_NM / 1000.0) ** -power


def absorption_per_mm(medium: str) -> np.ndarray:
    """Absorption at the grid, 1/mm, of `water`, `pdms`, `pmma`, `polycarbonate` or `pet` (data/absorption.csv)."""
    return column("absorption.csv", medium) / 10.0


def no_scatter() -> np.ndarray:
    """A clear medium."""
    return np.zeros_like(GRID_NM)
