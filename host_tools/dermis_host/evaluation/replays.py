"""The command that replays each failure of a run on a rig."""

from __future__ import annotations

import csv
import shlex
from pathlib import Path

from dermis.core import vocabulary

from dermis_host.access import sealed
from dermis_host.evaluation.plan import Plan


def of_failures(scores: Path, plan: Plan, keyrings: dict[str, Path]) -> list[str]:
    """Commands, one a failure that has recordings. scores: the run's presentations. keyrings: of modules, as rows have
    them, for recordings that are sealed."""
    from dermis_host.released import released_model  # knows where the models lie

    model = [] if plan.model.resolve() == released_model().resolve() else ["--model", str(plan.model)]
    with open(scores, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["recording"]]
    failed = [row for row in rows if (row["verdict"] == vocabulary.BONA_FIDE) == bool(row["species"])]
    commands = []
    for row in failed:
        path = scores.parent / row["recording"]
        under = keyrings.get(row["module"]) if path.is_file() and sealed.file_is_sealed(path) else None
        keyring = [] if under is None else ["--keyring", str(under)]
        commands.append(shlex.join(["dermis", "replay", "--presentation", str(path), *model, *keyring]))
    return commands
