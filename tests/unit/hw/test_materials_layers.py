"""Finite layers: the two-flux formulas against what must hold of them, and against the skin beneath."""

from __future__ import annotations

import numpy as np
import pytest
from dermis_hw.materials import figures, layers, resolve, silicone
from dermis_hw.materials.grid import GRID_NM
from dermis_hw.materials.layers import Film

SKIN = "skin:medium"
FACTORIES = ["silicone:0.3", "silicone:3", "silicone:1,scatter=15,pigment=0", "hydrogel:0.8", "gelatin:2"]


def film(thickness_mm=1.0, absorption=0.0, scattering=1.0, index=1.41) -> Film:
    flat = np.ones_like(GRID_NM)
    return Film(thickness_mm, absorption * flat, scattering * flat, index)


def test_film_without_absorption_loses_nothing():
    reflectance, transmittance = film().two_flux()
    assert np.allclose(reflectance + transmittance, 1.0, atol=1e-4)


def test_film_without_scatter_follows_beer():
    reflectance, transmittance = film(2.0, absorption=0.3, scattering=0.0).two_flux()
    assert np.allclose(reflectance, 0.0, atol=1e-4)
    assert np.allclose(transmittance, np.exp(-2.0 * 0.3 * 2.0), rtol=1e-3)  # K = 2 mu_a: diffuse light's longer way


def test_thick_film_has_kubelkas_infinite_reflectance():
    reflectance, transmittance = film(200.0, absorption=0.05).two_flux()
    ratio = 2.0 * 0.05 / 0.75
    assert np.allclose(reflectance, 1.0 + ratio - np.sqrt(ratio**2 + 2.0 * ratio), atol=1e-6)
    assert np.allclose(transmittance, 0.0, atol=1e-6)


def test_two_halves_make_the_whole():
    half_r, half_t = film(0.5, absorption=0.1).two_flux()
    whole_r, whole_t = film(1.0, absorption=0.1).two_flux()
    assert np.allclose(half_r + half_t**2 * half_r / (1.0 - half_r**2), whole_r, atol=1e-9)
    assert np.allclose(half_t**2 / (1.0 - half_r**2), whole_t, atol=1e-9)


def test_surface_correction_goes_there_and_back():
    inside = np.linspace(0.0, 1.0, len(GRID_NM))
    assert np.allclose(layers.into(layers.out_of(inside, 1.4), 1.4), inside, atol=1e-12)
    assert layers.out_of(np.ones(1), 1.4)[0] == pytest.approx(1.0 - layers.fresnel_r0(1.4))


def test_nothing_on_something_is_that_thing():
    skin = resolve(SKIN)
    vanishing = film(1e-6)
    assert np.allclose(layers.glued(vanishing, skin.values, 1.40), skin.values, atol=0.005)


def test_index_and_internal_reflectance():
    assert layers.index_of(layers.fresnel_r0(1.45)) == pytest.approx(1.45)
    assert layers.internal_diffuse(1.4) == pytest.approx(0.53, abs=0.01)
    assert layers.internal_diffuse(1.0) == 0.0
    assert 0.0 < layers.external_diffuse(1.4) < 0.12


@pytest.mark.parametrize("ground", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("scattering", [0.0, 0.3, 3.0, 20.0])
@pytest.mark.parametrize("thickness", [0.02, 1.0, 50.0])
def test_no_layer_returns_more_than_it_gets(ground, scattering, thickness):
    layer = film(thickness, scattering=scattering)
    beneath = np.full_like(GRID_NM, ground)
    front = layers.fresnel_r0(layer.index)
    for values in (layers.over_air(layer, beneath, 0.0), layers.glued(layer, beneath, 1.0)):
        assert values.min() >= 0.0
        assert values.max() <= 1.0 - front + 1e-9


def test_white_beneath_a_lossless_film_stays_white():
    """Energy: with nothing that absorbs, all that the first surface lets in comes out again (gloss aside)."""
    layer = film(1.0, scattering=5.0)
    values = layers.over_air(layer, np.ones_like(GRID_NM), 0.0)
    assert np.allclose(values, 1.0 - layers.fresnel_r0(1.41), atol=0.001)


@pytest.mark.parametrize("name", FACTORIES)
@pytest.mark.parametrize("gap", [False, True])
def test_films_over_any_ground_stay_within_bounds(name, gap):
    for ground in ("white", "black", SKIN, "paper_glossy"):
        values = resolve(name).over(resolve(ground), air_gap=gap).values
        assert values.min() >= 0.0 and values.max() <= 1.0


def test_silicone_hides_the_water_as_it_grows_thicker():
    bare = figures(resolve(SKIN))
    rows = [figures(resolve(f"silicone:{mm} over {SKIN}")) for mm in (0.1, 0.3, 0.6, 1, 1.5, 2, 3, 5)]
    for name in ("index", "1450/1300", "1200/1050"):
        assert np.all(np.diff([bare[name], *(row[name] for row in rows)]) > 0), name
    thin, thick = rows[1], rows[6]
    # .3 mm keeps most of skin's water (foundation reaches .42), 3 mm nothing of it (materials begin at .557).
    assert thin["1450/1300"] < 0.42
    assert thick["1450/1300"] > 0.557
    assert thin["index"] < -0.06 < -0.045 < thick["index"]


def test_air_gap_gives_thin_silicone_away():
    glued = figures(resolve(f"silicone:0.3 over {SKIN}"))
    loose = figures(resolve(f"silicone:0.3 over air over {SKIN}"))
    assert loose["1450/1300"] > 0.42 > glued["1450/1300"]


def test_sweat_deepens_the_water_band_and_brightens_nothing():
    dry, wet = figures(resolve(SKIN)), figures(resolve(f"{SKIN}+wet"))
    assert wet["1450/1300"] < 0.85 * dry["1450/1300"]
    assert wet["R850"] == pytest.approx(dry["R850"], abs=0.01)
    assert wet["index"] <= dry["index"]
    assert resolve(f"{SKIN}+wet").specular.roughness < resolve(SKIN).specular.roughness


def test_foundation_lifts_the_water_band_as_far_as_wearers_show():
    for tone in ("light", "medium", "dark"):
        bare, worn = figures(resolve(f"skin:{tone}")), figures(resolve(f"skin:{tone}+foundation"))
        assert 0.2 < worn["1450/1300"] < 0.42
        assert worn["index"] < -0.05
        assert bare["1450/1300"] < worn["1450/1300"]


def test_every_bona_fide_modifier_still_reads_as_skin_in_the_imager():
    for modifier in ("wet", "foundation", "sunscreen", "beard", "lips"):
        row = figures(resolve(f"skin:dark+{modifier}"))
        assert row["index"] < -0.045, modifier


def test_hydrogel_imitates_the_index_but_drinks_too_much_at_1450():
    gel, skin = figures(resolve("hydrogel:0.8 over silicone:3")), figures(resolve(SKIN))
    wet = figures(resolve(f"{SKIN}+wet"))
    assert gel["index"] == pytest.approx(skin["index"], abs=0.03)
    assert gel["1200/1050"] == pytest.approx(skin["1200/1050"], abs=0.06)
    assert gel["1450/1300"] < wet["1450/1300"] - 0.02


def test_film_clear_in_the_near_infrared_shows_the_wearers_skin():
    """The residual risk that the design names: no reflectance tells it."""
    clear, skin = figures(resolve(f"nir_clear_film over {SKIN}")), figures(resolve(SKIN))
    assert clear["index"] == pytest.approx(skin["index"], abs=0.02)
    assert clear["1450/1300"] == pytest.approx(skin["1450/1300"], abs=0.03)


def test_what_is_opaque_hides_what_lies_beneath():
    paper = resolve("paper_matte")
    assert np.array_equal(paper.over(resolve(SKIN)).values, paper.values)


def test_layers_say_that_they_are_modelled_and_keep_held_out_apart():
    layered = resolve("silicone:1 over skin:subject-07")
    assert not layered.measured and layered.note.startswith("modelled")
    assert layered.split == "held_out"
    assert silicone(1.0).over(resolve("skin:medium")).split != "held_out"


def test_scatterer_brightens_and_pigment_darkens():
    plain, white, brown = (
        figures(silicone(2.0)),
        figures(silicone(2.0, scatter=3.0)),
        figures(silicone(2.0, pigment=4.0)),
    )
    assert white["R850"] > plain["R850"] > brown["R850"]


def test_what_a_clear_films_surfaces_mirror_is_gloss_and_not_diffuse():
    assert figures(resolve("nir_clear_film"))["R850"] < 0.04
    loose = figures(resolve(f"nir_clear_film over air over {SKIN}"))
    assert loose["1450/1300"] < 0.27
