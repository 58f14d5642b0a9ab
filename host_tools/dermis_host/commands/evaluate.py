"""`dermis evaluate`: presentations by plan, judged by the device's code, to a report; exit 1 if a goal is missed."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from rich.text import Text

from dermis_host.arguments import add_keyring, add_output, keyring_of
from dermis_host.commands.simulate import processes_of
from dermis_host.errors import EXIT_FAILED, UsageError
from dermis_host.evaluation import (
    beforehand,
    figures,
    goals,
    log,
    on_rig,
    plan,
    replays,
    reporting,
    score_files,
    stated,
    worst,
)
from dermis_host.evaluation.judging import Judge
from dermis_host.evaluation.running import RUN, Run
from dermis_host.evaluation.source import Source
from dermis_host.output import Output

MODULES = "modules"
MOST_COMMANDS = 20  # of failures that are printed; --json has all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", type=Path, help="an evaluation plan (TOML; docs/evaluation.md)")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="a folder (default: build/evaluate/PLAN)")
    parser.add_argument("--model", type=Path, help="a .tflite in place of the plan's")
    parser.add_argument("--seed", type=int, help="in place of the plan's")
    parser.add_argument("--append", type=Path, metavar="FILE", help="add a row to this log of evaluations (Markdown)")
    workers = parser.add_mutually_exclusive_group()
    workers.add_argument("--processes", type=int, metavar="N", help="of a simulation (default: one a core)")
    workers.add_argument("--scheduler", default="", metavar="tcp://HOST:PORT", help="a Dask scheduler for a simulation")
    parser.add_argument(
        "--rig",
        action="append",
        metavar="RIG.toml",
        help="a rig that presents and asks its module (docs/rig.md), or the word twin; several share the attempts",
    )
    add_keyring(parser)
    add_output(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.seed is not None and not 0 <= arguments.seed < 1 << plan.SEED_BITS:
        raise UsageError(f"--seed must be 0 to 2^{plan.SEED_BITS} - 1.")
    wanted = plan.load(arguments.plan, arguments.model, arguments.seed)
    folder = arguments.output or Path("build/evaluate") / arguments.plan.stem
    with ExitStack() as stack:
        source = _source(wanted, folder, arguments, output, stack)
        beforehand.check(wanted, source.species())
        made = Run(wanted, source, source.description(), folder)
        total, there = len(made.attempts), len(made.done)
        if there < total:
            output.step(f"{wanted.name}: {total} presentations, {there} of them there already")
            with output.progress(remaining=True) as progress:
                task = progress.add_task("presentations", total=total, completed=there)
                made.go(lambda count: progress.advance(task, count), output.note)
    scores = score_files.load(made.scores)
    result = reporting.make(
        made.scores,
        scores,
        wanted.rule,
        counted=True,
        claimed=wanted.claimed,
        details={**stated.of_run(wanted, made.description, folder / RUN, made.scores), **_filled_in(wanted)},
        otherwise=figures.Rule(figures.THRESHOLD, float(wanted.threshold)),
    )
    result["run"] = made.description
    result["goals"] = goals.judge(wanted.goals, wanted.apcer_goals, result, wanted.apcer_at_bpcer, wanted.apcer_gates)
    if arguments.rig:
        result["remarks"] += _of_a_rig(result["simulated"])
    elif result["simulated"]:
        result["remarks"].append(
            f"Times are estimates: bursts times {wanted.burst_ms:g} ms (docs/timing.md); no board was timed."
        )
    report = folder / "report.html"
    sheets = worst.sheets(result, folder, wanted.model, output.note)
    reporting.write(result, folder / "report.json", report, sheets)
    reporting.show(result, output)
    for goal in result["goals"]:
        output.say(reporting.goal_text(goal))
    output.say(Text(f"Report: {report}"))
    if arguments.rig:
        keyrings = source.keyrings() if isinstance(source, on_rig.OnRig) else {}
        result["replay"] = replays.of_failures(made.scores, wanted, keyrings)
        _show_replays(result["replay"], output)
    if arguments.append and not log.append(arguments.append, result, made.description, made.digest()):
        output.note(f"{arguments.append} has the row of this run already.")
    output.result(result)
    missed = [goal["what"] for goal in result["goals"] if not goal["reached"]]
    refused = [claim for claim in result["claims"] if not claim["carried"]]
    if missed:
        output.error(f"goals missed: {', '.join(missed)}; see {report}.")
    for claim in refused:
        output.error(f"not carried: {claim['sentence']}")
    return EXIT_FAILED if missed or refused else 0


def _filled_in(wanted: plan.Plan) -> dict[str, str]:
    """The fields that the plan states; an empty one is none."""
    return {key: text for key, text in wanted.details.items() if text}


def _of_a_rig(simulated: bool | None) -> list[str]:
    """What a report of a rig's module must say of its figures."""
    clock = "the twin's clock; no board was timed" if simulated else "the module's clock"
    return [
        f"Times are the sum of the module's stages, by {clock}.",
        "Scores are the module's own, means over its bursts: away from its threshold the curves are approximate.",
    ]


def _show_replays(commands: list[str], output: Output) -> None:
    if commands:
        output.say("Replay these failures, on the bursts that were judged:")
    for command in commands[:MOST_COMMANDS]:
        output.say(Text(f"  {command}", overflow="fold"))
    if len(commands) > MOST_COMMANDS:
        output.say(f"  and {len(commands) - MOST_COMMANDS} more (--json has all)")


def _source(wanted: plan.Plan, folder: Path, arguments: argparse.Namespace, output: Output, stack: ExitStack) -> Source:
    if arguments.rig:
        if arguments.scheduler or arguments.processes is not None:
            raise UsageError("--processes and --scheduler are for a simulation without a rig: leave them out.")
        tell = on_rig.log_to(folder / on_rig.INCIDENTS, output.note)
        return on_rig.opened(wanted, arguments.rig, folder, keyring_of(arguments), tell, stack)
    if wanted.source == plan.RIG:
        raise UsageError(f"{wanted.path.name} is about a rig: name one with --rig RIG.toml, or --rig twin.")
    if wanted.source == plan.RECORDINGS:
        from dermis_host.evaluation.recorded import Recordings

        unknown = set(wanted.source_table) - {"folder"}
        place = wanted.source_table.get("folder")
        if unknown or not isinstance(place, str):
            raise UsageError(f'{wanted.path.name}: [recordings] takes folder = "...", and nothing else.')
        return Recordings(wanted.path.parent / place)
    from dermis_host.evaluation.simulated import OWN_KEYS, Simulation

    own = sorted(set(OWN_KEYS) & set(wanted.source_table))
    if own:
        raise UsageError(
            f"{wanted.path.name}: [simulation] may not hold {', '.join(own)}: an evaluation states it itself."
        )
    processes = processes_of(arguments)
    place, judge = folder / MODULES, Judge.of(wanted)
    return Simulation(wanted.source_table, wanted.name, wanted.seed, place, processes, arguments.scheduler, judge)
