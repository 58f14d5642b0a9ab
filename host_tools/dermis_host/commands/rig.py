"""`dermis rig`: what a rig can do; with --check, whether it does. Exit 1 when something it names does not answer."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from rich.markup import escape

from dermis_host.arguments import add_output
from dermis_host.device_code import find_micropython
from dermis_host.errors import EXIT_FAILED, EXIT_OK, HostError, UsageError
from dermis_host.output import Output, table
from dermis_host.rig import RigDescription, checking, load, of_port, of_twin, open_rig
from dermis_host.rig.rig import CAPABILITIES, Rig
from dermis_host.twin_access import require_simulation, twin_log

DEFAULT_FOLDER = Path("build/rig")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rig", metavar="RIG.toml", nargs="?", type=Path, help="the rig (default: a twin; docs/rig.md)")
    parser.add_argument("-p", "--port", help="instead of a file: a module on this port, with nothing round it")
    parser.add_argument("--check", action="store_true", help="exercise all of it: targets, power, lamp, lock")
    parser.add_argument(
        "--folder", type=Path, default=DEFAULT_FOLDER, help="state folder of a twin (default: %(default)s)"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show what a twin says on stderr")
    add_output(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    description = _description(arguments)
    if description.twin is not None:
        require_simulation()
        find_micropython()  # raises at once, and as wrong usage, when it is named and not there
    output.step(f"opening {description.name}")
    with open_rig(description, arguments.folder, allow_missing=True, log=twin_log(output)) as rig:
        result = _surveyed(rig, output)
        checked = _checked(rig, output) if arguments.check else []
        trouble = rig.trouble
    failed = [check.capability for check in checked if not check.ok]
    result["checks"] = [dataclasses.asdict(check) for check in checked]
    result["ok"] = not (trouble or failed or not result["module"])
    output.result(result)
    if not result["module"]:
        trouble.insert(0, result["capabilities"]["swir"]["why"])
    for each in trouble:
        output.error(each)
    if failed:
        output.error(f"the check failed: {', '.join(failed)}.")
    return EXIT_OK if result["ok"] else EXIT_FAILED


def _description(arguments: argparse.Namespace) -> RigDescription:
    if arguments.rig and arguments.port:
        raise UsageError("Name either a RIG.toml, which has the port, or a port.")
    if arguments.port:
        return of_port(arguments.port)
    return load(arguments.rig) if arguments.rig else of_twin()


def _surveyed(rig: Rig, output: Output) -> dict[str, Any]:
    """What it can do, a line a capability."""
    reasons, answers = rig.capabilities(), rig.answers()
    try:
        identity = dataclasses.asdict(rig.module_identity())
    except HostError:
        identity = {}  # why, stands where it says whether the module has a SWIR head
    if identity:
        answers["swir"] = identity["swir_head"]
    title = rig.name if rig.name == rig.port else f"{rig.name}: {rig.port}"
    output.say(escape(f"{title}{'  (simulated)' if rig.virtual else ''}"))
    rows = table("capability", "", "what answers, or why not")
    for name in CAPABILITIES:
        there = not reasons[name]
        told = answers.get(name, "by the module's own port") if there else reasons[name]
        rows.add_row(name, "[green]yes[/]" if there else "[yellow]no[/]", escape(told))
    output.say(rows)
    return {
        "rig": rig.name,
        "port": rig.port,
        "simulated": rig.virtual,
        "module": identity,
        "targets": list(rig.targets.names()) if rig.targets else [],
        "capabilities": {
            name: {"there": not reasons[name], "why": reasons[name], "answers": answers.get(name, "")}
            for name in CAPABILITIES
        },
    }


def _checked(rig: Rig, output: Output) -> list[checking.Check]:
    done = []
    rows = table("check", "", "what was seen", "s")
    for check in checking.checks(rig, output.tick):
        done.append(check)
        rows.add_row(
            check.capability,
            "[green]passed[/]" if check.ok else "[red]failed[/]",
            escape(check.told),
            f"{check.seconds:.1f}",
        )
    output.say(rows)
    return done
