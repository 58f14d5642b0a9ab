"""`python -m tests.hil.faults`: runs the table of faults and prints it.

python -m tests.hil.faults --seed 7 --only serial_loss/verify
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from dermis_host.building import build
from dermis_host.errors import HostError
from dermis_hw.twin import TwinError

from tests.hil.faults import cell, table
from tests.hil.faults.bench import Bench, Images

ADMITTED = " †"
SHORT = 34  # of what was said, in a cell
FORMATS = ("text", "markdown", "json")
INTERRUPTED = 130  # as a shell says it


def cells(only: Sequence[str], quick: bool) -> list[tuple[table.Row, str]]:
    """The cells named by `fault`, `fault/operation` or `/operation`; all where nothing is named.

    Raises ValueError for what there is not.
    """
    wanted = [tuple(each.partition("/")[::2]) for each in only or ("",)]
    for fault, operation in wanted:
        if fault and fault not in {row.name for row in table.ROWS}:
            raise ValueError(f"there is no fault {fault}; there are: {', '.join(row.name for row in table.ROWS)}")
        if operation and operation not in table.OPERATIONS:
            raise ValueError(f"there is no operation {operation}; there are: {', '.join(table.OPERATIONS)}")

    def named(row: table.Row, operation: str) -> bool:
        return any(fault in ("", row.name) and each in ("", operation) for fault, each in wanted)

    return [
        (row, each)
        for row in table.ROWS
        for each in table.OPERATIONS
        if named(row, each) and (not quick or each in row.quick)
    ]


def run(chosen: Sequence[tuple[table.Row, str]], seeds: Sequence[int], say) -> Iterator[cell.Result]:
    """Each cell under each seed; a bench on which a cell failed is not used again."""
    with tempfile.TemporaryDirectory() as folder:
        images = Images(build("twin", None, Path(folder)))
        for seed in seeds:
            bench, made = None, 0
            try:
                for row, operation in chosen:
                    if bench is None:
                        made += 1
                        bench = Bench(Path(folder) / f"{seed}-{made}", images, seed)
                    result, whole = _one(bench, row, operation, seed)
                    say(result)
                    yield result
                    if not whole:
                        bench.close()
                        bench = None
            finally:
                if bench is not None:
                    bench.close()


def _one(bench: Bench, row: table.Row, operation: str, seed: int) -> tuple[cell.Result, bool]:
    try:
        result = cell.run(bench, row, operation, seed)
    except cell.Hung as hung:
        result = cell.Result(row, operation, seed, came_to="hung", wrong=[str(hung)], seconds=cell.HANG_S)
    except (HostError, TwinError, TimeoutError, AssertionError) as problem:  # of the bench: the other cells still run
        told = f"it could not be run: {type(problem).__name__}: {problem}"
        result = cell.Result(row, operation, seed, wrong=[told])
    return result, not result.wrong


def _in_cell(result: cell.Result) -> str:
    """One cell in a few words."""
    if result.wrong:
        return "FAILED"
    mark = ADMITTED if result.row.admitted and result.came_to != table.NAMED else ""
    if result.came_to == table.RIGHT:
        return f"right{'' if result.hit else ' (not reached)'}{mark}"
    told = result.reasons[-1] if result.came_to == table.NAMED else result.reasons[0]
    wanted = result.row.expected(result.operation).partition(":")[2].split(",")
    word = next((each.strip() for each in wanted if any(each.strip() in said for said in result.reasons)), told)
    return f"{result.came_to}: {(word or told)[:SHORT]}{mark}"


def printed(results: Sequence[cell.Result], form: str) -> str:
    """The table: of several seeds, what each came to in order."""
    if form == "json":
        rows = [
            {
                "cell": result.name,
                "seed": result.seed,
                "came_to": result.came_to,
                "reasons": result.reasons,
                "wrong": result.wrong,
                "asked": result.asked,
                "hit": result.hit,
                "act": result.act,
                "seconds": round(result.seconds, 2),
            }
            for result in results
        ]
        return json.dumps(rows, indent=1)
    names = list(dict.fromkeys(result.row.name for result in results))
    grid = [["fault", *table.OPERATIONS]]
    for name in names:
        line = [name]
        for operation in table.OPERATIONS:
            found = [_in_cell(r) for r in results if r.row.name == name and r.operation == operation]
            line.append(" / ".join(dict.fromkeys(found)))
        grid.append(line)
    if form == "markdown":
        grid.insert(1, ["---"] * len(grid[0]))
        lines = ["| " + " | ".join(line) + " |" for line in grid]
    else:
        widths = [max(len(line[at]) for line in grid) for at in range(len(grid[0]))]
        lines = [
            "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in grid
        ]
    notes = {result.row.name: result.row.admitted for result in results if result.row.admitted}
    acts = {result.row.name: result.row.acts for result in results if result.row.acts}
    lines += ["", *(f"{ADMITTED.strip()} {name}: {note}." for name, note in notes.items())]
    lines += [f"Afterwards by one act: {', '.join(f'{name} ({act})' for name, act in acts.items())}."] if acts else []
    failed = [result for result in results if result.wrong]
    took = sum(result.seconds for result in results)
    lines.append(f"{len(results)} cells, {len(failed)} failed, {took:.0f} s. Everything here is simulated.")
    for result in failed:
        lines += [f"FAILED {result.name} ({result.asked}): {sentence}" for sentence in result.wrong]
        lines.append(f"  again: {result.again}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.hil.faults", description="Runs the table of faults and prints it."
    )
    parser.add_argument("--seed", type=int, default=0, help="of the twin, and of what a row leaves to chance")
    parser.add_argument("--repeat", type=int, default=1, help="so many seeds from that one on")
    parser.add_argument("--only", action="append", default=[], help="FAULT, FAULT/OPERATION or /OPERATION; repeatable")
    parser.add_argument("--quick", action="store_true", help="the cells that `make test` runs")
    parser.add_argument("--format", choices=FORMATS, default="text")
    given = parser.parse_args(arguments)
    try:
        chosen = cells(given.only, given.quick)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 2

    def say(result: cell.Result) -> None:
        state = f"FAILED ({result.asked}): {'; '.join(result.wrong)}" if result.wrong else result.came_to
        print(f"{result.name} seed {result.seed}: {state}, {result.seconds:.1f} s", file=sys.stderr, flush=True)

    results: list[cell.Result] = []
    code = 0
    try:
        results.extend(run(chosen, range(given.seed, given.seed + given.repeat), say))
    except KeyboardInterrupt:
        code = INTERRUPTED
    except (HostError, TwinError) as problem:  # no bench can be made
        print(problem, file=sys.stderr)
        code = 1
    print(printed(results, given.format))
    return 1 if any(result.wrong for result in results) else code


if __name__ == "__main__":
    sys.exit(main())
