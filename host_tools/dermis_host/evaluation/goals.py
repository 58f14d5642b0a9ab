"""Goals of an evaluation: rates that were aimed at, compared with those found (claims.py asks for bounds instead)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dermis_host.evaluation.score_files import MAXIMUM


def judge(goals: Mapping[str, float], apcer: Mapping[str, float], result: dict[str, Any]) -> list[dict[str, Any]]:
    """Each goal as {what, limit, value, n, reached}. value: None where nothing was presented, which reaches no goal.

    goals: "bpcer"; "bpcer_tone" and "bpcer_condition", the worst of them; "tone_spread", the distance between the
    tones with the highest and the lowest BPCER; all rates, 0 to 1. apcer: by species.
    """
    judged = []
    if "bpcer" in goals:
        judged.append(_goal("BPCER", goals["bpcer"], result["bpcer"]))
    for key, group in (("bpcer_tone", "tone"), ("bpcer_condition", "condition")):
        if key in goals:
            rates = _bpcers(result, group)
            worst = max(rates, key=lambda label: rates[label]["value"], default="")
            name = f"BPCER of the worst {group}" + (f" ({worst})" if worst else "")
            judged.append(_goal(name, goals[key], rates.get(worst)))
    if "tone_spread" in goals:
        values = [rate["value"] for rate in _bpcers(result, "tone").values()]
        spread = {"value": max(values) - min(values), "n": len(values)} if values else None
        judged.append(_goal("BPCER between tones", goals["tone_spread"], spread))
    for species, limit in apcer.items():
        rate = result["apcer"].get(species) or result["concealer"]["apcer"].get(species)
        judged.append(_goal(f"APCER of {species}", limit, rate if species != MAXIMUM else None))
    return judged


def _bpcers(result: dict[str, Any], group: str) -> dict[str, dict[str, Any]]:
    labels = result["by"].get(group, {})
    return {label: found["bpcer"] for label, found in labels.items() if found["bpcer"]["n"]}


def _goal(what: str, limit: float, rate: dict[str, Any] | None) -> dict[str, Any]:
    value = rate["value"] if rate else None
    # A difference of rates carries the rounding of both.
    reached = value is not None and value <= limit + 1e-12
    return {"what": what, "limit": limit, "value": value, "n": rate["n"] if rate else 0, "reached": reached}
