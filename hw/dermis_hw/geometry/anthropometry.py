"""How large heads are: published means and standard deviations, and heads drawn from them.

Adults: Zhuang and Bradtmiller, "Head-and-Face Anthropometric Survey of U.S. Respirator Users", Journal of
Occupational and Environmental Hygiene 2(11):567-576, 2005 (the NIOSH panel behind ISO 16976-2): 2,542 men and 1,455
women measured (NIOSHTIC 20027338). Children of about eight years: after Farkas, "Anthropometry of the Head and Face",
2nd edition, 1994, rounded, both sexes together. Correlations are reduced to one common size factor.

The figures were entered without the publications at hand. What could be looked up since agrees: the number of people
(above), and pupil distances of the US Army's survey of 1988 (men 64.7 +- 3.7, women 62.3 +- 3.6 mm, as quoted
elsewhere). The tables themselves are not public text, so the other figures still await a line by line check; nothing
but the spread of simulated heads and the plausible size of a head rests on them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

POPULATIONS = ("woman", "man", "child")

# Millimetres: (mean, standard deviation) by population.
FIGURES: dict[str, dict[str, tuple[float, float]]] = {
    "man": {
        "breadth": (153.0, 6.0),
        "cheek_breadth": (143.5, 6.9),
        "jaw_breadth": (120.4, 10.4),
        "forehead_breadth": (105.5, 5.7),
        "length": (197.3, 7.4),
        "face_height": (122.7, 7.0),
        "nose_height": (52.0, 4.1),
        "nose_breadth": (36.6, 4.1),
        "nose_protrusion": (21.1, 2.7),
        "nose_root_breadth": (16.6, 2.3),
        "lip_length": (51.1, 4.2),
        "pupil_distance": (64.5, 3.6),
    },
    "woman": {
        "breadth": (146.8, 5.6),
        "cheek_breadth": (135.1, 6.5),
        "jaw_breadth": (110.1, 8.9),
        "forehead_breadth": (102.9, 5.4),
        "length": (187.5, 7.2),
        "face_height": (113.4, 6.1),
        "nose_height": (48.2, 3.8),
        "nose_breadth": (33.2, 3.9),
        "nose_protrusion": (19.8, 2.7),
        "nose_root_breadth": (16.3, 2.0),
        "lip_length": (48.0, 4.0),
        "pupil_distance": (61.9, 3.5),
    },
    "child": {
        "breadth": (141.0, 5.0),
        "cheek_breadth": (117.0, 5.0),
        "jaw_breadth": (87.0, 4.5),
        "forehead_breadth": (95.0, 4.5),
        "length": (178.0, 6.5),
        "face_height": (99.0, 5.0),
        "nose_height": (42.0, 2.8),
        "nose_breadth": (29.0, 1.8),
        "nose_protrusion": (15.5, 1.4),
        "nose_root_breadth": (14.0, 1.5),
        "lip_length": (43.0, 3.0),
        "pupil_distance": (54.5, 2.8),
    },
}

# How much of a measure's variance is plain size: what makes a broad head also a long one.
SIZE_SHARE = 0.4
# Nobody beyond this many standard deviations; two of a thousand people are.
LIMIT_SD = 3.0
# What a parameter given by hand may be: a child of three to the largest adult.
SMALLEST_FACTOR, LARGEST_FACTOR = 0.7, 1.25


@dataclass(frozen=True)
class HeadParameters:
    """A head in millimetres (the first twelve), and what it wears.

    breadth: euryon to euryon. cheek_breadth: bizygomatic. jaw_breadth: bigonial. forehead_breadth: minimum frontal.
    length: glabella to occiput. face_height: menton to sellion. nose_height: subnasale to sellion.
    nose_protrusion: subnasale to tip. nose_root_breadth: at the sellion. pupil_distance: between pupils.
    hair_mm: thickness of the hair, 0 for a shaven scalp. asymmetry_mm: RMS of smooth deviations that make two heads
    of the same size differ. brow_mm, lip_mm, cheek_mm: how far these stand out. seed: of the deviations.
    """

    breadth: float = 150.0
    cheek_breadth: float = 139.0
    jaw_breadth: float = 115.0
    forehead_breadth: float = 104.0
    length: float = 192.0
    face_height: float = 118.0
    nose_height: float = 50.0
    nose_breadth: float = 35.0
    nose_protrusion: float = 20.5
    nose_root_breadth: float = 16.5
    lip_length: float = 49.5
    pupil_distance: float = 63.0
    hair_mm: float = 9.0
    asymmetry_mm: float = 0.6
    brow_mm: float = 3.5
    lip_mm: float = 3.2
    cheek_mm: float = 4.0
    seed: int = 0


MEASURES = tuple(FIGURES["man"])
NAMES = tuple(f.name for f in fields(HeadParameters))
# name -> (lowest, highest) of what may be given by hand and is no measure.
LIMITS: dict[str, tuple[float, float]] = {
    "hair_mm": (0.0, 40.0),
    "asymmetry_mm": (0.0, 3.0),
    "brow_mm": (0.0, 8.0),
    "lip_mm": (0.0, 8.0),
    "cheek_mm": (0.0, 10.0),
    "seed": (0, 2**31 - 1),
}


def limits(name: str) -> tuple[float, float]:
    """The range that a scene may ask for: whatever `draw` can give, and a good deal beyond."""
    if name in LIMITS:
        return LIMITS[name]
    figures = [FIGURES[population][name] for population in POPULATIONS]
    smallest, largest = min(mean for mean, _ in figures), max(mean for mean, _ in figures)
    spread = LIMIT_SD * max(sd for _, sd in figures)
    return min(smallest * SMALLEST_FACTOR, smallest - spread), max(largest * LARGEST_FACTOR, largest + spread)


def median(population: str) -> HeadParameters:
    """The median head of "man", "woman" or "child"."""
    return replace(HeadParameters(), **{name: mean for name, (mean, _) in FIGURES[population].items()})


def draw(seed: int, population: str | None = None) -> HeadParameters:
    """A head that nobody has: measures drawn about the population's means, by seed."""
    rng = np.random.default_rng([seed, 0x4EAD])
    chosen = population or str(rng.choice(POPULATIONS[:2]))
    size = rng.normal()
    values: dict[str, float] = {}
    for name, (mean, sd) in FIGURES[chosen].items():
        score = np.sqrt(SIZE_SHARE) * size + np.sqrt(1 - SIZE_SHARE) * rng.normal()
        values[name] = float(mean + sd * np.clip(score, -LIMIT_SD, LIMIT_SD))
    return HeadParameters(
        **values,
        hair_mm=float(rng.choice([0.0, rng.uniform(3.0, 20.0)], p=[0.15, 0.85])),
        asymmetry_mm=float(rng.uniform(0.4, 1.0)),
        brow_mm=float(np.clip(rng.normal(3.2 if chosen != "man" else 4.5, 1.0), 1.0, 7.0)),
        lip_mm=float(np.clip(rng.normal(3.2, 0.8), 1.0, 6.0)),
        cheek_mm=float(np.clip(rng.normal(4.0, 1.2), 0.5, 8.0)),
        seed=int(rng.integers(1 << 31)),
    )
