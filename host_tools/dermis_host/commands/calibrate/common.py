"""What several words of `dermis calibrate` share: the module, its records, the key."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from dermis_host.answers import CalibrationState
from dermis_host.arguments import add_port, keyring_of, open_module
from dermis_host.calibration import record_file
from dermis_host.calibration.keys import StationKeys
from dermis_host.calibration.record_file import RecordFile
from dermis_host.errors import HostError, UsageError
from dermis_host.module import FACTORY, PREVIOUS, USER, Module
from dermis_host.output import Output, table
from dermis_host.twin_access import TwinControl

IN_FORCE = "in-force"
SLOTS = (IN_FORCE, USER, PREVIOUS, FACTORY)


def add_module(parser: argparse.ArgumentParser) -> None:
    """--port, --verbose, --json, and --twin, which names a port too."""
    add_port(parser)
    parser.add_argument("--twin", metavar="STATE_DIR", type=Path, help="the twin that runs with that --state")


def add_key(parser: argparse.ArgumentParser) -> None:
    """--key."""
    parser.add_argument(
        "--key", metavar="FILE", type=Path, help="the station's key, 64 hex digits (default: of the keyring)"
    )


def open_one(arguments: argparse.Namespace, output: Output) -> Module:
    """The module that --port or --twin names."""
    if arguments.twin and not arguments.port:
        arguments.port = TwinControl(arguments.twin).status()["url"]
    return open_module(arguments, output)


def station_keys(arguments: argparse.Namespace) -> StationKeys:
    """Of --key, where the word has it, and of --keyring. Raises UsageError."""
    key = getattr(arguments, "key", None)
    return StationKeys(record_file.key_of(key) if key else None, keyring_of(arguments))


def slot_of(name: str) -> str:
    """As the module calls it: "" is the one in force."""
    return "" if name == IN_FORCE else name


def held_record(module: Module, name: str, keys: StationKeys) -> RecordFile:
    """The record in a slot of the module. Raises HostError when there is none."""
    state = module.calibration_state()
    slots = [row["slot"] for row in state.records]
    slot = slot_of(name)
    if (slot and slot not in slots) or (not slot and not state.calibrated):
        there = f"it holds: {', '.join(slots)}" if slots else "it holds none: run and commit a calibration"
        raise HostError(f"The module has no {name.replace('-', ' ')} record; {there}.")
    return record_file.parse(module.calibration_record(slot), keys, f"the module's {name} record")


def say_state(state: CalibrationState, output: Output) -> None:
    """The records of a module, and which is in force."""
    rows = table("record", "in force", "hash", "made (UTC)", "fixture", "operator", "bytes")
    for row in state.records:
        rows.add_row(
            row["slot"],
            "[green]yes[/]" if row["slot"] == state.in_force else "",
            row["hash"],
            row["created"].replace("T", " "),
            row["fixture"],
            row["operator"],
            str(row["size"]),
        )
    if state.records:
        output.say(rows)
    if state.fault:
        output.error(state.fault)


def way_back(state: CalibrationState) -> str:
    """How to undo what was just done, as sentences."""
    slots = {row["slot"]: row["hash"] for row in state.records}
    ways = []
    if PREVIOUS in slots:
        ways.append(f"`dermis calibrate rollback` puts {slots[PREVIOUS]} in force again.")
    if FACTORY in slots and state.in_force != FACTORY:
        ways.append(f"`dermis calibrate factory` puts the factory's {slots[FACTORY]} in force.")
    return " ".join(ways) or "It is the module's only record."


def state_row(state: CalibrationState) -> dict[str, Any]:
    """For --json."""
    return {"in_force": state.in_force, "hash": state.hash, "records": state.records, "fault": state.fault}


def require_terminal_or(yes: bool, question: str, output: Output) -> None:
    """Asks, unless `yes`. Raises UsageError where nobody can be asked, HostError when the answer is no."""
    if yes:
        return
    if output.as_json or not output.err.is_terminal:
        raise UsageError(f"{question} Add --yes, or run it on a terminal to be asked.")
    if output.err.input(f"{question} [y/N] ", markup=False).strip().lower() not in ("y", "yes"):
        raise HostError("Nothing was changed.")
