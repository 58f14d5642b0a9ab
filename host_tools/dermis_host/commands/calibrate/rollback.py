"""`dermis calibrate rollback`: the record before the last commit; once more, and the later one is back."""

from __future__ import annotations

import argparse

from dermis_host.commands.calibrate.common import add_module, open_one
from dermis_host.commands.calibrate.select import select
from dermis_host.module import PREVIOUS
from dermis_host.output import Output

add_arguments = add_module


def run(arguments: argparse.Namespace, output: Output) -> int:
    with open_one(arguments, output) as module:
        return select(module, PREVIOUS, "`dermis calibrate rollback` again undoes that.", output)
