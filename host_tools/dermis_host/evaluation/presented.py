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
    """The recordings of the presentation of which `path` is one, in the order in which they were taken; `path` alone
    where it is none, or not there."""
    named = NUMBERED.fullmatch(path.stem)
    if named is None or not path.is_file():
        return [path]
    found: dict[int, Path] = {}
    for each in path.parent.glob(f"*{path.suffix}"):
        other = NUMBERED.fullmatch(each.stem)
        if other and other[1] == named[1]:
            found[int(other[2])] = each
    return [found[number] for number in sorted(found)]


def judged(
    paths: Sequence[Path], model: Path, under: Secrets, heap: str, tell: Callable[[str], None] = lambda _: None
) -> Judged:
    """What a module of that model would say of these bursts, with the profile that it had.

    Raises RecordingError for what cannot be read, or where recordings of two presentations, modules or verdicts have
    one name; DeviceCodeError.
    """
    bursts = [recording.load(path, under) for path in paths]
    truths = [burst.truth or {} for burst in bursts]
    presentation = truths[0].get("presentation")
    made_by, told = bursts[0].module or {}, said.checked(truths[0].get("said"), paths[0])
    if len(paths) > 1 and presentation is None:
        raise RecordingError(f"{paths[0]} and its neighbours name no presentation: replay each alone.")
    if any(truth.get("presentation") != presentation for truth in truths):
        raise RecordingError(f"{paths[0]} and its neighbours are bursts of several presentations: keep them apart.")
    if any((burst.module or {}) != made_by for burst in bursts) or any(
        truth.get("said", {}) != told for truth in truths
    ):
        raise RecordingError(f"{paths[0]} and its neighbours are of several modules or verdicts: keep them apart.")
    name = made_by.get("profile") or bursts[0].board["profile"]
    try:
        profile = profiles.by_name(name)
    except BadInput as problem:
        raise RecordingError(f"{paths[0]}: {problem}.") from None
    results = replaying.replay(bursts, model, features_only=True, heap=heap, tell=tell)
    threshold = plan.threshold_of(model, profile)
    exact = said.judged_these(told) and told["bursts"] == len(bursts)
    if told.get("bursts", len(bursts)) != len(bursts):
        tell(f"{paths[0]}: the module judged {told['bursts']} burst(s), and {len(bursts)} are here.")
    found, _, _ = sessions.verdict(results, profile, threshold, sessions.UNTIMED if exact else plan.BURST_MS)
    same_model = made_by.get("model_hash") == hashlib.sha256(model.read_bytes()).hexdigest()[:HASH_DIGITS]
    firmware = str(made_by.get("firmware", ""))
    return Judged(
        str(presentation or paths[0].stem),
        found.verdict,
        found.reasons,
        found.score,
        found.bursts,
        profile.name,
        said.words(told),
        said.difference(told, found) if exact and same_model else "",
        "" if firmware == release.VERSION else firmware,
    )
