"""The folder that a job fills: whole shards only, and never those of two jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from dermis_host import files
from dermis_host.errors import HostError, UsageError

from dermis_models import dataset, simulation
from dermis_models.simulation import Job

DESCRIPTION = dataset.PLAN


def prepare(job: Job, folder: Path) -> list[int]:
    """Makes the folder one of this job and returns the shards that it lacks.

    Raises UsageError when it holds those of another job, HostError when it cannot be written.
    """
    place = folder / DESCRIPTION
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = place.read_bytes()
    except FileNotFoundError:
        text = b""
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{folder} is no folder: name another with -o.") from None
    except OSError as problem:
        raise HostError(f"{folder} cannot be written: {problem.strerror or problem}.") from None
    if text:
        _compare(job, text, folder)
    elif any(folder.glob("shard-*")):
        raise UsageError(f"{folder} holds shards but no {DESCRIPTION} that says of what: name another folder.")
    else:
        with files.whole(place) as file:
            file.write((json.dumps(job.description(), indent=1, sort_keys=True) + "\n").encode())
    count = len(simulation.shards(job))
    return [number for number in range(count) if not (folder / simulation.name_of(job, number)).is_file()]


def _compare(job: Job, text: bytes, folder: Path) -> None:
    try:
        there = json.loads(text)
    except ValueError:
        there = None
    if not isinstance(there, dict):
        raise UsageError(f"{folder / DESCRIPTION} is damaged: name another folder with -o, or remove {folder}.")
    wanted = job.description()
    if there == wanted:
        return
    what = {"plan": "another plan", "generator": "another generator", "kind": f"{there.get('kind')}"}
    for key, found in what.items():
        if there.get(key) != wanted[key]:
            raise UsageError(f"{folder} holds {found}: name another folder with -o, or remove it.")
    raise UsageError(
        f"{folder} was begun with another state of the sources, and a mixture could not be reproduced: "
        "name another folder with -o, or remove it."
    )


def keep(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Writes a shard's files, each whole or not at all, the one that says "whole" last. Raises HostError."""
    for name, data in contents.items():
        with files.whole(folder / name) as file:
            file.write(data)
