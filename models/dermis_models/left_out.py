"""The file of what `leave_one_out` found: figures of the data and code that they were made with, and of no other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dermis_host import files

from dermis_models import folders, made_of
from dermis_models.dataset import Data

PLACE = Path("build/train/left_out.json")
EPOCHS = 25  # unless asked for others: fewer than a release's, as there are as many models as species
MODULES = (*made_of.FITTING, "leave_one_out", "metrics", "release")
FIGURES = {"epochs", "presentations", "apcer", "apcer_model"}  # that the card prints of each

Found = dict[str, dict[str, Any]]  # family left out -> its figures, the epochs of its model among them


def origin(training: Data, development: Data) -> dict[str, Any]:
    """What the figures rest on, beside schedule and seed."""
    return {"made_of": made_of.digest([training, development], MODULES)}


def read(path: Path, wanted: Mapping[str, Any]) -> Found:
    """The figures that a file holds; none when there is no file, or one of another origin or damaged."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_bytes())
        there, found = content["origin"], content["found"]
        same = all(there.get(key) == value for key, value in wanted.items())
        whole = all(entry.keys() >= FIGURES for entry in found.values())
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}
    return found if same and whole else {}


def write(path: Path, origin: Mapping[str, Any], found: Found) -> None:
    """Raises HostError when it cannot be written."""
    content = {"origin": origin, "found": found}
    folders.made(path.parent)
    with files.whole(path) as file:
        file.write((json.dumps(content, indent=1, sort_keys=True) + "\n").encode())
