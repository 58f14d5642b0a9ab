"""Faces that the depth was never tuned on: drawn by seed, rendered once, kept in `build/depth` (a light field each).

Heads, skins and poses come from their own seeds; modules are drawn with tolerances and calibrated as usual.
"""

from __future__ import annotations

import os
import sys
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dermis_hw import render, scenes
from dermis_hw.geometry import anthropometry
from dermis_hw.lightfield import LightField
from dermis_hw.module_instance import ModuleInstance
from dermis_models import modules

FOLDER = Path("build") / "depth"
FIRST_SEED = 700_000  # of heads and modules; training's lie far below, other benches' elsewhere
TUNING_SEED = 500_000  # what the depth was tuned on
MODULES = 6
DARKEST, LIGHTEST = 0.20, 0.68  # R700 of the skins
MODIFIERS = ("", "", "", "+wet", "+sunscreen", "+foundation")
TEMPERATURE_C = 25.0


@dataclass(frozen=True)
class Kind:
    """A class of scenes. share: of all scenes. distance_mm: of the nearest point, and yaw_deg (either side): from, to.

    klux: of sun, from, to. spectacles: everybody wears some.
    """

    name: str
    share: float
    distance_mm: tuple[float, float]
    yaw_deg: tuple[float, float]
    klux: tuple[float, float] = (0.0, 0.5)
    spectacles: bool = False


KINDS = (
    Kind("250-600 mm, yaw to 20 deg", 0.36, (250, 600), (0, 20)),
    Kind("450 mm", 0.12, (440, 460), (0, 20)),
    Kind("700 mm", 0.12, (690, 700), (0, 20)),
    Kind("yaw 40 deg", 0.12, (300, 600), (37, 43)),
    Kind("5 klux of sun, 250-600 mm", 0.08, (250, 600), (0, 20), (4.9, 5.1)),
    Kind("10 klux of sun, 250-450 mm", 0.08, (250, 450), (0, 20), (9.9, 10.1)),
    Kind("10-80 klux of sun, 450-650 mm", 0.06, (450, 650), (0, 20), (10, 80)),
    Kind("spectacles, 350-550 mm", 0.06, (350, 550), (0, 20), (0.0, 0.5), True),
)


@dataclass(frozen=True)
class Drawn:
    """One scene: its kind, seed, pose and light; `module` counts the calibrated modules."""

    kind: Kind
    seed: int
    distance_mm: float
    yaw_deg: float
    klux: float
    module: int
    values: dict


def draw(first_seed: int, count: int) -> list[Drawn]:
    """About `count` scenes, as many of each kind as its share asks, at least one."""
    drawn, seed = [], first_seed
    for kind in KINDS:
        for _ in range(max(1, round(kind.share * count))):
            drawn.append(_one(kind, seed, first_seed))
            seed += 1
    return drawn


def _one(kind: Kind, seed: int, first_seed: int) -> Drawn:
    rng = np.random.default_rng([seed, 0xDE])
    population = str(rng.choice(anthropometry.POPULATIONS, p=(0.45, 0.45, 0.1)))
    head = {name: float(value) for name, value in asdict(anthropometry.draw(seed, population)).items()}
    skin = f"skin:draw={rng.integers(1 << 30)}+r700={rng.uniform(DARKEST, LIGHTEST):.3f}{rng.choice(MODIFIERS)}"
    yaw = float(rng.uniform(*kind.yaw_deg) * rng.choice((-1, 1)))
    pose = {
        "distance_mm": float(rng.uniform(*kind.distance_mm)),
        "yaw_deg": yaw,
        "pitch_deg": float(rng.uniform(-12, 12)),
        "roll_deg": float(rng.uniform(-8, 8)),
        "up_mm": float(rng.uniform(-10, 10)),
        "side_mm": float(rng.uniform(-10, 10)),
    }
    klux = float(rng.uniform(*kind.klux))
    thing = {"geometry": "head", "parameters": head, "material": skin}
    if rng.random() < 0.15:
        thing["regions"] = {"beard": f"{skin}+beard"}
    objects = [thing]
    if kind.spectacles:
        objects.append({"geometry": "spectacles", "parameters": head, "material": "spectacle_frame"})
    values = {
        "format": 1,
        "name": f"{kind.name} {seed}",
        "kind": "bona_fide",
        "object": objects,
        "pose": pose,
        "ambient": {"lamp": "sun", "klux": klux, "direction_deg": [float(rng.uniform(-60, 60)), 40.0]},
    }
    return Drawn(kind, seed, pose["distance_mm"], yaw, klux, first_seed + seed % MODULES, values)


def calibrated(number: int) -> tuple[ModuleInstance, bytes]:
    """(module, calibration record) of that number, kept like the light fields."""
    return modules.calibrate(number, FOLDER / "modules")


def light_field(scene: Drawn) -> LightField:
    """Rendered, or as rendered by an earlier run."""
    path = FOLDER / f"{scene.seed}-{zlib.crc32(repr((scene.values, scene.module)).encode()):08x}.npz"
    if not path.exists():
        module, _ = calibrated(scene.module)
        parsed = scenes.parse(scene.values, Path("depth-bench"))
        meshes, materials = scenes.place(parsed)
        field = render.Geometry(meshes, ambient=parsed.ambient).compose(materials, module, seed=scene.seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.part.npz")
        images: dict[str, Any] = {band: image.astype(np.float16) for band, image in field.bands.items()}
        np.savez_compressed(
            temporary,
            dots=field.dots.astype(np.float16),
            ambient=field.ambient.astype(np.float16),
            depth_mm=field.depth_mm.astype(np.float32),
            klux_sun=np.array(field.klux_sun),
            swir=np.array([field.swir[band] for band in sorted(field.swir)]),
            swir_bands=np.array(sorted(field.swir)),
            **images,
        )
        temporary.replace(path)
    with np.load(path) as kept:
        return LightField(
            bands={band: kept[band].astype(np.float32) for band in ("850", "970", "1050")},
            dots=kept["dots"].astype(np.float32),
            ambient=kept["ambient"].astype(np.float32),
            klux_sun=float(kept["klux_sun"]),
            swir=dict(zip(kept["swir_bands"].tolist(), kept["swir"].tolist(), strict=True)),
            temperature_c=TEMPERATURE_C,
            depth_mm=kept["depth_mm"],
        )


def main(first_seed: int, count: int) -> None:
    """Renders what is not there yet."""
    drawn = draw(first_seed, count)
    for number, scene in enumerate(drawn):
        light_field(scene)
        print(f"\rrendered {number + 1} of {len(drawn)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
