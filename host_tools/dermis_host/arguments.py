"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path

from dermis_host.access.keyring import Keyring
from dermis_host.access.sealed import Secrets, passphrase_of
from dermis_host.device_code import DEFAULT_HEAP
from dermis_host.errors import UsageError
from dermis_host.module import Module
from dermis_host.output import Output

ASK = ""  # --passphrase without a file


def add_output(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")


def add_keyring(parser: argparse.ArgumentParser) -> None:
    """--keyring."""
    parser.add_argument(
        "--keyring",
        metavar="DIR",
        type=Path,
        default=os.environ.get("DERMIS_KEYRING") or None,
        help="keyring of the module's fleet, for what needs a session (default: DERMIS_KEYRING)",
    )


def add_passphrase(parser: argparse.ArgumentParser) -> None:
    """--passphrase. Its value is a file: a passphrase among the arguments could be read by everybody on a computer."""
    parser.add_argument(
        "--passphrase",
        metavar="FILE",
        nargs="?",
        const=ASK,
        help="a passphrase for sealed recordings: the first line of FILE, or asked for without one",
    )


def add_port(parser: argparse.ArgumentParser) -> None:
    """--port, --verbose, --json and --keyring: what every command that talks to a module takes."""
    parser.add_argument(
        "-p",
        "--port",
        default=os.environ.get("DERMIS_PORT"),
        help="a serial port, rfc2217://HOST:PORT or socket://HOST:PORT (default: DERMIS_PORT)",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show the module's log lines on stderr")
    add_keyring(parser)
    add_output(parser)


def add_heap(parser: argparse.ArgumentParser) -> None:
    """--heap."""
    parser.add_argument("--heap", default=DEFAULT_HEAP, help="heap of the device's code (default: %(default)s)")


def open_module(arguments: argparse.Namespace, output: Output) -> Module:
    """The module that --port names. Raises UsageError without one."""
    if not arguments.port:
        raise UsageError("Name a port with -p, or in DERMIS_PORT; `dermis devices` lists the ports.")
    return Module(arguments.port, on_log=output.log, keyring=keyring_of(arguments))


def keyring_of(arguments: argparse.Namespace) -> Keyring | None:
    """What --keyring names; None without it. Raises UsageError for one that cannot be used."""
    return Keyring.load(arguments.keyring) if arguments.keyring else None


def secrets_of(arguments: argparse.Namespace) -> Secrets:
    """What opens and seals recordings: --keyring and --passphrase. Raises UsageError."""
    if arguments.passphrase is None:
        return Secrets(keyring_of(arguments))
    if arguments.passphrase != ASK:
        return Secrets(keyring_of(arguments), passphrase_of(Path(arguments.passphrase)))
    if not sys.stdin.isatty():
        raise UsageError("Nobody can be asked for the passphrase here: name a file with --passphrase FILE.")
    said = getpass.getpass("Passphrase: ", sys.stderr)
    if not said:
        raise UsageError("The passphrase was empty: give one.")
    return Secrets(keyring_of(arguments), said)
