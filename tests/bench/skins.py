"""How far a skin lies from those that were measured: people left out, skins drawn, skins that stray (decision 0020).

`python -m tests.bench skins`: squared Mahalanobis distances of the logarithms of six bands over that at 1050 nm, the
ratios that gates and spectra rest on. Of people, each of the 25 measured ones from the 24 others; of skins as
`draw_skin` gives them, before melanin and ripple, from all 25.
"""

from __future__ import annotations

import numpy as np
from dermis_hw.materials import Material, skin
from dermis_models import generator
from dermis_models.generator import Generator

BANDS_NM = (850, 940, 1200, 1300, 1450, 1550)
OVER_NM = 1050
DRAWN = 2000


def ratios(material: Material) -> np.ndarray:
    """float (6,): logarithms of its reflectance at `BANDS_NM` over that at `OVER_NM`."""
    return np.log(material.reflectance(np.array(BANDS_NM, float)) / material.reflectance(np.array(float(OVER_NM))))


def squared_distance(one: np.ndarray, others: np.ndarray) -> float:
    """Mahalanobis (1936), of one (6,) from the mean of others (n, 6) by their covariance."""
    away = one - others.mean(axis=0)
    return float(away @ np.linalg.solve(np.cov(others.T), away))


def expected(others: int) -> float:
    """The mean squared distance of somebody new, if all are drawn from one normal of which only so many others are
    known (Hotelling 1931)."""
    count = len(BANDS_NM)
    return count * (1 + 1 / others) * (others - 1) / (others - count - 2)


def left_out(people: np.ndarray) -> list[float]:
    """Of each of (n, 6) from all others."""
    return [squared_distance(one, np.delete(people, number, axis=0)) for number, one in enumerate(people)]


def drawn(people: np.ndarray, by: Generator, count: int, rng: np.random.Generator) -> list[float]:
    """Of skins as that generator draws them from (n, 6)."""
    found = []
    for _ in range(count):
        material = skin.draw_skin(rng)
        spread = rng.uniform(*by.skin_stray)
        found.append(
            squared_distance(ratios(skin.strayed(material, spread * rng.normal(size=skin.COMPONENTS))), people)
        )
    return found


def main() -> None:
    people = np.array([ratios(each) for each in skin.development_subjects()])
    rng = np.random.default_rng(1)
    rows = {"people left out": left_out(people)}
    for by in generator.FOR_TRAINING.values():
        rows[f"skins of {by.name}"] = drawn(people, by, DRAWN, rng)
    known, new = len(BANDS_NM), expected(len(people) - 1)
    print(
        f"squared distance of {known} ratios; a normal has {known}, and {new:.1f} if {len(people) - 1} of it are known"
    )
    for name, distances in rows.items():
        mean, median, far = np.mean(distances), np.median(distances), np.quantile(distances, 0.9)
        print(f"{name:24} {len(distances):5}  mean {mean:5.1f}  median {median:4.1f}  one in ten beyond {far:5.1f}")
