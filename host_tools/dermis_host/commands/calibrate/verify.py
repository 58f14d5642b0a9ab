"""`dermis calibrate verify`: a grey card before a calibrated module; exit 0 when it measures as its record says."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from dermis.core import calibration as record_format

from dermis_host.calibration import clock, targets, verify, words
from dermis_host.calibration.live_bench import LiveBench
from dermis_host.calibration.operators import Operator, Person, RunningTwin
from dermis_host.calibration.script import Script
from dermis_host.calibration.targets import Fixture, Target
from dermis_host.commands.calibrate.common import IN_FORCE, add_key, add_module, held_record, open_one, station_keys
from dermis_host.commands.calibrate.watching import line
from dermis_host.errors import EXIT_FAILED, EXIT_OK, UsageError
from dermis_host.output import Output
from dermis_host.twin_access import TwinControl

CARD = "grey_50"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_module(parser)
    add_key(parser)
    parser.add_argument("--fixture", metavar="FILE", type=Path, help="whose grey it is (default: the twin's own)")
    parser.add_argument("--target", default=CARD, help="a grey of the fixture (default: %(default)s)")
    parser.add_argument("--script", metavar="FILE", type=Path, help="a program that places the card")
    parser.add_argument("--yes", action="store_true", help="the card stands there already, or --twin shows it")
    parser.add_argument("--allow-overdue", action="store_true", help="take a fixture past its due date")


def run(arguments: argparse.Namespace, output: Output) -> int:
    fixture = targets.load(arguments.fixture)
    card = _card(fixture, arguments.target)
    today = clock.now().date()
    clock.check_clock(today, fixture.certified)
    overdue = clock.check_due(today, fixture.due, fixture.id, arguments.allow_overdue)
    started = time.monotonic()
    with open_one(arguments, output) as module:
        record = held_record(module, IN_FORCE, station_keys(arguments))
        bench = LiveBench(module, _operator(arguments, record.fields["serial"], output), output.tick)
        try:
            bursts = verify.take(bench, card)
        finally:
            bench.close()
    found = verify.judge(record_format.decode(record.data), bursts, card)
    for measurement in found.measurements:
        output.say(line(measurement))
    for cause in found.causes:
        output.say(cause.sentence)
    seconds = time.monotonic() - started
    if found.passed:
        output.say(f"The module measures as its record {record.hash} says. {seconds:.0f} s.")
    output.result(
        {
            "passed": found.passed,
            "hash": record.hash,
            "card": card.name,
            "fixture": {"id": fixture.id, "hash": fixture.hash, "overdue": overdue},
            "distance_mm": None if found.distance_mm != found.distance_mm else round(found.distance_mm, 1),
            "measurements": [words.plain_row(each) for each in found.measurements],
            "causes": [{"name": cause.name, "sentence": cause.sentence} for cause in found.causes],
            "seconds": round(seconds, 1),
        }
    )
    if not found.passed:
        output.error(_why(found))
    return EXIT_OK if found.passed else EXIT_FAILED


def _why(found: verify.Verification) -> str:
    if found.causes:
        return found.causes[0].sentence
    names = ", ".join(words.title(each) for each in found.measurements if not each.passed)
    return f"outside their limits: {names}: clean the window and the card and verify again, else calibrate the module."


def _card(fixture: Fixture, name: str) -> Target:
    if name not in targets.GREYS:
        raise UsageError(f"{name!r} is no grey of the fixture: name one of {', '.join(targets.GREYS)}.")
    return fixture.targets[name]


class _Standing:
    """An operator for a card that stands there already."""

    def show(self, target: Target, look: object) -> None:
        """It does."""

    def heat(self, temperature_c: float, look: object) -> None:
        """Nobody asks for it."""

    def close(self) -> None:
        """Nothing to put back."""


def _operator(arguments: argparse.Namespace, serial: str, output: Output) -> Operator:
    if arguments.twin and arguments.script:
        raise UsageError("Either --twin or --script places the card: name one.")
    if arguments.twin:
        return RunningTwin(TwinControl(arguments.twin))
    if arguments.script:
        return Script(arguments.script, serial, output.tick)
    if arguments.yes:
        return _Standing()
    if output.as_json or not output.err.is_terminal:
        raise UsageError("Somebody must hold the card: run it on a terminal, or add --yes when it stands there.")
    return Person(output, f"Hold the {arguments.target.replace('_', ' ')} card flat, 300 to 600 mm from the module.")
