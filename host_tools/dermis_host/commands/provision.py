"""`dermis provision`: give a module its keys, once, and put it into the field (docs/provision.md)."""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path

from dermis_host import files
from dermis_host.access import posture_words, provisioning
from dermis_host.access.keyring import USES, Keyring, update_keys_in
from dermis_host.access.provisioning import FIELD, SERVICE, Records
from dermis_host.arguments import add_port, open_module
from dermis_host.calibration.record_file import SUFFIX
from dermis_host.commands.calibrate.common import require_terminal_or
from dermis_host.errors import HostError, UsageError
from dermis_host.module import Module
from dermis_host.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_port(parser)
    parser.add_argument("--new-keyring", action="store_true", help="make the keyring; without -p and --to, only that")
    parser.add_argument("--fleet", default="", metavar="NAME", help="name of the fleet that a new keyring is for")
    parser.add_argument(
        "--update-key",
        action="append",
        default=[],
        type=Path,
        metavar="PEM",
        help="a key that updates will be signed with, its public half; up to four, for a new keyring",
    )
    parser.add_argument("--allow-development-key", action="store_true", help="take an update key that everybody has")
    parser.add_argument(
        "--hand-out", metavar="DIR", type=Path, help="a keyring with the keys of --uses only; no module"
    )
    parser.add_argument("--uses", metavar="USE,...", default="", help=f"of a handed-out keyring: {', '.join(USES)}")
    parser.add_argument("--to", choices=(FIELD, SERVICE), help="the state to put the module into afterwards")
    records = parser.add_mutually_exclusive_group()
    records.add_argument(
        "--sign-records", metavar="FOLDER", type=Path, help="sign its calibration records anew; copies go there first"
    )
    records.add_argument("--drop-records", action="store_true", help="let it stop trusting its calibration records")
    parser.add_argument("--yes", action="store_true", help="ask nothing")


def run(arguments: argparse.Namespace, output: Output) -> int:
    if bool(arguments.hand_out) != bool(arguments.uses):
        raise UsageError("--hand-out DIR and --uses USE,... go together.")
    keyring = _keyring(arguments, output)
    if arguments.hand_out:
        part = keyring.part(arguments.hand_out, arguments.uses.split(","))
        output.say(f"{part.path}: a keyring for {arguments.uses} alone.")
        output.result({**_keyring_facts(part), "uses": arguments.uses.split(",")})
        return 0
    if arguments.new_keyring and not _means_a_module(arguments):
        output.result(_keyring_facts(keyring))
        return 0
    provisioning.check(keyring, arguments.allow_development_key)
    arguments.keyring = keyring.path
    with open_module(arguments, output) as module:
        serial, posture = module.identity().serial, module.posture()
        given = not posture.provisioned
        if given:
            _give(arguments, module, keyring, serial, output)
        else:
            provisioning.prove(module, keyring)
            output.say(f"{serial} has its keys already, and they are of this keyring.")
        if arguments.to:
            if posture.state != arguments.to:
                _ask_before_leaving(arguments, posture.state, output)
            posture = provisioning.change_state(module, arguments.to)
        else:
            posture = module.posture()
    output.say(posture_words.page(posture, serial))
    output.result({"serial": serial, "given": given, **_keyring_facts(keyring), "posture": dataclasses.asdict(posture)})
    return 0


def _means_a_module(arguments: argparse.Namespace) -> bool:
    """Whether a new keyring is for the module at hand: a port that only stands in the environment does not say so."""
    return bool(arguments.to) or arguments.port != os.environ.get("DERMIS_PORT")


def _keyring(arguments: argparse.Namespace, output: Output) -> Keyring:
    if not arguments.keyring:
        raise UsageError("Name the fleet's keyring with --keyring, or in DERMIS_KEYRING; --new-keyring makes one.")
    if not arguments.new_keyring:
        if arguments.update_key or arguments.fleet:
            raise UsageError("--update-key and --fleet are for a new keyring: add --new-keyring, or leave them out.")
        keyring = Keyring.load(arguments.keyring)
    else:
        if not arguments.update_key:
            raise UsageError(
                "A fleet needs a key that its updates are signed with: name it with --update-key "
                "(`dermis build --new-key FILE` makes one)."
            )
        if not arguments.allow_development_key:  # before anything is made
            provisioning.refuse_development_key(update_keys_in(arguments.update_key))
        keyring = Keyring.create(arguments.keyring, fleet=arguments.fleet, update_keys=arguments.update_key)
        output.say(f"{keyring.path}: a new keyring. Keep a copy where no thief and no fire finds both: without it no")
        output.say("module that was provisioned with it can be configured, calibrated or serviced again.")
    return keyring


def _give(arguments: argparse.Namespace, module: Module, keyring: Keyring, serial: str, output: Output) -> None:
    held = module.calibration_state().records
    if held and not (arguments.sign_records or arguments.drop_records):
        raise UsageError(
            f"{serial} holds {len(held)} calibration record(s) under the development key, which it will not trust any "
            "more: add --sign-records FOLDER to have them signed by this fleet, or --drop-records."
        )
    require_terminal_or(arguments.yes, f"{serial} is given keys once; only erasing its data takes them back.", output)
    records = provisioning.records_signed_anew(module, keyring) if arguments.sign_records and held else None
    if records:
        _keep(records, arguments.sign_records)
    provisioning.give_keys(module, keyring)
    output.say(f"{serial} has its keys; a session of each role was opened and closed.")
    if records:
        try:
            provisioning.store_records(module, records)
        except HostError as problem:
            raise HostError(
                f"The keys are given, but the calibration records are not all stored ({problem}): bring them back from "
                f"{arguments.sign_records} with `dermis calibrate import`."
            ) from None
        output.say(f"Its calibration records are signed by this fleet: {', '.join(records.by_slot)}.")


def _keep(records: Records, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise HostError(f"{folder} cannot be made: {problem.strerror or problem}.") from None
    for slot, record in records.by_slot.items():
        with files.whole(folder / f"{slot}{SUFFIX}") as file:
            file.write(record)


def _ask_before_leaving(arguments: argparse.Namespace, state: str, output: Output) -> None:
    if state == provisioning.BENCH:
        question = "Nothing leads back to the bench state but erasing the module's data."
        require_terminal_or(arguments.yes, question, output)


def _keyring_facts(keyring: Keyring) -> dict[str, object]:
    return {"keyring": keyring.path, "fleet": keyring.fleet, "update_keys": keyring.update_keys}
