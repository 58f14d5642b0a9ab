"""How often training sees whom: what goes worst is seen most, so that the worst species counts and not the mean.

Groups are the PAI species and, among the bona fide, conditions and bands of skin tone. Either class is half of what is
seen. Within a class each group starts with its share and gains while its loss lies above the others' (the exponentiated
gradient of Sagawa et al., Distributionally robust neural networks, 2020, with shares clipped before they are brought to
their class's half).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dermis_models.dataset import BONA_FIDE

TONE_EDGES = (0.30, 0.40, 0.50)  # R700 between bands
RATE = 0.5  # of the exponentiated gradient, per epoch
ENOUGH = 25  # rows of a species for its whole share; the few that gates leave of one are not seen over and over
# Times its first one, either way, at which a share is clipped. A class's shares are brought to their half after that,
# and so a group may go beyond: the one of thirty that goes badly is seen 11 times as often as at first. The square is
# never passed.
CLIPPED_AT = 4.0


def group_names(data: dict[str, np.ndarray]) -> np.ndarray:
    """str (n,): the group of each row."""
    band = np.searchsorted(TONE_EDGES, np.nan_to_num(data["tone"], nan=1.0), side="right")
    names = []
    for species, condition, tone in zip(data["species"], data["condition"], band, strict=True):
        if species != BONA_FIDE:
            names.append(str(species))
        else:
            names.append(f"{BONA_FIDE}/{condition or f'tone {tone}'}")
    return np.array(names)


@dataclass
class Balance:
    """groups: their names. member: int (n,), the group of each row. first, share: float (groups,), adding up to 1."""

    groups: list[str]
    member: np.ndarray
    first: np.ndarray
    share: np.ndarray

    @staticmethod
    def of(data: dict[str, np.ndarray]) -> Balance:
        """Species alike among the attacks, bona fide groups by the root of their size: small ones are not lost.

        Raises ValueError without presentations of both classes.
        """
        groups, member = np.unique(group_names(data), return_inverse=True)
        size = np.bincount(member).astype(float)
        bona_fide = np.array([name.startswith(f"{BONA_FIDE}/") for name in groups])
        if bona_fide.all() or not bona_fide.any():
            raise ValueError("training needs bona fide and attack presentations: simulate some of both")
        weight = np.where(bona_fide, np.sqrt(size), np.minimum(size / ENOUGH, 1.0))
        first = _halves(weight, bona_fide)
        return Balance([str(name) for name in groups], member, first, first.copy())

    @property
    def bona_fide(self) -> np.ndarray:
        """bool (groups,)."""
        return np.array([name.startswith(f"{BONA_FIDE}/") for name in self.groups])

    def probabilities(self) -> np.ndarray:
        """float (n,): how likely each row is to be drawn; adds up to 1."""
        size = np.bincount(self.member, minlength=len(self.groups))
        each = self.share[self.member] / size[self.member]
        return each / each.sum()

    def update(self, losses: np.ndarray) -> None:
        """losses: float (groups,), the mean of each group. Shares are clipped first and brought to their class's half
        after that, all of a class by one factor."""
        bona_fide = self.bona_fide
        for side in (bona_fide, ~bona_fide):
            gain = np.exp(RATE * (losses[side] - losses[side].mean()) / max(losses[side].std(), 1e-6))
            wanted = self.share[side] * gain
            wanted *= self.first[side].sum() / wanted.sum()
            self.share[side] = np.clip(wanted, self.first[side] / CLIPPED_AT, self.first[side] * CLIPPED_AT)
        self.share = _halves(self.share, bona_fide)

    def losses(self, loss: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """float (groups,): mean of loss, float (m,), over each group's part of rows, int (m,), indices of the data.
        Every group must have one of them."""
        total = np.bincount(self.member[rows], loss, len(self.groups))
        return total / np.maximum(np.bincount(self.member[rows], minlength=len(self.groups)), 1)

    def sample(self, rng: np.random.Generator, most: int) -> np.ndarray:
        """Indices of at most `most` rows of each group."""
        found = []
        for group in range(len(self.groups)):
            rows = np.flatnonzero(self.member == group)
            found.append(rng.choice(rows, min(most, len(rows)), replace=False))
        return np.concatenate(found)


def _halves(weight: np.ndarray, bona_fide: np.ndarray) -> np.ndarray:
    share = weight.astype(float).copy()
    for side in (bona_fide, ~bona_fide):
        share[side] *= 0.5 / share[side].sum()
    return share
