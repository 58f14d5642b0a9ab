"""The log of evaluations: a Markdown table to which every run adds its row, so that no run is left out of the count."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from dermis_host import files
from dermis_host.errors import HostError
from dermis_host.evaluation.claims import percent
from dermis_host.evaluation.score_files import MAXIMUM

HEADING = """# Evaluations
Every run that was asked to add its row, oldest first; rows are added by `dermis evaluate --append` and never changed.

"""
HEADINGS = (
    "date", "plan", "origin", "model", "seed", "presentations", "threshold", "BPCER", "highest APCER", "goals missed",
)  # fmt: skip


def append(path: Path, result: dict[str, Any], description: dict[str, Any], digest: str) -> bool:
    """Adds a row; False when this very run, by `Run.digest`, has one already.

    Raises HostError when the file cannot be read or written.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else HEADING
    except (OSError, UnicodeDecodeError) as problem:
        raise HostError(f"{path} cannot be read as text ({problem}).") from None
    mark = f"<!-- {digest} -->"
    if mark in text:
        return False
    if not text.endswith("\n"):
        text += "\n"
    if _line(HEADINGS) not in text:
        text += ("" if text.endswith("\n\n") else "\n") + _line(HEADINGS) + _line(["---"] * len(HEADINGS))
    counts = result["presentations"]
    missed = [goal["what"] for goal in result["goals"] if not goal["reached"]]
    row = [
        datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        f"{description['plan']} ({description['digest']})",
        "SIMULATED" if result["simulated"] else "measured" if result["simulated"] is False else "not stated",
        f"{description['model']} {description['model_sha256'][:16]}",
        str(description["seed"]),
        f"{counts['bona_fide']} bona fide, {counts['attack']} attack",
        f"{result['threshold']:g} ({result['threshold_from']})",
        f"{percent(result['bpcer']['value'])} ({_interval(result['bpcer'])})",
        _highest(result),
        f"{', '.join(missed) or ('none' if result['goals'] else 'none set')} {mark}",
    ]
    with files.whole(path) as file:
        file.write((text + _line(row)).encode())
    return True


def _highest(result: dict[str, Any]) -> str:
    """The worst species of impostors, and of concealers, who are no part of that maximum."""
    told = []
    for aim, rates in (("", result["apcer"]), ("concealer ", result["concealer"]["apcer"])):
        if highest := rates.get(MAXIMUM):
            told.append(f"{aim}{percent(highest['value'])} ({_interval(highest)}) {highest['species']}")
    return "; ".join(told) or "-"


def _interval(rate: dict[str, Any]) -> str:
    return f"{percent(rate['ci95'][0])} to {percent(rate['ci95'][1])}" if rate["ci95"] else "-"


def _line(cells: Any) -> str:
    return "| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |\n"
