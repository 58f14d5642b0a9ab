"""`dermis calibrate import`: a record file of this module back onto it."""

from __future__ import annotations

import argparse
from pathlib import Path

from dermis_host.calibration import record_file
from dermis_host.commands.calibrate.common import add_key, add_module, open_one, station_keys
from dermis_host.commands.calibrate.store import say_stored, store
from dermis_host.errors import EXIT_OK
from dermis_host.module import FACTORY, USER
from dermis_host.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_module(parser)
    add_key(parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="a record file, as `export` or `run` wrote it")
    parser.add_argument("--factory", action="store_true", help="as the factory record, which can be written once")
    parser.add_argument("--yes", action="store_true", help="do not ask before the factory record is written")


def run(arguments: argparse.Namespace, output: Output) -> int:
    record = record_file.read(arguments.file, station_keys(arguments))
    with open_one(arguments, output) as module:
        stored = store(module, record, FACTORY if arguments.factory else USER, arguments.yes, output)
    say_stored(stored, output)
    output.result(stored.row())
    return EXIT_OK
