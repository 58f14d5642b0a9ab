"""One pass of one unit: its folder, its record as it grows, the module while it is held, and how it ends.

Nothing here knows of OpenHTF. A pass leaves a record however it ends: a provisional one is written before anything is
done to the module, so that even a station that loses its power leaves one, and room for the last one is kept free.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from dermis_host.answers import Identity
from dermis_host.calibration.operators import Operator
from dermis_host.calibration.work import TOOL
from dermis_host.errors import HostError
from dermis_host.module import Module
from dermis_host.recording import TWIN_BOARD
from dermis_host.station import schema
from dermis_host.station.settings import Settings
from dermis_host.station.unit_record import (
    FAILED,
    FILE,
    MARGINAL,
    PASSED,
    SKIPPED,
    UNFINISHED,
    Attachment,
    CalibrationMade,
    Cause,
    FixtureUsed,
    Flashed,
    Measured,
    ModuleSeen,
    PhaseRun,
    Station,
    UnitRecord,
    UnitRecordError,
    read,
)

RESERVE = ".reserve"  # a file that keeps the room for the last record on a disk that fills up
RESERVE_BYTES = 1 << 20
SAME_SECOND_S = 0.1
SAID_BY_MODULE = (
    "serial",
    "board",
    "firmware",
    "runtime",
    "model",
    "model_hash",
    "profile",
    "imager",
    "swir_head",
)
STAMP = "%Y%m%dT%H%M%SZ"
LOST = "The station ended with this unit on it: nothing is known of the unit, test it again."


class Stopped(HostError):
    """A person stopped the unit."""


class CannotRecord(HostError):
    """No unit record can be written: nothing was done to the module."""


class UnitPass:
    """operator: who runs it. stop: set from another thread to give up."""

    def __init__(self, settings: Settings, serial: str, operator: str, stop: threading.Event):
        self.settings, self.stop = settings, stop
        self.module: Module | None = None
        self.bench_operator: Operator | None = None
        self.over = False  # judged, or given up: what phases are left are skipped
        self.earlier = earlier_passes(settings.output, serial)
        began = _now()
        self.folder = settings.output / f"{serial}-{began.strftime(STAMP)}"
        fixture = settings.fixture
        self.record = UnitRecord(
            serial=serial,
            outcome=UNFINISHED,
            sentence=LOST,
            causes=[],
            marginal=False,
            retest=len(self.earlier),
            started=_text(began),
            ended=None,
            operator=operator,
            station=Station(settings.id, settings.name, TOOL, settings.sha256),
            fixture=FixtureUsed(
                fixture.id, fixture.certified.isoformat(), fixture.due.isoformat(), fixture.hash, False
            ),
            module=ModuleSeen("", "", "", "", "", "", "", "", "", "", False),
            flash=Flashed(False, [], None, ""),
            calibration=CalibrationMade("", "", ""),
            phases=[],
            measurements=[],
            attachments=[],
        )

    def begin(self) -> None:
        """Folder, provisional record, reserve. Raises CannotRecord."""
        try:
            self._make_folder()
            (self.folder / RESERVE).write_bytes(bytes(RESERVE_BYTES))
            self.record.write(self.folder)
        except OSError as problem:
            why = problem.strerror or str(problem)
            raise CannotRecord(self._cannot(why)) from None
        except HostError as problem:
            raise CannotRecord(self._cannot(str(problem))) from None

    def _make_folder(self) -> None:
        """A pass that began in the same second has its folder already: this one begins in the next."""
        while True:
            try:
                self.folder.mkdir(parents=True)
                return
            except FileExistsError:
                if not self.folder.is_dir():
                    raise
            began = _now()
            self.folder = self.folder.with_name(f"{self.record.serial}-{began.strftime(STAMP)}")
            self.record.started = _text(began)
            time.sleep(SAME_SECOND_S)

    def _cannot(self, why: str) -> str:
        return (
            f"No unit record can be written to {self.settings.output} ({why.rstrip('.')}): make room, or name another "
            "output folder; nothing was done to the module."
        )

    def check(self) -> None:
        """Raises Stopped when somebody asked for it."""
        if self.stop.is_set():
            raise Stopped("The unit was stopped by a person: put it on again, or lay it aside.")

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[PhaseRun]:
        """A phase of the record; what it raises is noted as why the pass is unfinished, and raised on."""
        run = PhaseRun(name, UNFINISHED, _text(_now()), "")
        self.record.phases.append(run)
        failed_before = self._failed()
        try:
            self.check()
            yield run
            if self._failed() > failed_before and not self.over:
                self.fail(
                    "outside_limits", name, f"{self.record.serial} is outside its limits in {name}: see unit.json."
                )
            if self.over:
                run.outcome = self.record.outcome
            elif run.outcome == UNFINISHED:
                run.outcome = PASSED
        finally:
            run.ended = _text(_now())

    def skip(self, name: str) -> None:
        """A phase that a unit does not come to any more."""
        now = _text(_now())
        self.record.phases.append(PhaseRun(name, SKIPPED, now, now))

    def _failed(self) -> int:
        return sum(one.result == FAILED for one in self.record.measurements)

    def measured(self, measured: Measured) -> None:
        """Notes it; a name that the phase has already gets a number, so that each stands for one value."""
        there = {one.name for one in self.record.measurements if one.phase == measured.phase}
        name, number = measured.name, 2
        while measured.name in there:
            measured.name, number = f"{name} ({number})", number + 1
        self.record.measurements.append(measured)

    def fail(self, name: str, phase: str, sentence: str, because: tuple[str, ...] = ()) -> None:
        """The module is at fault."""
        self._end(FAILED, name, phase, sentence, because)

    def give_up(self, name: str, phase: str, sentence: str, because: tuple[str, ...] = ()) -> None:
        """Nothing is known of the module."""
        self._end(UNFINISHED, name, phase, sentence, because)

    def _end(self, outcome: str, name: str, phase: str, sentence: str, because: tuple[str, ...]) -> None:
        sentence = schema.cleaned(sentence)[: schema.LONGEST_TEXT]
        if not self.over:  # the first one is why
            self.record.outcome, self.record.sentence = outcome, sentence
        self.over = True
        self.record.causes.append(Cause(name, phase, sentence, list(because)))

    def met(self, identity: Identity) -> None:
        """What the module says of itself."""
        told = {name: schema.cleaned(str(getattr(identity, name)))[: schema.LONGEST_NAME] for name in SAID_BY_MODULE}
        self.record.module = ModuleSeen(**told, firmware_hash="", simulated=identity.board == TWIN_BOARD)

    def attach(self, file: str, what: str) -> None:
        """A file of the folder, with its digest."""
        data = (self.folder / file).read_bytes()
        self.record.attachments.append(Attachment(file, what, len(data), hashlib.sha256(data).hexdigest()))

    def release(self, tell: Callable[[str], None]) -> None:
        """What stood before the module is put back and the port given back; a part that fails does not hide why the
        pass ended."""
        for part in (self.bench_operator, self.module):
            if part is not None:
                try:
                    part.close()
                except (HostError, OSError) as problem:
                    tell(f"After the unit: {problem}")
        self.bench_operator = self.module = None

    def finish(self) -> None:
        """The whole record. Raises CannotRecord when it cannot be written; the provisional one stays then."""
        record = self.record
        if not self.over:
            record.outcome = PASSED
            record.marginal = any(one.result == MARGINAL for one in record.measurements)
            closely = " closely (marginal values)" if record.marginal else ""
            record.sentence = f"{record.serial} passed{closely}."
        record.ended = _text(_now())
        try:
            (self.folder / RESERVE).unlink(missing_ok=True)
            record.write(self.folder)
        except (OSError, HostError) as problem:
            raise CannotRecord(
                f"The unit record of {record.serial} cannot be written ({str(problem).rstrip('.')}): make room in "
                f"{self.settings.output} and test the unit again."
            ) from None


def earlier_passes(output: Path, serial: str) -> list[UnitRecord]:
    """The finished passes of that serial number, oldest first; damaged records are none."""
    found = []
    for path in sorted(output.glob(f"{serial}-*/{FILE}")):
        with contextlib.suppress(UnitRecordError):
            record = read(path)
            if record.serial == serial and record.finished:
                found.append(record)
    return found


def _now() -> datetime:
    return datetime.fromtimestamp(int(time.time()), timezone.utc)


def _text(when: datetime) -> str:
    return when.strftime(schema.TIME)
