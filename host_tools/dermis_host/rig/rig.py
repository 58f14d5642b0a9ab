"""`Rig`: a module and the instruments round it, opened in order, left at rest, closed whatever happens.

At rest means: the module has power, the lamp is dark, the trigger input is released, no fault is asked for. A rig is
brought there when it is opened and when it is closed; Ctrl-C waits until that is done.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dermis_host.access.keyring import Keyring
from dermis_host.answers import Identity
from dermis_host.errors import HostError, LinkError, ModuleReset, UsageError, sentence
from dermis_host.module import Module
from dermis_host.rig.contract import (
    ROLES,
    Faults,
    Instrument,
    LightSource,
    LockObserver,
    PowerSwitch,
    RigError,
    Targets,
)
from dermis_host.rig.description import RigDescription, of_twin
from dermis_host.rig.guards import GuardedLight, GuardedPower
from dermis_host.rig.instruments import twin
from dermis_host.twin_access import require_simulation, scene_file, simulation, twin_errors

if TYPE_CHECKING:
    from dermis_hw.twin import Twin

CAPABILITY_OF_ROLE = {"targets": "scene", "power": "power", "light": "light", "lock": "lock", "faults": "faults"}
CAPABILITIES = ("scene", "power", "light", "lock", "trigger", "faults", "flash", "swir")

GUARDS: dict[str, Any] = {"power": GuardedPower, "light": GuardedLight}

DEFAULT_SCENE = "bona_fide_light"
OFF_S = 1.0  # without power: longer than the module's capacitors hold
START_S = 60.0  # from power to the first answer, for a USB port that must come back as well
GREETING_S = 5.0  # of it, how long one opening of the port waits
QUICK_GREETING_S = 2.0  # a module that is up answers in a tenth of it
PAUSE_S = 0.2

# What it means that a step to rest failed, by the role whose instrument failed.
NOT_AT_REST = {
    "power": "The module's power may be off, switch it on by hand",
    "light": "The lamp may still burn, put it out by hand",
    "lock": "The trigger input may still be set, release it by hand",
    "faults": "Faults may still be in force",
}


class Rig:
    """An open rig, made by `open_rig`; a context manager.

    name: of the rig. port: of its module, for `Module` and whatever else opens a port. keyring: of the module's fleet.
    virtual: a twin, whose results are called simulated. targets, power, light, lock, faults: the instruments that
    answer. twin: the twin's own process, where it is one. folder: for what the rig writes.
    """

    def __init__(self, description: RigDescription, folder: Path):
        self.description = description
        self.name = description.name
        self.port = description.port
        self.keyring = description.keyring
        self.virtual = description.twin is not None
        self.folder = folder
        self.twin: Twin | None = None
        self.targets: Targets | None = None
        self.power: PowerSwitch | None = None
        self.light: LightSource | None = None
        self.lock: LockObserver | None = None
        self.faults: Faults | None = None
        self._opened: list[tuple[str, Instrument]] = []
        self._missing: dict[str, str] = {}  # role -> why its instrument does not answer
        self._not_at_rest: list[str] = []
        self._identity: Identity | None = None
        self._closed = False

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        wrong: list[str] = []
        try:
            self._end(wrong)
        except (KeyboardInterrupt, SystemExit) as late:  # it waited; what is not at rest is more urgent
            if not wrong:
                raise
            problem = problem or late
        told = " ".join(wrong)
        if not wrong or (problem is not None and str(problem) == told):
            return  # or that is being said already
        if problem is not None:
            told += f" (Before that: {sentence(problem) if str(problem) else 'interrupted.'})"
        raise RigError(told)

    def close(self) -> None:
        """Brings the rig to rest and closes everything, all of it also when a part fails. Raises RigError with what is
        not at rest. May be called more than once."""
        self.__exit__(None, None, None)

    # --- what it can do

    def capabilities(self) -> dict[str, str]:
        """Each of `CAPABILITIES` -> "" when it is there, else why not, one sentence.

        The first call opens the module's port to ask what it is, so nobody else may have it open then.
        """
        return {name: self.why_not(name) for name in CAPABILITIES}

    def has(self, capability: str) -> bool:
        """Whether it is there. Raises UsageError for what is no capability."""
        return not self.why_not(capability)

    def why_not(self, capability: str) -> str:
        """Why it is not there, one sentence; "" when it is. Only for "swir" the module is asked.

        Raises UsageError for what is no capability.
        """
        if capability not in CAPABILITIES:
            raise UsageError(f"There is no capability {capability!r}; there are {', '.join(CAPABILITIES)}.")
        return self._no_swir() if capability == "swir" else self._without_asking(capability)

    def answers(self) -> dict[str, str]:
        """What answers, by capability, for those that an instrument is behind."""
        found = {CAPABILITY_OF_ROLE[role]: instrument.identity() for role, instrument in self._opened}
        if self.lock is not None and self.lock.can_trigger():
            found["trigger"] = found["lock"]
        return found

    def module_identity(self) -> Identity:
        """What the module says that it is; asked once. Raises LinkError, NotDermis."""
        if self._identity is None:
            with self.module() as module:
                self._identity = module.identity()
        return self._identity

    # --- the module

    def module(self, **options: Any) -> Module:
        """The module, opened, with the rig's keyring; options as of `Module`."""
        if self.keyring is not None:
            options.setdefault("keyring", Keyring.load(self.keyring))
        return Module(self.port, **options)

    def wait_for_module(self, limit_s: float = START_S) -> float:
        """Returns when the module answers: after so many seconds. Raises LinkError when it does not in time.

        A port that comes out of the module itself is gone while that has no power: so it is tried anew.
        """
        started = time.monotonic()
        while True:
            left_s = limit_s - (time.monotonic() - started)
            try:
                with self.module(greeting_s=max(PAUSE_S, min(left_s, GREETING_S))) as module:
                    self._identity = module.identity()
                    return time.monotonic() - started
            except (LinkError, ModuleReset) as problem:
                if left_s <= 0:
                    raise LinkError(f"The module does not answer within {limit_s:g} s. {problem}") from None
                time.sleep(PAUSE_S)

    def answers_now(self) -> bool:
        """Whether the module answers at this moment, or within what one opening of the port waits."""
        try:
            with self.module(greeting_s=QUICK_GREETING_S) as module:
                module.identity()
        except HostError:
            return False
        return True

    def power_cycle(self, off_s: float = OFF_S, limit_s: float = START_S) -> float:
        """Takes the module's power for so long; returns when it answers again: how long after it had power (s).

        Nobody may have its port open. Raises RigError without a power switch; LinkError when it does not come back.
        """
        if self.power is None:
            raise RigError(self._without_asking("power"))
        try:
            self.power.off()
            time.sleep(off_s)
        finally:
            with unbroken():
                self.power.on()
        return self.wait_for_module(limit_s)

    # --- rest

    def rest(self) -> None:
        """Brings everything to rest, whatever was left. Raises RigError with what could not be."""
        wrong: list[str] = []
        try:
            self._rest(tuple(role for role, _ in self._opened), wrong)
        finally:
            if wrong:
                raise RigError(" ".join(wrong))

    def _rest(self, roles: tuple[str, ...], wrong: list[str]) -> None:
        """What could not be brought to rest is added to `wrong`, also when Ctrl-C is heard at the end."""
        with unbroken():
            for role in roles:
                try:
                    self._rest_one(role)
                except Exception as problem:  # noqa: BLE001 - somebody else's instrument; the others must still rest
                    wrong.append(f"{NOT_AT_REST[role]}: {sentence(problem)}")

    def _rest_one(self, role: str) -> None:
        if role == "power" and self.power is not None:
            self.power.on()
        elif role == "light" and self.light is not None:
            self.light.set(0.0)
        elif role == "lock" and self.lock is not None and self.lock.can_trigger():
            self.lock.trigger(False)
        elif role == "faults" and self.faults is not None:
            self.faults.clear()

    # --- opening and closing

    def open_all(self, allow_missing: bool, twin_options: dict[str, Any]) -> None:
        """For `open_rig`. Raises RigError for what does not answer, unless that is allowed."""
        if self.description.twin is not None:
            self._start_twin({**self.description.twin, **twin_options})
        for role in ROLES:
            try:
                instrument = self._open_one(role)
            except RigError as problem:
                if not allow_missing:
                    raise
                self._missing[role] = str(problem)
                continue
            if instrument is not None:
                guard = GUARDS.get(role)
                instrument = guard(instrument) if guard else instrument
                self._opened.append((role, instrument))
                setattr(self, role, instrument)
        wrong: list[str] = []
        self._rest(self._real_roles(), wrong)
        if wrong and not allow_missing:
            raise RigError(" ".join(wrong))
        self._not_at_rest = wrong

    @property
    def trouble(self) -> list[str]:
        """What is declared and does not answer, and what could not be brought to rest: sentences."""
        return [*self._missing.values(), *self._not_at_rest]

    def _start_twin(self, options: dict[str, Any]) -> None:
        if not options.get("provider"):
            options.setdefault("scene", DEFAULT_SCENE)
        if isinstance(options.get("scene"), str):
            options["scene"] = scene_file(options["scene"])
        if options.get("scene"):
            require_simulation()
        with twin_errors():
            self.twin = simulation("dermis_hw.twin").Twin(self.folder, **options)
        assert self.twin is not None
        self.port = self.twin.url

    def _open_one(self, role: str) -> Instrument | None:
        if self.twin is not None and role in self.description.simulated:
            return twin.make(role, self.twin)
        opener = self.description.openers.get(role)
        return opener() if opener else None

    def _real_roles(self) -> tuple[str, ...]:
        """What a twin plays begins and ends at rest with the twin."""
        return tuple(role for role, _ in self._opened if role not in self.description.simulated)

    def _end(self, wrong: list[str]) -> None:
        """All of it, once; what is not at rest is added to `wrong`."""
        if self._closed:
            return
        self._closed = True
        with unbroken():
            for _, instrument in self._opened:
                if isinstance(instrument, GuardedPower | GuardedLight):
                    instrument.end()
            self._rest(self._real_roles(), wrong)
            for role, instrument in reversed(self._opened):
                try:
                    instrument.close()
                except Exception as problem:  # noqa: BLE001 - somebody else's instrument; the others must still be closed
                    wrong.append(f"The instrument of [{role}] was not closed: {sentence(problem)}")
            if self.twin is not None:
                self.twin.stop()

    # --- why not

    def _without_asking(self, capability: str) -> str:
        """Why it is not there, "" when it is, for all that the module need not be asked for."""
        known = {name: role for role, name in CAPABILITY_OF_ROLE.items()}
        if capability in known:
            role = known[capability]
            there = getattr(self, role) is not None
            return "" if there else self._missing.get(role) or self.description.lacks(f"[{role}]")
        if capability == "flash":
            return "" if self.description.flash else self.description.lacks("flash = true")
        if reason := self._without_asking("lock"):
            return reason
        assert self.lock is not None
        return "" if self.lock.can_trigger() else "The lock's observer has no wire to the trigger input."

    def _no_swir(self) -> str:
        try:
            return "" if self.module_identity().swir else "The module has no SWIR head."
        except HostError as problem:
            return str(problem)


def open_rig(
    description: RigDescription | None, folder: Path, *, allow_missing: bool = False, **twin_options: Any
) -> Rig:
    """The rig, open and at rest; with None the twin, a rig with everything.

    folder: the state folder of a twin, made when missing. allow_missing: what does not answer is a capability that the
    rig has not, with the reason, instead of a RigError. twin_options: of `dermis_hw.twin.Twin`, in place of the
    description's; without a twin they say nothing.

    Raises RigError with what does not answer or cannot be brought to rest, HostError when the twin cannot start.
    """
    rig = Rig(of_twin() if description is None else description, folder)
    try:
        rig.open_all(allow_missing, twin_options)
    except BaseException as problem:
        rig.__exit__(type(problem), problem, None)
        raise
    return rig


@contextlib.contextmanager
def unbroken() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until this is done; then they are heard."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    before: dict[int, Any] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, lambda number, _frame: heard.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    for number in dict.fromkeys(heard):
        signal.raise_signal(number)
