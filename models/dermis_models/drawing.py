"""Presentations of one species on one geometry, as a plan and a generator ask for them: over `presentations.draw`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from dermis_hw import scenes
from dermis_hw.materials import Material, skin
from dermis_hw.materials.grid import GRID_NM

from dermis_models import presentations
from dermis_models.generator import Generator
from dermis_models.presentations import Presentation

# R700 that `presentations` draws from: what a plan's own range is mapped from.
DRAWN_TONES = (presentations.DARKEST, presentations.LIGHTEST)
_TONE = re.compile(r"r700=(\d*\.?\d+)")
ROUGHEST, SMOOTHEST = 1.0, 0.03
RIPPLE_WAVES = 6


def species() -> tuple[str, ...]:
    """Every species that can be drawn, and bona fide presentations, of any condition and of each."""
    return tuple(presentations.SPECIES)


def adapted(
    presentation: Presentation,
    rng: np.random.Generator,
    *,
    tones: tuple[float, float] | None = None,
    temperature_c: tuple[float, float] | None = None,
) -> Presentation:
    """The presentation with a plan's tones and temperature in place of the species' own."""

    values, tone = dict(presentation.values), presentation.tone
    if tones is not None:

        def text(name: str) -> str:
            return _TONE.sub(lambda match: f"r700={_mapped(float(match[1]), tones):.3f}", name)

        values["object"] = [_painted(thing, text) for thing in values["object"]]
        if np.isfinite(tone):
            tone = _mapped(tone, tones)
    if temperature_c is not None:
        values["module"] = {"temperature_c": float(rng.uniform(*temperature_c))}
    return replace(presentation, values=values, tone=tone)


def _painted(thing: dict[str, Any], text) -> dict[str, Any]:
    painted = {**thing, "material": text(thing["material"])}
    if "regions" in thing:
        painted["regions"] = {region: text(name) for region, name in thing["regions"].items()}
    return painted


def _mapped(tone: float, tones: tuple[float, float]) -> float:
    low, high = DRAWN_TONES
    return tones[0] + (tones[1] - tones[0]) * float(np.clip((tone - low) / (high - low), 0.0, 1.0))


def surroundings(
    presentation: Presentation,
    rng: np.random.Generator,
    pose: dict[str, tuple[float, float]],
    light: dict[str, tuple[float, float, float]],
) -> dict[str, Any]:
    """What of the scene's values a plan or a generator sets for a whole geometry: `pose` and `ambient`.

    A distance is clipped to the range asked for, that of a small screen, too, which is drawn near on purpose.
    """
    given = dict(presentation.values.get("pose", {}))
    for key, (low, high) in pose.items():
        if key == "distance_mm":
            given[key] = float(np.clip(given.get(key, 450.0), low, high))
        elif key == "speed_mm_s":
            direction = rng.normal(size=3)
            speed = rng.uniform(low, high) / np.linalg.norm(direction)
            given["velocity_mm_s"] = [float(part * speed) for part in direction]
        else:
            given[key] = float(rng.uniform(low, high))
    changed: dict[str, Any] = {"pose": given}
    if light:
        share = np.array([each[0] for each in light.values()])
        lamp = str(rng.choice(list(light), p=share / share.sum()))
        changed["ambient"] = {
            "lamp": lamp,
            "klux": float(rng.uniform(*light[lamp][1:])),
            "direction_deg": [float(rng.uniform(-90, 90)), float(rng.uniform(10, 60))],
        }
    return changed


def scene_of(presentation: Presentation) -> scenes.Scene:
    """The checked scene. Raises SceneError or MaterialError."""
    return scenes.parse(presentation.values, Path(presentation.values["name"]))


def varied(
    materials: list[dict[str, Material]], generator: Generator, rng: np.random.Generator, rougher: float
) -> list[dict[str, Material]]:
    """Materials that stray from the tables as the generator says; one material strays one way wherever it lies.

    rougher: factor on their roughness, one for all variants of a geometry, because a lobe is dear to trace anew.
    """
    known: dict[str, Material] = {}

    def one(material: Material) -> Material:
        if material.name not in known:
            known[material.name] = _stray(material, generator, rng, rougher)
        return known[material.name]

    return [{region: one(material) for region, material in regions.items()} for regions in materials]


def _stray(material: Material, generator: Generator, rng: np.random.Generator, rougher: float) -> Material:
    living = material.name.startswith(("skin", "eye"))
    if material.name.startswith("skin") and generator.skin_stray[1] > 0.0:
        material = skin.strayed(material, rng.uniform(*generator.skin_stray) * rng.normal(size=skin.COMPONENTS))
    size = generator.skin_ripple if living else generator.material_ripple
    wave = rng.normal(size=RIPPLE_WAVES) / generator.ripple_nm
    phase = rng.uniform(0, 2 * np.pi, RIPPLE_WAVES)
    ripple = np.sqrt(2 / RIPPLE_WAVES) * np.cos(GRID_NM[:, None] * wave + phase).sum(axis=1)
    own = material.specular
    rough = float(np.clip(own.roughness * rougher, SMOOTHEST, ROUGHEST))
    wide = float(rng.uniform(*generator.blur))
    return replace(
        material,
        values=np.clip(material.values * np.exp(size * ripple), 0.0, 1.0),
        specular=replace(own, r0=min(own.r0 * float(rng.uniform(*generator.gloss)), 1.0), roughness=rough),
        blur=tuple((part, sigma * wide) for part, sigma in material.blur),
        variation=material.variation * float(rng.uniform(*generator.variation)),
    )
