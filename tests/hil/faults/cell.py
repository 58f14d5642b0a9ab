"""One cell of the table: a fault, an operation under it, what came of it, and whether the module is whole again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone

from dermis.core import vocabulary
from dermis_host.errors import HostError, RequestFailed
from dermis_hw.twin import TwinError

from tests.hil.faults.bench import FACE, AttackPassed, Bench
from tests.hil.faults.operations import OPERATIONS, SCENES, Again, Outcome
from tests.hil.faults.table import NAMED, REFUSED, RIGHT, UPDATE, Draw, Row, Share

HANG_S = 120.0  # of real time, as a host waits for a verdict; the slowest, an update under noise, took 80 beside others
VIRTUAL_S = 300.0  # of the module's time: four verdicts with all their tries take a tenth of it
TRIES = 5  # of a face afterwards: one burst in some hundred asks for another look
# What such a burst says (docs/timing.md). A cell that it alone made unlike its row is run once more.
BURST_LOST = ("somebody's light may pass for", "the monitor tab shows", "no whole frame came under")
BUSY_S = 0.5


@dataclass
class Result:
    """came_to: right, named or refused; wrong: sentences, none where the cell holds; unlike: those of them that say
    only that it is not what the row expects; asked: what the seed drew."""

    row: Row
    operation: str
    seed: int
    came_to: str = ""
    reasons: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)
    asked: str = ""
    hit: bool = True
    act: str = ""
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.row.name}/{self.operation}"

    @property
    def again(self) -> str:
        """The command that runs this cell alone."""
        return f"python -m tests.hil.faults --seed {self.seed} --only {self.name}"


class Hung(Exception):
    """The operation did not end in time; the bench must be thrown away."""


def run(bench: Bench, row: Row, operation: str, seed: int = 0) -> Result:
    """Raises Hung."""
    result = _run_once(bench, row, operation, seed)
    lost_a_burst = any(word in told for word in BURST_LOST for told in result.reasons)
    if result.wrong and result.wrong == result.unlike and lost_a_burst:
        took_s = result.seconds
        result = _run_once(bench, row, operation, seed)
        result.seconds += took_s
    return result


def _run_once(bench: Bench, row: Row, operation: str, seed: int) -> Result:
    result = Result(row, operation, seed)
    started = time.monotonic()
    needs = {ask.of for _, given in row.asks for ask in given.values() if isinstance(ask, Draw | Share) and ask.of}
    if needs and operation not in bench.baseline:
        _measure(bench, operation)
    asks = _resolved(row, bench, operation, random.Random(f"{seed} {row.name} {operation}"))
    result.asked = "; ".join(
        f"{name} {' '.join(f'{key}={value}' for key, value in given.items())}".strip() for name, given in asks
    )
    outcome = Outcome()
    before = bench.counts(), bench.twin.status()

    def ask() -> None:
        for name, given in asks:
            bench.twin.fault(name, **given)

    bench.show(FACE)
    with _beside(bench, row, result), bench.in_a_hurry() if row.loses_bytes else nullcontext():
        ask()
        bench.wait_until_it_runs()
        _bounded(lambda: _operate(bench, operation, ask if row.again else _nothing, outcome), HANG_S, result)
        after = bench.twin.status()
        result.hit = _was_hit(bench, asks)
    bench.twin.fault("clear")
    virtual_s = (after["world_us"] - before[1]["world_us"]) / 1e6
    if virtual_s > VIRTUAL_S and not row.beside:  # a second host lets the module's time go by while the first one waits
        result.wrong.append(f"it took {virtual_s:.0f} s of the module's time")
    restarts = after["boots"] - before[1]["boots"]
    if restarts and not row.restarts and operation != "update":
        result.wrong.append(f"the module restarted {restarts} times")
    _judge(outcome, result)
    try:
        _recovers(bench, result, outcome.allowed_records(bench.standing.in_force))
    except (HostError, TwinError, TimeoutError) as problem:
        result.wrong.append(f"afterwards: {type(problem).__name__}: {problem}")
    # Only now: a request that a host gave up may have been under way until the module was asked again.
    lights = bench.twin.lights()
    if lights["any_on"]:
        result.wrong.append(f"lights burn on: {lights['lights']}")
    result.seconds = time.monotonic() - started
    return result


# Before.


def _nothing() -> None:
    """Faults that stand need not be asked for anew."""


def _measure(bench: Bench, operation: str) -> None:
    """What the operation takes without a fault; afterwards all is as it was, but for what it did."""
    before, outcome = bench.counts(), Outcome()
    OPERATIONS[operation](bench, _nothing, outcome)
    after = bench.counts()
    assert outcome.finished, (operation, outcome)
    bench.baseline[operation] = {name: after[name] - before[name] for name in after}
    with bench.open() as module:
        lost = bench.lost(module, outcome.allowed_records(bench.standing.in_force), entries_too=False)
    assert not lost, lost


def _resolved(row: Row, bench: Bench, operation: str, draw: random.Random) -> list[tuple[str, dict]]:
    shares = SCENES.get(operation, 1) if row.again else 1  # it is asked for once a scene
    takes = {name: count // shares for name, count in bench.baseline.get(operation, {}).items()}

    def value(given):
        if isinstance(given, Share):
            return max(1, round(given.place * takes[given.of]))
        if isinstance(given, Draw):
            return draw.randint(1, max(1, takes[given.of])) if given.of else draw.choice(given.choices)
        return given

    return [(name, {key: value(given) for key, given in arguments.items()}) for name, arguments in row.asks]


@contextmanager
def _beside(bench: Bench, row: Row, result: Result) -> Iterator[None]:
    port_is_free = result.operation == UPDATE  # while the module restarts
    strict = row.beside == "same" and not port_is_free
    with bench.second_host(row.beside, strict) if row.beside else nullcontext([]) as told:
        yield
    if strict and told:
        result.wrong.append(f"a second host on the same port was answered: {told[:3]}")


# Under it.


def _operate(bench: Bench, operation: str, again: Again, outcome: Outcome) -> None:
    try:
        OPERATIONS[operation](bench, again, outcome)
    except HostError as problem:
        outcome.failed(problem)


def _bounded(work: Callable[[], None], limit_s: float, result: Result) -> None:
    """Raises Hung when it takes longer than it may; what it raises is a fault of the cell."""
    problems: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except Exception as problem:  # noqa: BLE001 - it is told below, as what it is
            problems.append(problem)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    thread.join(limit_s)
    if thread.is_alive():
        raise Hung(f"{result.name} did not end within {limit_s:.0f} s: {result.again}")
    result.wrong += [f"no error of ours: {type(problem).__name__}: {problem}" for problem in problems]


def _was_hit(bench: Bench, asks) -> bool:
    """Whether what was to come at the n-th time has come; all else stands from the beginning."""
    waiting = bench.twin.status()["waiting_faults"]
    return not any(name in waiting for name, _ in asks)


# Afterwards.


def _judge(outcome: Outcome, result: Result) -> None:
    result.reasons = outcome.reasons
    faces = [verdict for scene, verdict, _ in outcome.verdicts if scene == FACE]
    attacks = [(scene, verdict) for scene, verdict, _ in outcome.verdicts if scene != FACE]
    for scene, verdict in attacks:
        if verdict == vocabulary.BONA_FIDE:
            result.wrong.append(f"the attack {scene} passed as bona fide")
    if vocabulary.ATTACK in faces:
        result.came_to = REFUSED
        refusals = [reason for scene, verdict, why in outcome.verdicts if scene == FACE for reason in why]
        result.reasons = refusals + outcome.reasons
    elif outcome.finished and vocabulary.NO_DECISION not in (*faces, *(verdict for _, verdict in attacks)):
        result.came_to = RIGHT
    else:
        result.came_to = NAMED
        if not outcome.reasons:
            result.wrong.append("nothing was said of why it was not done")
    kinds, _, words = result.row.expected(result.operation).partition(":")
    if result.came_to not in kinds.split():
        result.unlike.append(f"it came to {result.came_to}, which is not {kinds}: {result.reasons}")
    wanted = [word.strip() for word in words.split(",") if word.strip()]
    if result.came_to != RIGHT and wanted and not any(word in told for word in wanted for told in result.reasons):
        result.unlike.append(f"none of {wanted} is said: {result.reasons}")
    result.wrong += result.unlike


def _recovers(bench: Bench, result: Result, records: set[str]) -> None:
    """The module works again by itself, or by the one act that the row has; nothing is lost."""
    bench.wait_until_it_runs()
    if result.row.acts == "reset":
        bench.twin.reset()
        bench.wait_until_it_runs()
    with bench.open() as module:
        if result.row.acts == "date":
            module.datetime_write(datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"))
        result.act = result.row.acts
        with suppress(HostError):  # what was begun and not finished may be taken back, as `dermis update --erase` does
            if bench.look(module).pending:
                module.image_erase()
                result.act = "update --erase"
        problem = ""
        for _ in range(TRIES):
            try:
                problem = bench.works(module)
            except AttackPassed as passed:  # once is too often
                result.wrong.append(f"afterwards {passed}")
                break
            except RequestFailed as refused:  # what a host gave up may still be under way
                problem = str(refused)
                time.sleep(BUSY_S)
            if not problem:
                break
        if problem:
            result.wrong.append(f"afterwards {problem}")
        lost = bench.lost(module, records, result.row.loses_entries)
        result.wrong += [f"afterwards {each}" for each in lost]
