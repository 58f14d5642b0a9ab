"""`dermis demo`: exit 0 only if the module's verdict on every scene is the one that the scene's file expects."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from dermis_host import evidence, files
from dermis_host.demo import runner
from dermis_host.device_code import find_micropython
from dermis_host.errors import EXIT_FAILED, EXIT_OK, UsageError
from dermis_host.output import Output, plain, table, verdict_text
from dermis_host.twin_access import require_simulation, twin_log

WIDE = 110  # columns of a terminal, from which on the figures have room beside the reasons


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1, help="which module, and all noise (default: %(default)s)")
    parser.add_argument("--scenes", help="only these, comma-separated (default: every one that expects a verdict)")
    parser.add_argument("--output", type=Path, default=Path("build/demo"), help="folder (default: %(default)s)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the module's log lines on stderr")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")


def run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.seed < 0:
        raise UsageError("--seed must not be negative.")
    require_simulation()
    find_micropython()  # raises at once, and as wrong usage, when it is named and not there
    names = runner.scene_names(arguments.scenes)
    arguments.output.mkdir(parents=True, exist_ok=True)
    with output.progress() as progress:
        task = progress.add_task("starting the twin", total=len(names) + 1)
        result = runner.run(
            names,
            arguments.seed,
            told=lambda step: progress.update(task, description=step),
            on_log=output.log,
            twin_log=twin_log(output),
            advance=lambda _: progress.advance(task),
        )
    summary = result.summary()
    text = json.dumps(summary, default=plain, indent=1, sort_keys=True, allow_nan=False)
    with files.whole(arguments.output / "results.json") as file:
        file.write(text.encode() + b"\n")
    runner.write_report(result, arguments.output / "report.html")
    _show(result, output)
    output.say(f"{result.passed} of {len(result.scenes)} as expected, {result.seconds:.0f} s.")
    output.say(f"Report: {arguments.output / 'report.html'}")
    output.result(summary)
    if result.passed < len(result.scenes):
        wrong = ", ".join(scene.name for scene in result.scenes if not scene.ok)
        output.error(f"not as expected: {wrong}; see {arguments.output / 'report.html'}.")
        return EXIT_FAILED
    return EXIT_OK


def _show(result: runner.DemoResult, output: Output) -> None:
    figures = evidence.HIGHLIGHTS if output.out.width >= WIDE else {}
    labels = [label for label, _ in figures.values()]
    rows = table("scene", "verdict", "ok", "score", *labels, "reasons")
    for scene in result.scenes:
        rows.add_row(
            scene.name,
            verdict_text(scene.verdict.verdict),
            "[green]yes[/]" if scene.ok else f"[red]no: {scene.expected.replace('_', ' ')} expected[/]",
            str(scene.verdict.score),
            *(evidence.highlight(scene.verdict.evidence, name) for name in figures),
            ", ".join(scene.verdict.reasons),
        )
    output.say(rows)
