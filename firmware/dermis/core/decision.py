"""The sequential verdict: bursts are added until they agree or the time is up."""

from __future__ import annotations

from dermis.core import profiles, vocabulary

# The threshold when a model does not name its own: as likely bona fide as not.
DEFAULT_THRESHOLD = 5000
SCORE_HIGHEST = 10000
# A burst with at least this many reasons for an attack settles it; one reason alone must be seen again.
STRONG_REASONS = 2
ATTACK_WEIGHT = 2


class Session:
    """One verification: `profile` a `profiles.Profile` or its name, `time_limit_ms` 0 for the profile's.

    A longer limit than the profile's is cut to it. `threshold` is the model's own (score, 1/10000), to which the
    profile adds. Raises BadInput for an unknown profile.

    * A burst with a reason for no decision says nothing else: it is taken again.
    * An attack is final when one burst gives two reasons for it, or two bursts give one.
    * Bona fide needs as many bursts in a row as the profile says, and one more for an attack seen before.
    * When time or attempts are up without either, any attack that was not outvoted stands; else there is no decision.
    """

    def __init__(self, profile, time_limit_ms: int = 0, threshold: int = DEFAULT_THRESHOLD):
        self.profile = profiles.by_name(profile) if isinstance(profile, str) else profile
        limit = self.profile.time_limit_ms
        self.time_limit_ms = min(time_limit_ms, limit) if time_limit_ms > 0 else limit
        self.threshold = min(threshold + self.profile.threshold_offset, SCORE_HIGHEST)
        self.bursts = 0
        self.done = False
        self._attack_weight = self._attacks = 0
        self._bona_fide = self._bona_fide_in_a_row = 0
        self._attack_reasons = {}
        self._other_reasons = {}
        self._scores = self._scored = 0

    def add(self, analysis, score, now_ms: int) -> bool:
        """Take one burst's findings; True when the verdict stands and no more bursts are wanted.

        analysis: anything with `.findings`, `.usable` and `.evidence`; score: 0..10000, None where the model was
        not asked; now_ms: milliseconds since the session began.
        """
        if self.done:
            return True
        self.bursts += 1
        if score is not None:
            self._scores += score
            self._scored += 1
        others = [reason for verdict, reason in analysis.findings if verdict == vocabulary.NO_DECISION]
        if not others and not self._can_decide(analysis, score):
            others = [vocabulary.SENSOR_FAULT]
        if others:
            _count(self._other_reasons, others, self.bursts)
        else:
            self._decide(analysis, score)
        if self.bursts >= self.profile.attempts or now_ms >= self.time_limit_ms:
            self.done = True
        return self.done

    def _can_decide(self, analysis, score):
        """An attack needs a finding; a bona fide needs the model's word and, where the profile says so, SWIR."""
        if [reason for verdict, reason in analysis.findings if verdict == vocabulary.ATTACK]:
            return True
        if score is None or not analysis.usable:
            return False
        return score < self.threshold or bool(analysis.evidence.get("swir")) or not self.profile.needs_swir

    def _decide(self, analysis, score):
        reasons = [reason for verdict, reason in analysis.findings if verdict == vocabulary.ATTACK]
        if score is not None and score < self.threshold:
            reasons.append(vocabulary.MODEL)
        if reasons:
            _count(self._attack_reasons, reasons, self.bursts)
            self._attacks += 1
            self._attack_weight += ATTACK_WEIGHT if len(reasons) >= STRONG_REASONS else 1
            self._bona_fide_in_a_row = 0
            self.done = self._attack_weight >= ATTACK_WEIGHT
        else:
            self._bona_fide += 1
            self._bona_fide_in_a_row += 1
            self.done = self._agreed()

    def _agreed(self):
        return self._bona_fide_in_a_row >= self.profile.agreement + self._attacks

    def result(self):
        """(verdict, reasons, score): reasons the weightiest first; score the mean of the bursts that had one.

        An attack's score is below the threshold, whoever said so: one number then ranks all presentations.
        """
        score = self._scores // self._scored if self._scored else 0
        if self._attack_weight >= ATTACK_WEIGHT or (self._attacks and self._attacks >= self._bona_fide):
            reasons = _ranked(self._attack_reasons, vocabulary.ATTACK_REASONS)
            return vocabulary.ATTACK, reasons, min(score, max(0, self.threshold - 1))
        if self._agreed():
            return vocabulary.BONA_FIDE, [], score
        reasons = _ranked(self._other_reasons, vocabulary.NO_DECISION_REASONS)
        if not reasons:  # bursts that contradict each other, or too few in the time there was
            reasons = [vocabulary.INCONSISTENT]
        return vocabulary.NO_DECISION, reasons, score


def _count(table, reasons, burst):
    for reason in reasons:
        times, _ = table.get(reason, (0, 0))
        table[reason] = (times + 1, burst)


def _ranked(table, order):
    """Reasons by how often they were given, then by how lately, then by the order of the vocabulary."""

    def rank(reason):
        times, last = table[reason]
        return (-times, -last, order.index(reason))

    return sorted(table, key=rank)
