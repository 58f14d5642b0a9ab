"""Everything that is not skin: measured man-made materials, and modelled ones that say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from dermis_hw.materials import instruments
from dermis_hw.materials.grid import GRID_NM, read_table
from dermis_hw.materials.material import DEVELOPMENT, HELD_OUT, MATTE, Material, MaterialError, Specular

_USGS = "USGS Spectral Library 7, Kokaly et al. 2017, doi:10.5066/F7RR1WDJ"
_PRINTED = "measured against a white tile at 940-1550 nm (six bands), straight lines between, held below 940 nm"
_PRINTED_NM = [940.0, 1050.0, 1200.0, 1300.0, 1450.0, 1550.0]
BRIGHTEST_KLUX = 1e6  # beyond the filament of a halogen lamp

_SHINY = Specular(0.04, 0.15)
_DULL = Specular(0.04, 0.5)


def manmade(table: str, split: str) -> tuple[Material, ...]:
    names, values = read_table(table)
    return tuple(
        Material(f"usgs:{name}", values[:, n + 1], True, _USGS, _DULL, split=split) for n, name in enumerate(names[1:])
    )


@cache
def manmade_by_name() -> dict[str, Material]:
    """`usgs:...` name -> measured material, of both halves."""
    both = manmade("manmade.csv", DEVELOPMENT) + manmade("held_out/manmade.csv", HELD_OUT)
    return {material.name: material for material in both}


def _usgs(name: str, column_name: str, specular: Specular, note: str = "") -> Callable[[], Material]:
    def material() -> Material:
        found = manmade_by_name()[f"usgs:{column_name}"]
        return replace(found, name=name, specular=specular, note=f"{found.note}: {column_name}{note}")

    return material


def _points(
    name: str, note: str, points: dict[int, float], specular: Specular, **more: object
) -> Callable[[], Material]:
    def material() -> Material:
        values = np.interp(GRID_NM, list(points), list(points.values()))
        return Material(name, values, False, f"modelled: {note}", specular, **more)  # type: ignore[arg-type]

    return material


def _printed(name: str, figures: list[float]) -> Callable[[], Material]:
    def material() -> Material:
        values = np.interp(GRID_NM, _PRINTED_NM, figures)
        blur = ((0.5, 0.3), (0.4, 1.2))
        return Material(name, values, True, _PRINTED, Specular(0.035, 0.35), blur, 0.02)

    return material


def hair() -> Material:
    points = {700: 0.08, 850: 0.2, 970: 0.3, 1050: 0.36, 1200: 0.4, 1300: 0.44, 1450: 0.32, 1550: 0.36, 1750: 0.36}
    return _points("hair", "dark hair, melanin fading with wavelength, keratin's water at 1450", points, _DULL)()


def grey(reflectance: float) -> Material:
    """A Lambertian grey, the same at every wavelength."""
    if not 0.0 <= reflectance <= 1.0:
        raise MaterialError(f"grey:{reflectance:g} must lie between 0 and 1")
    values = np.full_like(GRID_NM, reflectance)
    return Material(f"grey:{reflectance:g}", values, False, "modelled: flat, Lambertian", MATTE, (), 0.0)


def glowing(klux: float) -> Material:
    """A lamp, a window or the sky, as bright in the near infrared as a white under that many klux of sunlight."""
    if not 0.0 <= klux <= BRIGHTEST_KLUX:
        raise MaterialError(f"glowing:{klux:g} must lie between 0 and {BRIGHTEST_KLUX:g} klux of sunlight")
    return replace(grey(0.1), name=f"glowing:{klux:g}", note="modelled: shines by itself", glow_klux=klux)


def printed(ground: Material, *, ink: float = 0.06, rough: float | None = None) -> Material:
    """A print of a face on that ground. ink: how much of the near-infrared reflectance full ink takes away, .06 for
    dye and .7 for toner. rough: GGX alpha, that of the ground where none is given.

    Raises MaterialError for an ink that is none.
    """
    if not 0.0 <= ink <= 1.0:
        raise MaterialError(f"a print with ink={ink:g} is out of reach: give 0 to 1")
    if rough is not None and not instruments.SMOOTHEST <= rough <= instruments.ROUGHEST:
        raise MaterialError(f"a print with rough={rough:g} is out of reach: give .02 to 1")
    gloss = ground.specular if rough is None else replace(ground.specular, roughness=rough)
    return replace(
        ground,
        name=f"print:{ground.name}",
        values=ground.values * (1.0 - 0.5 * ink),  # the mean face covers about half of the ground with ink
        measured=False,
        note=f"modelled: ink on {ground.note}",
        specular=gloss,
        film=None,
        ink_contrast=ink,
    )


def _print(name: str, ground: str, contrast: float, text: str, specular: Specular) -> Callable[[], Material]:
    def material() -> Material:
        paper = fixed(ground)
        note = f"modelled: {text} on {paper.note}"
        return replace(printed(paper, ink=contrast), name=name, note=note, specular=specular)

    return material


_GLOSSY = Specular(0.04, 0.06)

FIXED: dict[str, Callable[[], Material]] = {
    "paper_matte": _usgs(
        "paper_matte", "paper_cotton_bond_papr1_100%", Specular(0.01, 0.7), " (925-1000 nm bridged: no channels there)"
    ),
    "cardboard": _usgs("cardboard", "cardboard_gds371_brn_corgted", Specular(0.01, 0.6)),
    "cloth_cotton": _usgs("cloth_cotton", "cotton_fabric_gds437_white", Specular(0.005, 0.8)),
    "pla": _printed("pla", [0.56, 0.57, 0.45, 0.49, 0.40, 0.43]),
    "tpu": _printed("tpu", [0.72, 0.72, 0.50, 0.57, 0.44, 0.41]),
    "petg": _printed("petg", [0.60, 0.62, 0.48, 0.54, 0.44, 0.48]),
    "paper_glossy": _points(
        "paper_glossy",
        "coated photo paper: barium or titanium white over cellulose, resin gloss",
        {700: 0.88, 850: 0.87, 970: 0.86, 1050: 0.86, 1200: 0.80, 1300: 0.80, 1450: 0.62, 1550: 0.66, 1750: 0.64},
        _GLOSSY,
    ),
    "screen_glass": _points(
        "screen_glass",
        "phone screen: glass over a black stack, dark in the near infrared, a mirror",
        {700: 0.03, 850: 0.045, 970: 0.05, 1050: 0.05, 1300: 0.05, 1550: 0.05, 1750: 0.05},
        Specular(0.043, 0.02),
    ),
    "plaster": lambda: replace(instruments.plaster(), name="plaster"),
    "cardboard_white": _points(
        "cardboard_white",
        "white-lined chipboard, as boxes and picture mounts are cut from",
        {700: 0.76, 850: 0.77, 970: 0.765, 1050: 0.77, 1200: 0.7, 1300: 0.71, 1450: 0.5, 1550: 0.55, 1750: 0.52},
        Specular(0.02, 0.55),
    ),
    "paper_recycled": _points(
        "paper_recycled",
        "grey recycled paper: cellulose's dips with less brightness",
        {700: 0.68, 850: 0.71, 970: 0.71, 1050: 0.72, 1200: 0.65, 1300: 0.66, 1450: 0.45, 1550: 0.5, 1750: 0.48},
        Specular(0.01, 0.7),
    ),
    "paper_satin": _points(
        "paper_satin",
        "satin photo paper on a polyethylene base",
        {700: 0.84, 850: 0.83, 970: 0.825, 1050: 0.83, 1200: 0.76, 1300: 0.78, 1450: 0.6, 1550: 0.64, 1750: 0.55},
        Specular(0.04, 0.2),
    ),
    "polystyrene_foam": _points(
        "polystyrene_foam",
        "expanded polystyrene of a wig stand: bright, C-H overtones",
        {
            700: 0.93,
            850: 0.93,
            970: 0.925,
            1050: 0.92,
            1145: 0.84,
            1210: 0.86,
            1300: 0.89,
            1410: 0.83,
            1450: 0.85,
            1550: 0.87,
            1680: 0.6,
            1750: 0.66,
        },
        Specular(0.01, 0.7),
    ),
    "screen_lcd": _points(
        "screen_lcd",
        "liquid-crystal screen: its polarisers clear beyond 800 nm, so the white behind the panel shows",
        {
            700: 0.05,
            780: 0.12,
            850: 0.26,
            970: 0.25,
            1050: 0.22,
            1200: 0.17,
            1300: 0.17,
            1450: 0.13,
            1550: 0.13,
            1750: 0.1,
        },
        Specular(0.043, 0.03),
    ),
    "metal_frame": _points(
        "metal_frame",
        "lacquered metal of a spectacle frame",
        {700: 0.12, 850: 0.14, 1050: 0.16, 1300: 0.18, 1550: 0.2, 1750: 0.2},
        Specular(0.09, 0.2),
    ),
    "background_wall": _points(
        "background_wall",
        "white wall paint, dry",
        {700: 0.8, 850: 0.79, 970: 0.78, 1050: 0.78, 1300: 0.75, 1450: 0.68, 1550: 0.7, 1750: 0.62},
        Specular(0.02, 0.6),
    ),
    "spectacle_frame": _points(
        "spectacle_frame",
        "black acetate: its dye clears in the near infrared, but the body is dark behind",
        {700: 0.04, 850: 0.08, 970: 0.1, 1050: 0.11, 1300: 0.12, 1450: 0.11, 1550: 0.11, 1750: 0.1},
        _SHINY,
    ),
    "eye": _points(
        "eye",
        "sclera and iris as one, water behind a mirror of a cornea",
        {700: 0.45, 850: 0.42, 970: 0.31, 1050: 0.37, 1200: 0.14, 1300: 0.15, 1450: 0.015, 1550: 0.025, 1750: 0.02},
        Specular(0.021, 0.02),
        blur=((0.5, 0.4), (0.5, 1.8)),
    ),
    "lens_mirrored": _points(
        "lens_mirrored",
        "mirrored sun glasses: nothing from behind the lens comes back, what comes back is a reflection",
        {700: 0.01, 1750: 0.01},
        Specular(0.4, 0.03),
        variation=0.0,
    ),
    "mirror": _points(
        "mirror",
        "silvered glass with the dust of a week: a mirror image of the module's own lights, next to nothing diffuse",
        {700: 0.02, 1750: 0.02},
        Specular(0.9, 0.03),
        variation=0.0,
    ),
    "glass_beads": _points(
        "glass_beads",
        "grey fabric covered with glass beads, as on safety clothing: light goes back to where it came from",
        {700: 0.3, 850: 0.3, 1200: 0.29, 1450: 0.27, 1750: 0.27},
        Specular(0.02, 0.5),
        retro=1.0,
    ),
    "hair": hair,
    "resin": lambda: instruments.opaque(instruments.resin(4.0), "resin"),
    "latex": lambda: instruments.opaque(instruments.latex(2.0), "latex"),
    "print:matte": _print("print:matte", "paper_matte", 0.06, "dye ink, nearly clear in NIR,", Specular(0.01, 0.7)),
    "print:glossy": _print("print:glossy", "paper_glossy", 0.06, "dye ink, nearly clear in NIR,", _GLOSSY),
    "print:laser": _print("print:laser", "paper_matte", 0.7, "carbon toner, black in NIR,", Specular(0.03, 0.3)),
}


def fixed(name: str) -> Material:
    """A material that takes no argument, by name. Raises KeyError."""
    return FIXED[name]()
