"""`dermis info`: what a module is and what runs on it."""

from __future__ import annotations

import argparse
import dataclasses

from dermis_host.arguments import add_port, open_module
from dermis_host.output import Output, table

add_arguments = add_port


def run(arguments: argparse.Namespace, output: Output) -> int:
    with open_module(arguments, output) as module:
        identity = dataclasses.asdict(module.identity())
        state = module.calibration_state()
        parameters = module.parameters()
        clock = module.datetime_read()
    facts = {
        **identity,
        "calibration_created": state.created,
        "clock": clock,
        "buf_size": parameters.buf_size,
        "port": arguments.port,
    }
    rows = table("what", "value", title=f"Module {identity['serial']}")
    for name, value in facts.items():
        rows.add_row(name, _plain(value))
    output.say(rows)
    output.result(facts)
    return 0


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "-"
