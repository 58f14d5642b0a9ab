"""`dermis calibrate commit`: a record that passed, onto the module, and read back byte for byte."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from dermis_host.calibration import record_file
from dermis_host.calibration.keys import StationKeys
from dermis_host.calibration.record_file import RecordFile
from dermis_host.calibration.work import RECORD, SUMMARY
from dermis_host.commands.calibrate.common import add_key, add_module, open_one, station_keys
from dermis_host.commands.calibrate.store import say_stored, store
from dermis_host.errors import EXIT_OK, CalibrationFailed, UsageError
from dermis_host.module import FACTORY, USER
from dermis_host.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_module(parser)
    add_key(parser)
    parser.add_argument("source", metavar="FOLDER|FILE", type=Path, help="the folder of a run, or its record.cal")
    parser.add_argument("--factory", action="store_true", help="as the factory record, which can be written once")
    parser.add_argument("--yes", action="store_true", help="do not ask before the factory record is written")


def run(arguments: argparse.Namespace, output: Output) -> int:
    record = passed_record(arguments.source, station_keys(arguments))
    with open_one(arguments, output) as module:
        stored = store(module, record, FACTORY if arguments.factory else USER, arguments.yes, output)
    say_stored(stored, output)
    output.result(stored.row())
    return EXIT_OK


def passed_record(source: Path, keys: StationKeys) -> RecordFile:
    """The record of a run that passed, from its folder or file.

    Raises UsageError when there is none, CalibrationFailed when the run did not pass or the record does not say it did.
    """
    if source.is_dir():
        told = _summary(source / SUMMARY)
        if told.get("passed") is not True:
            why = " ".join(_sentences(told)) or f"see {source / 'report.html'}."
            raise CalibrationFailed(f"The run in {source} did not pass, so there is nothing to commit: {why}")
        record = record_file.read(source / RECORD, keys)
        if record.hash != told.get("hash"):
            raise CalibrationFailed(
                f"The record in {source} is not the one that its report is about: run the calibration again."
            )
    else:
        record = record_file.read(source, keys)
    if not record.fields["measurements"]:
        raise CalibrationFailed(
            "The record lists no measurements, so nothing says that it passed: calibrate the module, or see `import`."
        )
    return record


def _sentences(told: dict) -> list[str]:
    """Those of the causes; none where somebody else has written the file, which shows nothing but that it failed."""
    causes = told.get("causes")
    rows = [cause for cause in causes if isinstance(cause, dict)] if isinstance(causes, list) else []
    return [str(cause["sentence"]) for cause in rows if "sentence" in cause]


def _summary(path: Path) -> dict:
    try:
        told = json.loads(path.read_text())
    except FileNotFoundError:
        raise UsageError(f"There is no {path}: name the folder of a whole run, or a record file.") from None
    except (OSError, ValueError):
        raise UsageError(f"{path} cannot be read: run the calibration again.") from None
    if not isinstance(told, dict):
        raise UsageError(f"{path} is no report of a calibration: run it again.")
    return told
