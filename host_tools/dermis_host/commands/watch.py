"""`dermis watch`: verdicts as they come, until Ctrl-C or --count of them. With --json one JSON object a line."""

from __future__ import annotations

import argparse
import itertools
import json
from contextlib import closing

from dermis_host.arguments import add_port, open_module
from dermis_host.errors import UsageError
from dermis_host.output import Output, verdict_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_port(parser)
    parser.add_argument("--period-ms", type=int, help="pause between two looks (default: the module's setting)")
    parser.add_argument("--count", type=int, help="stop after so many events")


def run(arguments: argparse.Namespace, output: Output) -> int:
    if (arguments.period_ms or 0) < 0 or (arguments.count is not None and arguments.count < 1):
        raise UsageError("--period-ms must not be negative and --count must be 1 or more.")
    with open_module(arguments, output) as module, closing(module.watch(arguments.period_ms)) as events:
        for event in itertools.islice(events, arguments.count):
            if output.as_json:
                print(json.dumps(event), flush=True)
            elif "verdict" in event:
                reasons = ", ".join(event.get("reasons", ()))
                output.say(f"{verdict_text(str(event['verdict']))}  score {event.get('score', '-')}  {reasons}")
            else:
                output.say(json.dumps(event))
    return 0
