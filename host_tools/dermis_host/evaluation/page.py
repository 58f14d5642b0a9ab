"""The report as one self-contained HTML file: no script, nothing fetched, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from dermis_host.evaluation import plots
from dermis_host.evaluation.claims import percent, rounded_up, supports
from dermis_host.evaluation.required import FIELDS, NOT_STATED
from dermis_host.evaluation.score_files import MAXIMUM

MARK = "<!-- dermis-report -->"
MOST_BARS = 60  # species in the plot; the table has all
MOST_HISTOGRAMS = 24
COLUMNS = ("attempt", "subject", "score", "tone", "condition", "module", "verdict", "reasons", "recording")


def worst_first(by_species: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(species, rate) without the maximum, the highest rate first, then the weakest bound."""
    known = [(name, rate) for name, rate in by_species.items() if name != MAXIMUM]
    return sorted(known, key=lambda pair: (-(pair[1]["value"] or 0), -(pair[1]["bound95"] or 0), pair[0]))


def _curves(result: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The hardest species first."""
    return sorted(((name, curve) for name, curve in result["curves"].items() if curve), key=lambda pair: pair[1]["auc"])


def _histograms(result: dict[str, Any]) -> list[tuple[str, Any]]:
    found = result["histograms"]
    names = [name for name, _ in _curves(result)] or list(found["species"])
    return [
        (name, plots.histogram(found["edges"], found["bona_fide"], found["species"][name], result["threshold"]))
        for name in names[:MOST_HISTOGRAMS]
    ]


def parted(result: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(species, APCER by the part of the face that is covered) of those that came in more than one size."""
    return [(name, parts) for name, parts in result["coverage"].items() if len(parts) > 1]


def failures_in_order(result: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """(species, rows): attacks first, those of the worst rate foremost; bona fide, "", last."""
    failed = result["failures"]
    order = [name for name, _ in worst_first({**result["concealer"]["apcer"], **result["apcer"]})]
    return [(name, failed[name]) for name in (*order, "") if name in failed]


def _failures(result: dict[str, Any]) -> list[tuple[str, list[str], list[dict[str, Any]]]]:
    """(species or "", columns that anybody filled in, rows)."""
    found = []
    for name, rows in failures_in_order(result):
        columns = [column for column in COLUMNS if column == "score" or any(row.get(column) for row in rows)]
        found.append((name, columns, rows))
    return found


def render(result: dict[str, Any], sheets: Sequence[dict[str, str]] = ()) -> str:
    """The page of what `reporting.make` returns. sheets: {title, uri} of pictures to show beside what failed."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(percent=percent, rounded_up=rounded_up, supports=supports)
    apcer, concealer = worst_first(result["apcer"]), worst_first(result["concealer"]["apcer"])
    curves = _curves(result)
    return environment.get_template("report.html.j2").render(
        result=result,
        mark=Markup(MARK),
        apcer=apcer,
        concealer=concealer,
        apnrr=result["apnrr"],
        bars=plots.bars([("BPCER", result["bpcer"]), *apcer][: MOST_BARS + 1], "error rates with their intervals"),
        concealer_bars=plots.bars(concealer[:MOST_BARS], "error rates of concealer attacks") if concealer else "",
        bars_left_out=max(0, len(apcer) - MOST_BARS),
        coverage=parted(result),
        gates_alone=worst_first(result["gates_alone"]),
        det=plots.det(curves) if curves else "",
        curves=curves,
        curves_left_out=max(0, len(curves) - plots.SERIES),
        histograms=_histograms(result),
        failures=_failures(result),
        sheets=sheets,
        fields=FIELDS,
        not_stated=NOT_STATED,
        maximum=MAXIMUM,
    )
