"""What an evaluation asks of whoever makes presentations: the simulation, a folder of recordings, a rig."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dermis_hw.species import IMPOSTOR

from dermis_host.access.sealed import Secrets
from dermis_host.recording import Recording

BONA_FIDE = ""  # in the place of a species


@dataclass(frozen=True)
class Verdict:
    """What a module said of one presentation. score: 0 to 10000, -inf where no threshold would have accepted, NaN where
    the module said nothing. ms: from trigger to verdict, None where not known."""

    verdict: str
    reasons: tuple[str, ...]
    score: float
    bursts: int
    ms: float | None = None


@dataclass(frozen=True)
class Presentation:
    """One presentation and what came of it.

    attempt: its name, one of `Source.attempts`. subject: who stood there; several presentations may share one.
    species: the PAI species, empty for bona fide. tone, condition, module: what is reported apart, empty when not
    stated. covered: the part of the face that an instrument covers, 0 to 1, empty when not stated. purpose: of an
    attack, one of `dermis_hw.species.AIMS`. bursts: recordings taken in a row, which the device's
    code judges; results: what it made of each already, none where it was not asked; or `verdict`: what a module said
    itself, with the bursts that it kept. under: what seals them when they are kept, None for plain files.
    """

    attempt: str
    subject: str
    species: str = ""
    tone: str = ""
    condition: str = ""
    purpose: str = IMPOSTOR
    module: str = ""
    covered: str = ""
    bursts: Sequence[Recording] = ()
    results: Sequence[dict[str, Any]] = ()
    verdict: Verdict | None = None
    under: Secrets | None = None


class Source(Protocol):
    """Makes presentations. The same plan and seed name the same attempts, so that a run can be resumed."""

    @property
    def simulated(self) -> bool | None:
        """Whether no light of this world makes them; None where that is not stated."""
        ...

    def description(self) -> dict[str, Any]:
        """What made the presentations, as JSON would hold it: a run is taken up only by the same."""
        ...

    def attempts(self) -> Sequence[str]:
        """The names of all attempts, in the order in which they are best made."""
        ...

    def species(self) -> set[str] | None:
        """The PAI species of all attempts, and `BONA_FIDE` where some are; None where it is not known beforehand."""
        ...

    def show(self, attempts: Sequence[str]) -> Generator[Presentation]:
        """Makes those, each once and in any order; whoever closes it early loses nothing that he has taken."""
        ...


def plain(attempt: str) -> str:
    """An attempt's name as a file's."""
    return "".join(character if character.isalnum() or character in "-_" else "_" for character in attempt)
