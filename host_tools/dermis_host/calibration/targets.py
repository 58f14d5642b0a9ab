"""The targets of a calibration and the fixture that holds them: what stands where, and what its certificate says."""

from __future__ import annotations

import csv
import hashlib
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from dermis.core.calibration_fields import TEXT_LONGEST
from dermis_hw import materials, toml
from dermis_hw.materials.grid import GRID_NM
from dermis_hw.optics import NIR_BANDS, SWIR_BANDS, Band

from dermis_host.errors import UsageError

FORMAT = 1
# The eight LEDs as fixture files and measurements name them: the imager's by label, the SWIR head's with "swir".
LEDS: dict[str, Band] = {**NIR_BANDS, **{f"swir{label}": band for label, band in SWIR_BANDS.items()}}
BUILT_IN = "reference"  # the twin's own fixture
BUILT_IN_FILE = Path(__file__).parent / "reference.toml"
HASH_CHARACTERS = 16
FIRST_NM, LAST_NM = 800.0, 1650.0  # what a certified spectrum must cover: the LEDs' spectra, drift included
MATERIAL = "material:"  # in the twin's own fixture: the certificate is the simulated material itself
NEAREST_MM, FARTHEST_MM = 200.0, 1000.0
# A curve has two coefficients: through two points it goes whatever they are, and tells nothing of its own error.
FEWEST_TEMPERATURES, LEAST_SPAN_C = 3, 20.0

CAP, WHITE, SPECTRAL, NEAR, FAR = "cap", "white", "spectral", "near", "far"
GREYS = ("grey_75", "grey_50", "grey_20")
TARGETS = (CAP, WHITE, *GREYS, SPECTRAL, NEAR, FAR)

GUIDES = {
    CAP: "Cover the window with the black cap and keep stray light out.",
    WHITE: "Put the white target square to the fixture, {distance} mm from the module; it must fill the frame.",
    "grey_75": "Put the light grey square to the fixture, {distance} mm from the module.",
    "grey_50": "Put the middle grey square to the fixture, {distance} mm from the module.",
    "grey_20": "Put the dark grey square to the fixture, {distance} mm from the module.",
    SPECTRAL: "Put the spectral standard square to the fixture, {distance} mm from the module.",
    NEAR: "Put the matte plane square to the fixture, {distance} mm from the module.",
    FAR: "Put the matte plane square to the fixture, {distance} mm from the module.",
}


@dataclass(frozen=True)
class Spectrum:
    """A certified reflectance factor by wavelength: nm, rising, and values; straight lines between, held beyond."""

    nm: tuple[float, ...]
    values: tuple[float, ...]

    def reflectance(self, wavelength_nm: np.ndarray) -> np.ndarray:
        return np.interp(wavelength_nm, self.nm, self.values)


@dataclass(frozen=True)
class Target:
    """What stands before the module.

    scene: the twin's scene of it. distance_mm: from the module's window datum; 0 for the cap. spectrum: its
    certificate. guide: what a person is told.
    """

    name: str
    scene: str
    distance_mm: float
    spectrum: Spectrum = field(repr=False)

    @property
    def guide(self) -> str:
        return GUIDES[self.name].format(distance=f"{self.distance_mm:g}")

    def reflectance(self, led: str) -> float:
        """The certified factor at the design's peak of an LED (`LEDS`). Raises KeyError."""
        return float(self.spectrum.reflectance(np.array(LEDS[led].peak_nm)))


@dataclass(frozen=True)
class Fixture:
    """A bench's fixture: its targets by name (`TARGETS`), until when it is certified, and where its temperature can
    be set (degrees Celsius; empty when the bench cannot)."""

    id: str
    certified: date
    due: date
    hash: str
    targets: Mapping[str, Target]
    temperatures_c: tuple[float, ...] = ()

    @property
    def heats(self) -> bool:
        return bool(self.temperatures_c)


def load(path: Path | None = None) -> Fixture:
    """The fixture of a file (docs/calibration.md), or the twin's own. Raises UsageError with what to correct."""
    where = path or BUILT_IN_FILE
    try:
        data = where.read_bytes()
        values = toml.loads(data.decode())
    except OSError as problem:
        raise UsageError(f"The fixture file {where} cannot be read: {problem.strerror or problem}.") from None
    except (toml.TomlError, UnicodeDecodeError) as problem:
        raise UsageError(f"The fixture file {where} is no TOML ({problem}): correct it.") from None
    return _fixture(values, where, data)


def _fixture(values: dict[str, Any], where: Path, data: bytes) -> Fixture:
    def wanted(table: dict[str, Any], key: str, kind: type | tuple[type, ...], place: str) -> Any:
        value = table.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise UsageError(f"The fixture file {where} lacks {place}{key}, or it is of the wrong kind: give it.")
        return value

    if values.get("format") != FORMAT:
        raise UsageError(f"The fixture file {where} has no format = {FORMAT}, the one that this tool reads.")
    digest = hashlib.sha256(data)
    tables = wanted(values, "targets", dict, "")
    targets = {}
    for name in TARGETS:
        table = wanted(tables, name, dict, "targets.")
        distance = 0.0 if name == CAP else float(wanted(table, "distance_mm", (int, float), f"targets.{name}."))
        if name != CAP and not NEAREST_MM <= distance <= FARTHEST_MM:
            raise UsageError(
                f"targets.{name}.distance_mm of {where} is {distance:g}: give {NEAREST_MM:g} to {FARTHEST_MM:g}."
            )
        spectrum = Spectrum((FIRST_NM,), (0.0,)) if name == CAP else _spectrum(table, name, where, digest)
        scene = wanted({"scene": f"target_{name}", **table}, "scene", str, f"targets.{name}.")
        targets[name] = Target(name, scene, distance, spectrum)
    name = wanted(values, "id", str, "")
    if not 0 < len(name) <= TEXT_LONGEST:
        raise UsageError(f"The id of {where} must have 1 to {TEXT_LONGEST} characters: it goes into every record.")
    certified, due = (wanted(values, key, date, "") for key in ("certified", "due"))
    if isinstance(certified, datetime) or isinstance(due, datetime):
        raise UsageError(f"certified and due of {where} must be days without a time, as in 2027-10-01.")
    temperatures = wanted(values, "temperatures_c", list, "") if "temperatures_c" in values else []
    return Fixture(
        name, certified, due, digest.hexdigest()[:HASH_CHARACTERS], targets, _temperatures(temperatures, where)
    )


def _temperatures(given: list[Any], where: Path) -> tuple[float, ...]:
    """None at all, or as many as a curve needs to be judged by what it misses them by."""
    if not all(_number(each) and math.isfinite(each) for each in given):
        raise UsageError(f"temperatures_c of {where} must be numbers, in degrees Celsius.")
    if given and (len(set(given)) < FEWEST_TEMPERATURES or max(given) - min(given) < LEAST_SPAN_C):
        raise UsageError(
            f"temperatures_c of {where} must be {FEWEST_TEMPERATURES} or more that differ, over {LEAST_SPAN_C:g} "
            "degrees or more; leave it out where the bench sets none."
        )
    return tuple(float(each) for each in given)


def _number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _spectrum(table: dict[str, Any], name: str, where: Path, digest: Any) -> Spectrum:
    """The certificate of a target: one factor, a factor an LED, or a CSV of wavelength (nm) and factor, whose bytes
    count for the fixture's hash too."""
    given = table.get("reflectance")
    place = f"targets.{name}.reflectance of {where}"
    if _number(given):
        points = [(FIRST_NM, float(given))]
    elif isinstance(given, dict):
        if sorted(given) != sorted(LEDS) or not all(_number(value) for value in given.values()):
            raise UsageError(f"{place} must name each of {', '.join(LEDS)}, once, with its factor.")
        points = sorted((LEDS[led].peak_nm, float(value)) for led, value in given.items() if led != "swir1050")
    elif isinstance(given, str) and given.startswith(MATERIAL):
        try:
            material = materials.resolve(given.removeprefix(MATERIAL))
        except materials.MaterialError as problem:
            raise UsageError(f"{place}: {problem}.") from None
        points = [(float(nm), float(value)) for nm, value in zip(GRID_NM, material.values, strict=True) if value > 0]
    elif isinstance(given, str):
        file = where.parent / given
        try:
            text = file.read_bytes()
            digest.update(text)
            rows = [row for row in csv.reader(text.decode().splitlines()) if row and not row[0].startswith("#")]
            points = [(float(nm), float(value)) for nm, value, *_ in rows[1:]]
        except OSError as problem:
            raise UsageError(f"{place} names {given}, which cannot be read: {problem.strerror or problem}.") from None
        except (ValueError, csv.Error):
            raise UsageError(f"{place} names {given}, which is no table of wavelength and factor.") from None
        if len(points) < 2 or not (points[0][0] <= FIRST_NM and points[-1][0] >= LAST_NM):
            raise UsageError(f"{given}, the spectrum of {name}, must cover {FIRST_NM:g} to {LAST_NM:g} nm.")
        if not all(later[0] > before[0] for before, later in itertools.pairwise(points)):
            raise UsageError(f"The wavelengths in {given}, the spectrum of {name}, must rise.")
    else:
        raise UsageError(f"{place} must be a factor, a factor for each LED, or the name of a CSV.")
    if not all(0.0 < value <= 1.0 for _, value in points):
        raise UsageError(f"{place} holds a factor that is not above 0 and at most 1: correct it.")
    return Spectrum(tuple(nm for nm, _ in points), tuple(value for _, value in points))
