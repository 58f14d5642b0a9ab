"""The station at work: one unit after the other, each through OpenHTF and into a record."""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from dermis.core.calibration_fields import TEXT_LONGEST

from dermis_host.errors import HostError, UsageError
from dermis_host.output import Output
from dermis_host.station import causes, framework, schema
from dermis_host.station.framework import htf
from dermis_host.station.phases import PHASES, Hands, Phase
from dermis_host.station.prompts import Asker, Nobody, OnPage, OnTerminal, PagePrompts, keyboard
from dermis_host.station.settings import Settings
from dermis_host.station.unit_pass import CannotRecord, UnitPass
from dermis_host.station.unit_record import FAILED, PASSED, SKIPPED, Measured

SCAN = "Put the next module on and scan its serial number."
STOPPED = "The station was ended with this unit on it: test it again."
EXIT_TERMINATED = 128 + signal.SIGTERM


class Page(Protocol):
    """The station page, as the line needs it."""

    def show_end(self, record: Any) -> None:
        """The end of an OpenHTF test."""

    def finished(self, unit: UnitPass) -> None:
        """A unit record is there."""


class Ended(Exception):
    """Somebody ended the station while it waited for a unit."""


class Line:
    """page: None without one. ask: False where nobody is there to be asked."""

    def __init__(self, settings: Settings, output: Output, operator: str, page: Page | None, ask: bool):
        self._settings, self._output = settings, output
        self.page = page
        self._operator, self._ask = operator, ask
        self.stop = threading.Event()  # give up the unit
        self.ended = threading.Event()  # and take no other
        self._code = 0
        self._keyboard: queue.Queue[str | None] | None = None
        framework.name_station(settings.id)

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM give up the unit and end the station, with a record; a second one does not wait."""

        def asked(number: int, _frame: object) -> None:
            if self.ended.is_set():
                raise KeyboardInterrupt
            self._code = 130 if number == signal.SIGINT else EXIT_TERMINATED
            self.ended.set()
            self.stop.set()

        kept = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    @property
    def signal_code(self) -> int:
        """The exit code that the signal asks for; 0 when there was none."""
        return self._code

    def one(self, serial: str | None) -> UnitPass | None:
        """One unit from its serial number (None: asked for) to its record; None when the station ended before there
        was one. Raises CannotRecord, and UsageError for a serial number that cannot be one."""
        if serial is not None:
            serial = self._settings.check_serial(serial)
        run = _Run(self, serial)
        with framework.own_arguments():
            test = htf.Test(*(framework.phase(name, run.body(name, work), PagePrompts) for name, work in PHASES))
            framework.quiet()
            test.configure(name=self._settings.name, default_dut_id="none")
            if self.page:
                test.add_output_callbacks(self.page.show_end)
            try:
                test.execute(framework.phase("scan", run.scan, PagePrompts))
            finally:
                unit = run.end()
        if run.problem:
            raise run.problem
        if unit and self.page:
            self.page.finished(unit)
        return unit

    def check(self) -> None:
        """Raises while the station waits for a unit and is to end."""
        if self.ended.is_set():
            raise Ended

    def asker(self, prompts: PagePrompts, checked: Callable[[], None]) -> Asker:
        """Who is asked."""
        if not self._ask:
            return Nobody()
        if self.page:
            return OnPage(prompts, checked)
        if self._keyboard is None:
            self._keyboard = keyboard()
        return OnTerminal(self._output, checked, self._keyboard)

    def new_unit(self, asker: Asker, given: str | None) -> UnitPass:
        """Asks for what was not given, and begins the record."""
        if not self._operator:
            name = asker.text("Who runs this station?").strip()[:TEXT_LONGEST] if self._ask else ""
            self._operator = schema.cleaned(name)
        serial, error = given, ""
        while serial is None:
            scanned = asker.text(SCAN, error)
            try:
                serial = self._settings.check_serial(scanned)
            except UsageError as problem:
                error = str(problem)
        self.stop.clear()  # a button pressed while nothing was on the station
        if self.ended.is_set():
            self.stop.set()
        unit = UnitPass(self._settings, serial, self._operator, self.stop)
        unit.begin()
        return unit

    def say(self, text: str) -> None:
        """A line on the terminal."""
        self._output.step(text)

    @property
    def asks(self) -> bool:
        return self._ask


class _Run:
    """One OpenHTF test."""

    def __init__(self, line: Line, serial: str | None):
        self._line, self._serial = line, serial
        self.unit: UnitPass | None = None
        self.problem: BaseException | None = None

    def scan(self, test: htf.TestApi, prompts: PagePrompts) -> htf.PhaseResult:
        """The trigger: a serial number, and a folder for what comes."""
        try:
            self.unit = self._line.new_unit(self._line.asker(prompts, self._line.check), self._serial)
        except Ended:
            return htf.PhaseResult.STOP
        except (HostError, OSError) as problem:
            self.problem = problem
            return htf.PhaseResult.STOP
        test.dut_id = self.unit.record.serial
        return htf.PhaseResult.CONTINUE

    def body(self, name: str, work: Phase) -> Callable[..., htf.PhaseResult]:
        """The phase as OpenHTF calls it."""

        def phase(test: htf.TestApi, prompts: PagePrompts) -> htf.PhaseResult:
            unit = self.unit
            assert unit
            if unit.over:
                unit.skip(name)
                return htf.PhaseResult.SKIP

            def say(text: str) -> None:
                test.logger.info("%s", text)
                self._line.say(text)

            def show(measured: Measured) -> None:
                framework.declare(test, measured)

            hands = Hands(self._line.asker(prompts, unit.check), show, say, not self._line.asks)
            try:
                with unit.phase(name):
                    work(unit, hands)
            except Exception as problem:  # noqa: BLE001 - whatever it is, the record says it
                _note(unit, name, problem)
                if unit.record.outcome == FAILED:
                    unit.record.phases[-1].outcome = FAILED
            if not unit.over:
                return htf.PhaseResult.CONTINUE
            test.logger.error("%s", unit.record.sentence)
            if unit.record.outcome == FAILED:
                return htf.PhaseResult.FAIL_AND_CONTINUE
            raise Unfinished(unit.record.sentence)

        phase.__name__ = name
        return phase

    def end(self) -> UnitPass | None:
        """Puts everything back and writes the record."""
        unit = self.unit
        if unit is None:
            return None
        unit.release(self._line.say)
        done = [phase for phase in unit.record.phases if phase.outcome in (PASSED, SKIPPED)]
        if not unit.over and len(done) < len(PHASES):
            unit.give_up("stopped", unit.record.phases[-1].name if unit.record.phases else "scan", STOPPED)
        for name, _ in PHASES[len(unit.record.phases) :]:
            unit.skip(name)
        try:
            unit.finish()
        except CannotRecord as problem:
            self.problem = problem
        return unit


class Unfinished(Exception):
    """Ends an OpenHTF test whose unit cannot be judged."""


def _note(unit: UnitPass, phase: str, problem: Exception) -> None:
    name, told = causes.named(problem)
    end = unit.fail if causes.counts_against_module(problem) else unit.give_up
    end(name, phase, told)
