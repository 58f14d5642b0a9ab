"""A report put together, written whole or not at all, and shown on the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from dermis_hw import toml
from rich.text import Text

from dermis_host import files
from dermis_host.errors import HostError, UsageError
from dermis_host.evaluation import claims, figures, page, required
from dermis_host.evaluation.claims import exact, percent, rounded_up
from dermis_host.evaluation.score_files import MAXIMUM
from dermis_host.evaluation.scores import Scores
from dermis_host.output import Output, plain, table

MARKS = (b'"format": "dermis-report"', page.MARK.encode())  # in the first bytes of a file that may be replaced
HEAD = 400
STAMP = "SIMULATED"
MOST_ROWS = 20  # of a grouping on the terminal


def check_places(scores: Path, json_file: Path | None, html_file: Path | None, force: bool) -> None:
    """That the files can be written, before anything is counted.

    Raises UsageError for the scores' own file, one file for both, or a file that is there and is no report of ours
    (unless `force`); HostError where none can be made.
    """
    places = [place for place in (json_file, html_file) if place is not None]
    if len({place.resolve() for place in places}) < len(places):
        raise UsageError("--json and --html name the same file: name two.")
    for place in places:
        if place.resolve() == scores.resolve():
            raise UsageError(f"{place} holds the scores: name another file for the report.")
        if place.is_dir():
            raise UsageError(f"{place} is a folder: name a file in it.")
        if not place.parent.is_dir():
            raise UsageError(f"There is no folder {place.parent} for {place.name}: make it, or name another.")
        files.check_place(place, force or _is_report(place))


def _is_report(place: Path) -> bool:
    if not place.is_file():
        return not place.exists()
    try:
        with open(place, "rb") as file:
            head = file.read(HEAD)
    except OSError as problem:
        raise HostError(f"{place} cannot be read: {problem.strerror or problem}.") from None
    return not head or any(mark in head for mark in MARKS)


def read_details(plan: Path | None) -> dict[str, str]:
    """The fields of a plan's [report]; none without a plan. Raises UsageError."""
    if plan is None:
        return {}
    try:
        values = toml.loads(plan.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"There is no plan {plan}.") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"{plan} cannot be read as text ({problem}).") from None
    except toml.TomlError as problem:
        raise UsageError(f"{plan} is no TOML: {problem}.") from None
    return required.check(values.get("report", {}), plan.name)


def make(
    source: Path,
    scores: Scores,
    rule: figures.Rule,
    *,
    counted: bool = False,
    claimed: Iterable[claims.Claim] = (),
    details: dict[str, str] | None = None,
    simulated: bool | None = None,
    otherwise: figures.Rule | None = None,
) -> dict[str, Any]:
    """The whole report as what goes to JSON. `simulated` overrules what the scores say of themselves. otherwise: the
    rule where `rule` leads to no threshold."""
    result = figures.compute(scores, rule, counted, otherwise)
    if simulated is not None:
        result["simulated"] = simulated
    # A file's name may hold bytes that are no text.
    name = source.name.encode(errors="surrogateescape").decode(errors="replace")
    sha256 = files.sha256(source) if source.is_file() else None  # a pipe is read once
    result["source"] = {"file": name, "sha256": sha256}
    result["claims"] = claims.judge(claimed, result)
    result["report"] = required.filled(details or {}, result)
    return result


def write(
    result: dict[str, Any],
    json_file: Path | None,
    html_file: Path | None,
    sheets: Sequence[dict[str, str]] = (),
) -> None:
    """Each is whole or not there. Raises HostError when one cannot be written."""
    page_text = page.render(result, sheets) if html_file is not None else ""
    if json_file is not None:
        text = json.dumps(result, default=plain, indent=1, allow_nan=False)
        with files.whole(json_file) as file:
            file.write(text.encode() + b"\n")
    if html_file is not None:
        with files.whole(html_file) as file:
            file.write(page_text.encode())


def show(result: dict[str, Any], output: Output) -> None:
    """The figures for people: the worst species first."""
    counts = result["presentations"]
    stamp = f"{STAMP}. " if result["simulated"] else ""
    output.say(
        Text(
            f"{stamp}{counts['bona_fide']} bona fide presentations of {counts['bona_fide_subjects']} subjects, "
            f"{counts['attack']} attack presentations of {counts['species']} PAI species. Threshold "
            f"{exact(result['threshold'])}: {result['threshold_from']}."
        )
    )
    rows = table("figure", "rate", "errors", "of", "95% interval", "no claim below")
    _add(rows, "BPCER", result["bpcer"])
    for name, rate in page.worst_first(result["apcer"]):
        _add(rows, f"APCER {name}", rate)
    for name, rate in page.worst_first(result["concealer"]["apcer"]):
        _add(rows, f"APCER {name} (concealer)", rate)
    if result["bpnrr"]["errors"]:
        _add(rows, "BPNRR", result["bpnrr"])
    for aim, rates in (("", result["apnrr"]), (" (concealer)", result["concealer"]["apnrr"])):
        for name, rate in page.worst_first(rates):
            if rate["errors"]:
                _add(rows, f"APNRR {name}{aim}", rate)
    output.say(rows)
    fixed = table("operating point", "threshold", "BPCER", "highest APCER", "species")
    for point in result["fixed_operating_points"]:
        highest = point["apcer"].get(MAXIMUM) or {"value": None, "species": ""}
        bpcer = point["bpcer"]["value"] if point["bpcer"] else None
        fixed.add_row(
            f"{point['fixed'].upper()} {point['at']:.0%}",
            "unreachable" if point["threshold"] is None else exact(point["threshold"]),
            percent(bpcer),
            percent(highest["value"]),
            Text(highest["species"]),
        )
    output.say(fixed)
    for group, labels in result["by"].items():
        if labels:
            _show_group(group, labels, output)
    for name, held in result["leave_one_species_out"].items():
        rate = held["apcer"].get(name) or held["concealer"]["apcer"].get(name)
        if rate:
            output.say(
                Text(f"{name}, never seen in training: APCER {percent(rate['value'])}, {claims.supports(rate)}.")
            )
    for claim in result["claims"]:
        output.say(Text(f"{'carried' if claim['carried'] else 'NOT CARRIED'}: {claim['sentence']}"))
    for remark in result["remarks"]:
        output.note(remark)


def goal_text(goal: dict[str, Any]) -> Text:
    """One goal as a line."""
    found = f"{goal['what']}: {percent(goal['value'])}, at most {percent(goal['limit'])} wanted"
    return Text(f"{'reached' if goal['reached'] else 'MISSED'}: {found}")


def _add(rows: Any, name: str, rate: dict[str, Any]) -> None:
    low, high = rate["ci95"] or (None, None)
    rows.add_row(
        Text(name),
        percent(rate["value"]),
        str(rate["errors"]),
        str(rate["n"]),
        f"{percent(low)} to {percent(high)}",
        "-" if rate["bound95"] is None else rounded_up(rate["bound95"]),
    )


def _show_group(group: str, labels: dict[str, Any], output: Output) -> None:
    if len(labels) > MOST_ROWS:
        output.say(Text(f"By {group}: {len(labels)} of them, which are not listed here; the report's files have all."))
        return
    rows = table(group, "BPCER", "of", "95% interval", "highest APCER", "species")
    for label, found in labels.items():
        low, high = found["bpcer"]["ci95"] or (None, None)
        highest = found["apcer"][MAXIMUM] or {"value": None, "species": ""}
        rows.add_row(
            Text(label),
            percent(found["bpcer"]["value"]),
            str(found["bpcer"]["n"]),
            f"{percent(low)} to {percent(high)}",
            percent(highest["value"]),
            Text(highest["species"]),
        )
    output.say(rows)
