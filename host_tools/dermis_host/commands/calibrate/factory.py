"""`dermis calibrate factory`: the factory's record; the user's are kept."""

from __future__ import annotations

import argparse

from dermis_host.commands.calibrate.common import add_module, open_one
from dermis_host.commands.calibrate.select import select
from dermis_host.module import FACTORY, USER
from dermis_host.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_module(parser)
    parser.add_argument("--undo", action="store_true", help="put the user's record in force again")


def run(arguments: argparse.Namespace, output: Output) -> int:
    slot, back = (
        (USER, "`dermis calibrate factory` puts the factory's in force.")
        if arguments.undo
        else (FACTORY, "`dermis calibrate factory --undo` puts the user's record in force again.")
    )
    with open_one(arguments, output) as module:
        return select(module, slot, back, output)
