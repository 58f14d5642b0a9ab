"""What every presentation is drawn with: a head, a pose, surroundings, skins; and what makers hand back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from dermis_hw.geometry import anthropometry
from dermis_hw.geometry.anthropometry import HeadParameters
from dermis_hw.materials import skin

from dermis_models import halves
from dermis_models.halves import Half

POPULATION = {"man": 0.45, "woman": 0.45, "child": 0.10}
DARKEST, LIGHTEST = skin.DARKEST_R700, skin.LIGHTEST_R700  # nothing is known beyond
# lamp -> (share, most klux)
LAMPS = {"none": (0.15, 0.0), "led": (0.45, 1.0), "incandescent": (0.15, 0.6), "sun": (0.25, 4.0)}
TEMPERATURE_C = (8.0, 45.0)
DISTANCE_MM = (290.0, 640.0)
WALL_SHARE, WALL_MM = 0.4, (900.0, 3000.0)

Thing = dict[str, Any]  # an [[object]] of a scene


@dataclass(frozen=True)
class Shown:
    """One variant: its objects, R700 of the skin shown or worn (NaN without), the part of the face that is covered,
    the thickness of what covers it, and an attacker's lamp."""

    objects: list[Thing]
    tone: float = float("nan")
    covered: float = 1.0
    thickness_mm: float = float("nan")
    lamp: dict[str, Any] | None = None


@dataclass
class Draw:
    """One draw: the random numbers, the half of the materials, and what all of its variants share.

    Makers may change `pose` before the first variant is shown. between_c: what temperatures are drawn from.
    """

    rng: np.random.Generator
    half: Half
    pose: dict[str, Any] = field(init=False)
    ambient: dict[str, Any] = field(init=False)
    background: dict[str, Any] = field(init=False)
    between_c: tuple[float, float] = TEMPERATURE_C

    def __post_init__(self) -> None:
        rng = self.rng
        self.pose = {
            "distance_mm": float(rng.uniform(*DISTANCE_MM)),
            "yaw_deg": self.about(0, 9, 25),
            "pitch_deg": self.about(0, 6, 15),
            "roll_deg": self.about(0, 5, 12),
            "up_mm": self.about(0, 10, 25),
            "side_mm": self.about(0, 10, 25),
        }
        lamp = self.weighed({name: share for name, (share, _) in LAMPS.items()})
        self.ambient = {
            "lamp": lamp,
            "klux": float(rng.uniform(0.0, LAMPS[lamp][1])),
            "direction_deg": [float(rng.uniform(-90, 90)), float(rng.uniform(10, 60))],
        }
        self.background = {}
        if rng.random() < WALL_SHARE:
            self.background = {"distance_mm": self.between(*WALL_MM), "material": self.one(self.half.walls)}

    def between(self, low: float, high: float) -> float:
        """Evenly."""
        return float(self.rng.uniform(low, high))

    def about(self, mean: float, sd: float, most: float) -> float:
        """Normally, at most so far from the mean."""
        return float(np.clip(self.rng.normal(mean, sd), mean - most, mean + most))

    def one(self, choices: Sequence[str]) -> str:
        """One of them, evenly."""
        return str(self.rng.choice(list(choices)))

    def weighed(self, shares: dict[str, float]) -> str:
        """One of them, by share."""
        share = np.array(list(shares.values()), float)
        return str(self.rng.choice(list(shares), p=share / share.sum()))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def figure(self, key: str) -> float:
        """A figure of the half's ranges."""
        return halves.number(self.half, self.rng, key)

    def temperature_c(self) -> float:
        """Of the module, one a variant."""
        return self.between(*self.between_c)

    def head(self, population: str = "") -> HeadParameters:
        """A head that nobody else has."""
        return anthropometry.draw(int(self.rng.integers(1 << 31)), population or self.weighed(POPULATION))

    def skin(self) -> tuple[str, float]:
        """(material name, R700)."""
        tone = self.between(DARKEST, LIGHTEST)
        base = self.one(self.half.skins) if self.half.skins else f"skin:draw={self.rng.integers(1 << 30)}"
        return f"{base}+r700={tone:.3f}", tone


def measures(head: HeadParameters) -> dict[str, float]:
    """A head as a scene's parameters."""
    return {name: float(value) for name, value in asdict(head).items()}


def wearer(head: HeadParameters, material: str, **more: Any) -> Thing:
    """A head of that material as a scene's object."""
    return {"geometry": "head", "parameters": measures(head), "material": material, **more}


def on_head(head: HeadParameters, geometry: str, material: str, **own: float) -> Thing:
    """What is worn on that head; `own`: its parameters beside the head's."""
    return {"geometry": geometry, "parameters": {**measures(head), **own}, "material": material}
