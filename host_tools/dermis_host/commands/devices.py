"""`dermis devices`: the ports there are and, with --probe, who answers as a Dermis module."""

from __future__ import annotations

import argparse
import dataclasses

from serial.tools import list_ports

from dermis_host.arguments import add_output
from dermis_host.errors import HostError
from dermis_host.module import Module
from dermis_host.output import Output, table

PROBE_S = 3.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_output(parser)
    parser.add_argument("--probe", action="store_true", help="open each port and ask who is there")
    parser.add_argument("port", nargs="*", help="more ports to look at, such as rfc2217://127.0.0.1:7000")


def run(arguments: argparse.Namespace, output: Output) -> int:
    found = [{"port": entry.device, "description": entry.description} for entry in sorted(list_ports.comports())]
    found += [{"port": port, "description": "named by you"} for port in arguments.port]
    for device in found:
        if arguments.probe or device["port"] in arguments.port:
            device.update(_probe(device["port"]))
    rows = table("port", "what the system says", "Dermis")
    for device in found:
        rows.add_row(
            device["port"], device["description"] or "", device.get("serial") or device.get("why", "not asked")
        )
    output.say(rows if found else "There is no serial port; `dermis twin` starts a virtual module.")
    output.result({"devices": found})
    return 0


def _probe(port: str) -> dict:
    try:
        with Module(port, greeting_s=PROBE_S) as module:
            return {"dermis": True, **dataclasses.asdict(module.identity())}
    except HostError as problem:
        return {"dermis": False, "why": str(problem)}
