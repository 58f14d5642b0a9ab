"""PAI species and bona fide conditions: the tables (`species.toml`, `conditions.toml`) of scenes, draws, reports, docs.

Attack potential as ISO/IEC 30107-3 and ISO/IEC 19989 use the word, in three steps: low, a layman in an hour; moderate,
skill or a workshop and days; high, an expert, made for one target or after this module's weakness.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dermis_hw import toml

HERE = Path(__file__).parent
POTENTIALS = ("low", "moderate", "high")
IMPOSTOR, CONCEALER = AIMS = ("impostor", "concealer")
QUARTER = 0.25  # of the face: where a partial mask is held to another bar
FIRST_ROW_UNSEEN = 0.05  # APCER of a species of the first row that training never saw


@dataclass(frozen=True)
class Bar:
    """What a species is held to at BPCER 1%. apcer: the most, None where it is only reported."""

    apcer: float | None
    text: str


BARS = {
    "first_row": Bar(0.0, "0 of 300"),
    "glued_06_1": Bar(0.05, "at most 5 %"),
    "hydrogel": Bar(0.05, "at most 5 %"),
    "clear_film": Bar(0.10, "at most 10 %"),
    "partial_over": Bar(0.05, "at most 5 %"),
    "hard": Bar(0.40, "at most 40 %"),
    "reported": Bar(None, "reported by coverage, no bar"),
    "unlisted": Bar(None, "reported, not in the table of bars"),
}


@dataclass(frozen=True)
class Species:
    """One PAI species. potential: of `POTENTIALS`. cost_eur: order of magnitude. aim: of `AIMS`. bar: key of `BARS`.

    scene: name of its scene file (`dermis_hw.scenes.builtin`). measured, modelled: its materials, by what is known.
    """

    name: str
    title: str
    potential: str
    cost_eur: int
    cost_source: str
    idea: str
    aim: str
    bar: str
    measured: tuple[str, ...]
    modelled: tuple[str, ...]
    scene: str

    @property
    def most_apcer(self) -> float | None:
        """What it is held to at BPCER 1%; None where it is only reported."""
        return BARS[self.bar].apcer


@dataclass(frozen=True)
class Condition:
    """One condition of a bona fide presentation."""

    name: str
    title: str
    scene: str
    modelled: tuple[str, ...]


def _table(name: str) -> dict[str, dict]:
    return toml.loads((HERE / name).read_text(encoding="utf-8"))


@cache
def all_species() -> dict[str, Species]:
    """Name -> species, in the table's order."""
    found = {}
    for name, row in _table("species.toml").items():
        lists = {key: tuple(row[key]) for key in ("measured", "modelled")}
        found[name] = Species(**{"name": name, "scene": name, **row, **lists})
    return found


@cache
def conditions() -> dict[str, Condition]:
    """Name -> condition, in the table's order."""
    return {
        name: Condition(name, row["title"], row["scene"], tuple(row["modelled"]))
        for name, row in _table("conditions.toml").items()
    }
