"""What a simulated presentation costs: CPU seconds by part, and presentations an hour that two cores would make.

CPU seconds, because a machine that others use tells nothing by its clock; `dermis simulate` itself says how many an
hour it made. Every species is drawn alike, modules are calibrated beforehand (once each, said apart). One thread, as a
process of `dermis simulate` has it.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import drjit
from dermis_host.replaying import replay
from dermis_models import drawing, generator, simulation
from dermis_models.plan import Plan
from threadpoolctl import threadpool_limits

CORES = 2
EACH = 4
GOAL = 10_000  # an hour on two cores: issue E


def _cpu_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench simulation")
    parser.add_argument("--geometries", type=int, default=24, help="traced, each with four presentations")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    one_each = [name for name in drawing.species() if not name.startswith("bona_fide_")]
    plan = Plan("bench", "training", options.seed, dict.fromkeys(one_each, 2 * EACH), each=EACH, modules=1)
    job = simulation.Job(plan, generator.TRAINING, simulation.FEATURES)
    groups = simulation.groups(plan)[: options.geometries]
    drjit.set_thread_count(1)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1, "blas"):
        started = _cpu_s()
        simulation.calibrated("training", 0, Path(folder))
        calibration = _cpu_s() - started
        simulation.presented(job, groups[0], Path(folder))  # compiles the renderer's kernels
        started, clock = _cpu_s(), time.monotonic()
        cost: dict[str, float] = {}
        taken = []
        for group in groups:
            before = _cpu_s()
            taken += simulation.presented(job, group, Path(folder))
            cost[group.species] = _cpu_s() - before
        optics = _cpu_s() - started
        replay([recording for recording, _ in taken], None, features_only=True)
        both = _cpu_s() - started
        seconds = time.monotonic() - clock
    count = len(taken)
    print(f"{count} presentations, {len(groups)} geometries, seed {options.seed}; {seconds:.0f} s by the clock")
    print(f"draw, trace, compose, take   {optics / count:.3f} CPU s a presentation")
    print(f"features under MicroPython   {(both - optics) / count:.3f}")
    print(f"together                     {both / count:.3f}")
    print(f"a module's calibration       {calibration:.1f} CPU s, once each")
    print(f"two cores: {3600 * CORES * count / both:.0f} an hour (goal {GOAL})")
    worst = sorted(cost.items(), key=lambda item: -item[1])[:3]
    dearest = ", ".join(f"{name} {seconds / EACH:.2f}" for name, seconds in worst)
    print(f"dearest geometries, CPU s a presentation: {dearest}")
    return 0
