"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import os

from dermis_host.device_code import DEFAULT_HEAP
from dermis_host.errors import UsageError
from dermis_host.module import Module
from dermis_host.output import Output


def add_output(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")


def add_port(parser: argparse.ArgumentParser) -> None:
    """--port, --verbose and --json: what every command that talks to a module takes."""
    parser.add_argument(
        "-p",
        "--port",
        default=os.environ.get("DERMIS_PORT"),
        help="a serial port, rfc2217://HOST:PORT or socket://HOST:PORT (default: DERMIS_PORT)",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show the module's log lines on stderr")
    add_output(parser)


def add_heap(parser: argparse.ArgumentParser) -> None:
    """--heap."""
    parser.add_argument("--heap", default=DEFAULT_HEAP, help="heap of the device's code (default: %(default)s)")


def open_module(arguments: argparse.Namespace, output: Output) -> Module:
    """The module that --port names. Raises UsageError without one."""
    if not arguments.port:
        raise UsageError("Name a port with -p, or in DERMIS_PORT; `dermis devices` lists the ports.")
    return Module(arguments.port, on_log=output.log)
