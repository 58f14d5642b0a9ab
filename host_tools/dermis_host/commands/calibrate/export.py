"""`dermis calibrate export`: a record of the module as a file, which `import` takes again."""

from __future__ import annotations

import argparse
from pathlib import Path

from dermis_host import files
from dermis_host.commands.calibrate.common import (
    IN_FORCE,
    SLOTS,
    add_key,
    add_module,
    held_record,
    open_one,
    station_keys,
)
from dermis_host.errors import EXIT_OK
from dermis_host.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_module(parser)
    add_key(parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="where to; `.cal` by custom")
    parser.add_argument("--slot", choices=SLOTS, default=IN_FORCE, help="of the module (default: %(default)s)")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


def run(arguments: argparse.Namespace, output: Output) -> int:
    files.check_place(arguments.file, arguments.force)
    keys = station_keys(arguments)
    with open_one(arguments, output) as module:
        record = held_record(module, arguments.slot, keys)
    with files.whole(arguments.file) as file:
        file.write(record.data)
    output.say(f"{arguments.file}: record {record.hash} of {record.fields['serial']}, {len(record.data)} bytes.")
    output.say(f"MAC: {record.mac}.")
    output.result({"file": arguments.file, "hash": record.hash, "bytes": len(record.data), "mac": record.mac})
    return EXIT_OK
