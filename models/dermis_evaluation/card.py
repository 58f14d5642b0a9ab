"""Puts a run on the frozen test generator into the model card: `python -m dermis_evaluation.card REPORT.json`.

REPORT.json is what `dermis evaluate models/evaluations/full.toml` wrote. Training knows nothing of it: it keeps the
section of the card that it replaces where the model is the same (`dermis_models.tested_section`).
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dermis_host import files
from dermis_host.errors import HostError
from dermis_host.evaluation.claims import percent
from dermis_host.evaluation.page import parted, worst_first
from dermis_host.released import released_model
from dermis_hw import species as species_table
from dermis_models import tested_section

from dermis_evaluation import frozen

AT_BPCER = 0.01


def section(result: Mapping[str, Any], day: str) -> str:
    """The section as Markdown, of a report as `dermis evaluate` writes it. day: on which it was written.

    Raises ValueError for one that is no run of the frozen test generator.
    """
    run = result.get("run", {})
    if run.get("generator") != frozen.TEST.name:
        raise ValueError("the report is not of a run on the frozen test generator: name what `dermis evaluate` wrote.")
    (fixed,) = (
        point
        for point in result["fixed_operating_points"]
        if (point["fixed"], point["at"]) == ("bpcer", AT_BPCER)
    )  # fmt: skip
    counts = result["presentations"]
    missed = [goal for goal in result["goals"] if not goal["reached"]]
    lines = [
        tested_section.HEADING,
        f"Printed by `python -m dermis_evaluation.card`, of `dermis evaluate` of the plan {run['plan']} "
        f"({run['digest']}), seed {run['seed']}: {counts['bona_fide']} bona fide and {counts['attack']} attack "
        f"presentations, simulated; gates, model and agreement of bursts together, profile `{run['profile']}`. "
        "Intervals are exact, two-sided 95%, as if presentations were independent; the bona fide ones are of "
        f"{counts['bona_fide_subjects']} subjects, the attacks of {counts['attack_subjects']}, so they are too narrow. "
        f"The report is of {day}, made with the state `{run['sources']}` of device code and simulation "
        "(`dermis_models.sources.digest`): in another state the same model may have other figures.",
        "",
        f"Goals reached: {len(result['goals']) - len(missed)} of {len(result['goals'])}. "
        + ("Missed: " + "; ".join(_missed(goal) for goal in missed) + "." if missed else "None is missed."),
        "",
        *_gates_alone(result.get("gates_alone", {})),
        f"| species | presentations | APCER at the module's threshold ({result['threshold']:g}) | "
        f"APCER at BPCER {AT_BPCER:.0%} (threshold {_number(fixed['threshold'])}) | goal |",
        "|---|---|---|---|---|",
    ]
    aside = result["concealer"]["apcer"]
    at_bpcer = {**fixed["apcer"], **fixed["concealer"]["apcer"]}
    for name, rate in worst_first({**result["apcer"], **aside}):
        at_fixed = at_bpcer.get(name)
        shown = f"{name} (concealer)" if name in aside else name
        lines.append(f"| {shown} | {rate['n']} | {_rate(rate)} | {_rate(at_fixed)} | {_bar(name)} |")
    unanswered = worst_first({**result["apnrr"], **result["concealer"]["apnrr"]})
    silent = [(name, rate) for name, rate in unanswered if rate["errors"]]
    if silent:
        told = ", ".join(f"{name} {rate['errors']} of {rate['n']}" for name, rate in silent)
        lines += ["", f"No decision (APNRR), at the module's threshold counted as refused in APCER: {told}."]
    sizes = [(name, part, rate) for name, parts in parted(result) for part, rate in parts.items()]
    if sizes:
        lines += ["", "| species | part of the face that is covered | presentations | APCER |", "|---|---|---|---|"]
        lines += [f"| {name} | {part} | {rate['n']} | {_rate(rate)} |" for name, part, rate in sizes]
    lines += ["", "| bona fide | presentations | BPCER, a `no_decision` counted |", "|---|---|---|"]
    lines.append(f"| all | {result['bpcer']['n']} | {_rate(result['bpcer'])} |")
    for group in ("condition", "tone"):
        for label, found in result["by"].get(group, {}).items():
            if found["bpcer"]["n"]:
                lines.append(f"| {group} {label} | {found['bpcer']['n']} | {_rate(found['bpcer'])} |")
    return "\n".join(lines) + "\n"


def _gates_alone(rates: Mapping[str, Any]) -> list[str]:
    """What a model that never saw a species of the first row could let pass at most; nothing of a report without it."""
    first_row = {name for name, each in species_table.all_species().items() if each.bar == "first_row"}
    presented = [(name, rate) for name, rate in sorted(rates.items()) if name in first_row and rate["n"]]
    if not presented:
        return []
    name, worst = max(presented, key=lambda pair: pair[1]["value"])
    return [
        f"Gates alone, whatever a model has seen: at most {worst['errors']} of {worst['n']} of a species of the first "
        f"row ({name}), {_rate(worst)}. No model lets more of these presentations pass.",
        "",
    ]


def _missed(goal: Mapping[str, Any]) -> str:
    return f"{goal['what']} {percent(goal['value'])}, at most {percent(goal['limit'])} wanted"


def _rate(rate: Mapping[str, Any] | None) -> str:
    if rate is None or rate["value"] is None:
        return "-"
    low, high = rate["ci95"]
    return f"{percent(rate['value'])} ({percent(low)} to {percent(high)})"


def _number(value: float | None) -> str:
    return "out of reach" if value is None else f"{value:g}"


def _bar(name: str) -> str:
    known = species_table.all_species().get(name)
    return species_table.BARS[known.bar].text if known else "-"


def main(arguments: list[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description="Puts an evaluation into the model card.")
    parser.add_argument("report", type=Path, help="report.json of the evaluation's folder")
    parser.add_argument("--card", type=Path, default=released_model().with_suffix(".md"), help="default: %(default)s")
    options = parser.parse_args(arguments)
    try:
        result = json.loads(options.report.read_text(encoding="utf-8"))
        written = datetime.datetime.fromtimestamp(options.report.stat().st_mtime, datetime.timezone.utc)
        of, card = result["run"]["model_sha256"], options.card.read_text(encoding="utf-8")
        text = tested_section.replaced(card, of, section(result, f"{written:%Y-%m-%d}"))
        with files.whole(options.card) as file:
            file.write(text.encode())
    except (KeyError, TypeError):
        print(f"dermis_evaluation.card: {options.report} is no report of `dermis evaluate`.", file=sys.stderr)
        return 1
    except (OSError, ValueError, HostError) as problem:
        print(f"dermis_evaluation.card: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
