"""Presentations out of a folder of recordings that say what they show: from `dermis simulate`, a rig, the field."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from dermis_host import files, recording
from dermis_host.errors import RecordingError, UsageError
from dermis_host.evaluation.judging import digest
from dermis_host.evaluation.simulated import presentation
from dermis_host.evaluation.source import BONA_FIDE, Presentation

SUFFIX = ".npz"
SAME = ("kind", "species", "subject")  # in the truth of all bursts of a presentation


class Recordings:
    """A `Source`: every .npz of `folder`; those of one `truth.presentation` are its bursts, in the order of
    `truth.burst`, and the others stand for themselves.

    Raises UsageError when there are none, RecordingError for one that is none, does not say what it shows, or
    shows something else than another burst of its presentation.
    """

    def __init__(self, folder: Path):
        self._bursts: dict[str, list[tuple[int, Path]]] = {}
        self._content = hashlib.sha256()  # of all files, by name
        paths = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
        if not paths:
            raise UsageError(f"There are no recordings ({SUFFIX}) in {folder}: name their folder with `folder`.")
        stated: set[bool | None] = set()
        shows: dict[str, dict[str, Any]] = {}
        for path in paths:
            burst = recording.load(path)
            self._content.update(f"{path.name}\0{files.sha256(path)}\n".encode(errors="surrogateescape"))
            truth = burst.truth
            if not truth or truth.get("kind") not in ("bona_fide", "attack"):
                raise RecordingError(f"{path} does not say what it shows (truth: kind, species): leave it out.")
            if (truth["kind"] == "attack") != bool(truth.get("species")):
                raise RecordingError(f"{path} must name a species for an attack, and none for bona fide.")
            number = truth.get("burst", 0)
            if not isinstance(number, int):
                raise RecordingError(f"{path} must give the number of its burst as a whole number.")
            details = truth.get("details")
            covered = details.get("covered", 0) if isinstance(details, dict) else 0
            if isinstance(covered, bool) or not isinstance(covered, int | float) or not 0 <= covered <= 1:
                raise RecordingError(f"{path} must give the part of the face that is covered as a number from 0 to 1.")
            stated.add(burst.simulated)
            attempt = str(truth.get("presentation", path.stem))
            beside = self._bursts.setdefault(attempt, [])
            shown = shows.setdefault(attempt, {key: truth.get(key) for key in SAME})
            if shown != {key: truth.get(key) for key in SAME}:
                raise RecordingError(
                    f"{path} is of the presentation {attempt!r} like {beside[0][1].name}, and does not show the same "
                    f"({', '.join(SAME)}): name them apart."
                )
            beside.append((number, path))
        self._species = {str(shown["species"] or BONA_FIDE) for shown in shows.values()}
        self.simulated = True if True in stated else None if None in stated else False

    def description(self) -> dict[str, Any]:
        """What made the presentations, for the run's record."""
        return {
            "recordings": sum(len(paths) for paths in self._bursts.values()),
            "recordings_sha256": self._content.hexdigest(),
            "scoring": digest(),
        }

    def attempts(self) -> Sequence[str]:
        return list(self._bursts)

    def species(self) -> set[str] | None:
        return self._species

    def show(self, attempts: Sequence[str]) -> Generator[Presentation]:
        for attempt in attempts:
            yield presentation(attempt, [recording.load(path) for _, path in sorted(self._bursts[attempt])])
