"""Verdicts on measured spectra that no training has seen: the held-out half of the NIST and USGS tables.

Each held-out skin is worn by a head that training never drew, each held-out man-made material is a printed head;
modules are off another line than training's. One burst each through the device's own code.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from dermis_host.released import released_model
from dermis_host.replaying import replay
from dermis_hw import render, scenes
from dermis_hw.geometry import anthropometry
from dermis_hw.materials import Material, held_out
from dermis_models import modules

FIRST_SEED = 900_000  # of heads and modules; training's lie far below
BRIGHT_ENOUGH = 0.1  # R850; darker things fall to the lit-enough checks, not to the spectral ones
MODULES = 4


@dataclass(frozen=True)
class Row:
    material: Material
    skin: bool
    result: dict


def rows() -> list[Row]:
    """One presentation a held-out material."""
    chosen = [
        (material, material.name.startswith("skin:"))
        for material in held_out()
        if float(material.reflectance(np.array(850.0))) > BRIGHT_ENOUGH
    ]
    with tempfile.TemporaryDirectory() as folder:
        line = [modules.calibrate(FIRST_SEED + number, Path(folder)) for number in range(MODULES)]
    recordings = []
    for number, (material, _) in enumerate(chosen):
        rng = np.random.default_rng([FIRST_SEED, number])
        head = anthropometry.draw(FIRST_SEED + number)
        parameters = {key: float(value) for key, value in vars(head).items()}
        values = {
            "format": 1,
            "name": material.name,
            "kind": "target",
            "object": [{"geometry": "head", "parameters": parameters, "material": material.name}],
            "pose": {"distance_mm": float(rng.uniform(330, 600)), "yaw_deg": float(rng.uniform(-12, 12))},
            "ambient": {"lamp": "led", "klux": 0.4},
        }
        scene = scenes.parse(values, Path("held-out"))
        module, record = line[number % MODULES]
        field = render.geometry(scene).compose(scenes.place(scene)[1], module, seed=FIRST_SEED + number)
        recordings.append(modules.take(field, module, rng, record))
    results = replay(recordings, released_model())
    return [Row(material, skin, result) for (material, skin), result in zip(chosen, results, strict=True)]


def main() -> None:
    table = rows()
    print(f"{'material':44} {'verdict':12} {'score':>5}  reasons")
    for row in table:
        reasons = ", ".join(row.result["reasons"])
        print(f"{row.material.name[:44]:44} {row.result['verdict']:12} {row.result['score']:5}  {reasons}")
    skins = [row for row in table if row.skin]
    others = [row for row in table if not row.skin]
    rejected = sum(row.result["verdict"] != "bona_fide" for row in skins)
    accepted = sum(row.result["verdict"] == "bona_fide" for row in others)
    print(f"held-out skin not accepted: {rejected} of {len(skins)} subjects (simulated, one burst)")
    print(f"held-out man-made materials accepted as a head: {accepted} of {len(others)} (simulated, one burst)")


if __name__ == "__main__":
    main()
