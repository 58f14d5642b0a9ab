"""`dermis calibrate`: measures, judges and, only then and only when agreed, writes the calibration record."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dermis_host.arguments import add_port, open_module
from dermis_host.calibration import first_procedure as procedure
from dermis_host.calibration.show import show
from dermis_host.errors import EXIT_FAILED, EXIT_OK, UsageError
from dermis_host.output import Output
from dermis_host.twin_access import TwinControl, TwinOperator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_port(parser)
    parser.add_argument(
        "--twin", metavar="STATE_DIR", type=Path, help="a running twin: its scene is changed for each target"
    )
    parser.add_argument("--white-reflectance", type=float, default=1.0, help="of the white target (default: 1)")
    parser.add_argument("--dry-run", action="store_true", help="measure and judge, write nothing")
    parser.add_argument("--yes", action="store_true", help="write without asking when every value is within limits")


def run(arguments: argparse.Namespace, output: Output) -> int:
    if not 0.5 <= arguments.white_reflectance <= 1.0:
        raise UsageError("--white-reflectance is a reflectance factor from 0.5 to 1.")
    if not (arguments.twin or sys.stdin.isatty()):
        raise UsageError("A person must place the targets: run it on a terminal, or name a twin with --twin.")
    twin = TwinControl(arguments.twin) if arguments.twin else None
    status = twin.status() if twin else {}
    if twin and not arguments.port:
        arguments.port = status["url"]
    operator = TwinOperator(twin.set_scene) if twin else Person(output)
    with open_module(arguments, output) as module:
        try:
            outcome = procedure.run(module, operator, arguments.white_reflectance, told=output.step, tell=output.note)
        finally:
            if twin and status["scene"]:
                twin.set_scene(status["scene"])
        show(outcome, output)
        written = ""
        if outcome.passed and not arguments.dry_run and (arguments.yes or _agreed(output)):
            written = procedure.commit(module, outcome)
            output.say(f"Written and read back: calibration {written}.")
    output.result(
        {
            "passed": outcome.passed,
            "written": bool(written),
            "hash": written,
            "measurements": [measurement.row() for measurement in outcome.measurements],
        }
    )
    if not outcome.passed:
        failed = ", ".join(measurement.name for measurement in outcome.measurements if not measurement.passed)
        output.error(f"outside their limits, so nothing was written: {failed}.")
        return EXIT_FAILED
    if not written and not arguments.dry_run:
        output.error("nothing was written; add --yes to write without being asked.")
        return EXIT_FAILED
    return EXIT_OK


class Person:
    """Asks a person on the terminal to place each target."""

    def __init__(self, output: Output):
        self._output = output

    def show(self, target: procedure.Target, z_ref_mm: int) -> None:
        self._output.err.print(target.guide.format(z_ref=z_ref_mm), style="bold")
        self._output.err.input("Press Enter when it stands there. ")


def _agreed(output: Output) -> bool:
    if output.as_json or not sys.stdin.isatty():
        return False
    return output.err.input("Every value is within its limits. Write the record? [y/N] ").strip().lower() == "y"
