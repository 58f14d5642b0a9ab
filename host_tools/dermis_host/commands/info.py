"""`dermis info`: what a module is and what runs on it; with --posture, what is open and what is locked."""

from __future__ import annotations

import argparse
import dataclasses

from rich.markup import escape

from dermis_host.access import posture_words
from dermis_host.answers import Posture
from dermis_host.arguments import add_port, open_module
from dermis_host.module import Module
from dermis_host.output import Output, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_port(parser)
    parser.add_argument("--posture", action="store_true", help="what is open, locked, still default, not verifiable")


def run(arguments: argparse.Namespace, output: Output) -> int:
    with open_module(arguments, output) as module:
        if arguments.posture:
            return _say_posture(module, output)
        posture = module.posture()
        identity = dataclasses.asdict(module.identity())
        state = module.calibration_state()
        parameters = module.parameters()
        clock = module.datetime_read()
    facts = {
        **identity,
        "released": posture.release.get("released", ""),
        "release_age_days": posture.release.get("age_days", posture_words.NO_AGE),
        "calibration_created": state.created,
        "clock": clock,
        "buf_size": parameters.buf_size,
        "port": arguments.port,
    }
    rows = table("what", "value", title=f"Module {identity['serial']}")
    for name, value in facts.items():
        rows.add_row(name, escape(_plain(value)))
    output.say(rows)
    if _stale(posture):
        output.note(f"The firmware is stale: {posture_words.release_words(posture.release)}.")
    output.result(facts)
    return 0


def _say_posture(module: Module, output: Output) -> int:
    serial, posture = module.identity().serial, module.posture()
    output.say(posture_words.page(posture, serial))
    words = [{"what": what, "words": told} for what, told in posture_words.rows(posture)]
    output.result({"serial": serial, **dataclasses.asdict(posture), "words": words})
    return 0


def _stale(posture: Posture) -> bool:
    return posture.release.get("age_days", posture_words.NO_AGE) > posture_words.STALE_DAYS


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "-"
