"""What a presentation of each species costs, and what the physics gates alone say of it (simulated).

`python -m tests.bench species --draws 4 --variants 2 [--only NAME,NAME] [--half test]`: CPU seconds of drawing,
tracing, composing, taking and of the device's own code under MicroPython, on one core.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from dermis_evaluation import half as test_half
from dermis_host.replaying import replay
from dermis_hw import render, scenes
from dermis_models import halves, modules, presentations

MODULE_SEED = 41
HALVES = {"development": halves.DEVELOPMENT, "test": test_half.TEST}


@dataclass
class Cost:
    """CPU seconds of this process by step; those of the device's code are its wall clock, as it runs by itself."""

    seconds: Counter[str] = field(default_factory=Counter)
    presentations: int = 0

    def step(self, name: str, started: float, clock=time.process_time) -> float:
        now = clock()
        self.seconds[name] += now - started
        return now


def one(species: str, options: argparse.Namespace, module, record: bytes, cost: Cost) -> list[dict]:
    """Results of the device's code for some presentations of a species."""
    recordings = []
    for seed in range(options.seed, options.seed + options.draws):
        rng = np.random.default_rng([seed, 0xBE])
        at = time.process_time()
        drawn = presentations.draw(species, seed, options.variants, HALVES[options.half])
        parsed = [scenes.parse(each.values, Path("drawn")) for each in drawn]
        at = cost.step("draw", at)
        geometry = render.geometry(parsed[0])
        at = cost.step("trace", at)
        for number, scene in enumerate(parsed):
            materials = scenes.paint(scene, geometry.meshes)
            light = geometry.compose(materials, module, temperature_c=scene.temperature_c, seed=seed + number)
            light = render.answered(light, scene.lamp)
            at = cost.step("compose", at)
            recordings.append(modules.take(light, module, rng, record))
            at = cost.step("take", at)
    cost.presentations += len(recordings)
    started = time.monotonic()
    results = replay(recordings, None, features_only=True)
    cost.step("device", started, time.monotonic)
    return results


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench species", description=__doc__)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--variants", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--half", choices=HALVES, default="development")
    parser.add_argument("--only", help="names, comma-separated")
    options = parser.parse_args(arguments)
    names = options.only.split(",") if options.only else presentations.SPECIES[1:]
    cost = Cost()
    print(f"{'species':28}{'n':>4}{'no features':>13}{'a gate objects':>16}  which, of those with features")
    with tempfile.TemporaryDirectory() as folder:
        module, record = modules.calibrate(MODULE_SEED, Path(folder))
        for name in names:
            results = one(name, options, module, record, cost)
            usable = [result for result in results if result.get("usable")]
            why = Counter(str(result.get("error") or result["findings"]) for result in results if result not in usable)
            reasons = [{reason for _, reason in result["findings"]} for result in usable]
            counted = Counter(reason for found in reasons for reason in found)
            text = ", ".join(f"{reason} {count}" for reason, count in counted.most_common())
            text += "".join(f"; {count} x {what}" for what, count in why.items())
            objected = sum(bool(found) for found in reasons)
            print(f"{name:28}{len(results):4}{len(results) - len(usable):13}{objected:16}  {text}", flush=True)
    each = {step: seconds / cost.presentations for step, seconds in cost.seconds.items()}
    total = sum(each.values())
    steps = ", ".join(f"{step} {seconds:.3f}" for step, seconds in each.items())
    print(f"CPU seconds a presentation, {options.variants} on one geometry: {steps}; {total:.3f} in all")
    print(f"{3600 / total:.0f} an hour on one core, {7200 / total:.0f} on two")
