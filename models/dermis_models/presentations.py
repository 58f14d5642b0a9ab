"""Draws presentations: what stands before the module, as scene values (docs/formats/scene.md), by seed.

One geometry serves several variants: tracing a scene is dear, materials over it are cheap. Every material must
come from the development half (`materials.resolve(..., development_only=True)`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from dermis_hw.geometry import anthropometry
from dermis_hw.materials import resolve
from dermis_hw.optics import DM1

# How often each kind of geometry is drawn. A bare head is mostly bona fide, now and then a printed one.
KINDS = {"face": 0.46, "mask": 0.28, "sheet": 0.14, "cut_out": 0.05, "papercraft": 0.04, "small_screen": 0.03}
POPULATION = {"man": 0.45, "woman": 0.45, "child": 0.10}
PRINTED_HEAD_SHARE = 0.2  # of the variants of a bare head: resin, plastic, plaster
RIGID = ("resin", "pla", "tpu", "petg", "plaster")
PRINTS = ("print:matte", "print:glossy", "print:laser", "paper_matte", "cloth_cotton")
MODIFIERS = {"": 0.66, "+wet": 0.12, "+foundation": 0.13, "+sunscreen": 0.09}
DARKEST, LIGHTEST = 0.20, 0.68  # R700; see materials.skin
LAMPS = {"none": (0.15, 0.0), "led": (0.45, 1.0), "incandescent": (0.15, 0.6), "sun": (0.25, 4.0)}
TEMPERATURE_C = (8.0, 45.0)


@dataclass(frozen=True)
class Presentation:
    """values: of the scene file. tone: R700 of the skin shown or worn, NaN without skin."""

    values: dict[str, Any]
    species: str
    tone: float

    @property
    def bona_fide(self) -> bool:
        return self.species == "bona_fide"


def _choice(rng: np.random.Generator, weights: dict[str, Any]) -> str:
    share = np.array([w[0] if isinstance(w, tuple) else w for w in weights.values()], float)
    return str(rng.choice(list(weights), p=share / share.sum()))


def _skin(rng: np.random.Generator, modifiers: bool = True) -> tuple[str, float]:
    """(material name, R700)."""
    tone = float(rng.uniform(DARKEST, LIGHTEST))
    name = f"skin:draw={rng.integers(1 << 30)}+r700={tone:.3f}"
    return name + (_choice(rng, MODIFIERS) if modifiers else ""), tone


def _pose(rng: np.random.Generator, near: float = 290.0, far: float = 640.0) -> dict[str, float]:
    return {
        "distance_mm": float(rng.uniform(max(near, DM1.z_near_mm + 20), min(far, DM1.z_far_mm - 40))),
        "yaw_deg": float(np.clip(rng.normal(0, 9), -25, 25)),
        "pitch_deg": float(np.clip(rng.normal(0, 6), -15, 15)),
        "roll_deg": float(np.clip(rng.normal(0, 5), -12, 12)),
        "up_mm": float(np.clip(rng.normal(0, 10), -25, 25)),
        "side_mm": float(np.clip(rng.normal(0, 10), -25, 25)),
    }


def _ambient(rng: np.random.Generator) -> dict[str, Any]:
    lamp = _choice(rng, LAMPS)
    return {
        "lamp": lamp,
        "klux": float(rng.uniform(0.0, LAMPS[lamp][1])),
        "direction_deg": [float(rng.uniform(-90, 90)), float(rng.uniform(10, 60))],
    }


def _head(rng: np.random.Generator, seed: int) -> dict[str, float]:
    return {name: float(value) for name, value in asdict(anthropometry.draw(seed, _choice(rng, POPULATION))).items()}


def draw(seed: int, variants: int) -> list[Presentation]:
    """`variants` presentations on one geometry, the same for the same seed.

    Raises MaterialError if a material rests on held-out figures.
    """
    rng = np.random.default_rng([seed, 0xF0])
    kind = _choice(rng, KINDS)
    frame: dict[str, Any] = {"format": 1, "pose": _pose(rng), "ambient": _ambient(rng)}
    maker = {
        "face": _faces,
        "mask": _masks,
        "sheet": _sheets,
        "cut_out": _cut_outs,
        "papercraft": _papercraft,
        "small_screen": _screens,
    }[kind]
    presentations = []
    for objects, species, tone in maker(rng, seed, variants, frame):
        temperature = float(rng.uniform(*TEMPERATURE_C))
        values = {
            **frame,
            "name": f"{species} {seed}",
            "kind": "bona_fide" if species == "bona_fide" else "attack",
            "species": "" if species == "bona_fide" else species,
            "object": objects,
            "module": {"temperature_c": temperature},
        }
        for thing in objects:
            for name in (thing["material"], *thing.get("regions", {}).values()):
                resolve(name, development_only=True)
        presentations.append(Presentation(values, species, tone))
    return presentations


def _faces(rng, seed, variants, frame):
    head = _head(rng, seed)
    spectacles = rng.random() < 0.25
    for _ in range(variants):
        thing: dict[str, Any] = {"geometry": "head", "parameters": head}
        if rng.random() < PRINTED_HEAD_SHARE:
            thing["material"], species, tone = str(rng.choice(RIGID)), "rigid_head", np.nan
        else:
            thing["material"], tone = _skin(rng)
            species = "bona_fide"
            if rng.random() < 0.2:
                thing["regions"] = {"beard": f"{thing['material']}+beard"}
        # Every variant has the same objects: they share one traced geometry.
        worn = [{"geometry": "spectacles", "parameters": head, "material": "spectacle_frame"}] if spectacles else []
        yield [thing, *worn], species, tone


def _masks(rng, seed, variants, frame):
    head = _head(rng, seed)
    soft = rng.random() < 0.65
    thickness = float(rng.uniform(0.6, 5.0) if soft else rng.uniform(2.0, 4.0))
    holes = ["eyes"] if rng.random() < 0.8 else ["eyes", "mouth"]
    for _ in range(variants):
        skin, tone = _skin(rng, modifiers=False)
        if soft:
            scatter, pigment = rng.uniform(0.6, 2.0), rng.uniform(0.5, 2.0)
            mask = f"silicone:{thickness:.2f},scatter={scatter:.2f},pigment={pigment:.2f}"
            species = "silicone_mask_thin" if thickness < 1.5 else "silicone_mask_full"
            if rng.random() < 0.25:
                mask, species = f"{mask} over air", "silicone_mask_air_gap"
            elif rng.random() < 0.12:
                mask, species = "latex", "latex_mask"
        else:
            mask, species = str(rng.choice(RIGID)), "rigid_mask"
        wearer = {"geometry": "head", "parameters": head, "material": skin}
        if mask.endswith(" over air"):
            mask = f"{mask} over {skin}"
        shell = {
            "geometry": "head",
            "parameters": head,
            "offset_mm": thickness,
            "material": mask,
            "holes": holes,
        }
        yield [wearer, shell], species, tone


def _sheets(rng, seed, variants, frame):
    size = {"height": float(rng.uniform(180, 300)), "width": float(rng.uniform(140, 220))}
    bent = rng.random() < 0.5
    geometry = "cylinder" if bent else "plane"
    if bent:
        size["radius"] = float(rng.uniform(65, 220))
    for _ in range(variants):
        thing = {"geometry": geometry, "parameters": size, "material": str(rng.choice(PRINTS))}
        yield [thing], "photo_print_bent" if bent else "photo_print", np.nan


def _cut_outs(rng, seed, variants, frame):
    size = {"height": 240.0, "width": 190.0, "radius": float(rng.uniform(90, 400))}
    head = _head(rng, seed)
    gap = float(rng.uniform(3, 12))
    for _ in range(variants):
        skin, tone = _skin(rng, modifiers=False)
        sheet = {
            "geometry": "cylinder",
            "parameters": size,
            "material": str(rng.choice(PRINTS[:3])),
            "holes": ["eyes"],
        }
        wearer = {"geometry": "head", "parameters": head, "material": skin, "position_mm": [0.0, 0.0, gap]}
        yield [sheet, wearer], "photo_print_eyes_cut_out", tone


def _papercraft(rng, seed, variants, frame):
    head = _head(rng, seed)
    for _ in range(variants):
        material = str(rng.choice(PRINTS[:4]))
        yield [{"geometry": "papercraft", "parameters": head, "material": material}], "papercraft_mask", np.nan


def _screens(rng, seed, variants, frame):
    phone = rng.random() < 0.5
    size = {"height": 150.0, "width": 72.0} if phone else {"height": 245.0, "width": 175.0}
    frame["pose"]["distance_mm"] = float(rng.uniform(290, 400))
    for _ in range(variants):
        thing = {"geometry": "plane", "parameters": size, "material": "screen_glass"}
        yield [thing], "photo_screen", np.nan
