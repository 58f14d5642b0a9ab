"""The table of PAI species and bona fide conditions: whole, in step with scenes, and with docs/species.md."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from dermis_hw import render, scenes, species
from dermis_hw.geometry import patches
from dermis_hw.geometry.anthropometry import HeadParameters

DOCS = Path(__file__).resolve().parents[3] / "docs"
SPECIES = species.all_species()
CONDITIONS = species.conditions()
# What the issue names, by what a name or a title holds.
NAMED = (
    "matte", "glossy", "cut out", "bent", "phone", "tablet", "video", "folded of paper", "cardboard", "t-shirt",
    "latex", "glued", "air", "dummy head", "as bright as", "elderly", "hat", "resin", "plastic", "gypsum",
    "hydrogel", "gelatin", "clear in the near infrared", "nose", "forehead", "jaw", "make-up", "printed eyes",
    "answers the leds", "hand",
)  # fmt: skip
ASKED_CONDITIONS = {
    "foundation", "sunscreen", "beard", "spectacles", "headscarf", "hat", "wet", "cold", "child", "tall", "moving",
}  # fmt: skip
HEAD = HeadParameters(seed=3)


def generator():
    spec = importlib.util.spec_from_file_location("generate_species", DOCS / "generate_species.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scene_of(name: str) -> scenes.Scene:
    return scenes.load(scenes.builtin(name))


def test_every_species_that_was_asked_for_is_there():
    titles = " | ".join(each.title.lower() for each in SPECIES.values())
    assert [named for named in NAMED if named not in titles] == []
    assert set(CONDITIONS) == ASKED_CONDITIONS | {"plain"}
    for patch in ("nose", "brow", "jaw"):
        assert SPECIES[f"partial_{patch}_under"].bar == "hard"
        assert SPECIES[f"partial_{patch}_over"].bar == "partial_over"


@pytest.mark.parametrize("each", SPECIES.values(), ids=SPECIES)
def test_a_row_is_whole(each):
    assert each.potential in species.POTENTIALS and each.aim in species.AIMS and each.bar in species.BARS
    assert each.title and each.idea and each.cost_source
    assert each.cost_eur in (1, 10, 100, 1000, 10000)  # orders of magnitude, no more is known
    assert each.measured or each.modelled


def test_the_bars_are_those_of_the_issue():
    def held(bar: str) -> set[str]:
        return {name for name, each in SPECIES.items() if each.bar == bar}

    assert [SPECIES[name].most_apcer for name in ("photo_bent", "hydrogel_on_silicone", "nir_clear_film")] == [
        0,
        0.05,
        0.1,
    ]
    assert held("hard") == {"silicone_glued_03_06", *(f"partial_{patch}_under" for patch in ("nose", "brow", "jaw"))}
    assert held("glued_06_1") == {"silicone_glued_06_1"}
    assert held("reported") == {"heavy_makeup", "gelatin_appliance", "spectacles_printed_eyes"}
    assert held("unlisted") == {"answering_light", "hand_on_mask", "mirror", "glass_bead_mask"}
    assert SPECIES["heavy_makeup"].most_apcer is None
    assert {"silicone_glued_1_5", "silicone_air_gap", "latex_mask", "cloth_print"} <= held("first_row")


@pytest.mark.parametrize("name", SPECIES)
def test_every_species_has_a_scene_of_its_kind(name):
    scene = scene_of(SPECIES[name].scene)
    assert scene.kind == "attack" and scene.species == name and scene.note


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_condition_has_a_scene(name):
    scene = scene_of(CONDITIONS[name].scene)
    assert scene.kind == "bona_fide" and not scene.species


def test_scenes_name_no_species_that_the_table_has_not_and_folders_share_no_name():
    here = Path(scenes.__file__).parent
    files = [path for folder in ("builtin", "species", "conditions") for path in (here / folder).glob("*.toml")]
    assert len(files) == len(scenes.shipped())
    for path in files:
        scene = scenes.load(path)
        assert (scene.species in SPECIES) == (scene.kind == "attack"), path.name
    assert not set(scenes.builtins()) & {path.stem for path in files if path.parent.name != "builtin"}
    used = {each.scene for each in (*SPECIES.values(), *CONDITIONS.values())}
    assert {path.stem for path in files if path.parent.name != "builtin"} <= used


@pytest.mark.parametrize("patch", ["nose", "brow", "jaw"])
def test_partial_scenes_lie_on_their_side_of_a_quarter(patch):
    for side in ("under", "over"):
        scene = scene_of(f"partial_{patch}_{side}")
        wearer, mask = scene.objects
        names = {key: value for key, value in wearer.parameters.items() if key != "seed"}
        head = HeadParameters(**names, seed=int(wearer.parameters["seed"]))  # type: ignore[arg-type]
        covered = patches.covered_part(head, mask.cover, mask.holes)
        assert (covered >= species.QUARTER) == (side == "over"), covered


def test_the_covered_part_grows_with_the_patch_and_holes_take_from_it():
    parts = [patches.covered_part(HEAD, {"nose": factor}) for factor in (0.6, 1.0, 1.6, 2.5)]
    assert parts == sorted(parts) and 0.02 < parts[0] < 0.06 and 0.4 < parts[-1] < 0.65
    whole = patches.covered_part(HEAD, {"face": 2.0})
    assert whole == 1.0
    assert 0.02 < whole - patches.covered_part(HEAD, {"face": 2.0}, ("eyes", "mouth")) < 0.15
    both = patches.covered_part(HEAD, {"nose": 1.0, "jaw": 1.0})
    assert both == pytest.approx(patches.covered_part(HEAD, {"nose": 1.0}) + patches.covered_part(HEAD, {"jaw": 1.0}))


def test_the_covered_part_is_what_the_imager_sees():
    """Counted in triangles it agrees with the pixels of a rendered patch, shadows and perspective aside."""
    text = {
        "format": 1,
        "kind": "attack",
        "species": "partial_brow_over",
        "object": [
            {"geometry": "head", "material": "skin:medium"},
            {"geometry": "head", "offset_mm": 0.5, "material": "silicone:2", "cover": {"brow": 1.4}},
        ],
        "pose": {"distance_mm": 650.0},
    }
    scene = scenes.parse(text, Path("drawn"))
    (head, shell), _ = scenes.place(scene)
    corners = (shell.vertices[shell.faces[:, k]] for k in range(3))
    a, b, c = corners
    shown = np.maximum(-0.5 * np.cross(b - a, c - a)[:, 2], 0.0).sum()
    counted = patches.covered_part(HeadParameters(), {"brow": 1.4})
    whole = patches._face(HeadParameters())[1].sum()
    assert shown / whole == pytest.approx(counted, rel=0.08)  # rims and the offset make it a little larger
    assert len(head.faces) > len(shell.faces)


@pytest.mark.render
@pytest.mark.parametrize("name", ["partial_brow_over", "bona_fide_hat", "bona_fide_headscarf", "answering_light"])
def test_what_is_new_renders(name):
    scene = scene_of(name)
    field = render.render(scene)
    assert np.isfinite(field.bands["850"]).all() and field.bands["850"].max() > 0.3
    if name == "answering_light":
        dark = render.render(scenes.Scene(**{**vars(scene), "lamp": None}))
        assert np.allclose(field.bands["850"], 1.05 * dark.bands["850"])
        assert np.array_equal(field.bands["970"], dark.bands["970"])


def test_the_page_is_the_table():
    told = "print it again: python docs/generate_species.py > docs/species.md"
    assert (DOCS / "species.md").read_text() == generator().page(), told


def test_the_page_names_every_species_and_condition():
    page = generator().page()
    for name, each in {**SPECIES, **CONDITIONS}.items():
        assert f"`{name}`" in page and each.title in page
