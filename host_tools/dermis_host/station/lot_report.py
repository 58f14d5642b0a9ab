"""The lot report: one HTML file that needs nothing beside it."""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2

from dermis_host import files
from dermis_host.station import lot as lots
from dermis_host.station import plots, statistics
from dermis_host.station.lot import Lot

MOST_PLOTS = 200  # a lot of an honest station has half as many measurements
MOST_LISTED = 200


@functools.cache
def environment() -> jinja2.Environment:
    """The station's templates; everything that they are given is escaped."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )


def render(lot: Lot, made: str) -> str:
    """The page. made: when, as text."""
    spreads, drifts = lots.spreads(lot), lots.drifts(lot)
    failures = lots.pareto(lot.first)
    context = {
        "summary": lots.summary(lot),
        "made": made,
        "once": lots.first_pass(lot),
        "in_the_end": lots.final(lot),
        "failures": failures,
        "pareto": plots.pareto_chart(failures) if failures else None,
        "interruptions": lots.pareto(lot.unfinished),
        "spreads": [(spread, plots.histogram(spread)) for spread in spreads[:MOST_PLOTS]],
        "spreads_left": max(0, len(spreads) - MOST_PLOTS),
        "drifts": [(drift, plots.control_chart(drift)) for drift in drifts[:MOST_PLOTS] if drift.chart],
        "drifts_left": sum(drift.chart is None for drift in drifts),
        "sets": _sets(lot),
        "refused": lot.refused[:MOST_LISTED],
        "refused_left": max(0, len(lot.refused) - MOST_LISTED),
        "lot": lot,
        "number": plots.number,
        "statistics": statistics,
    }
    return environment().get_template("lot.html.j2").render(context)


def write(lot: Lot, path: Path, made: str) -> None:
    """Raises HostError when it cannot be written."""
    with files.whole(path) as file:
        file.write(render(lot, made).encode())


def _sets(lot: Lot) -> dict[str, list[tuple[str, int]]]:
    """What the passes were made with and how often: a lot of several firmwares is several lots."""
    told: dict[str, Any] = {
        "station": lambda record: record.station.id,
        "fixture": lambda record: f"{record.fixture.id} ({record.fixture.hash})" if record.fixture.id else "",
        "operator": lambda record: record.operator,
        "firmware": lambda record: record.module.firmware,
        "model": lambda record: record.module.model_hash,
        "board": lambda record: record.module.board,
        "tools": lambda record: record.station.tool,
    }
    counted = {name: Counter(map(of, lot.records)).most_common(MOST_LISTED) for name, of in told.items()}
    return {name: [(value or "not known", count) for value, count in those] for name, those in counted.items()}
