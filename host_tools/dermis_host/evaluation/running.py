"""A run: presentations made, judged by the device's code and written down, so that it can be taken up again."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from dermis.core import vocabulary
from dermis_hw.species import CONCEALER

from dermis_host import files
from dermis_host.errors import HostError, UsageError
from dermis_host.evaluation import sessions
from dermis_host.evaluation.judging import Judge
from dermis_host.evaluation.plan import Plan
from dermis_host.evaluation.presented import bursts_of
from dermis_host.evaluation.source import Presentation, Source, Verdict, plain

PRESENTATIONS, RUN, RECORDINGS = "presentations.csv", "run.json", "recordings"
COLUMNS = (
    "attempt", "subject", "species", "tone", "condition", "covered", "purpose", "module", "held_out", "response",
    "score", "verdict", "reasons", "bursts", "ms", "recording", "simulated",
)  # fmt: skip
LATER = ("generator_digest", "scoring")  # keys that older versions did not write into run.json
BATCH = 48  # presentations judged at once: 100 bursts or so, 50 MB of frames
FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for a program at the start of a cell
YES_NO = {True: "yes", False: "no", None: ""}


class Run:
    """The folder of one evaluation. Rows gather in `presentations.csv.part`, which takes its name when all are there.

    Raises UsageError when the folder holds another evaluation, HostError when it cannot be written.
    """

    def __init__(self, plan: Plan, source: Source, description: dict[str, Any], folder: Path):
        self._plan, self._source, self.folder = plan, source, folder
        self._judge = Judge.of(plan)
        self.description: dict[str, Any] = {
            "format": "dermis-evaluation",
            "version": 1,
            "plan": plan.name,
            "digest": plan.digest(),
            "profile": plan.profile.name,
            "model": plan.model.name,
            "model_sha256": plan.model_sha256,
            "seed": plan.seed,
            "threshold": plan.threshold,
            "source": plan.source,
            "without_swir": plan.without_swir,
            "simulated": source.simulated,
            **description,
        }
        self.attempts = list(source.attempts())
        self._ran_out = 0
        self._prepare()
        self.done = self._finished()

    def digest(self) -> str:
        """16 hex digits of the run's description, the same for whoever repeats it; of a finished run on a rig, where a
        repetition has other rows, of its rows as well."""
        said = json.dumps(self.description, sort_keys=True)
        if "rigs" in self.description and self.scores.is_file():
            said += files.sha256(self.scores)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @property
    def scores(self) -> Path:
        return self.folder / PRESENTATIONS

    @property
    def _part(self) -> Path:
        return self.folder / (PRESENTATIONS + files.PART)

    def _prepare(self) -> None:
        place = self.folder / RUN
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise HostError(f"{self.folder} cannot be made: {problem.strerror or problem}.") from None
        if place.is_file():
            there: Any = None
            with suppress(ValueError):
                there = json.loads(place.read_text(encoding="utf-8"))
            if self.scores.is_file() and self._as_older(there):
                self.description = there  # finished, so that nothing of another state is added to it
            if there != self.description:
                there_is = f"; `dermis report {self.scores}` reports on that one" if self.scores.is_file() else ""
                raise UsageError(
                    f"{self.folder} holds another evaluation (plan, model, seed, generator, recordings or sources "
                    f"differ): name another folder with -o, or remove it{there_is}."
                )
            return
        if self.scores.exists() or self._part.exists():
            raise UsageError(f"{self.folder} holds presentations but no {RUN} that says of what: name another folder.")
        with files.whole(place) as file:
            file.write(json.dumps(self.description, indent=1, sort_keys=True).encode() + b"\n")

    def _as_older(self, there: Any) -> bool:
        """Whether that is this run's description but for what older versions did not write down."""
        if not isinstance(there, dict):
            return False
        return there == {key: said for key, said in self.description.items() if key in there or key not in LATER}

    def _finished(self) -> set[str]:
        """Attempts that are written down. A row that was cut off in the middle is dropped."""
        if self.scores.is_file():
            return set(self.attempts)
        if not self._part.is_file():
            return set()
        data = self._part.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            with open(self._part, "r+b") as file:  # cut, not written anew: hours of rows are in it
                file.truncate(len(whole))
        rows = csv.reader(io.StringIO(whole.decode("utf-8", "replace")))
        if tuple(next(rows, COLUMNS)) != COLUMNS:
            raise UsageError(f"{self._part} was begun by another version of these tools: name another folder with -o.")
        return {row[0] for row in rows if len(row) == len(COLUMNS)}

    def go(self, advance: Callable[[int], None] = lambda _: None, tell: Callable[[str], None] = lambda _: None) -> None:
        """Makes what is missing, then gives the presentations their name. `advance` is told of each batch's size.

        Raises HostError; what was judged before stays.
        """
        missing = [attempt for attempt in self.attempts if attempt not in self.done]
        if missing:
            fresh = not self._part.is_file() or not self._part.stat().st_size
            with open(self._part, "a", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                if fresh:
                    writer.writerow(COLUMNS)
                with closing(self._batches(missing)) as batches:
                    for batch in batches:
                        writer.writerows(list(self._judged(batch, tell)))
                        file.flush()
                        self.done.update(each.attempt for each in batch)
                        advance(len(batch))
        lacking = [attempt for attempt in self.attempts if attempt not in self.done]
        if lacking:
            raise HostError(
                f"{len(lacking)} of {len(self.attempts)} presentations were not made (the first: {lacking[0]}): "
                "give the same command again."
            )
        if self._part.is_file():
            self._part.replace(self.scores)
        if self._ran_out:
            tell(
                f"{self._ran_out} presentations ran out of bursts before the module would have made up its mind: "
                "they count by what the bursts said; ask for more bursts a presentation."
            )

    def _batches(self, missing: Sequence[str]) -> Generator[list[Presentation]]:
        """What is judged and written down at once: a verdict that a module gave itself comes alone, at once."""
        batch: list[Presentation] = []
        with closing(self._source.show(missing)) as shown:
            for presentation in shown:
                batch.append(presentation)
                if presentation.verdict is not None or len(batch) == BATCH:
                    yield batch
                    batch = []
        if batch:
            yield batch

    def _judged(self, batch: Sequence[Presentation], tell: Callable[[str], None]) -> Iterator[list[str]]:
        asked = [() if each.verdict is not None or each.results else each.bursts for each in batch]
        bursts = [burst for each in asked for burst in each]
        fresh = iter(self._judge.results(bursts, tell) if bursts else ())
        results = [[*each.results, *(next(fresh) for _ in left)] for each, left in zip(batch, asked, strict=True)]
        every = [result for own in results for result in own]
        failed = [result["error"] for result in every if "error" in result]
        if failed and len(failed) == len(every):
            raise HostError(f"The device's code can analyse none of these recordings: {failed[0]}.")
        for presentation, own in zip(batch, results, strict=True):
            yield self._row(presentation, own)

    def _row(self, presentation: Presentation, results: Sequence[dict[str, Any]]) -> list[str]:
        said = presentation.verdict
        if said is None:
            plan = self._plan
            said, score, sufficed = sessions.verdict(results, plan.profile, plan.threshold, plan.burst_ms)
            self._ran_out += not sufficed
        else:
            score = said.score
        recording = self._keep(presentation, said)
        cells = [
            presentation.attempt,
            presentation.subject,
            presentation.species,
            presentation.tone,
            presentation.condition,
            presentation.covered,
            self._purpose(presentation),
            presentation.module,
            self._plan.held_out,
            YES_NO[said.verdict != vocabulary.NO_DECISION],
            "" if math.isnan(score) else f"{score:g}",
            said.verdict,
            " ".join(said.reasons),
            str(said.bursts),
            "" if said.ms is None else f"{said.ms:g}",
            recording,
            YES_NO[self._source.simulated],
        ]
        numbers = ("score", "ms", "bursts")
        for name, cell in zip(COLUMNS, cells, strict=True):
            if name not in numbers and (cell.startswith(FORMULAS) or not cell.isprintable()):
                raise HostError(f"The {name} {cell!r} of a presentation may not stand in a table: rename it.")
        return cells

    def _purpose(self, presentation: Presentation) -> str:
        if not presentation.species:
            return ""
        return CONCEALER if presentation.species in self._plan.concealer else presentation.purpose

    def _keep(self, presentation: Presentation, said: Verdict) -> str:
        """Saves what the plan keeps; the path from the run's folder, "" when nothing was kept. What a run left of the
        same attempt that was stopped before its row was written goes: it was of another verdict."""
        recording = f"{RECORDINGS}/{plain(presentation.attempt)}"
        for left in reversed(bursts_of(self.folder / f"{recording}-0.npz")):  # the first last: it is what is looked for
            left.unlink(missing_ok=True)
        if not presentation.bursts or not self._plan.keeps(said.verdict, presentation.species):
            return ""
        (self.folder / RECORDINGS).mkdir(exist_ok=True)
        paths = [f"{recording}-{number}.npz" for number in range(len(presentation.bursts))]
        for path, burst in zip(paths, presentation.bursts, strict=True):
            burst.save(self.folder / path, presentation.under)
        return paths[0]
