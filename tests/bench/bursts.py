"""Ten thousand bursts under everything that may befall one: which frames were labelled wrongly (none must be), which
bursts were completed.

A frame is mislabelled when in any of its rows more than a fifth of the exposure was not under the light of its name.
Frames of refused bursts decide nothing; those mislabelled are counted beside the others.

    python -m tests.bench bursts [--count 10000] [--seed 0]

The firmware's burst taker runs against the twin's sensor model (tests/bench/burst_rig.py). All of it is simulated.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from dataclasses import dataclass, field
from timeit import default_timer

import numpy as np

from tests.bench.burst_rig import Outcome, Rig
from tests.bench.disturbances import CLASSES, UNDISTURBED, draw_setting

COUNT = 10_000
UNDISTURBED_EVERY = 2  # one burst in so many is undisturbed; the rest goes round the other classes
GOAL_COMPLETED = 0.99


@dataclass
class Tally:
    """What happened to the bursts of one class."""

    bursts: int = 0
    completed: int = 0
    mislabelled: list[tuple[int, list[str]]] = field(default_factory=list)  # in bursts that were completed
    thrown_away: list[tuple[int, list[str]]] = field(default_factory=list)  # in bursts that were refused
    refusals: Counter = field(default_factory=Counter)
    took_ms: list[float] = field(default_factory=list)
    worst_share: float = 0.0
    left_on: int = 0

    def add(self, seed: int, outcome: Outcome) -> None:
        self.bursts += 1
        self.took_ms.append(outcome.took_us / 1000)
        self.left_on += outcome.lit_after or outcome.running_after
        if not outcome.refusal:
            self.worst_share = max(self.worst_share, outcome.worst_share)
        if outcome.wrong:
            (self.thrown_away if outcome.refusal else self.mislabelled).append((seed, outcome.wrong))
        if outcome.refusal:
            self.refusals[kind_of(outcome.refusal)] += 1
        else:
            self.completed += 1


def kind_of(refusal: str) -> str:
    """A refusal's sentence without the names of lights and without the advice."""
    return re.sub(r"\b(850|970|1050|dots)\b", "...", refusal).split(";")[0]


def run(count: int, seed: int) -> dict[str, Tally]:
    """Class -> tally of `count` bursts in all."""
    tallies = {name: Tally() for name in CLASSES}
    others = [name for name in CLASSES if name != UNDISTURBED]
    for number in range(count):
        name = UNDISTURBED if number % UNDISTURBED_EVERY == 0 else others[number // UNDISTURBED_EVERY % len(others)]
        tallies[name].add(seed + number, take_one(name, seed + number))
    return tallies


def take_one(name: str, seed: int) -> Outcome:
    rig = Rig(seed, draw_setting(name, seed))
    try:
        return rig.burst()
    finally:
        rig.close()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench bursts")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    began = default_timer()
    tallies = run(options.count, options.seed)
    print(
        f"{'simulated':20} {'bursts':>6} {'completed':>9} {'mislabelled':>11} {'(refused)':>9} {'worst row':>9}"
        f" {'left on':>7} {'ms: median':>10} {'p95':>6} {'most':>6}"
    )
    for name, tally in tallies.items():
        if not tally.bursts:
            continue
        middle, late, most = np.percentile(tally.took_ms, [50, 95, 100])
        print(
            f"{name:20} {tally.bursts:6} {tally.completed / tally.bursts:9.2%} {len(tally.mislabelled):11}"
            f" {len(tally.thrown_away):9} {tally.worst_share:9.1%} {tally.left_on:7}"
            f" {middle:10.0f} {late:6.0f} {most:6.0f}"
        )
        for refusal, times in tally.refusals.most_common():
            print(f"    {times:5} x {refusal}")
        for seed, names in tally.mislabelled + tally.thrown_away:
            print(f"    seed {seed}: {', '.join(names)} mislabelled")
    wrong = sum(len(tally.mislabelled) for tally in tallies.values())
    left_on = sum(tally.left_on for tally in tallies.values())
    calm = tallies[UNDISTURBED]
    share = calm.completed / max(1, calm.bursts)
    print(f"completed bursts with a mislabelled frame: {wrong} (goal 0); lights or imager left on: {left_on} (goal 0)")
    print(f"undisturbed bursts completed: {share:.2%} (goal {GOAL_COMPLETED:.0%})")
    print(f"{sum(tally.bursts for tally in tallies.values())} bursts in {default_timer() - began:.0f} s")
    return 0 if wrong == left_on == 0 and share >= GOAL_COMPLETED else 1


if __name__ == "__main__":
    raise SystemExit(main())
