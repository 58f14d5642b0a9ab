"""Training, development and test: numbers that no two of them share.

Every subject (the seed of a geometry, and of all that is drawn with it) and every module has a number; each split has
a block of numbers of its own, so that two plans of different splits can never draw the same one, whatever their seeds.
Materials are kept apart beside this: training and development draw skins from the development half of the measured
spectra, by the subjects' numbers; the test generator takes the held-out half (docs/simulate.md).
"""

from __future__ import annotations

import hashlib

TRAINING, DEVELOPMENT, TEST = SPLITS = ("training", "development", "test")
SUBJECTS = 1 << 28  # numbers of a split: three blocks fit an int32
MODULES = 1 << 20
REPLACEMENTS = 16  # numbers that a module has: one that fails its bench is followed by the next
# Below it lie the modules of tests, demo and examples.
FIRST_MODULE = 1 << 24


def subject(split: str, plan_seed: int, species: str, number: int) -> int:
    """The `number`-th subject of a species, a seed in the split's block. Raises ValueError for an unknown split."""
    what = f"{split}/{plan_seed}/{species}/{number}".encode()
    place = int.from_bytes(hashlib.sha256(what).digest()[:8], "big") % SUBJECTS
    return SPLITS.index(split) * SUBJECTS + place


def next_to(subject: int) -> int:
    """The number after it in the same block."""
    block, place = divmod(subject, SUBJECTS)
    return block * SUBJECTS + (place + 1) % SUBJECTS


def split_of_subject(seed: int) -> str:
    """Which split a subject belongs to. Raises ValueError for what is no subject's number."""
    if not 0 <= seed < len(SPLITS) * SUBJECTS:
        raise ValueError(f"{seed} is no subject of any split")
    return SPLITS[seed // SUBJECTS]


def module(split: str, number: int, replacement: int = 0) -> int:
    """The seed of the `number`-th module of a split, or of its `replacement`-th replacement."""
    if not (0 <= number < MODULES and 0 <= replacement < REPLACEMENTS):
        raise ValueError(f"a split has {MODULES} modules with {REPLACEMENTS} numbers each")
    return FIRST_MODULE + (SPLITS.index(split) * MODULES + number) * REPLACEMENTS + replacement


def split_of_module(seed: int) -> str:
    """Which split a module belongs to. Raises ValueError for what is no module of any."""
    place = (seed - FIRST_MODULE) // (MODULES * REPLACEMENTS)
    if seed < FIRST_MODULE or place >= len(SPLITS):
        raise ValueError(f"{seed} is no module of any split")
    return SPLITS[place]
