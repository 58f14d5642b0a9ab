"""The sequential verdict: bursts are added until they agree or the time is up."""

from __future__ import annotations

from dermis.core import profiles, vocabulary

# The threshold when a model does not name its own: as likely bona fide as not.
DEFAULT_THRESHOLD = 5000
SCORE_HIGHEST = 10000
# A single burst settles an attack when this many independent gates say so; one gate alone must say it again.
STRONG_FINDINGS = 2
# An attack that only one finding supports is final when seen in this many bursts.
ATTACK_BURSTS = 2


class Session:
    """One verification: `profile` a `profiles.Profile` or its name, `time_limit_ms` 0 for the profile's.

    A longer limit than the profile's is cut to it. `threshold` is the model's own (score, 1/10000).
    """

    def __init__(self, profile, time_limit_ms: int = 0, threshold: int = DEFAULT_THRESHOLD):
        self.profile = profiles.by_name(profile) if isinstance(profile, str) else profile
        limit = self.profile.time_limit_ms
        self.time_limit_ms = min(time_limit_ms, limit) if time_limit_ms > 0 else limit
        self.threshold = min(threshold + self.profile.threshold_offset, SCORE_HIGHEST)
        self.bursts = 0
        self.done = False
        self._attacks = 0
        self._bona_fide = 0  # in a row
        self._attack_reasons = {}
        self._other_reasons = {}
        self._scores = []

    def add(self, analysis, score, now_ms: int) -> bool:
        """Take one burst's findings; True when the verdict stands.

        analysis: anything with `.findings`, `.usable` and `.evidence`; score: 0..10000, None where the model was
        not asked; now_ms: milliseconds since the session began.
        """
        raise NotImplementedError

    def result(self):
        """(verdict, reasons, score): reasons the weightiest first, score of the last burst that had one, else 0."""
        return (vocabulary.NO_DECISION, [vocabulary.SENSOR_FAULT], 0)
