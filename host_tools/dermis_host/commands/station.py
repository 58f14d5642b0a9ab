"""`dermis station`: units over the end-of-line station; `dermis station lot` reports on a folder of their records."""

from __future__ import annotations

import argparse
import dataclasses
import getpass
import importlib
import json
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType

from dermis.core.calibration_fields import TEXT_LONGEST
from rich.markup import escape

from dermis_host import files
from dermis_host.errors import EXIT_FAILED, EXIT_OK, HostError, UsageError
from dermis_host.output import Output, table
from dermis_host.station import lot as lots
from dermis_host.station import lot_report, settings
from dermis_host.station.unit_record import PASSED

INSTALL = "The station is not installed: pip install 'dermis[eol]'."
NEEDED = ("openhtf", "tornado", "sockjs")
LARGEST_SHARE = 12  # of measurements, on the terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        default=settings.DEFAULT_FILE,
        help="the station's file (default: %(default)s)",
    )
    parser.add_argument("--serial", metavar="S", help="test this one unit and end")
    parser.add_argument("--yes", action="store_true", help="ask nothing; needs --serial, and a twin in the file")
    parser.add_argument("--no-page", action="store_true", help="ask on the terminal instead of in the browser")
    parser.add_argument("--operator", metavar="NAME", help="who runs it (default: the file's; else it asks)")
    parser.add_argument("-v", "--verbose", action="store_true", help="say on stderr what is being done")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")
    doing = parser.add_subparsers(dest="doing", metavar="[DOING ...]", title="reports")
    summary = "first-pass yield, causes, capability and drift from a folder of unit records"
    lot = doing.add_parser("lot", help=summary, description=f"{summary.capitalize()}.")
    lot.add_argument("folder", metavar="FOLDER", type=Path, help="the station's output folder")
    lot.add_argument("--html", metavar="OUT", type=Path, help="write the report with its plots")
    lot.add_argument("--json", metavar="OUT", dest="json_file", nargs="?", const="-", help="as JSON: a file, or stdout")


def run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.doing == "lot":
        return _lot(arguments, output)
    return _station(arguments, output)


def _station(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.yes and not arguments.serial:
        raise UsageError("--yes asks nobody: name the unit with --serial.")
    station = settings.load(arguments.config)
    if arguments.yes and station.twin is None:
        raise UsageError("With --yes nobody places targets: only a station with a twin can do without.")
    asked_here = not arguments.yes and arguments.no_page
    if asked_here and (output.as_json or not output.err.is_terminal):
        raise UsageError("Somebody must be asked: run it on a terminal without --json, or leave --no-page out.")
    operator = _operator(arguments, station)
    line_module = _installed("dermis_host.station.line")
    if arguments.no_page or arguments.yes:
        return _units(line_module.Line(station, output, operator, None, not arguments.yes), arguments, output)
    page_module = _installed("dermis_host.station.page")
    line = line_module.Line(station, output, operator, None, True)
    with page_module.StationPage(station, line.stop) as page:
        line.page = page
        output.note(f"The station page: {page.url}  (Ctrl-C ends the station)")
        return _units(line, arguments, output)


def _units(line, arguments: argparse.Namespace, output: Output) -> int:
    """One unit with --serial, else one after the other until somebody ends it."""
    code, last = EXIT_OK, None
    with line.signals():
        while not line.ended.is_set():
            unit = line.one(arguments.serial)
            if unit is None:
                break
            last = unit
            code = EXIT_OK if unit.record.outcome == PASSED else EXIT_FAILED
            _say(unit, output)
            if arguments.serial:
                break
    if last is not None:
        output.result({**dataclasses.asdict(last.record), "folder": last.folder})
    if line.signal_code:
        if last is None:
            output.error("the station was ended; no unit was on it.")
        return line.signal_code
    return code


def _say(unit, output: Output) -> None:
    style = {"passed": "green", "failed": "red"}.get(unit.record.outcome, "yellow")
    if not output.as_json:
        output.out.print(f"{unit.record.outcome}: {unit.record.sentence}", style=style, markup=False, soft_wrap=True)
        output.out.print(f"  {unit.folder / 'unit.json'}", markup=False, soft_wrap=True)
    if unit.record.outcome != PASSED:
        output.error(unit.record.sentence)


def _operator(arguments: argparse.Namespace, station: settings.Settings) -> str:
    name = station.operator if arguments.operator is None else arguments.operator
    if not name and arguments.yes:
        try:
            name = getpass.getuser()
        except (KeyError, OSError):  # a container whose user has no name
            name = ""
    if len(name) > TEXT_LONGEST or not name.isprintable():
        raise UsageError(f"--operator must be one line of at most {TEXT_LONGEST} characters.")
    return name


def _installed(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] in NEEDED:
            raise HostError(INSTALL) from None
        raise


def _lot(arguments: argparse.Namespace, output: Output) -> int:
    lot = lots.gather(arguments.folder)
    made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    summary = lots.summary(lot)
    if arguments.html:
        lot_report.write(lot, arguments.html, made)
        output.note(f"Report: {arguments.html}")
    if arguments.json_file == "-" or (output.as_json and arguments.json_file is None):
        Output(as_json=True).result(summary)
    elif arguments.json_file:
        with files.whole(arguments.json_file) as file:
            file.write((json.dumps(summary, indent=1, allow_nan=False) + "\n").encode())
    if arguments.json_file != "-":
        _say_lot(lot, summary, output)
    for refused in lot.refused:
        output.error(f"left out: {refused.sentence}")
    return EXIT_OK if lot.records else EXIT_FAILED


def _say_lot(lot: lots.Lot, summary: dict, output: Output) -> None:
    for name, given in (("first-pass yield", lots.first_pass(lot)), ("after retests", lots.final(lot))):
        if given:
            low, high = given.interval
            output.say(
                f"{name}: {100 * given.part:.1f} % ({given.passed} of {given.of}; "
                f"95 % interval {100 * low:.1f} to {100 * high:.1f} %)"
            )
    if simulated := summary["simulated"]:
        output.say(f"SIMULATED: {simulated} of {len(lot.records)} passes")
    for title, bars in (("failures", lots.pareto(lot.first)), ("unfinished passes", lots.pareto(lot.unfinished))):
        if bars:
            rows = table("cause", "count", "part", title=title)
            for bar in bars:
                rows.add_row(escape(bar.name), str(bar.count), f"{100 * bar.part:.0f} %")
            output.say(rows)
    rows = table("measurement", "n", "mean", "s", "Cpk", "Ppk", "normal", title="least room first")
    for spread in lots.spreads(lot)[:LARGEST_SHARE]:
        found = spread.capability
        normal = "" if found.normal is None else "yes" if found.normal else "no"
        sd = "" if found.sd is None else f"{found.sd:.3g}"
        rows.add_row(
            escape(spread.name), str(found.n), f"{found.mean:.4g}", sd, _index(found.cpk), _index(found.ppk), normal
        )
    output.say(rows)
    for drift in lots.drifts(lot):
        if drift.chart and drift.chart.signals:
            output.say(escape(f"drift: {drift.name} at {drift.station}: {len(drift.chart.signals)} signals"))


def _index(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
