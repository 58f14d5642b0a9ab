"""`dermis verify`: one verdict; exit 0 bona fide, 10 attack, 11 no decision."""

from __future__ import annotations

import argparse
import dataclasses

from dermis_host.arguments import add_port, open_module
from dermis_host.errors import UsageError
from dermis_host.output import Output
from dermis_host.verdicts import EXIT_CODE, show

LONGEST_NONCE = 32  # bytes, as the table of messages says


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_port(parser)
    parser.add_argument("--time-limit-ms", type=int, default=0, help="a shorter limit than the profile's")
    parser.add_argument("--nonce", default="", help="hex digits, sent back in the verdict")


def run(arguments: argparse.Namespace, output: Output) -> int:
    try:
        nonce = bytes.fromhex(arguments.nonce)
    except ValueError:
        raise UsageError(f"--nonce {arguments.nonce} is not hex: give pairs of 0-9 and a-f.") from None
    if len(nonce) > LONGEST_NONCE:
        raise UsageError(f"--nonce has {len(nonce)} bytes; at most {LONGEST_NONCE} are taken.")
    if arguments.time_limit_ms < 0:
        raise UsageError("--time-limit-ms must not be negative.")
    with open_module(arguments, output) as module:
        verdict = module.verify(arguments.time_limit_ms, nonce)
    show(verdict, output)
    output.result(dataclasses.asdict(verdict))
    return EXIT_CODE[verdict.verdict]
