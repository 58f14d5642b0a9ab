"""Presentations on a rig, a twin or a board on a bench: targets shown, and the module's own verdicts asked for.

What stands there is the operator's word (`rig_plan.Target`), or of a twin the scene's own. Where a plan keeps
recordings, the module is asked burst by burst, so that they are those which it judged.
"""

from __future__ import annotations

import datetime
import hashlib
import queue
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from dermis_host import rig
from dermis_host.access.keyring import Keyring
from dermis_host.errors import HostError, UsageError
from dermis_host.evaluation import plan as plans
from dermis_host.evaluation import rig_plan
from dermis_host.evaluation.plan import Plan
from dermis_host.evaluation.rig_plan import Attempt
from dermis_host.evaluation.source import Presentation, plain
from dermis_host.evaluation.stand import Stand

TWIN = "twin"  # in place of a rig.toml: the twin, a rig with everything
OF_TWINS = {"virtual_time": True}  # or a busy computer would be a slow module, which runs out of time
MIXED = "A twin's results and a board's do not go into one evaluation: run them one by one."
SCENES, INCIDENTS = "scenes", "incidents.txt"  # in a run's folder
Note = Callable[[str], None]


class OnRig:
    """A `Source`. stands: one a rig, open; attempts: in the order in which they are best made.

    Every attempt belongs to one stand from the beginning, so that each module sees every target that its rig can show,
    and a run that is taken up is dealt out as it was.

    Raises UsageError for what none of them can show, for one module on two rigs, and for twins beside boards.
    """

    def __init__(self, stands: Sequence[Stand], attempts: Sequence[Attempt], made_by: dict[str, Any]):
        self._stands, self._made_by = list(stands), made_by
        serials = [stand.identity.serial for stand in self._stands]
        if len(set(serials)) < len(serials):
            raise UsageError(f"Two rigs have a module {serials[0]}: name each rig once, and give each its own module.")
        virtual = {stand.virtual for stand in self._stands}
        if len(virtual) > 1:
            raise UsageError(MIXED)
        self.simulated: bool | None = virtual.pop()
        self._stand_of = self._dealt(attempts)
        self._attempts = {attempt.name: attempt for attempt in attempts}

    def _dealt(self, attempts: Sequence[Attempt]) -> dict[str, Stand]:
        order: dict[str, int] = {}  # targets as they come
        shown: dict[str, int] = {}  # attempts at each so far
        dealt: dict[str, Stand] = {}
        for attempt in attempts:
            able = [stand for stand in self._stands if stand.can_show(attempt)]
            if not able:
                raise UsageError(self._stands[0].why_not(attempt))
            name = attempt.target_name
            turn = order.setdefault(name, len(order)) + shown.get(name, 0)
            shown[name] = shown.get(name, 0) + 1
            dealt[attempt.name] = able[turn % len(able)]
        return dealt

    def description(self) -> dict[str, Any]:
        """What made the presentations: each rig and who its module is, so that no other takes up the run."""
        return {"rigs": [stand.description() for stand in self._stands], **self._made_by}

    def keyrings(self) -> dict[str, Path]:
        """Module, as a row has it -> its keyring, for those that have one."""
        return {stand.label: stand.keyring_path for stand in self._stands if stand.keyring_path is not None}

    def attempts(self) -> Sequence[str]:
        return list(self._attempts)

    def species(self) -> set[str] | None:
        return {attempt.species for attempt in self._attempts.values()}

    def show(self, attempts: Sequence[str]) -> Generator[Presentation]:
        shares = [
            (stand, [self._attempts[name] for name in attempts if self._stand_of[name] is stand])
            for stand in self._stands
        ]
        shares = [(stand, share) for stand, share in shares if share]
        if len(shares) == 1:
            ((stand, share),) = shares
            yield from stand.present(share)
        elif shares:
            yield from _at_once(shares)


def _at_once(shares: Sequence[tuple[Stand, Sequence[Attempt]]]) -> Generator[Presentation]:
    """All rigs beside each other. When one fails the others go on, and why it failed is raised at the end. Whoever
    closes this early waits for the attempts under way, which are then made again."""
    made: queue.Queue[Presentation | BaseException | None] = queue.Queue(maxsize=len(shares))
    stop = threading.Event()

    def work(stand: Stand, share: Sequence[Attempt]) -> None:
        try:
            with closing(stand.present(share)) as presentations:
                for presentation in presentations:
                    if not _put(made, presentation, stop):
                        return
        except Exception as problem:  # noqa: BLE001 - raised again by who asked
            _put(made, problem, stop)
        finally:
            _put(made, None, stop)

    threads = [threading.Thread(target=work, args=each, name=each[0].name, daemon=True) for each in shares]
    for thread in threads:
        thread.start()
    failed: list[BaseException] = []
    ended = 0
    try:
        while ended < len(threads):
            got = made.get()
            if got is None:
                ended += 1
            elif isinstance(got, BaseException):
                failed.append(got)
            else:
                yield got
    finally:
        stop.set()
        for stand, _ in shares:
            stand.stop()
        for thread in threads:
            thread.join()
    if failed:
        raise failed[0]


def _put(made: queue.Queue, what: Any, stop: threading.Event) -> bool:
    """False when nobody wants it any more."""
    while not stop.is_set():
        try:
            made.put(what, timeout=0.1)
        except queue.Full:
            continue
        return True
    return False


def opened(
    plan: Plan, named: Sequence[str], folder: Path, keyring: Keyring | None, tell: Note, stack: ExitStack
) -> OnRig:
    """The plan's presentations on these rigs, all open until `stack` ends.

    named: `TWIN`, or paths of rig.toml. folder: of the run; twins live below it. keyring: for rigs that name none.
    Raises UsageError, HostError before anything is shown.
    """
    descriptions = [rig.of_twin() if name == TWIN else rig.load(Path(name)) for name in named]
    names = [plain(each.name) for each in descriptions]
    if len(set(names)) < len(names):
        raise UsageError("Two rigs have one name: name each rig once, and give each a name of its own in its file.")
    virtual = {each.twin is not None for each in descriptions}
    if len(virtual) > 1:
        raise UsageError(MIXED)
    if plan.without_swir:
        raise UsageError(f"{plan.path.name}: without_swir is for bursts that are there: unplug the module's head.")
    attempts, made_by = _attempts(plan, virtual == {True}, folder)
    stands = []
    for description, name in zip(descriptions, names, strict=True):
        options: dict[str, Any] = {} if description.twin is None else {"model": plan.model, **OF_TWINS}
        there = stack.enter_context(rig.open_rig(description, folder / f"rig-{name}", **options))
        stand = Stand(there, plan, keyring, tell)
        stack.callback(stand.close)
        stands.append(stand.begin())
    return OnRig(stands, attempts, made_by)


def _attempts(plan: Plan, virtual: bool, folder: Path) -> tuple[Sequence[Attempt], dict[str, Any]]:
    """(attempts in order, what else belongs into the run's record)."""
    if plan.source == plans.SIMULATION:
        if not virtual:
            raise UsageError(
                f"{plan.path.name} draws simulated scenes, which only a twin can show: give it a twin's rig, or "
                'write a plan with source = "rig" for this one.'
            )
        from dermis_host.evaluation import drawn

        return drawn.attempts(plan, folder / SCENES)
    if plan.source != plans.RIG:
        raise UsageError(f'{plan.path.name} is about {plan.source}: leave --rig out, or set source = "rig".')
    wanted = rig_plan.with_truths(rig_plan.parse(plan.source_table, plan.path), virtual, plan.path.name)
    files = {
        target.name: hashlib.sha256(target.show.read_bytes()).hexdigest()[:16]
        for target in wanted.targets
        if isinstance(target.show, Path)
    }
    return rig_plan.in_order(wanted, plan.seed), {"scene_files": files} if files else {}


def log_to(path: Path, tell: Note) -> Note:
    """`tell`, that also appends each sentence with the time in UTC to the run's log of incidents."""
    lock = threading.Lock()

    def write(line: str) -> None:
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with lock, open(path, "a", encoding="utf-8") as file:
                file.write(f"{now} {line}\n")
        except OSError as problem:
            raise HostError(f"{path} cannot be written: {problem.strerror or problem}.") from None
        tell(line)

    return write
