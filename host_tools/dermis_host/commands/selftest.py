"""`dermis selftest`: the module checks itself; exit 0 only when every check passes."""

from __future__ import annotations

import argparse
import dataclasses
import re

from dermis_host.arguments import add_port, open_module
from dermis_host.errors import EXIT_FAILED, EXIT_OK
from dermis_host.output import Output, table

add_arguments = add_port
PART = re.compile(r"1/([1-9][0-9]*) ?")


def run(arguments: argparse.Namespace, output: Output) -> int:
    with open_module(arguments, output) as module:
        outcome = module.selftest()
    rows = table("check", "value", "limits", "result", "what to do")
    for check in outcome.checks:
        passed = bool(check.get("ok"))
        rows.add_row(
            str(check.get("name", "?")),
            _value(check),
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


def _value(check: dict) -> str:
    return f"{_scaled(check, 'value')} {_scale(check)[1]}".strip()


def _limits(check: dict) -> str:
    low, high = _scaled(check, "low"), _scaled(check, "high")
    return f"{low} .. {high}".strip() if low or high else ""


def _scaled(check: dict, key: str) -> str:
    value, (parts, _) = check.get(key), _scale(check)
    if value is None or value == "":
        return ""
    return str(value) if parts == 1 or not isinstance(value, int) else f"{value / parts:g}"


def _scale(check: dict) -> tuple[int, str]:
    """The module counts in parts (`1/100 degree Celsius`); people count in wholes: (parts of one, its unit)."""
    unit = str(check.get("unit", ""))
    if found := PART.match(unit):
        return int(found[1]), unit[found.end() :]
    return 1, unit
