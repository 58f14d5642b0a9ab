"""The default curves of temperature are those of the reference design, and of skin before it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from dermis.core import analysis, drift, swir, vocabulary
from dermis_hw.materials import band_value, resolve
from dermis_hw.materials.bands import water_index
from dermis_hw.optics import DM1, DOTS, NIR_BANDS, SWIR_BANDS

ROOM_C = 25.0
SKINS = ("skin:r700=0.2", "skin:r700=0.44", "skin:r700=0.68", "skin:dark", "skin:light")
MATERIALS = ("print:matte", "cloth_cotton")


def corrected(logarithm: float, curve: tuple[int, int], temperature_c: float) -> float:
    """`drift.unstretched` in floating point of a millionth."""
    value, _ = drift.unstretched(round(logarithm * 1e6), curve, drift.offset_cc(round(temperature_c * 100), 2500))
    return value / 1e6


def index(name: str, temperature_c: float) -> float:
    material = resolve(name)
    return water_index(*(band_value(material, led, temperature_c=temperature_c) for led in NIR_BANDS.values()))


def ratios(name: str, temperature_c: float) -> list[float]:
    material = resolve(name)
    levels = [
        band_value(material, SWIR_BANDS[int(band)], temperature_c=temperature_c, detector="ingaas")
        for band in vocabulary.SWIR_BANDS
    ]
    return [math.log(levels[above] / levels[below]) for _, above, below in swir.RATIOS]


def test_the_tab_drifts_as_lights_and_silicon_do():
    for light, band in {**NIR_BANDS, vocabulary.DOTS: DOTS}.items():
        output, efficiency = band.output_per_k, DM1.efficiency_per_k[light]
        assert drift.MONITOR[light] == (round(1e6 * (output + efficiency)), round(1e9 * output * efficiency))


def test_the_swir_leds_drift_as_designed():
    assert list(drift.SWIR_OUTPUT) == [(round(1e6 * band.output_per_k), 0) for band in SWIR_BANDS.values()]


@pytest.mark.parametrize("temperature_c", [-10.0, 5.0, 50.0])
@pytest.mark.parametrize("name", SKINS)
def test_skin_comes_back_to_what_it_was(name: str, temperature_c: float):
    room, there = index(name, ROOM_C), index(name, temperature_c)
    assert abs(there - room) > 0.008
    assert abs(corrected(there, drift.INDEX, temperature_c) - room) < 0.011
    assert abs(corrected(there, drift.INDEX, temperature_c) - room) < 0.5 * abs(there - room)
    pairs = zip(ratios(name, temperature_c), ratios(name, ROOM_C), drift.SWIR_RATIOS, strict=True)
    for there, room, curve in pairs:
        assert abs(corrected(there, curve, temperature_c) - room) < 0.04


@pytest.mark.parametrize("name", MATERIALS)
def test_what_has_no_water_band_is_made_no_skin(name: str):
    for temperature_c in (-20.0, 60.0):
        seen = index(name, temperature_c)
        assert abs(corrected(seen, drift.INDEX, temperature_c) - seen) < 0.003


def test_how_far_skins_differ_when_peaks_are_off():
    """One stretch for all skins leaves no more than `PEAKS_UNSURE_PART` says, root mean square over tones and peaks."""
    skins = [resolve(name) for name in SKINS]
    rng = np.random.default_rng(8)

    def indices(offsets_nm) -> np.ndarray:
        leds = [
            dataclasses.replace(band, peak_nm=band.peak_nm + off)
            for band, off in zip(NIR_BANDS.values(), offsets_nm, strict=True)
        ]
        return np.array([water_index(*(band_value(skin, led) for led in leds)) for skin in skins])

    nominal = indices((0, 0, 0))
    left, taken = [], []
    for _ in range(12):
        seen = indices(rng.uniform(-8, 8, 3))
        stretch = (nominal @ seen) / (seen @ seen)
        left.append(seen * stretch - nominal)
        taken.append(seen * stretch - seen)
    assert np.sqrt(np.mean(np.square(left))) <= np.sqrt(np.mean(np.square(taken))) / analysis.PEAKS_UNSURE_PART
