"""Everything that is not skin: measured man-made materials, and modelled ones that say so."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from dermis_hw.materials.grid import GRID_NM, read_table
from dermis_hw.materials.layers import Film, alone, fresnel_r0, glued
from dermis_hw.materials.material import DEVELOPMENT, HELD_OUT, MATTE, Material, MaterialError, Specular
from dermis_hw.materials.media import absorption_per_mm, scatter_per_mm

_USGS = "USGS Spectral Library 7, Kokaly et al. 2017, doi:10.5066/F7RR1WDJ"
_PRINTED = "measured against a white tile at 940-1550 nm (six bands), straight lines between, held below 940 nm"
_PRINTED_NM = [940.0, 1050.0, 1200.0, 1300.0, 1450.0, 1550.0]
THINNEST_MM, THICKEST_MM = 0.02, 50.0  # a painted film; a solid dummy. A mask given in metres lies below
BRIGHTEST_KLUX = 1e6  # beyond the filament of a halogen lamp
MOST_FILLER = 20.0  # white paint scatters about 20/mm; no rubber holds more

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


def _opaque_layer(name: str, note: str, film: Film, specular: Specular, variation: float = 0.01) -> Material:
    """A thick body: the film over nothing, thick enough that nothing shows through."""
    blur = ((0.5, 0.4), (0.4, 1.5))
    return Material(name, alone(film), False, f"modelled: {note}", specular, blur, variation)


def silicone(thickness_mm: float, *, scatter: float = 1.0, pigment: float = 1.0) -> Material:
    """A skin-coloured silicone of that thickness in mm, as a film to put `over` something.

    scatter: reduced scattering at 1000 nm, 1/mm. pigment: amount of iron oxides, 1 for a usual skin colour.
    Raises MaterialError for a thickness that no mask has, and for fillers beyond what silicone takes.
    """
    _check_thickness("silicone", thickness_mm)
    for name, value in (("scatter", scatter), ("pigment", pigment)):
        if not 0.0 <= value <= MOST_FILLER:
            raise MaterialError(f"silicone with {name}={value:g} is out of reach: give 0 to {MOST_FILLER:g}")
    iron = pigment * (0.02 + 0.02 * np.exp(-(((GRID_NM - 870.0) / 100.0) ** 2)))
    film = Film(thickness_mm, absorption_per_mm("pdms") + iron, scatter_per_mm(scatter, 0.8), 1.41)
    blur = ((0.5, min(0.5, thickness_mm)), (0.5, min(2.8, 1.2 * thickness_mm)))
    return Material(
        f"silicone:{thickness_mm:g}",
        alone(film),
        False,
        f"modelled: PDMS absorption, scatterer {scatter:g}/mm at 1000 nm, iron oxides; {thickness_mm:g} mm",
        Specular(fresnel_r0(film.index), 0.35),
        blur,
        0.02,
        film,
    )


def _check_thickness(name: str, thickness_mm: float) -> None:
    if not (math.isfinite(thickness_mm) and THINNEST_MM <= thickness_mm <= THICKEST_MM):
        raise MaterialError(
            f"{name} of {thickness_mm:g} mm is out of reach: give millimetres between {THINNEST_MM} and {THICKEST_MM:g}"
        )


def hydrogel(thickness_mm: float = 0.8) -> Material:
    """A gel of water with a little scatterer, as a film."""
    _check_thickness("hydrogel", thickness_mm)
    film = Film(thickness_mm, 0.9 * absorption_per_mm("water"), scatter_per_mm(0.4, 1.0), 1.35)
    return Material(
        f"hydrogel:{thickness_mm:g}",
        glued(film, silicone(5.0).values, 1.41),
        False,
        f"modelled: 90% water with a scatterer, {thickness_mm:g} mm; by itself it lies over 5 mm of silicone",
        Specular(fresnel_r0(film.index), 0.12),
        ((0.5, 0.4), (0.5, 1.5)),
        0.02,
        film,
    )


def gelatin(thickness_mm: float = 4.0) -> Material:
    """Gelatin with scatterer, as cast for make-up, as a film."""
    _check_thickness("gelatin", thickness_mm)
    film = Film(thickness_mm, 0.6 * absorption_per_mm("water") + 0.003, scatter_per_mm(1.6, 1.0), 1.40)
    return Material(
        f"gelatin:{thickness_mm:g}",
        alone(film),
        False,
        f"modelled: 60% water, scatterer 1.6/mm, {thickness_mm:g} mm",
        Specular(fresnel_r0(film.index), 0.25),
        ((0.5, 0.5), (0.5, 2.2)),
        0.02,
        film,
    )


def clear_film(thickness_mm: float = 0.1) -> Material:
    """Opaque to the eye, clear in the near infrared: the residual risk that no band sees."""
    _check_thickness("nir_clear_film", thickness_mm)
    film = Film(thickness_mm, 0.2 * absorption_per_mm("pet"), scatter_per_mm(0.2, 1.0), 1.5)
    note = "modelled: a dyed polymer film, clear beyond 800 nm; put it over something"
    return Material(f"nir_clear_film:{thickness_mm:g}", alone(film), False, note, Specular(0.04, 0.2), (), 0.01, film)


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


def _print(name: str, ground: str, contrast: float, text: str, specular: Specular) -> Callable[[], Material]:
    def material() -> Material:
        paper = fixed(ground)
        # The mean face covers about half of the paper with ink.
        values = paper.values * (1.0 - 0.5 * contrast)
        note = f"modelled: {text} on {paper.note}"
        return replace(
            paper, name=name, values=values, measured=False, note=note, specular=specular, ink_contrast=contrast
        )

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
    "plaster": _points(
        "plaster",
        "gypsum with its crystal water at 1450",
        {700: 0.86, 850: 0.87, 970: 0.865, 1050: 0.87, 1200: 0.83, 1300: 0.84, 1450: 0.58, 1550: 0.68, 1750: 0.6},
        Specular(0.02, 0.7),
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
    "resin": lambda: _opaque_layer(
        "resin",
        "grey acrylic printing resin: PMMA absorption, titanium dioxide and carbon",
        Film(4.0, absorption_per_mm("pmma") + 0.06, scatter_per_mm(4.0, 0.6), 1.50),
        Specular(0.04, 0.25),
    ),
    "latex": lambda: _opaque_layer(
        "latex",
        "filled rubber: C-H bands as PDMS's, 1.5 times as deep, much scatterer",
        Film(2.0, 1.5 * absorption_per_mm("pdms") + 0.03, scatter_per_mm(5.0, 0.6), 1.52),
        Specular(0.04, 0.45),
    ),
    "print:matte": _print("print:matte", "paper_matte", 0.06, "dye ink, nearly clear in NIR,", Specular(0.01, 0.7)),
    "print:glossy": _print("print:glossy", "paper_glossy", 0.06, "dye ink, nearly clear in NIR,", _GLOSSY),
    "print:laser": _print("print:laser", "paper_matte", 0.7, "carbon toner, black in NIR,", Specular(0.03, 0.3)),
}


def fixed(name: str) -> Material:
    """A material that takes no argument, by name. Raises KeyError."""
    return FIXED[name]()
