"""Materials of instruments and of what is worn: bounded, ordered as they must be, refused where they cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from dermis_hw import scenes
from dermis_hw.geometry import anthropometry, worn
from dermis_hw.geometry import head as heads
from dermis_hw.materials import MaterialError, figures, resolve
from dermis_hw.scenes import SceneError

SKIN = "skin:medium"
FILMS = [
    "latex:0.5", "latex:2,scatter=8,pigment=2", "resin:3", "resin:1,scatter=2", "polycarbonate:2", "paint:0.05",
    "paint:0.02,scatter=80", "make_up:0.06", "hydrogel:1,water=0.7,scatter=1", "gelatin:3,water=0.4,pigment=1",
    "nir_clear_film:0.2,scatter=0.5",
]  # fmt: skip


@pytest.mark.parametrize("film", FILMS)
@pytest.mark.parametrize("ground", [SKIN, "plaster", "pla", "black", "white"])
def test_films_over_any_ground_stay_within_bounds(film, ground):
    for name in (f"{film} over {ground}", f"{film} over air over {ground}"):
        made = resolve(name)
        assert made.values.min() >= 0.0 and made.values.max() <= 1.0 and not made.measured


def test_a_thin_film_is_its_ground_and_a_thick_one_itself():
    for family in ("latex", "resin", "polycarbonate"):
        thin, thick = (resolve(f"{family}:{mm} over {SKIN}").values for mm in (0.02, 10))
        assert np.abs(thin - resolve(SKIN).values).max() < np.abs(thick - resolve(SKIN).values).max()
        assert np.allclose(thick, resolve(f"{family}:10 over plaster").values, atol=0.02)


def test_wet_cloth_has_the_index_of_skin_and_too_much_water_beyond():
    """What cloth lacks in the imager's bands water gives, and the SWIR head finds more than skin has."""
    wet = [figures(resolve(f"water:{mm} over cloth_cotton")) for mm in (0.05, 0.2, 0.4)]
    index = [row["index"] for row in wet]
    assert index == sorted(index, reverse=True) and index[-1] < -0.03
    assert wet[-1]["1450/1300"] < 0.1


def test_what_is_named_without_figures_is_opaque():
    for name in ("latex", "resin"):
        assert np.array_equal(resolve(f"{name} over {SKIN}").values, resolve(name).values)
        assert not np.array_equal(resolve(f"{name}:0.3 over {SKIN}").values, resolve(f"{name}:0.3").values)


def test_heavy_make_up_hides_water_as_it_grows_thicker():
    ratio = [figures(resolve(f"make_up:{mm} over {SKIN}"))["1450/1300"] for mm in (0.02, 0.04, 0.08, 0.15)]
    assert ratio == sorted(ratio) and ratio[0] < 0.3 < 0.55 < ratio[-1]


def test_paint_makes_plaster_darker_where_iron_oxides_absorb():
    bare, painted = figures(resolve("plaster")), figures(resolve("paint:0.1 over plaster"))
    assert painted["R850"] < 0.75 * bare["R850"] and painted["R850"] < painted["R1050"]


def test_less_water_in_plaster_less_of_a_dip():
    dip = [figures(resolve(f"plaster:{water}"))["1450/1300"] for water in (0, 0.5, 1)]
    assert dip == sorted(dip, reverse=True) and dip[0] == pytest.approx(1.0)
    assert figures(resolve("plaster"))["1450/1300"] == pytest.approx(dip[-1])


def test_an_lcd_is_brighter_than_an_oled_and_neither_is_skin():
    lcd, oled = figures(resolve("screen_lcd")), figures(resolve("screen_glass"))
    assert lcd["R850"] > 4 * oled["R850"] and min(lcd["index"], oled["index"]) > 0.0


def test_a_print_takes_light_from_any_ground_and_keeps_its_half():
    plain, printed = resolve("cloth_cotton"), resolve("print:cloth_cotton,ink=0.4")
    assert np.allclose(printed.values, 0.8 * plain.values) and printed.ink_contrast == 0.4
    assert printed.split == "development" and resolve("print:cardboard").split == "held_out"
    assert resolve("print:usgs:nylon_fabric_gds432_grn_rpst,rough=0.3").specular.roughness == 0.3


def test_more_of_what_is_worn_shows_more():
    amounts = {
        "foundation": (0.01, 0.02, 0.035),
        "wet": (0.01, 0.03, 0.06),
        "beard": (0.1, 0.3, 0.7),
        "cold": (0, 1, 2),
    }

    def row(modifier: str, key: str) -> list[float]:
        return [figures(resolve(f"{SKIN}+{modifier}={amount}"))[key] for amount in amounts[modifier]]

    lifted = row("foundation", "1450/1300")
    assert lifted == sorted(lifted)
    assert row("wet", "1450/1300") == sorted(row("wet", "1450/1300"), reverse=True)
    assert row("beard", "R850") == sorted(row("beard", "R850"), reverse=True)
    assert row("cold", "R970") == sorted(row("cold", "R970"))
    for modifier, usual in (("foundation", 0.02), ("wet", 0.04), ("sunscreen", 0.01), ("beard", 0.3)):
        assert np.array_equal(resolve(f"{SKIN}+{modifier}").values, resolve(f"{SKIN}+{modifier}={usual}").values)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("latex:0", "give millimetres"),
        ("latex:1,scatter=30", "give 0 to 20"),
        ("paint:0.001", "give millimetres between 0.005 and 50"),
        ("paint:0.05,scatter=200", "give 0 to 100"),
        ("make_up:0.05,rough=2", "give 0.02 to 1"),
        ("hydrogel:1,water=1.2", "give 0 to 1"),
        ("plaster:3", "give 0 to 2"),
        ("print:cloth_cotton,ink=2", "give 0 to 1"),
        ("print:cloth_cotton,rough=0", "give .02 to 1"),
        ("print:cloth_coton", "did you mean cloth_cotton"),
        ("print:cloth_cotton,colour=1", "takes no 'colour'"),
        ("skin:medium+foundation=1", "give foundation=0.005 to 0.04"),
        ("skin:medium+wet=much", "needs a number"),
        ("skin:medium+cold=nan", "out of reach"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(name, says):
    with pytest.raises(MaterialError) as refused:
        resolve(name)
    assert says in str(refused.value) and "\n" not in str(refused.value)


HEAD = '[[object]]\ngeometry = "head"\nmaterial = "skin:medium"\n'
SHELL = '[[object]]\ngeometry = "head"\noffset_mm = 2\nmaterial = "silicone:2"\n'
START = 'format = 1\nname = "x"\nkind = "attack"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD + "cover = { nose = 1 }\n", "cover is for a head with offset_mm only"),
        (HEAD + SHELL + "cover = { noes = 1 }\n", "did you mean 'nose'"),
        (HEAD + SHELL + "cover = { nose = 9 }\n", "nose is 9; give 0.5 to 2.5"),
        (
            HEAD + '[[object]]\ngeometry = "hat"\nmaterial = "hair"\nparameters = { brim = 3 }\n',
            "did you mean 'brim_mm'",
        ),
        (HEAD + "[lamp]\ntab = 1\n", "[lamp] needs answers"),
        (HEAD + '[lamp]\nanswers = { "940" = 1 }\n', "unknown key '940'"),
        (HEAD + '[lamp]\nanswers = { "850" = 99 }\n', "850 is 99; give 0 to 20"),
    ],
)
def test_a_scene_that_cannot_be_is_refused_in_one_sentence(tmp_path, text, says):
    path = tmp_path / "scene.toml"
    path.write_text(START + text)
    with pytest.raises(SceneError) as refused:
        scenes.load(path)
    assert says in str(refused.value) and "\n" not in str(refused.value)


def test_hats_and_scarves_leave_the_face_and_cover_the_crown():
    p = anthropometry.median("woman")
    m = heads.landmarks(p)
    knitted, cap, brimmed = (
        worn.hat(p, brim_mm=brim, visor_mm=visor) for brim, visor in ((0.0, 0.0), (0.0, 60.0), (50.0, 0.0))
    )
    for hat in (knitted, cap, brimmed):
        assert hat.vertices[:, 0].min() > m.sellion  # nothing hangs before the eyes
        assert hat.vertices[:, 0].max() > m.sellion + 100 * m.scale
    width = [float(np.ptp(hat.vertices[:, 1])) for hat in (knitted, cap, brimmed)]
    assert width[1] < width[0] + 45 < width[2]  # a visor is no brim: it is at most half as wide as the hat
    assert cap.vertices[:, 2].min() < knitted.vertices[:, 2].min() - 45  # it stands out in front
    scarf = worn.headscarf(p)
    front = scarf.vertices[scarf.vertices[:, 2] < 0.3 * p.length]
    face = (np.abs(front[:, 1]) < 45 * m.scale) & (front[:, 0] > m.menton + 10) & (front[:, 0] < m.sellion + 35)
    assert not face.any()
    assert scarf.vertices[:, 0].max() > m.sellion + 100 * m.scale and scarf.vertices[:, 0].min() < m.menton - 40
