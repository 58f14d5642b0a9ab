"""The corpus: what a run starts with, and which of its inputs are worth keeping."""

from __future__ import annotations

import contextlib
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings

from tests.fuzz.targets import CORPUS, Check, Target

DRAWN = 120  # inputs drawn from a target's strategy to begin with
MOST_KEPT, MOST_KEPT_BYTES = 24, 16_000  # of a target's corpus, beside what failed once
MOST_WORDS = 300
MENDED = "mended-"  # what an input's name begins with that failed once
OURS = tuple(str(Path(__file__).parents[2] / room / "") for room in ("firmware", "host_tools", "hw", "models"))


def quiet(count: int) -> settings:
    """So many examples, the same each time, however slow they are."""
    checks = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
    return settings(max_examples=count, deadline=None, database=None, derandomize=True, suppress_health_check=checks)


def drawn(target: Target, count: int) -> list[bytes]:
    """Inputs of a target's strategy, the same ones each time."""
    from tests.fuzz import strategies

    out: list[bytes] = []

    @quiet(count)
    @given(strategies.of(target.name))
    def note(data: bytes) -> None:
        out.append(data)

    note()
    return out


def fill(target: Target, folder: Path) -> None:
    """A run's corpus: what is kept, valid inputs, and what the strategy draws."""
    from tests.fuzz import samples

    kept = [path.read_bytes() for path in sorted(target.folder.glob("*"))]
    for data in [*kept, *samples.of(target.name), *drawn(target, DRAWN)]:
        if len(data) <= max(target.longest, 16384):
            (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def dictionary(target: Target, folder: Path) -> Path:
    """Words of the valid inputs, for libFuzzer to put in."""
    from tests.fuzz import samples

    words: dict[bytes, None] = {}
    for data in samples.of(target.name):
        for word in re.findall(rb"[A-Za-z_.]{3,30}|\d+\.\d+", data):
            words[word] = None
    path = folder / "words.txt"
    lines = [b'"' + word + b'"' for word in list(words)[:MOST_WORDS]]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def keep(target: Target, work: Path) -> str:
    """Replaces the kept inputs by a small set of those of the last runs that reaches all lines that any of them does.
    What failed once stays. Returns a sentence."""
    check = Check(target)
    corpus = work / target.name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    fill(target, corpus)
    candidates = {path.read_bytes() for folder in (corpus, target.folder) for path in _plain(folder)}
    reached: dict[bytes, frozenset] = {}
    for data in sorted(candidates, key=lambda data: (len(data), data)):
        if len(data) <= target.longest:
            with _lines() as seen, contextlib.suppress(Exception):  # what fails is a finding of a run, not kept here
                check(data, traced=False)
            reached[data] = frozenset(seen)
    chosen = _cover(reached)
    target.folder.mkdir(parents=True, exist_ok=True)
    for path in _plain(target.folder):
        path.unlink()
    for data in chosen:
        (target.folder / hashlib.sha1(data).hexdigest()[:12]).write_bytes(data)
    return f"{target.name}: {len(chosen)} of {len(candidates)} inputs, {sum(map(len, chosen))} bytes"


def _plain(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*")) if not path.name.startswith(MENDED))


def _cover(reached: dict[bytes, frozenset]) -> list[bytes]:
    """Greedy: at each step the input that adds most for its length."""
    left = set().union(*reached.values()) if reached else set()
    chosen: list[bytes] = []
    size = 0
    while left and len(chosen) < MOST_KEPT:
        best = max(reached, key=lambda data: (len(reached[data] & left) / (16 + len(data)), -len(data), data))
        if not reached[best] & left:
            break
        left -= reached[best]
        if size + len(best) <= MOST_KEPT_BYTES:
            chosen.append(best)
            size += len(best)
    return chosen


@contextlib.contextmanager
def _lines() -> Iterator[set]:
    """(file, line before, line) of our packages that run within."""
    seen: set = set()

    def local(frame: Any, event: str, _: Any) -> Any:
        if event == "line":
            seen.add((frame.f_code.co_filename, frame.f_lineno))
        return local

    def called(frame: Any, event: str, _: Any) -> Any:
        return local if frame.f_code.co_filename.startswith(OURS) else None

    sys.settrace(called)
    try:
        yield seen
    finally:
        sys.settrace(None)


def kept(names: Iterable[str]) -> list[Path]:
    """The files of the corpus of those targets."""
    return [path for name in names for path in sorted((CORPUS / name).glob("*"))]
