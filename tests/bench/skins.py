"""How far a skin lies from those that were measured: people left out, skins drawn, skins that stray (decision 0020).

`python -m tests.bench skins`: squared Mahalanobis distances of the logarithms of six bands over that at 1050 nm. Of
people, each of the 25 measured ones from the 24 others; of skins drawn for training, from all 25.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dermis_hw.materials import skin
from dermis_models import generator
from dermis_models.generator import Generator

BANDS_NM = (850, 940, 1200, 1300, 1450, 1550)
OVER_NM = 1050
DRAWN = 2000


def ratios(material) -> np.ndarray:
    """float (6,): logarithms."""
    return np.log(material.reflectance(np.array(BANDS_NM, float)) / material.reflectance(np.array(float(OVER_NM))))


def distance(one: np.ndarray, others: np.ndarray) -> float:
    """one: (6,); others: (n, 6)."""
    away = one - others.mean(axis=0)
    return float(away @ np.linalg.solve(np.cov(others.T), away))


def left_out(people: np.ndarray) -> list[float]:
    """Of each of (n, 6) from all others."""
    return [distance(one, np.delete(people, number, axis=0)) for number, one in enumerate(people)]


def drawn(people: np.ndarray, by: Generator, count: int, rng: np.random.Generator) -> list[float]:
    """Of skins as that generator draws them from (n, 6)."""
    found = []
    for _ in range(count):
        material = skin.draw_skin(rng)
        spread = rng.uniform(*by.skin_stray)
        found.append(distance(ratios(skin.strayed(material, spread * rng.normal(size=skin.COMPONENTS))), people))
    return found


def main(_: Sequence[str] = ()) -> int:
    people = np.array([ratios(each) for each in skin.development_subjects()])
    rng = np.random.default_rng(1)
    rows = {"people left out": left_out(people)}
    for by in generator.FOR_TRAINING.values():
        rows[f"drawn by {by.name}"] = drawn(people, by, DRAWN, rng)
    print(f"squared distance of {len(BANDS_NM)} ratios; {len(BANDS_NM)} is what a normal with known spread has")
    for name, distances in rows.items():
        mean, median, far = np.mean(distances), np.median(distances), np.quantile(distances, 0.9)
        print(f"{name:24} {len(distances):5}  mean {mean:5.1f}  median {median:4.1f}  one in ten beyond {far:5.1f}")
    return 0
