"""What the passages of a soak came to: who was let through, who was not, and who should have been."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.soak.timetable import ATTACK, BONA_FIDE, LONGEST_VERIFICATION_S, PASSER_BY, Passage, Timetable

# A verdict drives the relay and the wire within this, in virtual time.
DRIVEN_WITHIN_S = 0.5
# The relay is looked at that much after its time at the latest (the firmware sleeps 100 ms at a time).
HELD_LONGER_S = 0.25
# Faults under which a line may say something else, and one that moves the module's clock by that much.
NOISY = ("serial_noise", "serial_garbage")
LEAP, LEAP_S = "clock_jump", 5.0


@dataclass
class Window:
    """From `begin_s` to `end_s` (inf: it lasts) something was done to the module that may cost a verdict."""

    begin_s: float
    why: str
    end_s: float = math.inf


@dataclass
class Ledger:
    """timetable: who stood there. begin_s: from when on is judged. relay_s: how long a bona fide holds the relay.

    problems: sentences, none while everything held. waits_ms: from coming to the verdict, of passages without a fault.
    """

    timetable: Timetable
    begin_s: float
    relay_s: float
    windows: list[Window] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    passages: Counter[str] = field(default_factory=Counter)
    excused: int = 0
    refused: int = 0  # bona fide passages without a fault that ended in an attack
    caught: int = 0  # attacks that ended in one
    verdicts: Counter[str] = field(default_factory=Counter)
    waits_ms: list[float] = field(default_factory=list)
    lost_lines: int = 0
    judged_until_s: float = math.inf
    shown_until_s: float = math.inf
    _of: defaultdict[int, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    _let_through_s: list[float] = field(default_factory=list)
    _closures_s: list[tuple[float, float]] = field(default_factory=list)
    _next: int = -1
    _number: tuple[int, int] | None = None  # life and number of the passage told last

    def open(self, begin_s: float, why: str) -> Window:
        """Something is done to the module from now on."""
        window = Window(begin_s, why)
        self.windows.append(window)
        return window

    def close(self, judged_until_s: float, shown_until_s: float) -> None:
        """Who stays beyond the first time is not judged, who comes after the second one was never shown."""
        self.judged_until_s, self.shown_until_s = judged_until_s, shown_until_s

    def under_fault(self, begin_s: float, end_s: float, which: tuple[str, ...] = ()) -> bool:
        """Whether anything was done to the module in that time, or one of these."""
        return any(
            window.begin_s <= end_s and begin_s <= window.end_s and (not which or window.why in which)
            for window in self.windows
        )

    def told(self, at_s: float, life: int, number: int, verdict: str, reasons: list[str]) -> None:
        """The module said the verdict of a passage."""
        if self.under_fault(at_s, at_s, NOISY):  # any letter of the line may be another one
            self.lost_lines += 1
            self._number = None
            if verdict != BONA_FIDE:
                return
        else:
            self._count_lost(at_s, life, number)
        self.verdicts[verdict if verdict != "no_decision" else f"{verdict}/{reasons[0] if reasons else None}"] += 1
        passage = self._judged(at_s)
        if verdict == BONA_FIDE:
            self._let_through_s.append(at_s)
            if passage is None or passage.kind == ATTACK:
                whom = f"{passage.scene} (passage {passage.number})" if passage else "nobody"
                self.problems.append(f"wrong bona fide at {at_s:.1f} s: {whom} stood there")
        if passage is not None:
            self._of[passage.number].append((at_s, verdict))

    def _judged(self, at_s: float) -> Passage | None:
        """Whom a verdict was of. A line of the moment in which the clock leaps may be placed before or after it."""
        leaps = (0.0, LEAP_S, -LEAP_S) if self.under_fault(at_s - LEAP_S, at_s + LEAP_S, (LEAP,)) else (0.0,)
        found = [passage for leap_s in leaps if (passage := self.timetable.judged(at_s + leap_s)) is not None]
        return next((passage for passage in found if passage.comes_s <= self.shown_until_s), None)

    def _count_lost(self, at_s: float, life: int, number: int) -> None:
        before_life, before = self._number or (life, number - 1)
        expected = before + 1 if life == before_life else 1
        self._number = life, number
        missing = number - expected
        if missing > 0:
            self.lost_lines += missing
            if not self.under_fault(at_s - self.timetable.share_s * (missing + 1), at_s):
                self.problems.append(f"{missing} lines of passages were lost before {at_s:.1f} s, and nothing was done")
        elif missing < 0:
            self.problems.append(f"passage {number} was told after {before} at {at_s:.1f} s")

    def relay(self, closed_s: float, opened_s: float) -> None:
        """The relay was closed from then until then; judged once every line of that time has come."""
        if closed_s >= self.begin_s:
            self._closures_s.append((closed_s, opened_s))

    def _judge_closure(self, closed_s: float, opened_s: float) -> None:
        for_whom = [at_s for at_s in self._let_through_s if abs(closed_s - at_s) <= DRIVEN_WITHIN_S]
        done = self.under_fault(closed_s - DRIVEN_WITHIN_S, opened_s)
        if not for_whom and not done:
            self.problems.append(f"the relay was closed at {closed_s:.1f} s without a bona fide")
        held_s = opened_s - closed_s
        if held_s > self.relay_s + HELD_LONGER_S or (held_s < self.relay_s and not done):
            self.problems.append(f"the relay was held for {held_s:.2f} s at {closed_s:.1f} s, not {self.relay_s:g}")
        for at_s in for_whom:
            self._let_through_s.remove(at_s)

    def settle(self, now_s: float) -> None:
        """Judge the passages and the closures of the relay that are over; every line until now_s has come."""
        if self._next < 0:
            self._next = math.ceil(self.begin_s / self.timetable.share_s)
        while True:
            passage = self.timetable.passage(self._next)
            if passage.goes_s + LONGEST_VERIFICATION_S > now_s or passage.goes_s > self.judged_until_s:
                break
            self._next += 1
            self._judge(passage)
        for closure_s in [closure_s for closure_s in self._closures_s if closure_s[1] + DRIVEN_WITHIN_S < now_s]:
            self._closures_s.remove(closure_s)
            self._judge_closure(*closure_s)
        over_s = now_s - self.relay_s - LONGEST_VERIFICATION_S
        for at_s in [at_s for at_s in self._let_through_s if at_s < over_s]:
            self._let_through_s.remove(at_s)
            if not self.under_fault(at_s, at_s + DRIVEN_WITHIN_S):
                self.problems.append(f"the bona fide of {at_s:.1f} s did not close the relay")

    def _judge(self, passage: Passage) -> None:
        self.passages[passage.kind] += 1
        verdicts = [(at_s, verdict) for at_s, verdict in self._of.pop(passage.number, []) if verdict != "no_decision"]
        if passage.kind == ATTACK and any(verdict == "attack" for _, verdict in verdicts):
            self.caught += 1
        if self.under_fault(passage.comes_s - LONGEST_VERIFICATION_S, passage.goes_s + LONGEST_VERIFICATION_S):
            self.excused += 1
            return
        if verdicts and passage.kind != PASSER_BY:
            self.waits_ms.append((verdicts[0][0] - passage.comes_s) * 1000)
        if passage.kind != BONA_FIDE:
            return
        if not verdicts:
            self.problems.append(
                f"passage {passage.number} ({passage.scene}, {passage.comes_s:.1f} to {passage.goes_s:.1f} s) ended "
                "without a verdict, and nothing was done to the module"
            )
        elif not any(verdict == BONA_FIDE for _, verdict in verdicts):
            self.refused += 1
