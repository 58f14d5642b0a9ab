"""`dermis calibrate run`: every step with its targets, a folder with record and report; nothing on the module."""

from __future__ import annotations

import argparse
import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from dermis.core.calibration_fields import TEXT_LONGEST

from dermis_host import files
from dermis_host.answers import Identity
from dermis_host.calibration import clock, procedure, report, targets
from dermis_host.calibration.live_bench import LiveBench
from dermis_host.calibration.operators import Operator, Person, RunningTwin
from dermis_host.calibration.outcome import Outcome
from dermis_host.calibration.script import Script
from dermis_host.calibration.steps import Step
from dermis_host.calibration.targets import Fixture
from dermis_host.calibration.work import FRESH, RECORD, REPORT, SUMMARY, TOOL, Binding, Work
from dermis_host.commands.calibrate.common import add_key, add_module, open_one, require_terminal_or, station_keys
from dermis_host.commands.calibrate.plan import say_plan
from dermis_host.commands.calibrate.watching import Watching
from dermis_host.errors import EXIT_FAILED, EXIT_OK, HostError, UsageError
from dermis_host.module import Module
from dermis_host.output import Output
from dermis_host.twin_access import TwinControl

PLACE = Path("build/calibration")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_module(parser)
    add_key(parser)
    parser.add_argument("--fixture", metavar="FILE", type=Path, help="the bench's fixture (default: the twin's own)")
    parser.add_argument("--script", metavar="FILE", type=Path, help="a program that places the targets (a robot arm)")
    parser.add_argument("--operator", metavar="NAME", default=None, help="who calibrates (default: the login name)")
    parser.add_argument("--output", metavar="FOLDER", type=Path, help=f"(default: {PLACE}/SERIAL)")
    parser.add_argument("--fresh", action="store_true", help="start over, whatever is kept in the folder")
    parser.add_argument("--redo", metavar="STEP,...", default="", help="take these steps again, keep the others")
    parser.add_argument("--yes", action="store_true", help="ask nothing; needs --twin or --script")
    parser.add_argument("--allow-overdue", action="store_true", help="take a fixture past its due date; recorded")


def run(arguments: argparse.Namespace, output: Output) -> int:
    fixture = targets.load(arguments.fixture)
    began, started = clock.now(), time.monotonic()
    clock.check_clock(began.date(), fixture.certified)
    overdue = clock.check_due(began.date(), fixture.due, fixture.id, arguments.allow_overdue)
    keys = station_keys(arguments)
    name = _operator_name(arguments.operator)
    _check_who_places(arguments, output)
    with open_one(arguments, output) as module:
        identity, key = module.identity(), keys.signing(module)  # before the bench is at work for half an hour
        work = Work(arguments.output or PLACE / identity.serial)
        with work.held():
            if arguments.fresh:
                work.start_over()
            watching, outcome, steps, bench = _measured(arguments, module, identity, fixture, work, began, name, output)
            record = outcome.record(key) if outcome.passed else b""
            _write_record(work.folder / RECORD, record)
            about = report.Run(
                identity.serial,
                bench.sensors,
                identity.firmware,
                identity.board,
                fixture,
                overdue,
                name,
                TOOL,
                began,
                time.monotonic() - started,
                watching.resumed,
            )
            told = report.write(work.folder, about, outcome, steps, record, (SUMMARY, REPORT))
            work.finish()
        _say(outcome, told, work.folder, arguments, output)
    output.result({**told, "folder": work.folder})
    if not outcome.passed:
        names = [cause.name for cause in outcome.causes] or [each.name for each in outcome.failed]
        output.error(
            f"not passed ({', '.join(names) or 'steps are missing'}), and nothing was written to the module: see "
            f"{work.folder / REPORT}."
        )
    return EXIT_OK if outcome.passed else EXIT_FAILED


def _measured(
    arguments: argparse.Namespace,
    module: Module,
    identity: Identity,
    fixture: Fixture,
    work: Work,
    began: datetime,
    name: str,
    output: Output,
) -> tuple[Watching, Outcome, tuple[Step, ...], LiveBench]:
    """The procedure, with what was there before put back however it ends."""
    operator = _operator(arguments, identity.serial, work, output)
    bench = LiveBench(module, operator, output.tick)
    steps = procedure.plan(fixture, bench.board)
    with _restored(bench, output):
        redo = _steps(arguments.redo, steps)
        binding = Binding(
            identity.serial, bench.sensors["imager"], bench.sensors["swir"], identity.firmware, fixture.id, fixture.hash
        )
        kept = work.take_up(binding, began, operator.scene if isinstance(operator, RunningTwin) else None, redo)
        say_plan(fixture, steps, output)
        if kept:
            output.say(f"Taking up where an earlier run stood: {', '.join(kept)} are kept ({FRESH}).")
        if arguments.twin or arguments.script:
            require_terminal_or(arguments.yes, "Start?", output)
        watching = Watching(work, tuple(kept), output)
        try:
            # A fixture past its due date was refused before, unless it was allowed.
            today = min(began.date(), fixture.due)
            outcome = procedure.run(bench, fixture, watching, operator=name, kept=kept, today=today)
        except (HostError, KeyboardInterrupt, SystemExit):
            _say_kept(work, watching, output)
            raise
    return watching, outcome, steps, bench


def _operator(arguments: argparse.Namespace, serial: str, work: Work, output: Output) -> Operator:
    if arguments.twin:
        return RunningTwin(TwinControl(arguments.twin), work.scene_before())
    if arguments.script:
        return Script(arguments.script, serial, output.tick)
    return Person(output)


@contextmanager
def _restored(bench: LiveBench, output: Output) -> Iterator[None]:
    """What stood before the module comes back; a twin that is gone must not hide why."""
    try:
        yield
    except BaseException:
        try:
            bench.close()
        except HostError as problem:
            output.note(f"What stood before the module could not be put back: {problem}")
        raise
    bench.close()


def _check_who_places(arguments: argparse.Namespace, output: Output) -> None:
    if arguments.twin and arguments.script:
        raise UsageError("Either --twin or --script places the targets: name one.")
    by_itself = arguments.twin or arguments.script
    if arguments.yes and not by_itself:
        raise UsageError("With --yes nobody is asked to place targets: add --twin STATE_DIR or --script FILE.")
    if not by_itself and (output.as_json or not output.err.is_terminal):
        raise UsageError(
            "A person must place the targets: run it on a terminal without --json, or name --twin or --script."
        )
    if arguments.fresh and arguments.redo:
        raise UsageError("--fresh takes every step again: leave --redo out.")


def _operator_name(given: str | None) -> str:
    if given is None:
        try:
            given = getpass.getuser()
        except (KeyError, OSError):  # a container whose user has no name
            given = ""
        return given[:TEXT_LONGEST]
    if len(given) > TEXT_LONGEST:
        raise UsageError(f"--operator may have {TEXT_LONGEST} characters, not {len(given)}.")
    return given


def _steps(given: str, steps: tuple[Step, ...]) -> tuple[str, ...]:
    wanted = tuple(word.strip() for word in given.split(",") if word.strip())
    names = [step.name for step in steps]
    if unknown := [word for word in wanted if word not in names]:
        raise UsageError(f"There is no step {', '.join(unknown)}; there are: {', '.join(names)}.")
    return wanted


def _write_record(path: Path, record: bytes) -> None:
    if not record:
        path.unlink(missing_ok=True)
        return
    with files.whole(path) as file:
        file.write(record)


def _say_kept(work: Work, watching: Watching, output: Output) -> None:
    """After a cut: what is kept and how to go on."""
    if watching.done:
        output.note(
            f"{len(watching.done)} finished steps are kept in {work.folder} ({', '.join(watching.done)}): the same "
            "command takes them up. Nothing was changed on the module."
        )


def _say(outcome: Outcome, told: dict, folder: Path, arguments: argparse.Namespace, output: Output) -> None:
    for cause in outcome.causes:
        output.out.print(f"{cause.name.replace('_', ' ')}: {cause.sentence}", style="red", markup=False) if not (
            output.as_json
        ) else None
    output.say(f"Report: {folder / REPORT}")
    if outcome.passed:
        where = f"--twin {arguments.twin}" if arguments.twin else f"-p {arguments.port}"
        output.say(
            f"Passed: record {told['hash']}. The module still uses what it used before; "
            f"`dermis calibrate commit {folder} {where}` writes it."
        )
