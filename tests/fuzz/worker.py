"""What the processes of all targets are forked from: `python -m tests.fuzz.worker`.

Our packages are imported and instrumented once, which takes longer than a target's part of a short run. A line of
standard input is a job, a map as JSON: `target`, `report`, `log` (files) and `options` (libFuzzer's, and its corpus);
a line of standard output is the exit code of its process. atheris takes that process over and ends it. What it does
not tell (how many inputs were accepted, how the memory grew) is written to the report as it goes.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import importlib
import json
import os
import random
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

OURS = ["dermis", "dermis_host", "dermis_hw", "dermis_models"]
PAGE = resource.getpagesize()
LOOK_EVERY = 64  # inputs
WRITE_EVERY_S = 0.25  # a short run has a second or two for a target
LOAD_S = 60  # for what a target's valid inputs need
MUTATED_BY_US = 0.5  # of the inputs of a target that has mutations of its own


# atheris has wheels for glibc alone. What malloc keeps of what was freed (up to 64 MiB) is no growth: a large picture
# now and then would be taken for a leak.
GIVE_BACK_FREED = ctypes.CDLL(None).malloc_trim


def resident() -> int:
    """Bytes of this process that lie in memory now, and were not freed."""
    GIVE_BACK_FREED(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def main() -> None:
    if sys.argv[1:]:
        sys.exit("Jobs come on standard input: start `python -m tests.fuzz`.")
    atheris: Any = importlib.import_module("atheris")  # no wheel for every Python

    with atheris.instrument_imports(include=OURS):
        from tests.fuzz import targets

        for line in sys.stdin:
            job = json.loads(line)
            check = targets.Check(targets.TARGETS[job["target"]])
            child = os.fork()
            if not child:
                _run(atheris, check, job)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(atheris: Any, check: Any, job: dict[str, Any]) -> NoReturn:
    """This process becomes libFuzzer's."""
    from tests.fuzz import targets

    try:
        log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for descriptor in (1, 2):
            os.dup2(log, descriptor)
        faulthandler.dump_traceback_later(LOAD_S, exit=True)  # libFuzzer does not watch yet
        _load_all(check)
        faulthandler.cancel_dump_traceback_later()
        changes = {"custom_mutator": _tflite_mutator(atheris)} if check.target.name == "tflite" else {}
        with targets.bounded():
            atheris.Setup([sys.argv[0], *job["options"]], Watch(check, Path(job["report"])), **changes)
            atheris.Fuzz()
    except SystemExit:
        raise  # so atheris ends a process that found something, and libFuzzer writes the input as it exits
    except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on as the one that it came from
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(1)


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
    main()
