"""What a surface is to the light: its diffuse reflectance by wavelength, its gloss, and what is known of both."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from dermis_hw.materials import layers
from dermis_hw.materials.grid import GRID_NM
from dermis_hw.materials.layers import Film

FIRST_NM, LAST_NM = 800.0, 1600.0  # what the module's bands see; a spectrum must cover it
DEVELOPMENT, HELD_OUT, MODELLED = "development", "held_out", "modelled"
# Dots stand about 6 mm apart on a face at 450 mm: the pitch at which one sigma must blur as the two do.
_DOT_PITCH_MM = 6.0


class MaterialError(ValueError):
    """A material that cannot be used; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Specular:
    """The gloss on top of the diffuse part: r0, Fresnel reflectance at normal incidence; roughness, GGX alpha."""

    r0: float = 0.04
    roughness: float = 0.4


MATTE = Specular(0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Material:
    """A surface.

    name: as `resolve` takes it. values: diffuse reflectance factor at `GRID_NM`, specular excluded, 0 to 1.
    measured: False for what is modelled; note: the source, or "modelled: ..." and how.
    specular: the gloss. blur: (weight, sigma in mm) of the Gaussians that a thin beam spreads to under the surface.
    variation: standard deviation of the reflectance within a face, relative. film: set for what light passes,
    so that `over` knows what to do. ink_contrast: for prints, how much of the NIR reflectance full ink takes away.
    split: "development", "held_out" (tests only) or "modelled".
    retro: part of the area that sends light back to where it came from (`render.lights.retro`). glow_klux: light of its
    own, as a white gives under that many klux of sunlight.
    """

    name: str
    values: np.ndarray
    measured: bool
    note: str
    specular: Specular = field(default_factory=Specular)
    blur: tuple[tuple[float, float], ...] = ()
    variation: float = 0.01
    film: Film | None = None
    ink_contrast: float = 0.0
    split: str = MODELLED
    retro: float = 0.0
    glow_klux: float = 0.0

    def __post_init__(self) -> None:
        if self.values.shape != GRID_NM.shape or not np.all(np.isfinite(self.values)):
            raise MaterialError(f"{self.name} has no reflectance at some wavelength: give a figure at each")
        if self.values.min() < 0.0 or self.values.max() > 1.0:
            raise MaterialError(f"{self.name} reflects {self.values.min():.3f} to {self.values.max():.3f}: keep 0 to 1")

    def reflectance(self, wavelength_nm: np.ndarray) -> np.ndarray:
        """Diffuse reflectance factor (specular excluded) at wavelengths in nm, any shape; held beyond 700-1750 nm."""
        return np.interp(wavelength_nm, GRID_NM, self.values)

    @property
    def blur_mm(self) -> float:
        """The one Gaussian (sigma, mm) that takes as much of the dots' contrast as `blur` does; 0 for none."""
        squared = 2.0 * (math.pi / _DOT_PITCH_MM) ** 2
        kept = sum(weight * math.exp(-squared * sigma**2) for weight, sigma in self.blur)
        kept += 1.0 - sum(weight for weight, _ in self.blur)
        return math.sqrt(max(0.0, -math.log(kept)) / squared)

    def over(self, substrate: Material, *, air_gap: bool = False) -> Material:
        """This, as a film, on what lies beneath: glued to it, or with air between. What is opaque hides it.

        The gloss is that of the top. Modelled, always: the two-flux formulas are in `layers`.
        """
        name = f"{self.name} over {'air over ' if air_gap else ''}{substrate.name}"
        if self.film is None:
            return replace(self, name=name)
        if air_gap:
            values = layers.over_air(self.film, substrate.values, substrate.specular.r0)
        else:
            values = layers.glued(self.film, substrate.values, layers.index_of(substrate.specular.r0))
        return Material(
            name=name,
            values=values,
            measured=False,
            note=f"modelled: {self.name} as a finite two-flux layer over {substrate.name}",
            specular=self.specular,
            blur=wider(self.blur, substrate.blur),
            variation=max(self.variation, substrate.variation),
            ink_contrast=substrate.ink_contrast,
            split=HELD_OUT if substrate.split == HELD_OUT else MODELLED,
        )


def wider(first: tuple[tuple[float, float], ...], second: tuple[tuple[float, float], ...]):
    """Of two spreads the one that blurs more; a thin film keeps what the ground does."""

    def moment(blur: tuple[tuple[float, float], ...]) -> float:
        return sum(weight * sigma**2 for weight, sigma in blur)

    return first if moment(first) >= moment(second) else second


def mixed(name: str, note: str, first: Material, second: Material, part: float) -> Material:
    """`part` of the area is `second` (hair over skin), the rest `first`; too fine to be seen apart."""
    return replace(
        first,
        name=name,
        values=(1.0 - part) * first.values + part * second.values,
        measured=False,
        note=note,
        specular=Specular(
            (1.0 - part) * first.specular.r0 + part * second.specular.r0,
            (1.0 - part) * first.specular.roughness + part * second.specular.roughness,
        ),
        blur=tuple((weight * (1.0 - part), sigma) for weight, sigma in first.blur),
        film=None,
        split=HELD_OUT if HELD_OUT in (first.split, second.split) else MODELLED,
    )


def from_csv(path: Path) -> Material:
    """A user's own spectrum: lines `wavelength_nm,reflectance` (nm; 0 to 1, specular excluded), 800-1600 nm covered.

    Raises MaterialError, in one sentence, for anything else.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            raise MaterialError(f"there is no file {path}: give the path of a CSV")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MaterialError(f"{path} cannot be read as text ({error}): give the path of a CSV") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    except csv.Error as error:
        raise MaterialError(f"{path} is no CSV ({error}): write it as plain numbers") from error
    if not rows or rows[0] != ["wavelength_nm", "reflectance"]:
        raise MaterialError(f"{path} must start with the line 'wavelength_nm,reflectance'")
    numbers = np.array([_row(path, row) for row in rows[1:]]).reshape(-1, 2)
    _check_curve(path, numbers)
    return Material(
        name=path.stem,
        values=np.interp(GRID_NM, numbers[:, 0], numbers[:, 1]),
        measured=True,
        note=f"from {path.name}, taken as measured, specular excluded",
        specular=Specular(),
    )


def _row(path: Path, row: list[str]) -> tuple[float, float]:
    try:
        wavelength, reflectance = (float(cell) for cell in row)
    except ValueError as error:
        raise MaterialError(f"{path}: the line '{','.join(row)}' must be two numbers") from error
    if not (math.isfinite(wavelength) and math.isfinite(reflectance)):
        raise MaterialError(f"{path}: the line '{','.join(row)}' must be two finite numbers")
    return wavelength, reflectance


def _check_curve(path: Path, numbers: np.ndarray) -> None:
    if len(numbers) < 2:
        raise MaterialError(f"{path} holds {len(numbers)} lines of figures: give at least 800 and 1600 nm")
    wavelength, reflectance = numbers[:, 0], numbers[:, 1]
    if np.any(np.diff(wavelength) <= 0.0):
        where = wavelength[1:][np.diff(wavelength) <= 0.0][0]
        raise MaterialError(f"{path}: wavelengths must rise from line to line, sort them (at {where:g} nm)")
    if wavelength[-1] < 10.0:
        raise MaterialError(f"{path}: wavelengths end at {wavelength[-1]:g}: give them in nm, not in um")
    if wavelength[0] > FIRST_NM or wavelength[-1] < LAST_NM:
        raise MaterialError(
            f"{path} covers {wavelength[0]:g} to {wavelength[-1]:g} nm: the module's bands need 800 to 1600 nm"
        )
    wrong = (reflectance < 0.0) | (reflectance > 1.0)
    if np.any(wrong):
        raise MaterialError(
            f"{path}: reflectance {reflectance[wrong][0]:g} at {wavelength[wrong][0]:g} nm must lie between 0 and 1"
            " (not percent)"
        )
