"""Measured skin and man-made materials, and what the module's bands read of them.

The limits come from the full published sets and from simulation with real LED spectra (see docs/materials.md).
"""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from dermis_hw import materials
from dermis_hw.materials import band_value, bands, figures, resolve, skin, water_index
from dermis_hw.materials.grid import read_table
from dermis_hw.materials.skin import r700
from dermis_hw.optics import DOTS, NIR_BANDS, SWIR_BANDS, Band

BARE_1450_1300 = (0.10, 0.22)  # narrow-line .142-.219 with the gloss, LED spectra and without it a little lower
DARK_MATERIAL = 0.1  # below it a ratio is mostly noise


def skins(those):
    return [material for material in those if material.name.startswith("skin:")]


def made(those):
    return [m for m in those if m.name.startswith("usgs:") and figures(m)["R850"] > DARK_MATERIAL]


def test_halves_are_disjoint_and_of_the_size_given():
    development = {material.name.rpartition("-")[2] for material in skins(materials.development())}
    held_out = {material.name.rpartition("-")[2] for material in skins(materials.held_out())}
    assert len(development) == len(held_out) == 25
    assert not development & held_out
    assert {material.split for material in materials.development()} == {"development"}
    assert {material.split for material in materials.held_out()} == {"held_out"}
    assert not {m.name for m in materials.development()} & {m.name for m in materials.held_out()}
    assert len(materials.development()) == len(materials.held_out()) == 46


@pytest.mark.parametrize("half", [materials.development, materials.held_out])
def test_water_index_and_swir_part_skin_from_what_is_made(half):
    skin, other = [figures(m) for m in skins(half())], [figures(m) for m in made(half())]
    assert max(row["index"] for row in skin) < -0.06
    assert min(row["index"] for row in other) > -0.021  # the lowest of 61 published materials: .979
    low, high = BARE_1450_1300
    assert all(low < row["1450/1300"] < high for row in skin)
    assert min(row["1450/1300"] for row in other) > 0.55
    assert max(row["1200/1050"] for row in skin) < min(row["1200/1050"] for row in other)


def test_mean_skin_reads_as_published():
    # Narrow lines of 100 subjects, specular included: 850 .603, 970 .496, 1050 .557, 1200 .297, 1300 .357, 1450 .059.
    published = {850: 0.603, 970: 0.496, 1050: 0.557, 1200: 0.297, 1300: 0.357, 1450: 0.059, 1550: 0.094}
    mean = resolve("skin:mean")
    for wavelength, value in published.items():
        assert float(mean.reflectance(np.array(float(wavelength)))) + 0.026 == pytest.approx(value, abs=0.02)


def test_effective_wavelengths_of_led_times_silicon():
    expected = {"850": 844.0, "970": 962.0, "1050": 1034.0}
    for label, band in NIR_BANDS.items():
        wavelength, weight = bands.weights(band)
        assert float((wavelength * weight).sum()) == pytest.approx(expected[label], abs=3.0)
        assert float(weight.sum()) == pytest.approx(1.0)


def test_silicon_falls_to_a_few_percent_and_rises_with_heat():
    cold = bands.silicon_efficiency(np.array([850.0, 970.0, 1050.0]))
    hot = bands.silicon_efficiency(np.array([850.0, 970.0, 1050.0]), temperature_c=45.0)
    assert 0.5 < cold[0] < 0.8
    assert 0.01 < cold[2] < 0.05
    assert np.allclose(hot / cold, [1.06, 1.11, 1.17], atol=0.02)


def test_index_is_the_same_for_every_tone():
    def index(tone: float) -> float:
        return figures(resolve(f"skin:r700={tone}"))["index"]

    assert abs(index(0.20) - index(0.65)) < 0.004
    nir = [[figures(resolve(f"skin:r700={tone}"))[name] for tone in (0.2, 0.3, 0.5, 0.65)] for name in ("R850", "R970")]
    assert all(np.all(np.diff(row) > 0) for row in nir)
    # No tone shows in the SWIR water band.
    dark, light = resolve("skin:r700=0.2"), resolve("skin:r700=0.65")
    assert band_value(dark, SWIR_BANDS[1450], detector="ingaas") == pytest.approx(
        band_value(light, SWIR_BANDS[1450], detector="ingaas"), abs=0.006
    )


def test_named_tones_are_measured_development_subjects_in_order():
    light, medium, dark = (resolve(f"skin:{which}") for which in ("light", "medium", "dark"))
    assert r700(light) > r700(medium) > r700(dark)
    assert all(skin.measured and skin.split == "development" for skin in (light, medium, dark))


def test_melanin_reaches_the_tone_that_was_asked_for():
    assert r700(resolve("skin:r700=0.2")) == pytest.approx(0.20, abs=1e-6)
    darkened = resolve("skin:subject-07+r700=0.25")
    assert r700(darkened) == pytest.approx(0.25, abs=1e-6)
    assert not darkened.measured and darkened.split == "held_out"


def test_peak_drift_shrinks_the_margin():
    mean = resolve("skin:mean")

    def index(offset: float) -> float:
        return water_index(*(band_value(mean, band, peak_offset_nm=offset) for band in NIR_BANDS.values()))

    assert index(-9.0) > index(0.0) + 0.015
    only_970 = [band_value(mean, NIR_BANDS["970"], peak_offset_nm=offset) for offset in (0.0, 6.0)]
    assert abs(math.log(only_970[1] / only_970[0])) == pytest.approx(0.01, abs=0.005)


def test_temperature_moves_the_peak_as_the_band_says():
    band = NIR_BANDS["970"]
    cold, _ = bands.weights(band, detector=None)
    hot, _ = bands.weights(band, temperature_c=45.0, detector=None)
    assert hot[60] - cold[60] == pytest.approx(20.0 * band.drift_nm_per_k)


def test_white_and_grey_read_alike_everywhere():
    for band in [*NIR_BANDS.values(), *SWIR_BANDS.values(), DOTS]:
        for detector in ("silicon", "ingaas", None):
            if detector == "silicon" and band.peak_nm > 1100:
                continue
            assert band_value(resolve("white"), band, detector=detector) == pytest.approx(1.0)
            assert band_value(resolve("grey:0.18"), band, detector=detector) == pytest.approx(0.18)


def test_narrow_band_reads_the_curve():
    mean = resolve("skin:mean")
    narrow = Band(970, 970.0, 0.1, 0.0, 0.0)
    assert band_value(mean, narrow, detector=None) == pytest.approx(float(mean.reflectance(np.array(970.0))), abs=1e-4)


def test_unknown_detector_is_refused():
    with pytest.raises(ValueError, match="give 'silicon', 'ingaas' or None"):
        band_value(resolve("white"), DOTS, detector="germanium")  # type: ignore[arg-type]


def test_drawn_skin_is_skin_and_repeats():
    rng = np.random.default_rng(5)
    for _ in range(50):
        row = figures(materials.draw_skin(rng))
        assert row["index"] < -0.04
        assert 0.08 < row["1450/1300"] < 0.26
    assert np.array_equal(resolve("skin:draw=3").values, resolve("skin:draw=3").values)
    assert not np.array_equal(resolve("skin:draw=3").values, resolve("skin:draw=4").values)
    dark = materials.draw_skin(rng, 0.25)
    assert r700(dark) == pytest.approx(0.25, abs=1e-6)


def test_a_skin_that_strays_by_somebodys_scores_is_that_person_in_the_tone_it_had():
    _, scores = read_table("skin_scores.csv")
    mean = skin.mean_skin()
    for person, own in zip(skin.development_subjects(), scores[:, 1:], strict=True):
        there = skin.strayed(mean, own)
        assert there.values == pytest.approx(skin.darkened(person, r700(mean)).values, abs=1e-9)
        assert r700(there) == pytest.approx(r700(mean), abs=1e-6)


def test_every_named_material_is_bounded_says_what_it_is_and_can_be_sent_to_another_process():
    for name in materials.names():
        material = resolve(name)
        assert material.name == name
        assert material.values.min() >= 0.0 and material.values.max() <= 1.0
        assert material.measured != material.note.startswith("modelled"), name
        assert (
            0.0 <= material.specular.r0 < (1.0 if "mirror" in name else 0.1)
            and 0.0 < material.specular.roughness <= 1.0
        )
        assert 0.0 <= material.blur_mm < 3.0
        assert material.values.max() + material.specular.r0 <= 1.0 or name == "white"
        assert np.array_equal(pickle.loads(pickle.dumps(material)).values, material.values)


def test_materials_hold_the_numbers_that_were_measured():
    values = resolve("pla").reflectance(np.array([940.0, 1050.0, 1200.0, 1300.0, 1450.0, 1550.0]))
    assert np.allclose(values, [0.56, 0.57, 0.45, 0.49, 0.40, 0.43], atol=0.006)


def test_skin_blurs_the_dots_and_paper_does_not():
    assert 0.8 < resolve("skin:medium").blur_mm < 2.0
    assert resolve("paper_matte").blur_mm == 0.0
    assert resolve("silicone:0.3").blur_mm < resolve("silicone:3").blur_mm


def test_prints_show_little_of_a_face_in_the_near_infrared():
    assert resolve("print:matte").ink_contrast < 0.1
    assert resolve("print:laser").ink_contrast > 0.5
    assert resolve("paper_matte").ink_contrast == 0.0
