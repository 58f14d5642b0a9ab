"""Who stands before the module when: a function of seed and time, so that the twin, which shows them, and the soak,
which judges, need not talk.

Each passage has a share of the day to itself. Somebody comes at a random moment of it, stays long enough for a verdict,
and goes early enough that no verdict can be of two people. Between them nobody is there.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

DAY_S = 86_400.0
BONA_FIDE, ATTACK, PASSER_BY = "bona_fide", "attack", "passer_by"
# Committed recordings (tests/recordings) by what stands in them.
FACES = ("bona_fide_light", "bona_fide_medium_spectacles", "bona_fide_very_dark")
INSTRUMENTS = ("photo_bent", "silicone_mask_3mm", "resin_mask")
NOBODY = "empty"
ATTACKS, PASSERS_BY = 0.15, 0.05  # parts of all passages

# A verification has begun at most this long before its verdict: the strictest profile's limit and its last burst.
LONGEST_VERIFICATION_S = 9.0
# It may have begun before an empty room, and one more comes after it; then a light may need to be shown again.
LEAST_STAY_S, MOST_STAY_S = 10.0, 13.0
PASSING_BY_S = (0.3, 2.0)  # too short for a verdict that could be asked for
# So many passages are waited for before an empty room; of the rest the time before them is skipped.
WAITED_FOR, WAIT_S = 0.1, 12.0


@dataclass(frozen=True)
class Passage:
    """number: from 0. scene: name of a recording. comes_s, goes_s: of world time."""

    number: int
    kind: str
    scene: str
    comes_s: float
    goes_s: float
    waits_s: float  # how long before it the module must be looking


class Timetable:
    """passages: a day. Raises ValueError for more than a day has room for."""

    def __init__(self, seed: int, passages: int):
        self._seed = seed
        self.share_s = DAY_S / passages if passages else 0.0
        self._slack_s = self.share_s - MOST_STAY_S - LONGEST_VERIFICATION_S
        if passages < 1 or self._slack_s < 0:
            most = int(DAY_S / (MOST_STAY_S + LONGEST_VERIFICATION_S))
            raise ValueError(f"{passages} passages a day: give 1 to {most}, or verdicts could be of two people")

    def passage(self, number: int) -> Passage:
        """The passage of that number."""
        rng = random.Random(f"{self._seed} {number}")
        drawn = rng.random()
        kind = ATTACK if drawn < ATTACKS else PASSER_BY if drawn < ATTACKS + PASSERS_BY else BONA_FIDE
        scene = rng.choice(INSTRUMENTS if kind == ATTACK else FACES)
        stays_s = rng.uniform(*(PASSING_BY_S if kind == PASSER_BY else (LEAST_STAY_S, MOST_STAY_S)))
        comes_s = number * self.share_s + LONGEST_VERIFICATION_S + rng.uniform(0, self._slack_s)
        waits_s = WAIT_S if rng.random() < WAITED_FOR else 0.0
        return Passage(number, kind, scene, comes_s, comes_s + stays_s, waits_s)

    def _share(self, at_s: float) -> Passage:
        return self.passage(int(at_s // self.share_s))

    def present(self, at_s: float) -> Passage | None:
        """Who stands there at that time."""
        passage = self._share(at_s)
        return passage if passage.comes_s <= at_s < passage.goes_s else None

    def judged(self, at_s: float) -> Passage | None:
        """Whom a verdict of that time can be of."""
        for number in (int(at_s // self.share_s), int(at_s // self.share_s) - 1):
            if number >= 0:
                passage = self.passage(number)
                if passage.comes_s <= at_s < passage.goes_s + LONGEST_VERIFICATION_S:
                    return passage
        return None

    def quiet_until(self, at_s: float) -> float:
        """Until when nothing happens that the module must be looking at."""
        passage = self._share(at_s)
        if passage.goes_s <= at_s:
            passage = self.passage(passage.number + 1)
        return max(at_s, passage.comes_s - passage.waits_s)
