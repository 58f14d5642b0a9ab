"""Goals of an evaluation: rates that were aimed at, compared with those found (claims.py asks for bounds instead)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dermis_hw import species as species_table

from dermis_host.evaluation.figures import BPCER
from dermis_host.evaluation.score_files import MAXIMUM

FIRST_ROW = "first_row"  # of `species_table.BARS`


@dataclass(frozen=True)
class Gates:
    """The most APCER where only the gates refuse, whatever the model. first_row: of the species of the first row of
    the table of bars; else of all that are presented."""

    limit: float
    first_row: bool = False


def judge(
    goals: Mapping[str, float],
    apcer: Mapping[str, float] | None,
    result: dict[str, Any],
    at_bpcer: float | None = None,
    gates: Gates | None = None,
) -> list[dict[str, Any]]:
    """Each goal as {what, limit, value, n, reached}. value: None where nothing was presented, or one tone alone for
    their distance, which reaches no goal.

    goals: "bpcer"; "bpcer_tone" and "bpcer_condition", the worst of them; "tone_spread", the distance between the
    tones with the highest and the lowest BPCER; "bona_fide_accepted", of a module that is out of order and must accept
    nobody; all rates, 0 to 1. apcer: by species, of impostors' attacks and of
    concealers'; None for those of the table of species, as far as they were presented. at_bpcer: of the fixed operating
    point at which `apcer` is asked for, in place of the report's own. gates: what may pass the gates alone.
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
        spread = {"value": max(values) - min(values), "n": len(values)} if len(values) > 1 else None
        judged.append(_goal("BPCER between tones", goals["tone_spread"], spread))
    if "bona_fide_accepted" in goals:
        bpcer = result["bpcer"]
        accepted = {"value": 1 - bpcer["errors"] / bpcer["n"], "n": bpcer["n"]} if bpcer["n"] else None
        judged.append(_goal("bona fide presentations accepted", goals["bona_fide_accepted"], accepted))
    point, where = result, ""
    if at_bpcer is not None:
        (point,) = (
            each for each in result["fixed_operating_points"] if (each["fixed"], each["at"]) == (BPCER, at_bpcer)
        )
        where = f" at BPCER {at_bpcer:.0%}"
    found = _worse(point["apcer"], point["concealer"]["apcer"])
    if apcer is None:
        presented = {**result["apnrr"], **result["concealer"]["apnrr"]}
        bars = {name: each.most_apcer for name, each in species_table.all_species().items() if name in presented}
        apcer = {name: limit for name, limit in bars.items() if limit is not None}
    for species, limit in apcer.items():
        judged.append(_goal(f"APCER of {species}{where}", limit, found.get(species)))
    if gates is not None:
        judged.append(_of_gates(gates, result["gates_alone"]))
    return judged


def _of_gates(gates: Gates, alone: dict[str, Any]) -> dict[str, Any]:
    """The worst species with the gates alone."""
    table = species_table.all_species() if gates.first_row else {}
    rates = {
        name: rate
        for name, rate in alone.items()
        if rate["n"] and (not gates.first_row or (name in table and table[name].bar == FIRST_ROW))
    }
    worst = max(rates, key=lambda name: rates[name]["value"], default="")
    which = "worst species" + (" of the first row" if gates.first_row else "") + (f" ({worst})" if worst else "")
    return _goal(f"APCER of gates alone, {which}", gates.limit, rates.get(worst))


def _worse(impostors: dict[str, Any], concealers: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """APCER by species, the higher one of a species that came as both."""
    found: dict[str, dict[str, Any]] = {}
    for species, rate in (*impostors.items(), *concealers.items()):
        if species != MAXIMUM and (species not in found or (rate["value"] or 0) > (found[species]["value"] or 0)):
            found[species] = rate
    return found


def _bpcers(result: dict[str, Any], group: str) -> dict[str, dict[str, Any]]:
    labels = result["by"].get(group, {})
    return {label: found["bpcer"] for label, found in labels.items() if found["bpcer"]["n"]}


def _goal(what: str, limit: float, rate: dict[str, Any] | None) -> dict[str, Any]:
    value = rate["value"] if rate else None
    # A difference of rates carries the rounding of both.
    reached = value is not None and value <= limit + 1e-12
    return {"what": what, "limit": limit, "value": value, "n": rate["n"] if rate else 0, "reached": reached}
