"""The operations of the table, each as a host does it, with a scene of bona fide and of attack where there is one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from dermis.core import calibration, vocabulary
from dermis_host.auditing.export import check
from dermis_host.auditing.fetching import fetch
from dermis_host.errors import CalibrationFailed, HostError
from dermis_host.updating.updater import UpdateFailed, Updater, Watcher

from tests.hil.faults import table
from tests.hil.faults.bench import ATTACKS, FACE, Bench

LOOKS = 2  # of a scene while watching, after the first, which may have begun before the scene came


@dataclass
class Outcome:
    """What an operation came to. reasons: all that was said. verdicts: (scene, verdict, its reasons). records: hashes
    of what it was to put in force. finished: it did what it was to do."""

    finished: bool = False
    reasons: list[str] = field(default_factory=list)
    verdicts: list[tuple[str, str, list[str]]] = field(default_factory=list)
    records: set[str] = field(default_factory=set)
    steps: list[str] = field(default_factory=list)

    def judged(self, scene: str, verdict: str, reasons: list[str], sentence: str) -> None:
        self.verdicts.append((scene, verdict, reasons))
        if verdict == vocabulary.NO_DECISION:
            self.reasons += [*reasons, *([sentence] if sentence else [])]

    def allowed_records(self, before: str) -> set[str]:
        """What may be in force afterwards: a record that the module confirmed, or the one of before as well."""
        return self.records if self.finished and self.records else self.records | {before}

    def failed(self, problem: Exception) -> None:
        self.reasons.append(f"{type(problem).__name__}: {problem}")


Again = Callable[[], None]  # asks for the row's faults anew, where they hit once
Operation = Callable[[Bench, Again, Outcome], None]


def verify(bench: Bench, again: Again, outcome: Outcome) -> None:
    """Each scene as its own passage; a refusal of one is no reason not to show the next."""
    scenes = [FACE, *ATTACKS]
    while scenes:
        left = len(scenes)
        try:
            with bench.open() as module:
                while scenes:
                    scene = scenes.pop(0)
                    bench.show(scene)
                    if scene != FACE:
                        again()
                    found = module.verify()
                    outcome.judged(scene, found.verdict, list(found.reasons), str(found.evidence.get("fault", "")))
        except HostError as problem:
            outcome.failed(problem)
            if len(scenes) == left:
                return  # the module could not be opened: no scene would change that
            bench.wait_until_it_runs()
    if outcome.reasons:
        _self_tested(bench, outcome)
    outcome.finished = len(outcome.verdicts) == 1 + len(ATTACKS)


def watch(bench: Bench, again: Again, outcome: Outcome) -> None:
    """A face, then an attack in its place, without a pause."""
    for scene in (FACE, ATTACKS[0]):
        if scene != FACE:
            again()
        bench.show(FACE)
        try:
            with bench.open() as module:
                _watched(bench, module, scene, outcome)
        except HostError as problem:
            outcome.failed(problem)
            bench.wait_until_it_runs()
    if outcome.reasons:
        _self_tested(bench, outcome)
    outcome.finished = len(outcome.verdicts) == 2 * LOOKS


def _watched(bench: Bench, module, scene: str, outcome: Outcome) -> None:
    events = module.watch(0)
    try:
        next(events)
        if scene != FACE:
            bench.show(scene)
            next(events)
        for _ in range(LOOKS):
            event = next(events)
            outcome.judged(scene, event["verdict"], event["reasons"], str(event["evidence"].get("fault", "")))
    finally:
        events.close()


def calibrate(bench: Bench, again: Again, outcome: Outcome) -> None:
    """What comes before a calibration (the self-test, the tab under each light), then a record in and out again."""
    record = bench.new_record()
    with bench.open() as module:
        failing = [check for check in module.selftest().checks if not check["ok"]]
        if failing:
            told = "; ".join(f"{check['name']}: {check['todo']}" for check in failing)
            raise CalibrationFailed(f"The self-test fails before the calibration: {told}.")
        module.monitor_baseline()
        outcome.records.add(calibration.name_of(record))
        module.store_calibration(record)
    outcome.finished = True


def update(bench: Bench, again: Again, outcome: Outcome) -> None:
    """A small image that crashes: uploaded, checked, marked, tried, and given up; what ran before runs again."""
    path = bench.new_image()
    sent = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    outcome.steps.append(f"image {sent}")
    with Updater(bench.open, Watcher(outcome.steps.append)) as updating:
        try:
            updating.update(path)
        except UpdateFailed as problem:
            outcome.failed(problem)
            outcome.finished = "(crash)" in str(problem)


def audit(bench: Bench, again: Again, outcome: Outcome) -> None:
    """The log fetched from where it was known, and its chain followed."""
    with bench.open() as module:
        log = fetch(module, bench.identity.serial, bench.log)
    checked = check(log)
    outcome.reasons += checked.problems
    outcome.finished = checked.holds


def _self_tested(bench: Bench, outcome: Outcome) -> None:
    """What the self-test names; where it cannot be asked, that has been said already."""
    try:
        with bench.open() as module:
            for found in module.selftest().checks:
                if not found["ok"]:
                    outcome.reasons.append(f"{found['name']}: {found['todo']}")
    except HostError as problem:
        outcome.failed(problem)


OPERATIONS: dict[str, Operation] = {
    table.VERIFY: verify,
    table.WATCH: watch,
    table.CALIBRATE: calibrate,
    table.UPDATE: update,
    table.AUDIT: audit,
}
SCENES = {table.VERIFY: 1 + len(ATTACKS), table.WATCH: 2}  # how many each shows
