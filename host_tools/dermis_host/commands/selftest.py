"""`dermis selftest`: the module checks itself; exit 0 only when every check passes."""

from __future__ import annotations

import argparse
import dataclasses

from dermis_host.arguments import add_port, open_module
from dermis_host.errors import EXIT_FAILED, EXIT_OK
from dermis_host.output import Output, table

add_arguments = add_port


def run(arguments: argparse.Namespace, output: Output) -> int:
    with open_module(arguments, output) as module:
        outcome = module.selftest()
    rows = table("check", "value", "limits", "result", "what to do")
    for check in outcome.checks:
        passed = bool(check.get("ok"))
        rows.add_row(
            str(check.get("name", "?")),
            f"{check.get('value', '')} {check.get('unit', '')}".strip(),
            _limits(check),
            "[green]passed[/]" if passed else "[red]failed[/]",
            "" if passed else str(check.get("todo", check.get("what", ""))),
        )
    output.say(rows)
    output.result(dataclasses.asdict(outcome))
    if not outcome.ok:
        failed = ", ".join(str(check.get("name", "?")) for check in outcome.checks if not check.get("ok"))
        output.error(f"the self-test failed: {failed}.")
    return EXIT_OK if outcome.ok else EXIT_FAILED


def _limits(check: dict) -> str:
    low, high = check.get("low"), check.get("high")
    if low is None and high is None:
        return ""
    return f"{'' if low is None else low} .. {'' if high is None else high}"
