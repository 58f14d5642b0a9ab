"""The file of what `leave_one_out` found: figures of the data and code that they were made with, and of no other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dermis_host import files

from dermis_models import made_of
from dermis_models.dataset import Data

PLACE = Path("build/train/left_out.json")
EPOCHS = 25  # unless asked for others: fewer than a release's, as there are as many models as species
MODULES = (*made_of.FITTING, "leave_one_out", "metrics", "release")

Found = dict[str, dict[str, Any]]  # family left out -> its figures, the epochs of its model among them


def origin(training: Data, development: Data) -> dict[str, Any]:
    """What the figures rest on, beside schedule and seed."""
    return {"made_of": made_of.digest([training, development], MODULES)}


def read(path: Path, wanted: Mapping[str, Any]) -> Found:
    """The figures that a file holds, none when there is no file or when they have another origin."""
    if not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    there = content.get("origin", {})
    return content["found"] if all(there.get(key) == value for key, value in wanted.items()) else {}


def write(path: Path, origin: Mapping[str, Any], found: Found) -> None:
    """Raises HostError when it cannot be written."""
    content = {"origin": origin, "found": found}
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.whole(path) as file:
        file.write((json.dumps(content, indent=1, sort_keys=True) + "\n").encode())
