"""What a band makes of a spectrum: the LED's spectrum times the detector's efficiency, integrated.

An LED's spectrum is taken as a Gaussian of its peak and full width at half maximum (power per wavelength; real ones
lean by a few percent, which no figure here resolves). A detector counts electrons, so its efficiency is multiplied
by the wavelength.

Silicon: efficiency 1 - exp(-alpha d), alpha by Schinke et al., AIP Advances 5, 67168 (2015), (data/silicon.csv, from
the refractiveindex.info database, CC0), with d = 20 um of silicon that collects (design figure of an NIR-enhanced
mono sensor). It gives 64, 20 and 3% at 850, 970 and 1050 nm; the anti-reflection coat and the fill factor cancel.
Its rise with temperature is that of `optics.DM1.efficiency_per_k`, interpolated between the bands.

InGaAs: quantum efficiency of a standard lattice-matched photodiode, flat to a few percent from 1000 to 1600 nm,
gone at 1700 nm (the values below are typical of makers' curves, not of one part).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np

from dermis_hw.materials.grid import read_table
from dermis_hw.materials.material import Material
from dermis_hw.optics import DM1, NIR_BANDS, SWIR_BANDS, Band

Detector = Literal["silicon", "ingaas"]

COLLECTING_CM = 20e-4
REFERENCE_C = 25.0
_WIDTHS = np.linspace(-3.0, 3.0, 121)  # in sigmas: holds 99.7% of a Gaussian
_SIGMA_PER_FWHM = 1.0 / (2.0 * math.sqrt(2.0 * math.log(2.0)))
_INGAAS_NM = np.array([800.0, 900.0, 950.0, 1000.0, 1100.0, 1300.0, 1550.0, 1600.0, 1650.0, 1680.0, 1720.0])
_INGAAS_EFFICIENCY = np.array([0.15, 0.45, 0.70, 0.77, 0.81, 0.84, 0.83, 0.80, 0.65, 0.35, 0.02])


def silicon_efficiency(
    wavelength_nm: np.ndarray, temperature_c: float = REFERENCE_C, per_k: Mapping[str, float] | None = None
) -> np.ndarray:
    """Part of the photons that a silicon imager counts, at wavelengths in nm.

    per_k: its relative rise a kelvin at 850, 970 and 1050 nm (by default the design's).
    """
    _, table = read_table("silicon.csv")
    # Interpolated in the logarithm: alpha falls a hundredfold from 850 to 1080 nm.
    alpha = np.exp(np.interp(wavelength_nm, table[:, 0], np.log(table[:, 1])))
    per_k = per_k or DM1.efficiency_per_k
    rise = np.interp(wavelength_nm, [850.0, 970.0, 1050.0], [per_k["850"], per_k["970"], per_k["1050"]])
    return (1.0 - np.exp(-alpha * COLLECTING_CM)) * np.exp(rise * (temperature_c - REFERENCE_C))


def ingaas_efficiency(wavelength_nm: np.ndarray) -> np.ndarray:
    """Part of the photons that an InGaAs photodiode counts, at wavelengths in nm."""
    return np.interp(wavelength_nm, _INGAAS_NM, _INGAAS_EFFICIENCY)


def weights(
    band: Band,
    *,
    peak_offset_nm: float = 0.0,
    temperature_c: float = REFERENCE_C,
    detector: Detector | None = "silicon",
    silicon_per_k: Mapping[str, float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Wavelengths (nm) and what each counts in a band, summing to 1. temperature_c: of the LED and the detector.
    silicon_per_k: of this imager (`silicon_efficiency`).

    Raises ValueError for a detector that is neither "silicon", "ingaas" nor None.
    """
    peak = band.peak_nm + peak_offset_nm + band.drift_nm_per_k * (temperature_c - REFERENCE_C)
    wavelength = peak + _WIDTHS * band.fwhm_nm * _SIGMA_PER_FWHM
    weight = np.exp(-0.5 * _WIDTHS**2)
    if detector == "silicon":
        weight = weight * wavelength * silicon_efficiency(wavelength, temperature_c, silicon_per_k)
    elif detector == "ingaas":
        weight = weight * wavelength * ingaas_efficiency(wavelength)
    elif detector is not None:
        raise ValueError(f"there is no detector {detector!r}: give 'silicon', 'ingaas' or None")
    return wavelength, weight / weight.sum()


def band_value(
    material: Material,
    band: Band,
    *,
    peak_offset_nm: float = 0.0,
    temperature_c: float = REFERENCE_C,
    detector: Detector | None = "silicon",
    silicon_per_k: Mapping[str, float] | None = None,
) -> float:
    """Diffuse reflectance factor that a band measures, 0 to 1; a white gives 1. Arguments as in `weights`."""
    wavelength, weight = weights(
        band,
        peak_offset_nm=peak_offset_nm,
        temperature_c=temperature_c,
        detector=detector,
        silicon_per_k=silicon_per_k,
    )
    return float(np.dot(weight, material.reflectance(wavelength)))


def water_index(r850: float, r970: float, r1050: float) -> float:
    """ln R970 - .28 ln R850 - .72 ln R1050: the weights flatten the slope that melanin makes."""
    return math.log(r970) - 0.28 * math.log(r850) - 0.72 * math.log(r1050)


def figures(material: Material) -> dict[str, float]:
    """What DM1's bands read of a material: R850, R970, R1050, the water index and the SWIR ratios.

    The index and the ratios are NaN where a band reads nothing at all.
    """
    nir = {label: band_value(material, band, detector="silicon") for label, band in NIR_BANDS.items()}
    swir = {label: band_value(material, band, detector="ingaas") for label, band in SWIR_BANDS.items()}
    dark = min(*nir.values(), *swir.values()) <= 0.0
    return {
        **{f"R{label}": value for label, value in nir.items()},
        "index": math.nan if dark else water_index(nir["850"], nir["970"], nir["1050"]),
        "1200/1050": math.nan if dark else swir[1200] / swir[1050],
        "1450/1300": math.nan if dark else swir[1450] / swir[1300],
        "1550/1050": math.nan if dark else swir[1550] / swir[1050],
    }
