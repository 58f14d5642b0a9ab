"""`dermis verify`: one verdict; exit 0 bona fide, 10 attack, 11 no decision, 1 when a keyring shows it to be forged.

With --keyring the verdict is bound: a nonce of this moment goes there, and the module's MAC over it, the verdict, the
face and the passage comes back and is checked.
"""

from __future__ import annotations

import argparse
import dataclasses
import secrets

from dermis.core.binding import LONGEST_NONCE, LONGEST_TRANSACTION

from dermis_host.arguments import add_port, keyring_of, open_module
from dermis_host.auditing import bound
from dermis_host.auditing.export import DEVELOPMENT, UNCHECKED
from dermis_host.errors import EXIT_FAILED, UsageError
from dermis_host.output import Output
from dermis_host.verdicts import EXIT_CODE, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_port(parser)
    parser.add_argument("--time-limit-ms", type=int, default=0, help="a shorter limit than the profile's")
    parser.add_argument("--nonce", default="", help="hex digits, sent back in the verdict (with --keyring: drawn)")
    parser.add_argument("--transaction", default="", help="text of the passage, bound to the verdict")


def run(arguments: argparse.Namespace, output: Output) -> int:
    keyring = keyring_of(arguments)
    nonce, transaction = _nonce(arguments.nonce), arguments.transaction.encode()
    if keyring is not None and not nonce:
        nonce = secrets.token_bytes(LONGEST_NONCE)
    if len(transaction) > LONGEST_TRANSACTION:
        raise UsageError(f"--transaction has {len(transaction)} bytes; at most {LONGEST_TRANSACTION} are taken.")
    if arguments.time_limit_ms < 0:
        raise UsageError("--time-limit-ms must not be negative.")
    with open_module(arguments, output) as module:
        serial = module.identity().serial
        verdict = module.verify(arguments.time_limit_ms, nonce, transaction)
    checked = bound.check(verdict, serial, keyring, nonce=nonce, transaction=transaction)
    show(verdict, output)
    forged = keyring is not None and not checked.holds
    if keyring is not None:
        for problem in checked.problems:
            output.error(problem[:1].lower() + problem[1:])
        if not forged:
            face = "no face" if not verdict.bound["box"] else f"the face at {verdict.bound['distance_mm']} mm"
            output.say(f"bound by {serial} to {face}, this nonce and this transaction; the MAC holds")
        for remark in checked.remarks:
            output.note(f"bound verdict: {remark}")
    elif arguments.nonce or arguments.transaction:
        output.say(_NOT_PROVEN[checked.signed])
    output.result({**dataclasses.asdict(verdict), "binding": dataclasses.asdict(checked)})
    return EXIT_FAILED if forged else EXIT_CODE[verdict.verdict]


_NOT_PROVEN = {
    UNCHECKED: "the verdict's MAC was not checked: name the fleet's --keyring",
    DEVELOPMENT: "the verdict is signed with the development key, which everybody knows: provision the module",
}


def _nonce(text: str) -> bytes:
    try:
        nonce = bytes.fromhex(text)
    except ValueError:
        raise UsageError(f"--nonce {text} is not hex: give pairs of 0-9 and a-f.") from None
    if len(nonce) > LONGEST_NONCE:
        raise UsageError(f"--nonce has {len(nonce)} bytes; at most {LONGEST_NONCE} are taken.")
    return nonce
