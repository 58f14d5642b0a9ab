"""The process of one target: `python -m tests.fuzz.worker TARGET REPORT [libFuzzer's options] CORPUS...`

atheris takes the process over and ends it. What it does not tell (how many inputs were accepted, how the memory grew)
is written to REPORT as it goes.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import random
import resource
import sys
import time
from pathlib import Path
from typing import Any

OURS = ["dermis", "dermis_host", "dermis_hw", "dermis_models"]
PAGE = resource.getpagesize()
LOOK_EVERY = 64  # inputs
WRITE_EVERY_S = 1.0
MUTATED_BY_US = 0.5  # of the inputs of a target that has mutations of its own


def resident() -> int:
    """Bytes of this process that lie in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def main(arguments: list[str]) -> None:
    atheris: Any = importlib.import_module("atheris")  # no wheel for every Python

    name, report, *options = arguments
    with atheris.instrument_imports(include=OURS):
        from tests.fuzz import targets

        check = targets.Check(targets.TARGETS[name])
        _load_all(check)
    watch = Watch(check, Path(report))
    changes: dict[str, Any] = {}
    if name == "tflite":
        changes["custom_mutator"] = _tflite_mutator(atheris)
    with targets.bounded():
        atheris.Setup([sys.argv[0], *options], watch, **changes)
        atheris.Fuzz()


def _load_all(check: Any) -> None:
    """Much is imported when it is first needed: it must be while imports are instrumented."""
    from tests.fuzz import samples

    for data in samples.of(check.target.name):
        with contextlib.suppress(Exception):  # what fails here fails again as the corpus is read
            check(data)


class Watch:
    """Counts and measures around a target. libFuzzer keeps inputs itself, so that some growth is its own."""

    def __init__(self, check: Any, report: Path):
        self._check = check
        self._report = report
        self._count = 0
        self._start = time.monotonic()
        self._written = 0.0
        self._memory: list[tuple[int, int]] = []  # (inputs, bytes)

    def __call__(self, data: bytes) -> None:
        self._check(data)
        self._count += 1
        if self._count % LOOK_EVERY == 0 and time.monotonic() - self._written > WRITE_EVERY_S:
            self._written = time.monotonic()
            self._memory.append((self._count, resident()))
            told: dict[str, Any] = {
                "accepted": self._check.accepted,
                "refused": self._check.refused,
                "memory": self._memory,
            }
            told["seconds"] = self._written - self._start
            self._report.write_text(json.dumps(told))


def _tflite_mutator(atheris: Any) -> Any:
    """Half of the inputs are damaged by what knows where a file's numbers are (`tests.campaign.mutations`)."""
    from tests.campaign import mutations

    known: dict[bytes, mutations.Seed] = {}

    def mutate(data: bytes, longest: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if not data or rng.random() > MUTATED_BY_US:
            return atheris.Mutate(data, longest)
        if data not in known:
            if len(known) > 500:
                known.clear()
            known[data] = mutations.seed("corpus", data)
        return mutations.mutate(rng, known[data])[1][:longest]

    return mutate


if __name__ == "__main__":
    main(sys.argv[1:])
