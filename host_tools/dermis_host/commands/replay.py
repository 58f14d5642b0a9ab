"""`dermis replay`: recordings through the device's code; exit 10 if any is an attack, else 11 if any is undecided."""

from __future__ import annotations

import argparse
from pathlib import Path

from dermis_host import recording
from dermis_host.arguments import add_heap, add_output
from dermis_host.errors import EXIT_FAILED, UsageError
from dermis_host.output import Output, table, verdict_text
from dermis_host.released import released_model
from dermis_host.replaying import replay
from dermis_host.verdicts import worst


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", type=Path, help="recordings (.npz) made by `dermis capture`")
    parser.add_argument("--model", type=Path, help="a .tflite to use (default: the one that ships)")
    add_heap(parser)
    add_output(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    recordings = [recording.load(path) for path in arguments.file]
    model = arguments.model or released_model()
    if not model.is_file():
        raise UsageError(f"There is no model {model}: name one with --model.")
    results = replay(recordings, model, heap=arguments.heap, tell=output.note)
    rows = table("recording", "verdict", "score", "reasons")
    for path, result in zip(arguments.file, results, strict=True):
        if "error" in result:
            rows.add_row(str(path), "[red]failed[/]", "", result["error"])
        else:
            reasons = ", ".join(result["reasons"])
            rows.add_row(str(path), verdict_text(result["verdict"]), str(result["score"]), reasons)
    output.say(rows)
    named = [{"path": str(path), **result} for path, result in zip(arguments.file, results, strict=True)]
    output.result({"results": named})
    failed = [entry for entry in named if "error" in entry]
    for entry in failed:
        output.error(f"{entry['path']}: {entry['error']}")
    return EXIT_FAILED if failed else worst(result["verdict"] for result in results)
