"""`dermis capture`: take a burst and save it as a recording. It shows a face: keep it only where that is allowed."""

from __future__ import annotations

import argparse
from pathlib import Path

from dermis_host.arguments import add_port, open_module
from dermis_host.capture import capture
from dermis_host.errors import UsageError
from dermis_host.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_port(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the recording to write (.npz)")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


def run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.output.exists() and not arguments.force:
        raise UsageError(f"{arguments.output} is there already: name another file, or add --force.")
    with open_module(arguments, output) as module:
        recording = capture(module, output)
    recording.save(arguments.output)
    size = arguments.output.stat().st_size
    output.say(f"{arguments.output}: {', '.join(recording.frames)} ({size / 1000:.0f} kB)")
    output.result({"path": str(arguments.output), "bytes": size, "meta": recording.meta})
    return 0
