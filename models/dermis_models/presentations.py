"""Draws presentations of any PAI species or bona fide condition, by seed: scene values (docs/formats/scene.md).

    for presentation in presentations.draw("silicone_air_gap", seed=7, variants=4):
        scene = scenes.parse(presentation.values, Path("drawn"))

One geometry serves several variants: tracing a scene is dear, materials over it are cheap. All variants of a draw have
the same objects, pose and ambient light; skins, materials, the module's temperature and what an attacker's lamp answers
differ. Every material of the development half must come from there (`materials.resolve(..., development_only=True)`).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from dermis_hw import species as table
from dermis_hw.materials import resolve

from dermis_models import faces, masks, sheets
from dermis_models.dataset import BONA_FIDE
from dermis_models.drawn import DARKEST, LIGHTEST, Draw, Shown
from dermis_models.halves import DEVELOPMENT, Half

__all__ = ["BONA_FIDE", "DARKEST", "LIGHTEST", "SPECIES", "Presentation", "draw"]

_CONDITION = f"{BONA_FIDE}_"
# How often "bona_fide" draws a condition; what is not named has a share of 1.
CONDITION_SHARES = {"plain": 3.0}
MAKERS = {**sheets.MAKERS, **masks.MAKERS}
# What can be drawn: bona fide of any condition, of one condition, and every PAI species.
SPECIES = (BONA_FIDE, *(_CONDITION + name for name in table.conditions()), *table.all_species())


@dataclass(frozen=True)
class Presentation:
    """values: of the scene file. species: a PAI species or "bona_fide". tone: R700 of the skin shown or worn, NaN
    without skin. condition: of a bona fide presentation. covered: part of the face (0 to 1) that the instrument
    covers, 0 for bona fide. thickness_mm: of a mask, a film or a paint; of hydrogel the gel's alone, of a solid head
    what a plate would have had; NaN for what has none, glass beads among them."""

    values: dict[str, Any]
    species: str
    tone: float
    condition: str = ""
    covered: float = 1.0
    thickness_mm: float = field(default=float("nan"))

    @property
    def bona_fide(self) -> bool:
        return self.species == BONA_FIDE

    @property
    def details(self) -> dict[str, float]:
        """What a report groups by: `covered`, and `thickness_mm` where there is one."""
        found = {} if self.bona_fide else {"covered": round(self.covered, 3)}
        if self.thickness_mm == self.thickness_mm:  # NaN is not itself
            found["thickness_mm"] = round(self.thickness_mm, 3)
        return found


def draw(species: str, seed: int, variants: int = 1, half: Half = DEVELOPMENT) -> list[Presentation]:
    """`variants` presentations of that species (of `SPECIES`) on one geometry, the same for the same arguments.

    half: of the materials; the test half is `dermis_evaluation.half.TEST`.
    Raises ValueError for a species that there is not, MaterialError if the development half draws a material that
    rests on held-out figures.
    """
    if species not in SPECIES:
        raise ValueError(f"there is no species '{species}'; there are {', '.join(SPECIES)}")
    # A name's checksum, so that a new species changes no other one's draws.
    rng = np.random.default_rng([seed, zlib.crc32(species.encode()), half.number])
    stage = Draw(rng, half)
    bona_fide = species.startswith(BONA_FIDE)
    condition = _condition(rng, species) if bona_fide else ""
    shown = faces.MAKERS[condition](stage, variants) if bona_fide else MAKERS[species](stage, variants)
    name = BONA_FIDE if bona_fide else species
    return [_presentation(stage, each, name, condition, f"{species} {seed}") for each in shown]


def _condition(rng: np.random.Generator, species: str) -> str:
    if species != BONA_FIDE:
        return species.removeprefix(_CONDITION)
    names = list(table.conditions())
    share = np.array([CONDITION_SHARES.get(name, 1.0) for name in names])
    return str(rng.choice(names, p=share / share.sum()))


def _presentation(stage: Draw, shown: Shown, species: str, condition: str, name: str) -> Presentation:
    values: dict[str, Any] = {
        "format": 1,
        "name": name,
        "kind": "bona_fide" if condition else "attack",
        "species": "" if condition else species,
        "object": [_dressed(stage, thing) for thing in shown.objects],
        "pose": stage.pose,
        "ambient": stage.ambient,
        "module": {"temperature_c": stage.temperature_c()},
    }
    if stage.background:
        values["background"] = stage.background
    if shown.lamp:
        values["lamp"] = shown.lamp
    _check(values, stage.half)
    covered = 0.0 if condition else shown.covered
    return Presentation(values, species, shown.tone, condition, covered, shown.thickness_mm)


def _dressed(stage: Draw, thing: dict[str, Any]) -> dict[str, Any]:
    """A living head has clothes of the half's own cloth."""
    if thing["geometry"] != "head" or "offset_mm" in thing or not thing["material"].startswith("skin"):
        return thing
    return {**thing, "regions": {"clothes": stage.one(stage.half.cloths), **thing.get("regions", {})}}


def _check(values: dict[str, Any], half: Half) -> None:
    if half.number != DEVELOPMENT.number:
        return
    names = [name for thing in values["object"] for name in (thing["material"], *thing.get("regions", {}).values())]
    for name in (*names, values.get("background", {}).get("material", "grey:0.5")):
        resolve(name, development_only=True)
