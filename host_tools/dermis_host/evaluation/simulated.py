"""Presentations by simulation: the test split of a generation plan, drawn by the frozen test generator."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from dermis_hw import species as species_table

from dermis_host import recording
from dermis_host.evaluation.judging import Judge, digest
from dermis_host.evaluation.source import BONA_FIDE, Presentation
from dermis_host.recording import Recording
from dermis_host.twin_access import require_simulation

OWN_KEYS = ("format", "name", "split", "seed")  # of a generation plan, which an evaluation states itself


class Simulation:
    """A `Source`. table: a generation plan (docs/simulate.md) without `OWN_KEYS`; folder: keeps calibrated modules;
    scheduler: of a Dask cluster, "" for `processes` of this computer. judge: ends a presentation where the module
    would; without one each has all of the table's bursts.

    Raises UsageError for a plan that cannot be drawn, HostError without the extra [sim].
    """

    simulated: bool | None = True

    def __init__(
        self,
        table: dict[str, Any],
        name: str,
        seed: int,
        folder: Path,
        processes: int,
        scheduler: str = "",
        judge: Judge | None = None,
    ):
        require_simulation()
        from dermis_evaluation import frozen
        from dermis_models import plan, simulation

        values = {**table, "format": plan.FORMAT, "name": name, "split": "test", "seed": seed}
        wanted = plan.parse(values, f"[simulation] of {name}")
        self._job = simulation.Job(wanted, frozen.TEST, simulation.RECORDINGS, judge=judge)
        self._folder, self._processes, self._scheduler = folder, processes, scheduler
        self._shards = simulation.shards(self._job)
        self._shard_of = {
            f"{group.subject}-{variant}": number
            for number, shard in enumerate(self._shards)
            for group in shard
            for variant in range(group.variants)
        }

    def description(self) -> dict[str, Any]:
        """What made the presentations, for the run's record."""
        from dermis_evaluation import frozen

        return {
            "generator": self._job.generator.name,
            "generator_digest": frozen.digest(),
            "sources": self._job.sources,
            "scoring": digest(),
        }

    def attempts(self) -> Sequence[str]:
        return list(self._shard_of)

    def species(self) -> set[str] | None:
        return drawn_species(self._job.plan.species)

    def show(self, attempts: Sequence[str]) -> Generator[Presentation]:
        from dermis_models import scheduling

        wanted = set(attempts)
        numbers = sorted({self._shard_of[attempt] for attempt in wanted})
        self._folder.mkdir(parents=True, exist_ok=True)
        maker: Any = (
            scheduling.on_cluster(self._job, numbers, self._scheduler)
            if self._scheduler
            else scheduling.locally(self._job, numbers, self._processes, self._folder)
        )
        with closing(maker):
            for number, files in maker:
                yield from (each for each in self._of_shard(number, files) if each.attempt in wanted)

    def _of_shard(self, number: int, files: dict[str, bytes]) -> Iterator[Presentation]:
        from dermis_models import simulation

        index = json.loads(files[simulation.name_of(self._job, number)])
        bursts: dict[str, list[Recording]] = {}
        results: dict[str, list[dict[str, Any]]] = {}
        for entry in index["recordings"]:
            attempt = entry["truth"]["presentation"]
            bursts.setdefault(attempt, []).append(_read(files[entry["file"]]))
            results.setdefault(attempt, []).extend([entry["result"]] if "result" in entry else [])
        for attempt, taken in bursts.items():
            yield presentation(attempt, taken, results[attempt])


def drawn_species(names: Iterable[str]) -> set[str]:
    """What `Source.species` calls those of a generation plan, in which bona fide has many names."""
    from dermis_models import presentations

    return {BONA_FIDE if name.startswith(presentations.BONA_FIDE) else name for name in names}


def _read(data: bytes) -> Recording:
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        file.write(data)
        file.flush()
        return recording.load(file.name)


def presentation(attempt: str, bursts: Sequence[Recording], results: Sequence[dict[str, Any]] = ()) -> Presentation:
    """What the bursts' own truth says of them, which a simulation and a rig write alike."""
    truth = bursts[0].truth or {}
    name = str(truth.get("species", ""))
    details = truth.get("details")
    known = species_table.all_species()
    aim = known[name].aim if name in known else species_table.IMPOSTOR
    return Presentation(
        attempt=attempt,
        subject=str(truth.get("subject", attempt)),
        species=name,
        tone=_number_or_word(truth.get("tone")),
        condition=str(truth.get("condition", "")),
        covered=_number_or_word(details.get("covered")) if isinstance(details, dict) else "",
        purpose=str(truth.get("purpose") or aim),
        module=str(truth.get("module", "")),
        bursts=bursts,
        results=results,
    )


def _number_or_word(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, int | float) else str(value)
