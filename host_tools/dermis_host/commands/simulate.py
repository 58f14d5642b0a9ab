"""`dermis simulate`: simulated presentations by plan, as recordings or as feature shards (docs/simulate.md)."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from dermis_host.arguments import add_output
from dermis_host.errors import HostError, UsageError, sentence
from dermis_host.output import Output
from dermis_host.twin_access import require_simulation

MOST_PROCESSES = 256
LINES = 10  # of progress where there is no terminal for a bar


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", type=Path, help="a generation plan (TOML)")
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="a folder; what is whole stays")
    parser.add_argument("--features", action="store_true", help="feature shards for training, in place of recordings")
    workers = parser.add_mutually_exclusive_group()
    workers.add_argument("--processes", type=int, metavar="N", help="on this computer (default: one a core)")
    workers.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="a Dask scheduler, whose workers do it")
    add_output(parser)


def processes_of(arguments: argparse.Namespace) -> int:
    """How many `--processes` asks for, one a core without it. Raises UsageError for a number out of reach."""
    processes = os.cpu_count() or 1 if arguments.processes is None else arguments.processes
    if not 1 <= processes <= MOST_PROCESSES:
        raise UsageError(f"--processes {processes} is out of reach: give 1 to {MOST_PROCESSES}.")
    return processes


def run(arguments: argparse.Namespace, output: Output) -> int:
    processes = processes_of(arguments)
    require_simulation()
    from dermis_models import generator, keeping, plan, scheduling, simulation, splits

    wanted = plan.load(arguments.plan)
    parameters = generator.FOR_TRAINING[wanted.generator]
    if wanted.split == splits.TEST:
        # Here and in `evaluation` the frozen set meets the code that training shares, as values: none of it imports it.
        from dermis_evaluation import frozen

        parameters = frozen.TEST
    kind = simulation.FEATURES if arguments.features else simulation.RECORDINGS
    job = simulation.Job(wanted, parameters, kind)
    missing = keeping.prepare(job, arguments.output)
    sizes = [sum(group.variants for group in shard) for shard in simulation.shards(job)]
    there = wanted.presentations - sum(sizes[number] for number in missing)
    started, made = time.monotonic(), 0
    maker = (
        scheduling.on_cluster(job, missing, arguments.scheduler)
        if arguments.scheduler
        else scheduling.locally(job, missing, processes, arguments.output)
    )
    with _complaints(), closing(maker), _told(output, wanted.name, there, wanted.presentations) as tell:
        for number, files in maker:
            keeping.keep(arguments.output, files)
            made += sizes[number]
            tell(made)
    seconds = time.monotonic() - started
    an_hour = round(3600 * made / seconds) if made else 0
    output.say(
        f"{arguments.output}: {wanted.presentations} presentations of {len(wanted.species)} species "
        f"({kind}, split {wanted.split}, generator {parameters.name}), {made} of them made now"
        + (f" in {seconds:.0f} s, {an_hour} an hour" if made else "")
    )
    output.result(
        {
            "output": arguments.output,
            "plan": wanted.name,
            "digest": wanted.digest(),
            "split": wanted.split,
            "generator": parameters.name,
            "kind": kind,
            "presentations": wanted.presentations,
            "made": made,
            "kept": there,
            "seconds": round(seconds, 1),
            "an_hour": an_hour,
        }
    )
    return 0


@contextmanager
def _complaints() -> Iterator[None]:
    """What the simulation complains of, as a HostError with the same sentence."""
    from dermis_hw import materials, render, scenes

    try:
        yield
    except (scenes.SceneError, materials.MaterialError, render.RenderError) as problem:
        raise HostError(sentence(problem)) from None


@contextmanager
def _told(output: Output, name: str, there: int, total: int) -> Iterator[Any]:
    """Progress on stderr: a bar with rate and time left on a terminal, some lines elsewhere."""
    started = time.monotonic()
    if not output.err.is_terminal:
        said = 0

        def tell(made: int) -> None:
            nonlocal said
            tenth = LINES * (there + made) // total
            if tenth > said:
                said = tenth
                rate = made / max(time.monotonic() - started, 1e-3)
                left = (total - there - made) / max(rate, 1e-9)
                output.err.print(
                    f"{name}: {there + made}/{total}, {3600 * rate:.0f} an hour, {left / 60:.0f} min left",
                    markup=False,
                )

        yield tell
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} an hour"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=False),
    )
    with Progress(*columns, console=output.err, speed_estimate_period=300) as progress:
        task = progress.add_task(name, total=total, completed=there, rate="-")

        def advance(made: int) -> None:
            rate = f"{3600 * made / max(time.monotonic() - started, 1e-3):.0f}"
            progress.update(task, completed=there + made, rate=rate)

        yield advance
