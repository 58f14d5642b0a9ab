"""A presentation that was kept burst by burst, judged as a module judges it: one session, one verdict."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dermis.core import profiles, release
from dermis.core.errors import BadInput

from dermis_host import recording, replaying
from dermis_host.access.sealed import Secrets
from dermis_host.errors import RecordingError
from dermis_host.evaluation import plan, said, sessions

HASH_DIGITS = 16  # of a model's SHA-256, as a module's identity has it
NUMBERED = re.compile(r"(.+)-(\d+)")  # the stem of one burst of several, as a run keeps them


@dataclass(frozen=True)
class Judged:
    """name: of the presentation. bursts: as many as the session wanted. said: what the module said of it when it stood
    there, as the recordings have it; "" where they do not. differs: what a replay of these very bursts under
    that module's model says otherwise; "" where it says the same, or that cannot be told. firmware: the module's, where
    it is another than these tools'.
    """

    name: str
    verdict: str
    reasons: tuple[str, ...]
    score: float
    bursts: int
    profile: str
    said: str
    differs: str = ""
    firmware: str = ""


def bursts_of(path: Path) -> list[Path]:
    """The recordings of the presentation of which `path` is one, in the order in which they were taken."""
    named = NUMBERED.fullmatch(path.stem)
    if named is None:
        return [path]
    found: dict[int, Path] = {}
    for each in path.parent.glob(f"*{path.suffix}"):
        other = NUMBERED.fullmatch(each.stem)
        if other and other[1] == named[1]:
            found[int(other[2])] = each
    return [found[number] for number in sorted(found)] or [path]


def judged(
    paths: Sequence[Path], model: Path, under: Secrets, heap: str, tell: Callable[[str], None] = lambda _: None
) -> Judged:
    """What a module of that model would say of these bursts, with the profile that it had.

    Raises RecordingError for what cannot be read, or where recordings of two presentations have one name;
    DeviceCodeError.
    """
    bursts = [recording.load(path, under) for path in paths]
    truths = [burst.truth or {} for burst in bursts]
    names = {truth.get("presentation") for truth in truths}
    if len(paths) > 1 and None in names:
        raise RecordingError(f"{paths[0]} and its neighbours name no presentation: replay each alone.")
    if len(names) > 1:
        raise RecordingError(f"{paths[0]} and its neighbours are bursts of several presentations: keep them apart.")
    made_by = bursts[0].module or {}
    name = made_by.get("profile") or bursts[0].board["profile"]
    try:
        profile = profiles.by_name(name)
    except BadInput as problem:
        raise RecordingError(f"{paths[0]}: {problem}.") from None
    results = replaying.replay(bursts, model, features_only=True, heap=heap, tell=tell)
    threshold = plan.threshold_of(model, profile)
    told = truths[0].get("said") or {}
    exact = said.judged_these(told) and told["bursts"] == len(bursts)
    found, _, _ = sessions.verdict(results, profile, threshold, sessions.UNTIMED if exact else plan.BURST_MS)
    same_model = made_by.get("model_hash") == hashlib.sha256(model.read_bytes()).hexdigest()[:HASH_DIGITS]
    firmware = str(made_by.get("firmware", ""))
    presentation = names.pop() or paths[0].stem
    return Judged(
        str(presentation),
        found.verdict,
        found.reasons,
        found.score,
        found.bursts,
        profile.name,
        said.words(told),
        said.difference(told, found) if exact and same_model else "",
        "" if firmware == release.VERSION else firmware,
    )
