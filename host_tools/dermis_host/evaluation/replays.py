"""The command that replays each failure of a run on a rig."""

from __future__ import annotations

import csv
import shlex
from pathlib import Path

from dermis.core import vocabulary

from dermis_host.evaluation.plan import Plan


def of_failures(scores: Path, plan: Plan) -> list[str]:
    """Commands, one a failure that has recordings. scores: the run's presentations. Raises nothing."""
    from dermis_host.released import released_model  # knows where the models lie

    model = [] if plan.model.resolve() == released_model().resolve() else ["--model", str(plan.model)]
    with open(scores, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["recording"]]
    failed = [row for row in rows if (row["verdict"] == vocabulary.BONA_FIDE) == bool(row["species"])]
    return [
        shlex.join(["dermis", "replay", "--presentation", str(scores.parent / row["recording"]), *model])
        for row in failed
    ]
