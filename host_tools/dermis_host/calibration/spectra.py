"""From readings of a spectral standard to the peaks of LEDs, and from peaks to what they make of skin.

An LED is a Gaussian of its design's width behind its detector's efficiency (`dermis_hw.materials.bands`); what is
found is the one peak that explains a reading. Skin's figures are least squares over skins of every tone, as those of
`dermis.core.drift` were.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from dermis.core import drift, reflectance, swir, vocabulary
from dermis_hw.materials import bands, resolve
from dermis_hw.materials.grid import GRID_NM

from dermis_host.calibration.targets import LEDS, Spectrum

ROOM_C = 25.0  # at which the design's peaks are stated
NIR = vocabulary.NIR_BANDS
SWIR = tuple(f"swir{band}" for band in vocabulary.SWIR_BANDS)
# A peak is looked for this far from the design's: wider than any tolerance, so that another LED is seen to be one.
REACH_NM, STEP_NM = 70.0, 0.5
TONES = ("skin:r700=0.2", "skin:r700=0.32", "skin:r700=0.44", "skin:r700=0.56", "skin:r700=0.68")
# Where the default curves were fitted, too; a module's own temperature may be anywhere within.
COLDEST_C, HOTTEST_C, CURVE_POINTS = -20.0, 60.0, 9
Q12 = 4096
STRETCH_LOW, STRETCH_HIGH = 2048, 8192  # what a record may hold


def detector(led: str) -> bands.Detector:
    """What sees an LED of `LEDS`."""
    return "ingaas" if led.startswith("swir") else "silicon"


def through(spectrum: Spectrum, led: str, peak_nm: float | None = None, temperature_c: float = ROOM_C) -> float:
    """The reflectance factor that a spectrum shows to an LED of that peak (the design's where none is given)."""
    wavelength, weight = _weights(led, LEDS[led].peak_nm if peak_nm is None else peak_nm, temperature_c)
    return float(weight @ spectrum.reflectance(wavelength))


def _weights(led: str, peak_nm: float, temperature_c: float) -> tuple[np.ndarray, np.ndarray]:
    band = replace(LEDS[led], peak_nm=peak_nm, drift_nm_per_k=0.0)  # the peak is that of this temperature
    return bands.weights(band, temperature_c=temperature_c, detector=detector(led))


def find_peak(spectrum: Spectrum, led: str, reading: float, temperature_c: float = ROOM_C) -> float:
    """The peak (nm) nearest to the design's with which an LED reads that factor; NaN where none within `REACH_NM`
    does."""
    design = LEDS[led].peak_nm + LEDS[led].drift_nm_per_k * (temperature_c - ROOM_C)
    peaks = design + np.arange(-REACH_NM, REACH_NM + STEP_NM, STEP_NM)
    values = np.array([through(spectrum, led, float(peak), temperature_c) for peak in peaks]) - reading
    crossings = np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) <= 0)
    if not crossings.size or not math.isfinite(reading):
        return math.nan
    at = values[crossings] / (values[crossings] - values[crossings + 1] + 1e-12)
    found = peaks[crossings] + at * STEP_NM
    return float(found[np.argmin(np.abs(found - design))])


def peaks_at(peaks_nm: Mapping[str, float], drift_nm_per_k: Mapping[str, float], off_k: float) -> dict[str, float]:
    """The peaks that many kelvins above where they were measured."""
    return {led: peaks_nm[led] + drift_nm_per_k[led] * off_k for led in LEDS}


def design_peaks(temperature_c: float = ROOM_C) -> dict[str, float]:
    return {led: band.peak_nm + band.drift_nm_per_k * (temperature_c - ROOM_C) for led, band in LEDS.items()}


def design_drift() -> dict[str, float]:
    return {led: band.drift_nm_per_k for led, band in LEDS.items()}


@lru_cache(maxsize=1)
def _skins() -> np.ndarray:
    """Spectra of skins of every tone, one a row, at `GRID_NM`: the development subjects and the mean, darkened."""
    from dermis_hw.materials.skin import development_subjects

    return np.stack([resolve(name).values for name in TONES] + [skin.values for skin in development_subjects()])


def skin_logarithms(peaks_nm: Mapping[str, float], temperature_c: float) -> np.ndarray:
    """Of every skin the water index and the logarithms of `swir.RATIOS` before LEDs of these peaks: (skins, 5)."""
    levels = {}
    for led in LEDS:
        wavelength, weight = _weights(led, peaks_nm[led], temperature_c)
        values = np.stack([np.interp(wavelength, GRID_NM, row) for row in _skins()])
        levels[led] = np.log(values @ weight)
    share_850, share_1050 = (weight / 1024 for weight in (reflectance.WEIGHT_850, reflectance.WEIGHT_1050))
    index = levels["970"] - share_850 * levels["850"] - share_1050 * levels["1050"]
    ratios = [levels[SWIR[above]] - levels[SWIR[below]] for _, above, below in swir.RATIOS]
    return np.stack([index, *ratios], axis=1)


@dataclass(frozen=True)
class Skin:
    """What a module's LEDs make of skin. index_stretch_q12, ratio_stretch_q12: to the design's reading at 25 degrees
    Celsius. index_drift, ratio_drift: curves of `core.drift` about the temperature of the peaks. left: what the worst
    skin keeps of error after the stretch, in the logarithm (index first)."""

    index_stretch_q12: int
    ratio_stretch_q12: list[int]
    index_drift: list[int]
    ratio_drift: list[list[int]]
    left: list[float]


def skin_figures(
    peaks_nm: Mapping[str, float], drift_nm_per_k: Mapping[str, float], temperature_c: float = ROOM_C
) -> Skin:
    """Stretches and curves for LEDs that have these peaks at `temperature_c` and walk with it.

    Least squares through the origin: stretch = sum(design x own) / sum(own^2) over skins; a curve is the pair that
    makes 1 + a t + b t^2 times what skins show at `temperature_c` into what they show t kelvins above.
    """
    design, own = skin_logarithms(design_peaks(), ROOM_C), skin_logarithms(peaks_nm, temperature_c)
    stretch = (design * own).sum(axis=0) / (own * own).sum(axis=0)
    left = np.abs(own * stretch - design).max(axis=0)
    offsets = np.linspace(COLDEST_C, HOTTEST_C, CURVE_POINTS) - temperature_c
    seen = np.stack([skin_logarithms(peaks_at(peaks_nm, drift_nm_per_k, off), temperature_c + off) for off in offsets])
    curves = [_curve_through(offsets, seen[:, :, column], own[:, column]) for column in range(own.shape[1])]
    q12 = [int(np.clip(round(Q12 * float(each)), STRETCH_LOW, STRETCH_HIGH)) for each in stretch]
    return Skin(q12[0], q12[1:], curves[0], curves[1:], [float(each) for each in left])


def _curve_through(offsets_k: np.ndarray, seen: np.ndarray, own: np.ndarray) -> list[int]:
    """seen: (temperatures, skins), own: (skins,)."""
    t = np.repeat(offsets_k, own.size)
    base = np.tile(own, offsets_k.size)
    basis = np.stack([t * base, t * t * base], axis=1)
    (a, b), *_ = np.linalg.lstsq(basis, seen.ravel() - base, rcond=None)
    return _as_curve(a, b)


def _as_curve(a: float, b: float) -> list[int]:
    return [
        int(np.clip(round(float(a) * 1e6), -drift.LARGEST_A, drift.LARGEST_A)),
        int(np.clip(round(float(b) * 1e9), -drift.LARGEST_B, drift.LARGEST_B)),
    ]


def fit_curve(offsets_k: Sequence[float], factors: Sequence[float]) -> tuple[list[int], float]:
    """The curve of `core.drift` through factors at kelvins off, by least squares, and the largest part that it misses
    one by. The factor at 0 is 1 by definition. Raises ValueError with less than three points or no span."""
    t, f = np.asarray(offsets_k, float), np.asarray(factors, float)
    if t.size < 3 or float(np.ptp(t)) < 1.0:
        raise ValueError("a curve needs three temperatures apart")
    basis = np.stack([t, t * t], axis=1)
    (a, b), *_ = np.linalg.lstsq(basis, f - 1.0, rcond=None)
    return _as_curve(float(a), float(b)), float(np.abs(basis @ (a, b) + 1.0 - f).max())


def about(curve: Sequence[int], off_k: float) -> list[int]:
    """A curve about one temperature as the curve about another, that many kelvins above: f(off + t) / f(off)."""
    a, b = curve[0] / 1e6, curve[1] / 1e9
    there = 1.0 + a * off_k + b * off_k * off_k
    return _as_curve((a + 2 * b * off_k) / there, b / there)


def design_monitor_curves(temperature_c: float) -> dict[str, list[int]]:
    return {light: about(curve, temperature_c - ROOM_C) for light, curve in drift.MONITOR.items()}


def design_output_curves(temperature_c: float) -> list[list[int]]:
    return [about(curve, temperature_c - ROOM_C) for curve in drift.SWIR_OUTPUT]


def fit_drift(temperatures_c: Sequence[float], peaks_nm: Sequence[float]) -> float:
    """nm a kelvin, a straight line by least squares over the finite ones; NaN with less than two."""
    t, nm = np.asarray(temperatures_c, float), np.asarray(peaks_nm, float)
    good = np.isfinite(nm)
    if good.sum() < 2 or float(np.ptp(t[good])) < 1.0:
        return math.nan
    return float(np.polyfit(t[good], nm[good], 1)[0])
