"""A soak: a door that watches by itself on a twin, for hours or days of virtual time."""

from __future__ import annotations

import os
import random
import resource
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dermis_host import Module
from dermis_host.auditing import export
from dermis_host.errors import HostError
from dermis_host.recording import load
from dermis_hw.twin import Twin

from tests.soak import nobody, scenery
from tests.soak.ledger import Ledger
from tests.soak.tap import Event, Tap
from tests.soak.timetable import FACES, Timetable
from tests.soak.troubles import Troubles
from tests.soak.visits import Heap, Visits

ROOT = Path(__file__).parents[2]
HOUR_S = 3600.0
TURN_S = 0.03  # of this computer's time, between two looks at the twin
RELAY_S = 10  # as long as somebody stands there at least: each is judged once
SETTINGS = {"lock_start": "watch", "lock_relay_ms": str(RELAY_S * 1000), "lock_wiegand": "26"}
FLAT_PERCENT = 1  # of what was alive when the heap had settled
# A percent of it hides a small leak for hours: more than so much for each passage of a life is one, once it is beyond
# what differs between two looks at a heap that holds the same.
LEAK_BYTES, LEAST_GROWN = 64, 4096
WHOLE_PERCENT = 50  # of the largest free piece then that must still be in one piece
# So long virtual time may stand still while this computer's goes on, be it ever so busy: the module hangs.
HUNG_S = 120.0
# A line comes to the tap this much later at most, of this computer's time: by then minutes of virtual time have passed.
LATE_S = 2.0
# Log lines that tell of what nobody foresaw. Storage that fails under a fault is foreseen.
FAILURES, FORESEEN = "_failed", ("audit_failed", "self_test_failed")
FIRST_CAUSE, ASKED_BY_US = "power_on", "software"  # of the start, and of the reset that puts the settings in force
TOLD_BY_TWIN = ("the watchdog was not fed", "process ended with status")


@dataclass(frozen=True)
class Options:
    hours: float
    passages: int  # a day
    seed: int
    faults: float  # an hour
    resets: float
    visits: float
    ticks_ms: int  # what the module's clock says at each start


@dataclass
class Hour:
    """One simulated hour (the last one may be a part). heap: at its end, None where the module could not say."""

    number: int
    passages: int
    verdicts: Counter[str]
    faults: int
    visits: int
    heap: Heap | None
    boots: int
    erases: int
    wall_s: float


@dataclass
class Result:
    """What a soak came to. problems: sentences, none when everything held.

    hours_done: simulated, with what went by while hosts took the last look; hours_watched: without that.
    """

    options: Options
    hours_done: float = 0.0
    hours_watched: float = 0.0
    wall_s: float = 0.0
    cpu_s: float = 0.0  # of this computer: the soak's, the twin's and the module's
    interrupted: bool = False
    hours: list[Hour] = field(default_factory=list)
    settled: dict[int, Heap] = field(default_factory=dict)  # life -> its heap after one visit of each kind
    settled_after: dict[int, int] = field(default_factory=dict)  # life -> passages judged until then, of all lives
    heaps: list[tuple[int, Heap]] = field(default_factory=list)
    starts: Counter[str] = field(default_factory=Counter)  # by cause, as the audit log has them
    wear: dict[str, list[int]] = field(default_factory=dict)
    entries: int = 0  # of the audit log
    problems: list[str] = field(default_factory=list)


class Soak:
    """One run. `say` takes each hour as it ends."""

    def __init__(self, options: Options, folder: Path, say: Callable[[Hour], None]):
        """Raises ValueError for a timetable that there cannot be."""
        self.options, self._folder, self._say = options, folder, say
        self.timetable = Timetable(options.seed, options.passages)
        self.result = Result(options)
        self._rng = random.Random(options.seed)
        self._told: Counter[str] = Counter()  # of the hour
        self._faults_before = self._visits_before = self._passages_before = self._erases_before = 0
        self._boots_before = 0
        self._warm_life = -1
        self._turns: deque[tuple[float, float]] = deque()  # this computer's time and the world's, of `LATE_S`
        self._all_heard_s = 0.0  # world time until which every line has come

    def run(self) -> Result:
        """Until its hours are over, something hangs, or Ctrl-C. Raises TwinError, HostError before it has begun."""
        os.environ |= scenery.environment(self.options.seed, self.options.passages)
        os.environ["PYTHONPATH"] = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        link = self._folder / "tap"
        cpu_s = cpu_used_s()
        with Twin(
            self._folder / "twin",
            provider=scenery.PROVIDER,
            module=scenery.recorded_by(),
            virtual_time=True,
            seed=self.options.seed,
            pty=link,
            ticks_us=self.options.ticks_ms * 1000,
        ) as self.twin:
            self._set_up()
            self._wall_s = time.monotonic()
            self.tap = Tap(self.twin, link)
            try:
                self._watch_it()
            finally:
                self.tap.close()
        self.result.cpu_s = cpu_used_s() - cpu_s
        return self.result

    def _set_up(self) -> None:
        with Module(self.twin.url) as module:
            module.store_calibration(load(scenery.RECORDINGS / f"{FACES[0]}.npz").calibration)
            for name, value in SETTINGS.items():
                module.setting_write(name, value.encode())
            module.reset()
        self.begin_s = self.twin.status()["world_us"] / 1e6
        self.ledger = Ledger(self.timetable, self.begin_s, RELAY_S)
        self.troubles = Troubles(self.twin, self.ledger, self._rng, self.options.faults, self.options.resets)
        self.visits = Visits(self.twin, self.ledger, self._rng, self._folder / "audit.jsonl")
        self.troubles.asked.update((FIRST_CAUSE, ASKED_BY_US))
        self._erases_before = self._erases()
        self._boots_before = self.twin.status()["boots"]

    # --- the loop

    def _watch_it(self) -> None:
        end_s = self.begin_s + self.options.hours * HOUR_S
        try:
            self._hour = Hour(1, 0, Counter(), 0, 0, None, 0, 0, time.monotonic())
            self._next_visit_s = self._later(self.begin_s)
            self._moved_s, self._moved_at = 0.0, time.monotonic()
            while (now_s := self._turn()) < end_s:
                over = now_s >= self.begin_s + self._hour.number * HOUR_S
                if over and not self.troubles.under_way:
                    self._end_hour()
                elif not over:
                    self.troubles.turn(self.twin.status())
                    self._visit(now_s)
                else:
                    self.troubles.finish()  # the heap is looked at without one; the next comes when its time has come
                time.sleep(TURN_S)
        except KeyboardInterrupt:
            self.result.interrupted = True
        self._let_nobody_in()
        self._finish()

    def _turn(self) -> float:
        """Takes what has happened; the time now (s of world time), without end when it stands still."""
        status = self.twin.status()
        now_s = status["world_us"] / 1e6
        if now_s > self._moved_s:
            self._moved_s, self._moved_at = now_s, time.monotonic()
        elif time.monotonic() - self._moved_at > HUNG_S:
            self.ledger.problems.append(f"the module stands still at {now_s:.1f} s, in the state {status['state']}")
            return float("inf")
        self.tap.told(status)
        for event in self.tap.taken():
            self._take(event)
        for closed_us, opened_us in self.twin.request({"do": "lock_history"})["relay_closures"]:
            if opened_us is not None and closed_us > self._relay_told_us:
                self._relay_told_us = closed_us
                self.ledger.relay(closed_us / 1e6, opened_us / 1e6)
        self._turns.append((time.monotonic(), now_s))
        while self._turns[0][0] < time.monotonic() - LATE_S:
            self._all_heard_s = self._turns.popleft()[1]
        self.ledger.settle(self._all_heard_s)
        return now_s

    _relay_told_us = 0

    def _take(self, event: Event) -> None:
        said: dict[str, Any] = event.fields
        if event.name == "passage":
            number, verdict, reasons = (said.get(name) for name in ("number", "verdict", "reasons"))
            if isinstance(number, int) and isinstance(verdict, str) and isinstance(reasons, list):
                self.ledger.told(event.at_s, event.life, number, verdict, reasons)
                self._told[verdict] += 1
            else:  # the number of the next one tells that it is missing
                self.tap.damaged += 1
        elif event.name == "start_failed" or (event.name.endswith(FAILURES) and event.name not in FORESEEN):
            self.ledger.problems.append(f"at {event.at_s:.1f} s the module said {said}")

    def _later(self, now_s: float) -> float:
        an_hour = self.options.visits
        return now_s + self._rng.expovariate(an_hour / HOUR_S) if an_hour else float("inf")

    def _visit(self, now_s: float) -> None:
        if now_s < self._next_visit_s:
            return
        self.visits.any()
        self._next_visit_s = self._later(self.visits.now_s())

    # --- the hours

    def _end_hour(self) -> None:
        heap = self._look_at_heap()
        hour, wall_s = self._hour, time.monotonic()
        faults, visits = self.troubles.counts.total(), self.visits.counts.total()
        passages, erases, boots = self.ledger.passages.total(), self._erases(), self.twin.status()["boots"]
        hour.passages, hour.verdicts, hour.heap = passages - self._passages_before, self._told, heap
        hour.faults, hour.visits = faults - self._faults_before, visits - self._visits_before
        hour.erases, hour.boots = erases - self._erases_before, boots - self._boots_before
        hour.wall_s = wall_s - hour.wall_s
        self._faults_before, self._visits_before, self._passages_before = faults, visits, passages
        self._erases_before, self._boots_before, self._told = erases, boots, Counter()
        self.result.hours.append(hour)
        self._say(hour)
        self._hour = Hour(hour.number + 1, 0, Counter(), 0, 0, None, 0, 0, wall_s)

    def _look_at_heap(self) -> Heap | None:
        """The heap now; at the first look of each life after one visit of each kind."""
        for _ in range(2):  # the second time because a busy computer may be slower than a host's patience
            if (heap := self._heap_told()) is not None:
                return heap
        self.ledger.problems.append("the module did not tell its heap")
        return None

    def _heap_told(self) -> Heap | None:
        try:
            life = self.twin.status()["boots"]
            if life != self._warm_life:
                self.visits.every(self._turn)
                self._warm_life = life
            heap = self.visits.heap()
        except (HostError, OSError):
            return None
        self.result.heaps.append((life, heap))
        self._compare(life, heap)
        return heap

    def _compare(self, life: int, heap: Heap) -> None:
        first = self.result.settled.setdefault(life, heap)
        every = next(iter(self.result.settled.values()))
        judged = self.ledger.verdicts.total()
        judged -= self.result.settled_after.setdefault(life, judged)
        if heap.used - first.used > max(LEAST_GROWN, LEAK_BYTES * judged):
            self.ledger.problems.append(
                f"the heap holds {heap.used} bytes, {heap.used - first.used:+} since {judged} passages: it leaks"
            )
        for settled, what in ((first, "since its start"), (every, "since the first start")):
            grown = heap.used - settled.used
            if abs(grown) * 100 > settled.used * FLAT_PERCENT:
                self.ledger.problems.append(
                    f"the heap holds {heap.used} bytes, {grown:+} {what}: not flat within {FLAT_PERCENT}%"
                )
        if heap.largest * 100 < first.largest * WHOLE_PERCENT:
            self.ledger.problems.append(
                f"the largest free piece has {heap.largest} bytes, of {first.largest} when the heap had settled"
            )

    def _erases(self) -> int:
        return sum(sum(counts) for counts in self.twin.request({"do": "wear"})["erases"].values())

    # --- the end

    def _let_nobody_in(self) -> None:
        """From now on nobody comes, or else an hour of passages would go by while hosts take the last look."""
        before_s = self.visits.now_s()
        self.twin.set_provider(nobody.PROVIDER)
        self.ledger.close(before_s, self.visits.now_s())
        self.result.hours_watched = (before_s - self.begin_s) / HOUR_S

    def _finish(self) -> None:
        while self.troubles.under_way:
            self.troubles.finish()
            time.sleep(TURN_S)
        if self._answers():
            self._end_hour()
            self.visits.make("audit")
            self._check_audit()
            self._turn()
            time.sleep(LATE_S)
            self._turn()
        self.result.hours_done = (self.twin.status()["world_us"] / 1e6 - self.begin_s) / HOUR_S
        self.result.wear = self.twin.request({"do": "wear"})["erases"]
        for line in self.twin.log_lines:
            if any(told in line for told in TOLD_BY_TWIN):
                self.ledger.problems.append(f"the twin said: {line}")
        self.result.wall_s = time.monotonic() - self._wall_s
        self.result.problems = list(dict.fromkeys(self.ledger.problems))

    def _answers(self) -> bool:
        try:
            with Module(self.twin.url) as module:
                module.identity()
        except HostError as problem:
            self.ledger.problems.append(f"at the end the module does not answer: {problem}")
            return False
        return True

    def _check_audit(self) -> None:
        """That the file holds, read anew; and that the module started as often and as why as it was made to."""
        log = export.read(self.visits.log)
        self.result.entries = len(log.entries())
        self.ledger.problems += [f"the exported audit log: {problem}" for problem in export.check(log).problems]
        self.result.starts = Counter(str(entry.fields.get("cause")) for entry in log.entries() if entry.event == "boot")
        # A start whose entry fell to a cut of power, or to storage that did not answer, is told by no entry.
        for cause, times in self.result.starts.items():
            if times > self.troubles.asked[cause]:
                self.ledger.problems.append(
                    f"the module started {times} times by {cause}, and was made to {self.troubles.asked[cause]} times"
                )
        boots, asked = self.twin.status()["boots"], self.troubles.asked.total()
        if boots != asked:
            self.ledger.problems.append(f"the module started {boots} times, and was made to {asked} times")


def cpu_used_s() -> float:
    """Seconds of processors that this process and those that it has seen end have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def waits_at(waits_ms: list[float], percent: float) -> float:
    """That percentile; 0 of none."""
    ordered = sorted(waits_ms)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0
