"""`dermis calibrate diff A B`: what changed, in plain words, between records of the module and files."""

from __future__ import annotations

import argparse
from pathlib import Path

from dermis_host.calibration import record_file
from dermis_host.calibration.differences import differences
from dermis_host.calibration.keys import StationKeys
from dermis_host.calibration.record_file import RecordFile
from dermis_host.calibration.work import RECORD
from dermis_host.commands.calibrate.common import (
    IN_FORCE,
    SLOTS,
    add_key,
    add_module,
    held_record,
    open_one,
    station_keys,
)
from dermis_host.errors import EXIT_OK, UsageError
from dermis_host.module import PREVIOUS
from dermis_host.output import Output

WHICH = f"{', '.join(SLOTS)}, a record file, or the folder of a run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_module(parser)
    add_key(parser)
    parser.add_argument("old", metavar="A", nargs="?", default=PREVIOUS, help=f"{WHICH} (default: %(default)s)")
    parser.add_argument("new", metavar="B", nargs="?", default=IN_FORCE, help="the same (default: %(default)s)")


def run(arguments: argparse.Namespace, output: Output) -> int:
    old, new = both(arguments, output)
    found = differences(old.fields, new.fields)
    if old.hash == new.hash:
        output.say(f"Both are the record {old.hash}.")
    else:
        output.say(f"{old.hash} (made {_when(old)}) -> {new.hash} (made {_when(new)}):")
        for each in found:
            output.out.print(f"  {each.sentence}", markup=False) if not output.as_json else None
        output.say("What is not named is alike.")
    rows = [each.row() for each in found] if old.hash != new.hash else []
    output.result({"from": old.hash, "to": new.hash, "differences": rows})
    return EXIT_OK


def both(arguments: argparse.Namespace, output: Output) -> tuple[RecordFile, RecordFile]:
    """The two records; the module is asked only where one of them is its own."""
    keys = station_keys(arguments)
    names = (arguments.old, arguments.new)
    if not any(name in SLOTS for name in names):
        return _file(names[0], keys), _file(names[1], keys)
    with open_one(arguments, output) as module:
        found = [held_record(module, name, keys) if name in SLOTS else _file(name, keys) for name in names]
    return found[0], found[1]


def _file(name: str, keys: StationKeys) -> RecordFile:
    path = Path(name)
    if not path.exists():
        raise UsageError(f"{name!r} is no file and no record of the module: name {WHICH}.")
    return record_file.read(path / RECORD if path.is_dir() else path, keys)


def _when(record: RecordFile) -> str:
    return record.fields["created"].replace("T", " ")
