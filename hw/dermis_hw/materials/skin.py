"""Skin: measured subjects, tones between and beyond them, and what people wear on it.

Measured: the inner forearms of NIST's subjects (see data/skin.csv). NIST under-covers dark skin: tones go on by a
melanin filter, absorption proportional to wavelength^-3.33 (Jacques, Phys. Med. Biol. 58, R37 (2013)), down to an
R700 of .20. Faces differ from forearms; nothing here claims to have measured a face.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from dermis_hw.materials.catalogue import hair
from dermis_hw.materials.grid import GRID_NM, SPECULAR_IN_NIST, read_table
from dermis_hw.materials.layers import Film, alone, fresnel_r0
from dermis_hw.materials.material import DEVELOPMENT, HELD_OUT, Material, MaterialError, Specular, mixed
from dermis_hw.materials.media import absorption_per_mm, no_scatter, scatter_per_mm

MELANIN_POWER = -3.33
DARKEST_R700, LIGHTEST_R700 = 0.20, 0.70
GLOSS = Specular(r0=SPECULAR_IN_NIST, roughness=0.35)
# (weight, sigma in mm): narrow and wide part of a beam spread beneath the skin at 940 nm. Modelled after the size
# that measured dot patterns ask for, 2-3 mm for the wide one.
BLUR = ((0.55, 0.5), (0.45, 2.5))
VARIATION = 0.04  # within a face, modelled
_SOURCE = "NIST, Cooksey et al. 2017, doi:10.18434/M38597, forearm, specular taken off"
COMPONENTS = 8  # of skin.csv
_SCORE_LIMIT = 2.5  # standard deviations; a draw beyond would be nobody's skin


def _skin(name: str, values: np.ndarray, *, measured: bool, note: str, split: str) -> Material:
    return Material(name, values, measured, note, GLOSS, BLUR, VARIATION, split=split)


def r700(material: Material) -> float:
    """Tone as NIST's figures give it: reflectance at 700 nm, specular included."""
    return float(material.reflectance(np.array(700.0))) + SPECULAR_IN_NIST


def darkened(material: Material, target_r700: float) -> Material:
    """The same skin with melanin added (or taken away) until its R700 is as asked.

    Raises MaterialError outside .20 to .70, where neither data nor the filter say anything.
    """
    if not DARKEST_R700 <= target_r700 <= LIGHTEST_R700:
        raise MaterialError(
            f"skin of R700 {target_r700:g} is outside what is known: give {DARKEST_R700} to {LIGHTEST_R700}"
        )
    depth = np.log((r700(material) - SPECULAR_IN_NIST) / (target_r700 - SPECULAR_IN_NIST))
    values = material.values * np.exp(-depth * (GRID_NM / 700.0) ** MELANIN_POWER)
    return replace(
        material,
        name=f"{material.name}+r700={target_r700:g}",
        values=values,
        measured=False,
        note=f"modelled: {material.name} with melanin to R700 {target_r700:g} ({material.note})",
    )


@cache
def _model() -> tuple[np.ndarray, np.ndarray]:
    _, table = read_table("skin.csv")
    return table[:, 1], table[:, 2:]


def mean_skin() -> Material:
    """The mean of the development half."""
    mean, _ = _model()
    return _skin("skin:mean", np.exp(mean), measured=True, note=f"mean of 25 subjects; {_SOURCE}", split=DEVELOPMENT)


@cache
def development_subjects() -> tuple[Material, ...]:
    """The 25 subjects of the development half, from mean, components and scores (residual .001 RMS)."""
    mean, components = _model()
    _, scores = read_table("skin_scores.csv")
    return tuple(
        _skin(
            f"skin:dev-{int(row[0]):02d}",
            np.exp(mean + components @ row[1:]),
            measured=True,
            note=f"one subject, from {len(row) - 1} principal components (residual .001 RMS); {_SOURCE}",
            split=DEVELOPMENT,
        )
        for row in scores
    )


@cache
def held_out_subjects() -> tuple[Material, ...]:
    """The 25 subjects that no training may see."""
    names, table = read_table("held_out/skin.csv")
    return tuple(
        _skin(
            f"skin:subject-{int(name.split('_')[1]):02d}",
            table[:, n + 1],
            measured=True,
            note=f"one subject; {_SOURCE}",
            split=HELD_OUT,
        )
        for n, name in enumerate(names[1:])
    )


def draw_skin(rng: np.random.Generator, target_r700: float | None = None) -> Material:
    """A skin that could have been among the development subjects: normal scores on their components."""
    mean, components = _model()
    scores = np.clip(rng.normal(size=components.shape[1]), -_SCORE_LIMIT, _SCORE_LIMIT)
    skin = _skin(
        "skin:drawn",
        np.exp(mean + components @ scores),
        measured=False,
        note=f"modelled: drawn from mean and components of 25 subjects; {_SOURCE}",
        split=DEVELOPMENT,
    )
    return skin if target_r700 is None else darkened(skin, target_r700)


def _by_tone(place: int) -> Callable[[], Material]:
    def skin() -> Material:
        return sorted(development_subjects(), key=r700)[place]

    return skin


def strayed(material: Material, scores: np.ndarray) -> Material:
    """A skin the logarithm of whose reflectance is moved by `scores`, float (8,): so many standard deviations of each
    of the development half's components. Melanin keeps its R700, as the tone is drawn by itself. Its name stays: it is
    the same skin for whoever asks what was drawn. No limit: beyond those who were measured is where it is to go."""
    _, components = _model()
    moved = components @ scores
    moved = moved - np.interp(700.0, GRID_NM, moved) * (GRID_NM / 700.0) ** MELANIN_POWER
    return replace(material, values=np.clip(material.values * np.exp(moved), 0.0, 1.0), measured=False)


# Measured subjects of the development half; the darkest has R700 = .42, darker tones are skin:r700=.
_TONES: dict[str, Callable[[], Material]] = {
    "dark": _by_tone(0),
    "medium": _by_tone(12),
    "light": _by_tone(-3),
    "mean": mean_skin,
}


def tone(which: str) -> Material:
    """`light`, `medium`, `dark`, `mean`, `r700=.35`, `subject-NN` (held out), `dev-NN` or `draw=SEED`."""
    if which in _TONES:
        return replace(_TONES[which](), name=f"skin:{which}")
    kind, _, number = which.partition("=") if "=" in which else which.partition("-")
    try:
        if kind == "r700":
            return replace(darkened(mean_skin(), float(number)), name=f"skin:{which}")
        if kind == "draw":
            return replace(draw_skin(np.random.default_rng(int(number))), name=f"skin:{which}")
        if kind in ("subject", "dev"):
            return _subject(kind, int(number))
    except ValueError as error:
        if isinstance(error, MaterialError):
            raise
        raise MaterialError(f"skin:{which} needs a number after '{kind}', for example skin:r700=0.35") from error
    raise MaterialError(
        f"there is no skin:{which}: use skin:light, medium, dark, mean, r700=0.35, subject-NN, dev-NN or draw=SEED"
    )


def _subject(kind: str, number: int) -> Material:
    those = held_out_subjects() if kind == "subject" else development_subjects()
    for skin in those:
        if int(skin.name.rpartition("-")[2]) == number:
            return skin
    numbers = ", ".join(skin.name.rpartition("-")[2] for skin in those)
    raise MaterialError(f"there is no skin:{kind}-{number:02d}: that half holds {numbers}")


# What lies on skin. All modelled; the thicknesses are chosen so that 1450/1300 moves as reported for wearers.
SWEAT_MM = 0.04
FOUNDATION_MM = 0.02
SUNSCREEN_MM = 0.01
WATER_INDEX, CREAM_INDEX = 1.33, 1.40
BEARD_PART = 0.30  # of the area that hair covers
LIPS_BLOOD = 0.10  # exponent at 920 nm


def _layer(name: str, film: Film, roughness: float) -> Material:
    note = f"modelled: {name}, a film of {film.thickness_mm * 1000:g} um"
    return Material(name, alone(film), False, note, Specular(fresnel_r0(film.index), roughness), film=film)


# name -> (what it is without a figure, lowest, highest): `+foundation=0.03` lays 30 um on. Beyond lies no such thing.
AMOUNTS: dict[str, tuple[float, float, float]] = {
    "wet": (SWEAT_MM, 0.005, 0.15),
    "foundation": (FOUNDATION_MM, 0.005, 0.04),
    "sunscreen": (SUNSCREEN_MM, 0.003, 0.03),
    "beard": (BEARD_PART, 0.05, 0.8),
    "cold": (1.0, 0.0, 2.0),
}


def sweat(thickness_mm: float = SWEAT_MM) -> Material:
    return _layer("sweat", Film(thickness_mm, absorption_per_mm("water"), no_scatter(), WATER_INDEX), roughness=0.12)


def foundation(thickness_mm: float = FOUNDATION_MM) -> Material:
    """Titanium dioxide and iron oxides in a dry oil: scatters, and absorbs a little below 950 nm."""
    iron = 0.4 * np.exp(-(((GRID_NM - 870.0) / 90.0) ** 2))
    return _layer("foundation", Film(thickness_mm, iron, scatter_per_mm(10.0, 0.8), CREAM_INDEX), roughness=0.45)


def sunscreen(thickness_mm: float = SUNSCREEN_MM) -> Material:
    """Fine particles that scatter little in the near infrared, in a thin, half-watery cream."""
    return _layer(
        "sunscreen", Film(thickness_mm, 0.5 * absorption_per_mm("water"), scatter_per_mm(2.0, 2.0), CREAM_INDEX), 0.2
    )


def _beard(skin: Material, part: float) -> Material:
    return mixed(skin.name, f"modelled: hair over {part:.0%} of {skin.name}", skin, hair(), part)


def _blood(amount: float) -> np.ndarray:
    """What a change of the blood in the skin by `amount` multiplies: haemoglobin's broad rise to 930 nm."""
    return np.exp(-amount * np.exp(-(((GRID_NM - 920.0) / 110.0) ** 2)))


def _cold(skin: Material, amount: float) -> Material:
    """Vessels drawn together: amount 1 takes away a third of what full lips have more than skin."""
    values = np.minimum(skin.values * _blood(-amount * LIPS_BLOOD / 3.0), 1.0)
    note = f"modelled: less blood in {skin.name}"
    return replace(skin, values=values, measured=False, note=note)


def _lips(skin: Material, _amount: float) -> Material:
    """Thinner horny layer, more blood, moist: less melanin, haemoglobin's broad rise to 930 nm, a film of water."""
    moist = Film(0.012, absorption_per_mm("water"), no_scatter(), WATER_INDEX)
    red = replace(skin, values=skin.values * _blood(LIPS_BLOOD))
    return replace(_layer("moisture", moist, roughness=0.18).over(red), note=f"modelled: lips of {skin.name}")


MODIFIERS: dict[str, Callable[[Material, float], Material]] = {
    "wet": lambda skin, amount: sweat(amount).over(skin),
    "foundation": lambda skin, amount: foundation(amount).over(skin),
    "sunscreen": lambda skin, amount: sunscreen(amount).over(skin),
    "beard": _beard,
    "lips": _lips,
    "cold": _cold,
}


def modified(skin: Material, modifier: str) -> Material:
    """A skin with one of `MODIFIERS` on it, as much as after `=`, or with `r700=` melanin; named `skin+modifier`."""
    name, equals, number = modifier.partition("=")
    if name != "r700" and name not in MODIFIERS:
        raise MaterialError(f"there is no modifier '+{modifier}': use {', '.join(MODIFIERS)} or r700=0.25")
    usual, low, high = AMOUNTS.get(name, (0.0, 0.0, 0.0))
    try:
        amount = float(number) if equals or name == "r700" else usual
    except ValueError as error:
        raise MaterialError(f"'+{modifier}' needs a number, for example +r700=0.25") from error
    if name == "r700":
        return darkened(skin, amount)
    if equals and not low <= amount <= high:
        raise MaterialError(f"'+{modifier}' is out of reach: give {name}={low:g} to {high:g}")
    return replace(MODIFIERS[name](skin, amount), name=f"{skin.name}+{modifier}", variation=skin.variation)
