"""Errors that end a pass, by name: what the lot report counts."""

from __future__ import annotations

import errno

from dermis_host.access.provisioning import ForeignModule
from dermis_host.calibration.bench import StepVoid
from dermis_host.calibration.clock import Overdue, WrongClock
from dermis_host.commands.calibrate.store import NotForThisModule
from dermis_host.errors import (
    AccessDenied,
    CalibrationFailed,
    HostError,
    Impostor,
    LinkError,
    ModuleReset,
    NotDermis,
    RequestFailed,
    RequestTimeout,
    sentence,
)
from dermis_host.station.flash import FlashFailed, NoFlashCommand
from dermis_host.station.phases import BadSelfTest, WrongSerial
from dermis_host.station.unit_pass import Stopped

# The first that fits counts: subclasses stand before their bases.
NAMES: tuple[tuple[type[Exception], str], ...] = (
    (Stopped, "stopped"),
    (WrongSerial, "wrong_serial"),
    (Overdue, "fixture_overdue"),
    (WrongClock, "wrong_clock"),
    (ForeignModule, "foreign_keys"),
    (Impostor, "foreign_keys"),
    (FlashFailed, "flash_failed"),
    (NoFlashCommand, "no_flash_command"),
    (BadSelfTest, "selftest_unclear"),
    (StepVoid, "second_host"),
    (NotDermis, "no_module"),
    (RequestTimeout, "no_answer"),
    (LinkError, "unplugged"),
    (ModuleReset, "module_restarted"),
    (AccessDenied, "no_session"),
    (RequestFailed, "refused_by_module"),
    (NotForThisModule, "wrong_record"),
    (CalibrationFailed, "calibration_not_taken"),
)
# Those that count against the module: it does not take firmware, does not answer, refuses, does not keep a record. What
# a loose contact does is counted with them, as every line counts it: the retest tells the two apart.
MODULES_FAULT: tuple[type[Exception], ...] = (
    FlashFailed,
    BadSelfTest,
    NotDermis,
    RequestFailed,
    CalibrationFailed,
)
# Of those, what the station lacks: a key.
STATIONS_FAULT: tuple[type[Exception], ...] = (AccessDenied,)
DISK_FULL, STATION_FAULT, OTHER = "disk_full", "station_fault", "interrupted"


def named(problem: BaseException) -> tuple[str, str]:
    """(name, sentence) of what ended a pass."""
    if is_full(problem):
        return DISK_FULL, "The disk of the station is full: make room, then test the unit again."
    for kind, name in NAMES:
        if isinstance(problem, kind):
            return name, str(problem)
    if isinstance(problem, HostError):
        return OTHER, str(problem)
    if isinstance(problem, OSError):
        where = f"{problem.filename}: " if problem.filename else ""
        return OTHER, sentence(f"{where}{problem.strerror or problem}")
    return STATION_FAULT, f"A fault of these tools ({type(problem).__name__}: {problem}): please report it."


def counts_against_module(problem: BaseException) -> bool:
    """Whether the unit failed, or nothing is known of it."""
    return isinstance(problem, MODULES_FAULT) and not isinstance(problem, STATIONS_FAULT)


def is_full(problem: BaseException | None) -> bool:
    """A disk without room, also where a sentence of `files.whole` hides it."""
    while problem is not None:
        if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        problem = problem.__cause__ or problem.__context__
    return False
