"""What a module would have said of bursts that the device's code analysed one by one, and at which threshold."""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Sequence
from typing import Any

from dermis.core import decision, profiles, vocabulary

from dermis_host.evaluation.source import Verdict

# What `decision.Session.add` asks of a burst's analysis.
_Analysis = namedtuple("_Analysis", ("findings", "usable", "evidence"))
NEVER = -math.inf
# The bursts are all that a module took before its time was up: the clock has nothing more to say.
UNTIMED = 0.0


def _analysis(result: dict[str, Any]) -> tuple[_Analysis, int | None]:
    """One line of `replaying.replay(..., features_only=True)`; a burst that could not be analysed decides nothing."""
    if "error" in result:
        return _Analysis([(vocabulary.NO_DECISION, vocabulary.SENSOR_FAULT)], False, {}), None
    findings = [tuple(finding) for finding in result["findings"]]
    return _Analysis(findings, result["usable"], result["evidence"]), result["score"]


def _session(bursts: Sequence[dict[str, Any]], profile: profiles.Profile, threshold: int, burst_ms: float):
    """The session after as many of the bursts as it wanted. threshold: the whole one, the profile's offset in it."""
    session = decision.Session(profile, 0, threshold - profile.threshold_offset)
    for number, burst in enumerate(bursts, 1):
        if session.add(*_analysis(burst), int(number * burst_ms)):
            break
    return session


def verdict(
    bursts: Sequence[dict[str, Any]], profile: profiles.Profile, threshold: int, burst_ms: float
) -> tuple[Verdict, float, bool]:
    """(verdict, score, whether the bursts sufficed) of a presentation.

    bursts: results of the device's code, in the order in which they were taken; threshold: 0 to 10000, the profile's
    offset in it; burst_ms: from one burst to the next, `UNTIMED` for the very bursts that a module judged. The score is
    the highest threshold at which these bursts would have been accepted, so that "accepted when score >= threshold"
    holds for the module's whole decision and not for its model alone; `NEVER` where the physics gates accept at none.
    """
    session = _session(bursts, profile, threshold, burst_ms)
    word, reasons, own = session.result()
    said = Verdict(word, tuple(reasons), own, session.bursts, session.bursts * burst_ms)
    return said, highest_accepting(bursts, profile, burst_ms), session.done


def sufficed(bursts: Sequence[dict[str, Any]], profile: profiles.Profile, threshold: int, burst_ms: float) -> bool:
    """Whether the module would want no more bursts after these."""
    return _session(bursts, profile, threshold, burst_ms).done


def highest_accepting(bursts: Sequence[dict[str, Any]], profile: profiles.Profile, burst_ms: float) -> float:
    """The highest threshold of 0 to 10000 that accepts these bursts; `NEVER` without any.

    A lower threshold makes no burst more of an attack, so whoever passes one passes every lower one; it changes
    something only where it crosses a burst's score.
    """
    for threshold in sorted({burst["score"] for burst in bursts if burst.get("score") is not None}, reverse=True):
        if _session(bursts, profile, threshold, burst_ms).result()[0] == vocabulary.BONA_FIDE:
            return float(threshold)
    return NEVER
