"""What a module said of the bursts that it judged, as its recordings keep it, and what the same bursts replay to."""

from __future__ import annotations

from typing import Any

from dermis_host.answers import Verdict
from dermis_host.errors import RecordingError
from dermis_host.evaluation import source

FAULT = "fault"  # key of the evidence of a verdict that a fault gave, and of nothing else in it
_KINDS = {"verdict": str, "reasons": list, "score": int, "bursts": int, FAULT: str}


def kept(answer: Verdict) -> dict[str, Any]:
    """What goes into the truth of recordings of the bursts that were judged. `bursts`: how many; `fault`: what stood in
    the way of the next one, or of its judgement, and ended the verification without a decision."""
    said: dict[str, Any] = {
        "verdict": answer.verdict,
        "reasons": list(answer.reasons),
        "score": answer.score,
        "bursts": answer.bursts,
    }
    if set(answer.evidence) == {FAULT}:
        said[FAULT] = str(answer.evidence[FAULT])
    return said


def checked(said: object, where: object) -> dict[str, Any]:
    """What a recording's truth has as `kept` wrote it, also where an older version left out more; empty for None.

    Raises RecordingError for anything else.
    """
    if said is None:
        return {}
    if not isinstance(said, dict) or not all(type(said[key]) is kind for key, kind in _KINDS.items() if key in said):
        raise RecordingError(f"{where} does not say what the module said as recordings do: its truth was changed.")
    if not all(isinstance(reason, str) for reason in said.get("reasons", ())):
        raise RecordingError(f"{where} gives reasons of the module that are no words: its truth was changed.")
    return said


def judged_these(said: dict[str, Any]) -> bool:
    """Whether the recordings are the bursts that were judged, all of them, and these alone made the verdict."""
    return "bursts" in said and not said.get(FAULT)


def words(said: dict[str, Any]) -> str:
    """For people; "" where nothing was said."""
    reasons = [f"({reason})" for reason in said.get("reasons", ())]
    fault = f": {said[FAULT]}" if said.get(FAULT) else ""
    return " ".join([str(said.get("verdict", "")), *reasons]).strip() + fault


def difference(said: dict[str, Any], replayed: source.Verdict) -> str:
    """What a replay of the bursts that were judged says otherwise, for people; "" where it says the same."""
    pairs = (
        ("verdict", said.get("verdict"), replayed.verdict),
        ("reasons", list(said.get("reasons", ())), list(replayed.reasons)),
        ("score", said.get("score"), replayed.score),
        ("bursts", said.get("bursts"), replayed.bursts),
    )
    return "; ".join(f"{name} {_text(now)} instead of {_text(then)}" for name, then, now in pairs if then != now)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
