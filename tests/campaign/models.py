"""Damaged .tflite files: `python -m tests.campaign models --count 100000 --seed 1`.

Each file is loaded and run by CPython and by MicroPython's viper kernels, between guard bytes (`guarded`). What may
come of it: the same ModelError from both, or the same answer. Everything else is a fault: another exception, a
crash, a broken guard, answers that differ, more than a second of processor time, memory that stays taken. Models
that still load but ask for more than CPython has time for run under MicroPython alone, where the guards are. What
loads must also load for the ESP32-S3's assembler kernels, which run nowhere here (tests/xtensa runs them).
"""

from __future__ import annotations

import argparse
import functools
import gc
import random
import re
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dermis_host.released import released_model

from tests.campaign import guarded, mutations
from tests.campaign.interpreter import environment, micropython

ROOT = Path(__file__).parents[2]
PACKS = ROOT / "tests" / "unit" / "tflite"
CORPUS = "mutated"  # the pack of files kept
CHUNK = 500  # files that one MicroPython process takes
HEAP = "6m"
MOST_WORK = 1 << 24  # turns of a loop under MicroPython: tenths of a second
MOST_WORK_HERE = 1 << 16  # under CPython, whose loops take a hundred times as long
SLOWEST_MS = 1000  # of processor time, for one file, load and two inferences
PROCESS_S = 600  # for a chunk, beyond which a process hangs
MOST_KEPT_BYTES = 6000  # of a file that the corpus takes
MEMORY_GROWTH = 16 * 1024  # bytes of MicroPython's heap over a chunk: names interned on the way, never tensors
RESIDENT_GROWTH = 64 << 20  # bytes of this process over a campaign
# How often of 100 each kind of seed is damaged: small files give more cases a second.
SINGLE, WHOLE, REFUSED, RELEASED = 74, 12, 8, 6


@functools.cache
def seeds() -> dict[str, tuple[list[mutations.Seed], int]]:
    """The sound files (and those that are refused) by kind, with each kind's share."""
    sys.path.insert(0, str(PACKS))
    import packs  # pyright: ignore[reportMissingImports]

    names = sorted(path.stem for path in (PACKS / "data").glob("*.pack") if path.stem != CORPUS)
    entries = {name: [mutations.seed(f"{name}/{entry[0]}", entry[1]) for entry in packs.read(name)] for name in names}
    whole = [origin for name in names if name not in ("single_ops", "refused") for origin in entries[name]]
    return {
        "single": (entries["single_ops"], SINGLE),
        "whole": (whole, WHOLE),
        "refused": (entries["refused"], REFUSED),
        "released": ([mutations.seed("released", released_model().read_bytes())], RELEASED),
    }


@dataclass
class Case:
    """A damaged file and what came of it under each interpreter ('' where it did not run)."""

    number: int
    origin: str
    how: str
    file: bytes
    here: str = ""
    there: str = ""
    assembled: str = ""
    here_ms: int = 0
    there_ms: int = 0

    def fault(self) -> str:
        """What is wrong, '' where nothing is."""
        for found in (self.here, self.there, self.assembled):
            if found.startswith("FAULT"):
                return found
        if self.there == "":
            return "FAULT: MicroPython stopped at this file"
        if max(self.here_ms, self.there_ms) > SLOWEST_MS:
            return f"FAULT: it takes {self.here_ms} ms under CPython, {self.there_ms} ms under MicroPython"
        if self.here != self.there and not self.only_guarded():
            return f"FAULT: CPython gives '{self.here}', MicroPython '{self.there}'"
        if self.assembled and self.assembled != (self.here if refused(self.here) else "loaded"):
            return f"FAULT: CPython gives '{self.here}', but for assembler kernels '{self.assembled}'"
        return ""

    def only_guarded(self) -> bool:
        """Whether only MicroPython ran it, or MicroPython's heap was too small, which is a named error too."""
        alone = self.here.startswith("loaded") and self.there.startswith(("ran", "loaded"))
        return alone or ("give a larger heap" in self.there and self.here.startswith(("ran", "loaded")))


def refused(found: str) -> bool:
    return not found.startswith(("ran", "loaded"))


@dataclass
class Report:
    """What a campaign has found so far."""

    cases: int = 0
    outcomes: Counter = field(default_factory=Counter)
    mutations: Counter = field(default_factory=Counter)
    messages: dict[str, Case] = field(default_factory=dict)
    faults: list[tuple[Case, str]] = field(default_factory=list)
    slowest: tuple[int, int] = (0, 0)  # under CPython, under MicroPython
    grown: int = 0

    def take(self, case: Case) -> None:
        self.cases += 1
        self.mutations.update(case.how.split("+"))
        self.slowest = max(self.slowest[0], case.here_ms), max(self.slowest[1], case.there_ms)
        fault = case.fault()
        if fault:
            self.faults.append((case, fault))
            self.outcomes["faults"] += 1
            return
        kind = case.there.partition(" ")[0].rstrip(":")
        if kind == "ran":
            kind = "ran, guards whole" if case.only_guarded() else "ran, guards whole, both answers equal"
        self.outcomes[kind] += 1
        message = family(case)
        known = self.messages.get(message)
        if known is None or len(case.file) < len(known.file):
            self.messages[message] = case

    def text(self) -> str:
        lines = [f"{self.cases} damaged files"]
        lines += [f"  {count:7} {kind}" for kind, count in self.outcomes.most_common()]
        lines.append("mutations: " + ", ".join(f"{count} {name}" for name, count in self.mutations.most_common()))
        lines.append(f"{len(self.messages)} different sentences, and sound files whose damaged ones ran")
        lines.append(
            f"slowest file, load and two inferences: {self.slowest[0]} ms of processor time under CPython, "
            f"{self.slowest[1]} ms under MicroPython (limit {SLOWEST_MS})"
        )
        lines.append(f"MicroPython's heap over {CHUNK} files grew by at most {self.grown} bytes")
        lines += [f"number {case.number}, {case.how} of {case.origin}: {fault}" for case, fault in self.faults]
        return "\n".join(lines)


def family(case: Case) -> str:
    """A sentence without operators, numbers and names; for what ran, the sound file that it came from."""
    found = case.there
    if found.startswith(("ran", "loaded")):
        return f"{found.partition(' ')[0]} {case.origin}"
    nameless = re.sub(r"'.*'|\(.*\)", "X", found)
    return re.sub(r"-?\d+", "N", re.sub(r": [A-Z0-9_]+(?= at| version| has)|builtin operator", ": OP", nameless))


def cases(count: int, seed: int, first: int = 0) -> Iterator[Case]:
    """The damaged files of a campaign; number n is the same whatever the count."""
    kinds = seeds()
    shares = [share for _, share in kinds.values()]
    for number in range(first, first + count):
        rng = random.Random(f"{seed}/{number}")
        [kind] = rng.choices(list(kinds), shares)
        origin = rng.choice(kinds[kind][0])
        how, file = mutations.mutate(rng, origin)
        yield Case(number, origin.name, how, file)


def run_here(case: Case, number: int) -> None:
    start = time.process_time()
    case.here = guarded.outcome(case.file, number, MOST_WORK_HERE, not guarded.wide(number))
    case.here_ms = int(1000 * (time.process_time() - start))
    if not refused(case.here):
        start = time.process_time()
        case.assembled = guarded.loaded_for_assembler(case.file)
        case.here_ms = max(case.here_ms, int(1000 * (time.process_time() - start)))


def run_there(chunk: list[Case]) -> int:
    """All of `chunk` under MicroPython, the rest again where one stops it; bytes by which the heap grew."""
    start = grown = 0
    while start < len(chunk):
        lines = _process(chunk[start:])
        for line in lines:
            number, _, rest = line.partition("\t")
            if number == "memory":
                grown = max(grown, int(rest))
                continue
            case = chunk[start + int(number)]
            milliseconds, _, case.there = rest.partition("\t")
            case.there_ms = int(milliseconds)
        done = sum(1 for line in lines if not line.startswith("memory"))
        start += done + (done < len(chunk) - start)  # past the one that stopped it
    return grown


def _process(chunk: list[Case]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "files")
        path.write_bytes(b"".join(struct.pack("<I", len(case.file)) + case.file for case in chunk))
        command = [micropython(), "-X", f"heapsize={HEAP}", guarded.__file__, str(path), str(MOST_WORK)]
        try:
            result = subprocess.run(command, env=environment(), capture_output=True, timeout=PROCESS_S)
            output = result.stdout
        except subprocess.TimeoutExpired as late:
            output = late.stdout or b""
    return output.decode("ascii", "replace").split("\n")[:-1]  # a line cut short is no outcome


def campaign(count: int, seed: int, first: int = 0) -> Report:
    report = Report()
    resident = 0
    chunk: list[Case] = []
    for case in cases(count, seed, first):
        run_here(case, len(chunk))
        chunk.append(case)
        if len(chunk) == CHUNK or case.number == first + count - 1:
            report.grown = max(report.grown, run_there(chunk))
            for done in chunk:
                report.take(done)
            chunk = []
            gc.collect()
            resident = resident or _resident_bytes()
            print(f"{report.cases}: {dict(report.outcomes)}", file=sys.stderr, flush=True)
    if report.grown > MEMORY_GROWTH:
        report.faults.append((Case(-1, "", "", b""), f"FAULT: MicroPython's heap grew by {report.grown} bytes"))
    if _resident_bytes() - resident > RESIDENT_GROWTH:
        report.faults.append((Case(-1, "", "", b""), "FAULT: CPython's memory grew"))
    return report


def _resident_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign models", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first file, to see one again")
    parser.add_argument("--keep", type=Path, help="folder for files that show a fault")
    parser.add_argument("--corpus", type=Path, help="pack to add to: the smallest file of each sentence")
    options = parser.parse_args(arguments)
    report = campaign(options.count, options.seed, options.first)
    print(report.text())
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for case, _ in report.faults:
            (options.keep / f"{options.seed}-{case.number}.tflite").write_bytes(case.file)
    if options.corpus:
        write_corpus(options.corpus, report)
    return 1 if report.faults else 0


def write_corpus(path: Path, report: Report) -> None:
    """Adds to the pack at `path` the smallest file of each family that it has not yet, and the files at fault.

    In the form that `packs.read` takes, each file named by what it leads to (`guarded.kept`) once faults are mended,
    a tab, and the sound file that it came from.
    """
    entries, known = [], set()
    if path.exists():
        entries.append(path.read_bytes())
        for name, file in pack_entries(entries[0]):
            known.add(family(Case(0, name.partition("\t")[2], "", file, there=guarded.outcome(file))))
    chosen = [case for sentence, case in report.messages.items() if sentence not in known]
    chosen = [case for case in chosen if len(case.file) <= MOST_KEPT_BYTES]
    for case in chosen + [case for case, _ in report.faults if case.file]:
        name = f"{guarded.kept(guarded.outcome(case.file))}\t{case.origin}".encode()
        entries.append(bytes([len(name)]) + name + struct.pack("<I", len(case.file)) + case.file + b"\0\0")
    path.write_bytes(b"".join(entries))


def pack_entries(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(name, file) of each entry of a pack without vectors."""
    at = 0
    while at < len(data):
        name = data[at + 1 : at + 1 + data[at]]
        at += 1 + len(name)
        [size] = struct.unpack_from("<I", data, at)
        yield name.decode(), data[at + 4 : at + 4 + size]
        at += 4 + size + 2
