"""A run over targets: a process each (`worker`), one after the other, and a table of what came of it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import keeping
from tests.fuzz.targets import Target

ROOT = Path(__file__).parents[2]
HANG_S = 60  # of the wall's clock, for what never ends; `targets.SLOWEST_S` holds for the rest
MOST_RESIDENT_MB = 2048
# What a process may grow by between a quarter of a run and its end: libFuzzer keeps the inputs that it found, Python
# interns names. What leaks at each input grows by more within thousands.
MOST_GROWTH = 48 << 20
DEFAULT_S = 60.0
START_S = 0.5  # of a process
DONE = re.compile(r"#(\d+)\s+(?:DONE|NEW|REDUCE|pulse|INITED|RELOAD).*?cov: (\d+) ft: (\d+) corp: (\d+)/(\S+)")
FINAL = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
WRITTEN = re.compile(r"Test unit written to (.+)")


@dataclass
class Result:
    """What a target's process did. edges, features: libFuzzer's coverage of our packages. growth: bytes of resident
    memory from a quarter of the run to its end. finding: the failing input's file, or `evidence`: what tells of a
    failure that no one input leads to."""

    target: Target
    executions: int = 0
    seconds: float = 0.0  # without the process's start
    accepted: int = 0
    edges: int = 0
    features: int = 0
    corpus: int = 0
    growth: int = 0
    finding: str = ""
    evidence: str = ""
    why: str = ""


def run(chosen: Sequence[Target], options: argparse.Namespace) -> int:
    """Runs them all, prints the table; 1 where something was found."""
    shares = sum(target.share for target in chosen)
    total_s = options.seconds or (None if options.executions else DEFAULT_S)
    results = []
    print(HEADING, flush=True)
    with _workers() as workers:
        for target in chosen:
            if total_s:
                limit = f"-max_total_time={max(1, round(total_s * target.share / shares - START_S))}"
            else:
                limit = f"-runs={max(1, options.executions * target.share // shares)}"
            results.append(_one(target, limit, options, workers))
            print(row(results[-1]), flush=True)
    whole = sum(result.executions for result in results)
    spent = sum(result.seconds for result in results)
    found = [result for result in results if result.why]
    print(f"{whole:,} executions in {spent:.0f} s, {len(found)} findings")
    for result in found:
        print(f"\n{result.target.name}: {result.why}")
        if result.finding:
            print(f"  input: {result.finding}")
            print(f"  again: python -m tests.fuzz {result.target.name} --repeat {shlex.quote(result.finding)}")
        else:
            print(f"  see: {result.evidence}")
    return 1 if found else 0


HEADING = (
    f"{'target':18}{'executions':>12}{'a second':>10}{'accepted':>10}{'corpus':>8}{'edges':>7}{'features':>10}"
    f"{'growth':>10}  findings"
)


def row(result: Result) -> str:
    speed = result.executions / result.seconds if result.seconds else 0
    accepted = f"{100 * result.accepted / max(1, result.executions):.0f}%"
    return (
        f"{result.target.name:18}{result.executions:12,}{speed:10,.0f}{accepted:>10}{result.corpus:8}{result.edges:7}"
        f"{result.features:10}{result.growth / (1 << 20):7.1f} MB  {'1' if result.why else '-'}"
    )


@contextlib.contextmanager
def _workers() -> Iterator[subprocess.Popen[str]]:
    """The process that those of the targets are forked from, and a folder in memory for their files."""
    scratch = Path(tempfile.mkdtemp(prefix="dermis-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        with subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.fuzz.worker"],
            cwd=ROOT,
            env={**os.environ, "DERMIS_FUZZ_FOLDER": str(scratch)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # atheris tells of each package that it instruments
            text=True,
        ) as process:
            yield process
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _one(target: Target, limit: str, options: argparse.Namespace, workers: subprocess.Popen[str]) -> Result:
    work = (options.work / target.name).absolute()
    found, corpus = work / "found", work / "corpus"
    for folder in (found, corpus):
        folder.mkdir(parents=True, exist_ok=True)
    keeping.fill(target, corpus)
    report, log = work / "report.json", work / "log.txt"
    for path in (report, log):
        path.unlink(missing_ok=True)
    given = [limit, f"-max_len={target.longest}", f"-timeout={HANG_S}", f"-rss_limit_mb={MOST_RESIDENT_MB}"]
    given += [f"-seed={options.seed}", f"-artifact_prefix={found}/{target.name}-", "-print_final_stats=1", "-reload=0"]
    given += [f"-dict={keeping.dictionary(target, work)}", str(corpus)]
    start = time.monotonic()
    code = _ended(workers, {"target": target.name, "report": str(report), "log": str(log), "options": given})
    said = log.read_text("utf-8", "replace") if log.is_file() else ""
    return _judged(_result(target, said, report, time.monotonic() - start), code, said, log)


def _ended(workers: subprocess.Popen[str], job: dict[str, object]) -> int | None:
    """The exit code of a job's process; None where there is none, because those that start them have ended."""
    assert workers.stdin and workers.stdout
    with contextlib.suppress(BrokenPipeError):
        workers.stdin.write(json.dumps(job) + "\n")
        workers.stdin.flush()
    told = workers.stdout.readline()
    return int(told) if told else None


def _judged(result: Result, code: int | None, said: str, log: Path) -> Result:
    """With what is wrong with it, if anything is: a process that came to no end, or to one without an input, has not
    tried its target."""
    written = WRITTEN.findall(said)
    if code is None:
        result.why, result.evidence = (
            "its process was not started: `python -m tests.fuzz.worker` ends by itself",
            str(log),
        )
    elif code:
        result.why, result.evidence = _why(said), str(log)
        result.finding = written[-1].strip() if written else ""
    elif not FINAL.search(said) or not result.executions:
        result.why, result.evidence = "its process ended before it was given an input", str(log)
    elif result.growth > MOST_GROWTH:
        result.why, result.evidence = f"its memory grew by {result.growth >> 20} MB", str(log.with_name("report.json"))
    return result


def _result(target: Target, said: str, report: Path, seconds: float) -> Result:
    result = Result(target, seconds=seconds)
    if lines := DONE.findall(said):
        count, edges, features, corpus, _ = lines[-1]
        result.executions, result.edges, result.features, result.corpus = map(int, (count, edges, features, corpus))
    if final := FINAL.findall(said):
        result.executions = int(final[-1])
    if report.is_file():
        told = json.loads(report.read_text())
        looked = told["accepted"] + told["refused"]
        result.seconds = max(told["seconds"], 1e-3) * max(1.0, result.executions / max(1, looked))
        result.accepted = round(told["accepted"] / max(1, looked) * result.executions)
        settled = [resident for count, resident in told["memory"] if count >= looked / 4]
        if len(settled) > 1:
            result.growth = settled[-1] - settled[0]
    return result


def _why(said: str) -> str:
    """The last line of the exception that ended a process, or how libFuzzer calls it."""
    lines = said.splitlines()
    end = next((at for at, line in enumerate(lines) if " ERROR: " in line), len(lines))
    told = [line for line in lines[:end] if line.strip() and not line.startswith((" ", "#", "INFO"))]
    summary = [line for line in lines if line.startswith("SUMMARY")]
    return (told[-1:] or summary[-1:] or ["its process ended, and nobody knows why"])[0][:400]
