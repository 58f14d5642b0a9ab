"""`dermis calibrate plan`: what a run will ask for, before anything is set up."""

from __future__ import annotations

import argparse
from pathlib import Path

from dermis_hw import boards

from dermis_host.calibration import clock, procedure, targets
from dermis_host.calibration.steps import Step
from dermis_host.calibration.targets import Fixture
from dermis_host.commands.calibrate.common import add_module, open_one
from dermis_host.errors import EXIT_OK
from dermis_host.output import Output, table
from dermis_host.recording import TWIN_BOARD


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_module(parser)
    parser.add_argument("--fixture", metavar="FILE", type=Path, help="the bench's fixture (default: the twin's own)")


def run(arguments: argparse.Namespace, output: Output) -> int:
    fixture = targets.load(arguments.fixture)
    board = boards.board_file(TWIN_BOARD)  # every module of this family; one that is named says so itself
    if arguments.port or arguments.twin:
        with open_one(arguments, output) as module:
            board = boards.board_file(module.identity().board)
    steps = procedure.plan(fixture, board)
    say_plan(fixture, steps, output)
    output.result(
        {
            "fixture": {"id": fixture.id, "hash": fixture.hash, "due": fixture.due.isoformat()},
            "seconds": sum(step.seconds for step in steps),
            "steps": [
                {
                    "name": step.name,
                    "title": step.title,
                    "why": step.why,
                    "targets": [
                        {"name": name, "distance_mm": fixture.targets[name].distance_mm} for name in step.targets
                    ],
                    "seconds": step.seconds,
                }
                for step in steps
            ],
        }
    )
    return EXIT_OK


def say_plan(fixture: Fixture, steps: tuple[Step, ...], output: Output) -> None:
    """The steps as a table."""
    rows = table("step", "targets (mm from the module)", "about", "why")
    for step in steps:
        names = ", ".join(_target(fixture, name) for name in step.targets)
        rows.add_row(step.title, names, _minutes(step.seconds), step.why)
    output.say(rows)
    overdue = clock.now().date() > fixture.due
    due = f"[red]overdue since {fixture.due}[/]" if overdue else f"certified to {fixture.due}"
    output.say(f"Fixture {fixture.id} ({fixture.hash}), {due}. About {_minutes(sum(s.seconds for s in steps))} in all.")


def _target(fixture: Fixture, name: str) -> str:
    distance = fixture.targets[name].distance_mm
    return f"{name} {distance:g}" if distance else name


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
