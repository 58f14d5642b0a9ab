"""What instruments are cast, painted and printed of: films and bodies with figures to be varied. All modelled.

No measured spectrum of a mask, of latex, of make-up or of a resin was found: measured absorption of the medium, a
scatterer that falls with wavelength, and pigments. The ranges that are refused bound what such things can hold.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from dermis_hw.materials.grid import GRID_NM
from dermis_hw.materials.layers import Film, alone, fresnel_r0, glued
from dermis_hw.materials.material import Material, MaterialError, Specular
from dermis_hw.materials.media import absorption_per_mm, no_scatter, scatter_per_mm

THINNEST_MM, THICKEST_MM = 0.02, 50.0  # a painted film; a solid dummy. A mask given in metres lies below
THINNEST_PAINT_MM = 0.005  # what an airbrush leaves
MOST_FILLER = 20.0  # white paint scatters about 20/mm; no rubber holds more
MOST_PAINT = 100.0  # titanium dioxide at the highest concentration that still binds
SMOOTHEST, ROUGHEST = 0.02, 1.0  # GGX alpha
IRON_NM, IRON_WIDTH_NM = 870.0, 100.0  # crystal-field band of iron oxides


def _within(what: str, value: float, low: float, high: float, unit: str = "") -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise MaterialError(f"{what} is out of reach: give {unit}{low:g} to {high:g}")


def _check(name: str, thickness_mm: float, thinnest: float = THINNEST_MM, **fillers: float) -> None:
    if not (math.isfinite(thickness_mm) and thinnest <= thickness_mm <= THICKEST_MM):
        raise MaterialError(
            f"{name} of {thickness_mm:g} mm is out of reach: give millimetres between {thinnest} and {THICKEST_MM:g}"
        )
    most = {"rough": (SMOOTHEST, ROUGHEST), "water": (0.0, 1.0)}
    for filler, value in fillers.items():
        _within(f"{name} with {filler}={value:g}", value, *most.get(filler, (0.0, MOST_FILLER)))


def _iron_oxides(amount: float) -> np.ndarray:
    """Absorption, 1/mm, of the iron oxides of a usual skin colour times `amount`."""
    return amount * (0.02 + 0.02 * np.exp(-(((GRID_NM - IRON_NM) / IRON_WIDTH_NM) ** 2)))


def silicone(thickness_mm: float, *, scatter: float = 1.0, pigment: float = 1.0, rough: float = 0.35) -> Material:
    """A skin-coloured silicone of that thickness in mm, as a film to put `over` something.

    scatter: reduced scattering at 1000 nm, 1/mm. pigment: amount of iron oxides, 1 for a usual skin colour.
    Raises MaterialError for a thickness that no mask has, and for fillers beyond what silicone takes.
    """
    _check("silicone", thickness_mm, scatter=scatter, pigment=pigment, rough=rough)
    film = Film(thickness_mm, absorption_per_mm("pdms") + _iron_oxides(pigment), scatter_per_mm(scatter, 0.8), 1.41)
    blur = ((0.5, min(0.5, thickness_mm)), (0.5, min(2.8, 1.2 * thickness_mm)))
    return Material(
        f"silicone:{thickness_mm:g}",
        alone(film),
        False,
        f"modelled: PDMS absorption, scatterer {scatter:g}/mm at 1000 nm, iron oxides; {thickness_mm:g} mm",
        Specular(fresnel_r0(film.index), rough),
        blur,
        0.02,
        film,
    )


def hydrogel(thickness_mm: float = 0.8, *, water: float = 0.9, scatter: float = 0.4, rough: float = 0.12) -> Material:
    """A gel of water with a little scatterer, as a film. water: its part by volume. scatter: as in `silicone`."""
    _check("hydrogel", thickness_mm, water=water, scatter=scatter, rough=rough)
    film = Film(thickness_mm, water * absorption_per_mm("water"), scatter_per_mm(scatter, 1.0), 1.35)
    return Material(
        f"hydrogel:{thickness_mm:g}",
        glued(film, silicone(5.0).values, 1.41),
        False,
        f"modelled: {water:.0%} water with a scatterer, {thickness_mm:g} mm; by itself it lies over 5 mm of silicone",
        Specular(fresnel_r0(film.index), rough),
        ((0.5, 0.4), (0.5, 1.5)),
        0.02,
        film,
    )


def gelatin(
    thickness_mm: float = 4.0,
    *,
    water: float = 0.6,
    scatter: float = 1.6,
    pigment: float = 0.0,
    rough: float = 0.25,
) -> Material:
    """Gelatin with scatterer and pigment, as cast for make-up, as a film. Figures as in `hydrogel` and `silicone`."""
    _check("gelatin", thickness_mm, water=water, scatter=scatter, pigment=pigment, rough=rough)
    absorption = water * absorption_per_mm("water") + 0.003 + _iron_oxides(pigment)
    film = Film(thickness_mm, absorption, scatter_per_mm(scatter, 1.0), 1.40)
    return Material(
        f"gelatin:{thickness_mm:g}",
        alone(film),
        False,
        f"modelled: {water:.0%} water, scatterer {scatter:g}/mm, {thickness_mm:g} mm",
        Specular(fresnel_r0(film.index), rough),
        ((0.5, 0.5), (0.5, 2.2)),
        0.02,
        film,
    )


def clear_film(thickness_mm: float = 0.1, *, scatter: float = 0.2, rough: float = 0.2) -> Material:
    """Opaque to the eye, clear in the near infrared: the residual risk that no band sees."""
    _check("nir_clear_film", thickness_mm, scatter=scatter, rough=rough)
    film = Film(thickness_mm, 0.2 * absorption_per_mm("pet"), scatter_per_mm(scatter, 1.0), 1.5)
    note = "modelled: a dyed polymer film, clear beyond 800 nm; put it over something"
    return Material(f"nir_clear_film:{thickness_mm:g}", alone(film), False, note, Specular(0.04, rough), (), 0.01, film)


def water(thickness_mm: float, *, rough: float = 0.12) -> Material:
    """A film of water, as a film to put `over` cloth or paper that an attacker has wetted."""
    _check("water", thickness_mm, THINNEST_PAINT_MM, rough=rough)
    film = Film(thickness_mm, absorption_per_mm("water"), no_scatter(), 1.33)
    note = f"modelled: clear water, {thickness_mm:g} mm"
    return Material(
        f"water:{thickness_mm:g}", alone(film), False, note, Specular(fresnel_r0(film.index), rough), (), 0.02, film
    )


_HARD_BLUR = ((0.5, 0.4), (0.4, 1.5))


def latex(thickness_mm: float, *, scatter: float = 5.0, pigment: float = 1.0, rough: float = 0.45) -> Material:
    """Filled rubber: C-H bands as PDMS's, 1.5 times as deep, much scatterer; a film to put `over` something."""
    _check("latex", thickness_mm, scatter=scatter, pigment=pigment, rough=rough)
    film = Film(thickness_mm, 1.5 * absorption_per_mm("pdms") + 0.03 * pigment, scatter_per_mm(scatter, 0.6), 1.52)
    note = f"modelled: filled rubber, C-H bands as PDMS's, 1.5 times as deep, scatterer {scatter:g}/mm"
    return Material(f"latex:{thickness_mm:g}", alone(film), False, note, Specular(0.04, rough), _HARD_BLUR, 0.01, film)


def resin(thickness_mm: float, *, scatter: float = 4.0, pigment: float = 1.0, rough: float = 0.25) -> Material:
    """Acrylic printing resin with titanium dioxide and carbon, as a film to put `over` something."""
    return _hard("resin", "pmma", thickness_mm, scatter, pigment, rough)


def polycarbonate(thickness_mm: float, *, scatter: float = 4.0, pigment: float = 1.0, rough: float = 0.2) -> Material:
    """A sheet of filled polycarbonate, as masks are vacuum-formed from; a film to put `over` something."""
    return _hard("polycarbonate", "polycarbonate", thickness_mm, scatter, pigment, rough)


def _hard(name: str, medium: str, thickness_mm: float, scatter: float, pigment: float, rough: float) -> Material:
    _check(name, thickness_mm, scatter=scatter, pigment=pigment, rough=rough)
    index = 1.50 if medium == "pmma" else 1.57
    film = Film(thickness_mm, absorption_per_mm(medium) + 0.06 * pigment, scatter_per_mm(scatter, 0.6), index)
    note = f"modelled: {medium.upper()} absorption, titanium dioxide {scatter:g}/mm and carbon, {thickness_mm:g} mm"
    gloss = Specular(fresnel_r0(film.index), rough)
    return Material(f"{name}:{thickness_mm:g}", alone(film), False, note, gloss, _HARD_BLUR, 0.01, film)


def _coat(
    name: str, medium: str, text: str, thickness_mm: float, scatter: float, pigment: float, rough: float, index: float
) -> Material:
    """A coat of titanium dioxide and iron oxides in a binder. A coat holds 20 times the pigment of a cast body."""
    _check(name, thickness_mm, THINNEST_PAINT_MM, pigment=pigment, rough=rough)
    _within(f"{name} with scatter={scatter:g}", scatter, 0.0, MOST_PAINT)
    absorption = absorption_per_mm(medium) + 20.0 * _iron_oxides(pigment)
    film = Film(thickness_mm, absorption, scatter_per_mm(scatter, 0.8), index)
    note = f"modelled: {text}, {1000 * thickness_mm:.0f} um, scatterer {scatter:g}/mm"
    return Material(
        f"{name}:{thickness_mm:g}", alone(film), False, note, Specular(fresnel_r0(index), rough), (), 0.02, film
    )


def paint(thickness_mm: float, *, scatter: float = 30.0, pigment: float = 1.0, rough: float = 0.4) -> Material:
    """Skin-coloured acrylic paint, as a film to put `over` a mask. scatter up to 100/mm: white paint has much."""
    return _coat("paint", "pmma", "acrylic paint with iron oxides", thickness_mm, scatter, pigment, rough, 1.50)


def make_up(thickness_mm: float, *, scatter: float = 10.0, pigment: float = 1.0, rough: float = 0.45) -> Material:
    """Heavy theatrical make-up: what `skin:...+foundation` is, as thick as it is laid on, with wax for a binder."""
    return _coat("make_up", "pdms", "grease paint with iron oxides", thickness_mm, scatter, pigment, rough, 1.43)


def plaster(water: float = 1.0, *, rough: float = 0.7) -> Material:
    """Gypsum. water: its crystal water against that of pure gypsum, which the dips from 1200 nm on come from."""
    _within(f"plaster:{water:g}", water, 0.0, 2.0)
    _check("plaster", THICKEST_MM, rough=rough)
    points = {700: 0.86, 850: 0.87, 970: 0.865, 1050: 0.87, 1200: 0.83, 1300: 0.84, 1450: 0.58, 1550: 0.68, 1750: 0.6}
    dry = 0.87
    values = dry * (np.interp(GRID_NM, list(points), list(points.values())) / dry) ** water
    note = "modelled: gypsum with its crystal water at 1450"
    return Material(f"plaster:{water:g}", np.minimum(values, 1.0), False, note, Specular(0.02, rough))


def opaque(material: Material, name: str) -> Material:
    """The same as a body that nothing shows through, under another name."""
    return replace(material, name=name, film=None)
