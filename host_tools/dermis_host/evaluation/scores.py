"""Scores of presentations, by columns, and what is done with them before anything is counted."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from dermis_host.errors import UsageError

BONA_FIDE = 0  # the code of the empty species
TONE_BAND = 0.1  # of the reflectance at 700 nm
COVERED_BAND = 0.25  # of the face: partial instruments are told apart at a quarter of it


@dataclass(frozen=True)
class Labels:
    """A column of few different values: `names[codes[i]]` is row i's."""

    codes: np.ndarray
    names: list[str]

    def select(self, rows: np.ndarray) -> Labels:
        return Labels(self.codes[rows], self.names)


@dataclass(frozen=True)
class Scores:
    """One row a presentation (before `fold`: an attempt).

    score: float64, higher is more bona fide; -inf is refused whatever the threshold, NaN stands beside no response.
    responded: bool. species: `names[0]` is "", bona fide. concealer: bool, of attacks that hide who somebody is.
    held_out: the species that the model of this row was trained without, "" for the main model. groups: what is
    reported apart (tone, condition, module, ...). numbers: ms, bursts; NaN where empty. texts: verdict, reasons,
    recording; only the columns that there are. lines: of the file. attempts: how many a presentation took.
    covered: of attacks, the part of the face that the instrument covers. remarks: sentences on what was left out.
    presentation: int64, attempts of one number are one presentation; None where each row is one.
    """

    attempt: np.ndarray
    subject: Labels
    species: Labels
    score: np.ndarray
    responded: np.ndarray
    concealer: np.ndarray
    held_out: Labels
    lines: np.ndarray
    attempts: np.ndarray
    presentation: np.ndarray | None = None
    groups: dict[str, Labels] = field(default_factory=dict)
    numbers: dict[str, np.ndarray] = field(default_factory=dict)
    texts: dict[str, np.ndarray] = field(default_factory=dict)
    covered: Labels | None = None
    simulated: bool | None = None
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.score)

    def select(self, rows: np.ndarray) -> Scores:
        """Those rows, by a mask or by indices."""
        return Scores(
            self.attempt[rows],
            self.subject.select(rows),
            self.species.select(rows),
            self.score[rows],
            self.responded[rows],
            self.concealer[rows],
            self.held_out.select(rows),
            self.lines[rows],
            self.attempts[rows],
            None if self.presentation is None else self.presentation[rows],
            {name: labels.select(rows) for name, labels in self.groups.items()},
            {name: values[rows] for name, values in self.numbers.items()},
            {name: values[rows] for name, values in self.texts.items()},
            self.covered.select(rows) if self.covered else None,
            self.simulated,
            self.remarks,
        )

    @property
    def bona_fide(self) -> np.ndarray:
        return self.species.codes == BONA_FIDE

    def ranked(self, counted: bool) -> np.ndarray:
        """Scores with which to count. Without a response: NaN, not counted; or where `counted`, the worse case: a bona
        fide presentation lies below every threshold, an attack keeps the score that it may have had, and without one it
        is not counted, as silence is no right decision."""
        if not counted:
            return np.where(self.responded, self.score, np.nan)
        return np.where(~self.responded & self.bona_fide, -np.inf, self.score)


def fold(scores: Scores, counted: bool = False) -> Scores:
    """Attempts to presentations: accepted when any attempt is, so the best score counts; responded when any did.

    A score without a response counts only where none responded; where these are `counted` (`Scores.ranked`), that of an
    attack does like any other.

    Times and bursts add up. Raises UsageError when attempts of one presentation are not of one species, subject,
    purpose and model.
    """
    if scores.presentation is None:
        return scores
    codes = scores.presentation
    foremost = scores.responded | (counted & ~scores.bona_fide)
    best = np.nan_to_num(scores.score, nan=-np.inf)  # no score lies below -inf, which becomes the lowest number
    order = np.lexsort((best, foremost, codes))
    sorted_codes = codes[order]
    last = np.flatnonzero(np.append(sorted_codes[1:] != sorted_codes[:-1], True))  # the best attempt of each
    first = np.append(0, last[:-1] + 1)
    for what, each in (
        ("species", scores.species.codes),
        ("subject", scores.subject.codes),
        ("held_out", scores.held_out.codes),
        ("purpose", scores.concealer),
    ):
        values = each[order].astype(np.int64)
        mixed = np.flatnonzero(np.minimum.reduceat(values, first) != np.maximum.reduceat(values, first))
        if len(mixed):
            rows = order[first[mixed[0]] : last[mixed[0]] + 1]
            raise UsageError(
                f"Line {scores.lines[rows].max()} belongs to the presentation of line {scores.lines[rows].min()}, "
                f"but has another {what}: give it a presentation of its own."
            )
    folded = scores.select(order[last])
    responded = np.logical_or.reduceat(scores.responded[order], first)
    attempts = np.add.reduceat(scores.attempts[order], first)
    numbers = {name: np.add.reduceat(values[order], first) for name, values in scores.numbers.items()}
    changed = {"responded": responded, "attempts": attempts, "numbers": numbers, "presentation": None}
    return Scores(**{**vars(folded), **changed})


def in_bands(labels: Labels, width: float) -> Labels:
    """Values from 0 to 1, as of a reflectance, by bands of that width; where one is a word, all as they are.

    A band begins with its lower end. The highest one has its upper end too: of tones drawn from .2 to .7, the few that
    are .700 when rounded would be a band of their own otherwise, of a handful of people.
    """
    try:
        values = {name: float(name) for name in labels.names if name}
    except ValueError:
        return labels
    if not all(0 <= value <= 1 for value in values.values()):
        return labels
    bands: dict[str, int] = {}
    codes = np.zeros(len(labels.names), np.int64)
    highest = max(1, math.ceil(max(values.values(), default=1.0) / width - 1e-9)) - 1
    for code, name in enumerate(labels.names):
        band = ""
        if name in values:
            low = min(math.floor(values[name] / width + 1e-9), highest) * width
            band = "-".join(f"{end:.2f}".removesuffix("0") for end in (low, low + width))
        codes[code] = bands.setdefault(band, len(bands))
    return Labels(codes[labels.codes], list(bands))
