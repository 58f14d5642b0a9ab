"""Draws: every species and condition, the same by seed, of one geometry, of its half, within its definition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dermis_evaluation import half as test_half
from dermis_hw import render, scenes, species
from dermis_hw.materials import MaterialError, band_value, resolve
from dermis_hw.optics import NIR_BANDS
from dermis_models import faces, halves, masks, presentations
from dermis_models.halves import DEVELOPMENT
from dermis_models.presentations import SPECIES, Presentation, draw

TEST = test_half.TEST
SEEDS = range(3)
TABLE = species.all_species()
WORN = {"foundation", "sunscreen", "wet", "beard", "cold"}  # what people wear stays what people wear


def parsed(each: Presentation) -> scenes.Scene:
    return scenes.parse(each.values, Path("drawn"))


def painted(each: Presentation) -> list:
    scene = parsed(each)
    found = [material for thing in scene.objects for material in thing.materials.values()]
    return found + ([scene.background_material] if scene.background_material else [])


def test_everything_of_the_table_can_be_drawn():
    assert ("bona_fide", *(f"bona_fide_{name}" for name in species.conditions()), *TABLE) == SPECIES
    assert set(presentations.MAKERS) == set(TABLE) and set(faces.MAKERS) == set(species.conditions())


@pytest.mark.parametrize("half", [DEVELOPMENT, TEST], ids=lambda half: half.name)
@pytest.mark.parametrize("name", SPECIES)
def test_a_draw_is_a_scene_of_its_species_and_half_with_one_geometry(name, half):
    other = {"development": "held_out", "test": "development"}[half.name]
    for seed in SEEDS:
        drawn = draw(name, seed, 3, half)
        shapes = set()
        for each in drawn:
            scene = parsed(each)
            shapes.add(
                str([(o.geometry, o.parameters, o.shell_mm, o.cover, o.holes, o.position_mm) for o in scene.objects])
            )
            shapes.add(str((scene.pose, scene.ambient, scene.background_mm)))
            assert [material.name for material in painted(each) if material.split == other] == []
            if name.startswith("bona_fide"):
                assert each.bona_fide and each.condition in species.conditions() and scene.kind == "bona_fide"
                assert each.covered == 0.0 and 0.2 <= each.tone <= 0.7
            else:
                assert not each.bona_fide and each.species == name == scene.species and scene.kind == "attack"
                assert 0.0 < each.covered <= 1.0
        assert len(shapes) == 2
        assert len({str(each.values["object"]) for each in drawn} | {str(each.values["module"]) for each in drawn}) > 2


def test_the_same_arguments_draw_the_same_and_other_ones_another():
    first = draw("silicone_glued_1_5", 5, 2)
    assert [each.values for each in draw("silicone_glued_1_5", 5, 2)] == [each.values for each in first]
    # More variants go on where fewer ended.
    assert [each.values for each in draw("silicone_glued_1_5", 5, 4)][:2] == [each.values for each in first]
    heads = {
        str(draw(name, seed, 1, half)[0].values["object"][0]["parameters"])
        for name in ("silicone_glued_1_5", "silicone_air_gap", "bona_fide_plain")
        for seed in range(20)
        for half in (DEVELOPMENT, TEST)
    }
    assert len(heads) == 3 * 20 * 2


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="there is no species 'photo'; there are bona_fide"):
        draw("photo", 1)


def test_a_held_out_material_slipped_into_the_development_half_is_caught(monkeypatch):
    monkeypatch.setattr(masks, "DUMMIES", ("cardboard",))
    with pytest.raises(MaterialError, match="held out"):
        draw("silicone_dummy_head", 1)
    slipped = halves.Half(**{**vars(DEVELOPMENT), "cloths": ("usgs:nylon_fabric_gds433_blu_rpst",)})
    with pytest.raises(MaterialError, match="held out"):
        draw("bona_fide_plain", 1, 1, slipped)


def test_the_halves_share_no_named_instrument():
    for kind in ("papers", "glossy_papers", "boards", "cloths", "plastics", "walls", "skins"):
        assert getattr(TEST, kind) and not set(getattr(TEST, kind)) & set(getattr(DEVELOPMENT, kind))
    assert set(TEST.ranges) == set(DEVELOPMENT.ranges)
    for key, (low, high) in DEVELOPMENT.ranges.items():
        wider = TEST.ranges[key]
        assert 0 <= wider[0] <= low < high <= wider[1]
        assert (wider == (low, high)) == (key in WORN), key


@pytest.mark.parametrize("patch", ["nose", "brow", "jaw"])
def test_partial_masks_lie_on_their_side_of_a_quarter(patch):
    under = [draw(f"partial_{patch}_under", seed)[0].covered for seed in range(8)]
    over = [draw(f"partial_{patch}_over", seed)[0].covered for seed in range(8)]
    assert max(under) < species.QUARTER <= min(over)
    assert max(under) - min(under) > 0.03 and max(over) - min(over) > 0.03


def test_thicknesses_are_those_of_the_species():
    for name, low, high in (
        ("silicone_glued_03_06", 0.3, 0.6),
        ("silicone_glued_06_1", 0.6, 1.0),
        ("silicone_glued_1_5", 1.0, 5.0),
    ):
        thickness = [draw(name, seed)[0].thickness_mm for seed in range(30)]
        assert low <= min(thickness) and max(thickness) <= high and max(thickness) - min(thickness) > 0.6 * (high - low)


def test_details_say_what_a_report_groups_by():
    assert set(draw("heavy_makeup", 1)[0].details) == {"covered", "thickness_mm"}
    assert draw("photo_matte", 1)[0].details == {"covered": 1.0}
    assert draw("bona_fide_hat", 1)[0].details == {}


def test_matched_silicone_is_as_bright_as_its_wearer():
    band = NIR_BANDS["850"]
    for each in draw("silicone_pigment_matched", 3, 4):
        wearer, mask = parsed(each).objects
        skin = band_value(wearer.materials[""], band)
        assert band_value(mask.materials[""], band) == pytest.approx(skin, rel=0.05)


def test_bona_fide_draws_every_condition_and_tone():
    drawn = [draw("bona_fide", seed)[0] for seed in range(200)]
    assert {each.condition for each in drawn} == set(species.conditions())
    counted, _ = np.histogram([each.tone for each in drawn], bins=5, range=(0.2, 0.7))
    assert counted.min() > 15


def test_conditions_are_what_they_say():
    def poses(name: str) -> list[dict]:
        return [draw(f"bona_fide_{name}", seed)[0].values for seed in range(12)]

    def height(values: dict) -> float:
        return values["object"][0]["parameters"]["face_height"]

    assert max(height(values) for values in poses("child")) < 120 < min(height(values) for values in poses("tall"))
    assert all(values["module"]["temperature_c"] <= faces.COLD_C[1] for values in poses("cold"))
    speeds = [float(np.linalg.norm(values["pose"]["velocity_mm_s"])) for values in poses("moving")]
    assert min(speeds) >= faces.SLOWEST_MM_S and max(speeds) <= faces.FASTEST_MM_S
    assert not any("velocity_mm_s" in values["pose"] for values in poses("plain"))


@pytest.mark.render
def test_variants_of_one_geometry_compose_into_different_light():
    drawn = [parsed(each) for each in draw("answering_light", 2, 2)]
    geometry = render.geometry(drawn[0])
    first, second = (render.answered(geometry.compose(scenes.paint(s, geometry.meshes)), s.lamp) for s in drawn)
    assert np.isfinite(first.bands["850"]).all() and not np.allclose(first.bands["850"], second.bands["850"])
    assert np.array_equal(first.depth_mm, second.depth_mm)


def test_resolving_the_development_half_needs_no_held_out_table():
    for kind in ("papers", "glossy_papers", "boards", "cloths", "plastics", "walls"):
        for name in getattr(DEVELOPMENT, kind):
            resolve(name, development_only=True)
