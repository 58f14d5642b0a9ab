"""From the trigger to the first verdict on each board, stage by stage, and what of the S3's memory that takes.

    python -m tests.bench budget [--bursts 2000] [--no-memory]

Capturing is simulated: undisturbed bursts (1% of the frames dropped, 1% repeated, 20 to 90 ms late) by the firmware's
own burst taker in virtual time, in which the board's drivers take what tests/bench/driver_cost.py says. Computing on
the S3 is what one burst costs, on the recorded burst that costs most of those that show a face; see
tests/bench/device_cost.py for what is counted and what is estimated. Some of it is done early, while the last light
burns (Analyser.early): what does not fit there before the last frame has come holds the verdict up. The Coral runs the
same sources under CPython with LiteRT: that was timed on this computer, which is no Coral.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
from dermis.app.pipeline import MODEL, Pipeline
from dermis.app.spoof_model import load as load_model
from dermis.core import burst as bursts
from dermis.core import calibration, profiles, vocabulary
from dermis.core.burst import FRAME_BYTES
from dermis.drivers import inference
from dermis_host.recording import load
from dermis_host.released import released_model
from dermis_hw.optics import DM1

from tests.bench import board_memory, driver_cost
from tests.bench.burst_rig import Rig, Setting
from tests.bench.device_cost import (
    CLOCK_MHZ,
    CYCLES_A_BYTECODE,
    CYCLES_AN_INSTRUCTION,
    Cost,
    Counting,
    inference_cost,
)
from tests.xtensa.machine import MISSING, is_installed

BURSTS = 2000
RECORDINGS = Path(__file__).parents[1] / "recordings"
FACES = ("bona_fide_light", "bona_fide_very_dark", "bona_fide_medium_spectacles")
RATES = ((25.0, DM1.frame_period_us, 1000), (12.5, 2 * DM1.frame_period_us, 1600))  # frames a second, us, goal in ms
# What the interpreter may hold up between the stages: collecting garbage before the analysis, the event loop.
BETWEEN_STAGES_MS = 15
IDENTIFYING = "identify, a frame"
RUNS_HERE = 5  # of the analysis under CPython; the median counts
# Calls of the kernel, some 20 us each on a Cortex-A53, around what the bus and the parts take (an estimate).
CORAL_COSTS = driver_cost.DriverCosts(
    sample=150.0, before_swir=400.0, pulse=500.0, dark=60.0, temperature=200.0, frame=200.0
)
EARLY = "early"
WAITING = "(of it free for early work)"
WHOLE = "whole burst"
EXPOSED, READ, DISCARDED = "frames exposed", "frames read", "of these discarded"
FRAMES = (EXPOSED, READ, DISCARDED)


def capture_stages(rig: Rig, took_us: int) -> dict[str, float]:
    """ms of each part of the burst that the rig has just taken."""
    slots = rig.taker._sorter.slots
    first, last = slots[0], slots[-1]
    shown = [slot for slot in slots[1:] if not slot.replaced]
    plan = sum(slot.end - slot.start for slot in shown[:-1])
    again = sum(slot.end - slot.start for slot in slots[1:-1] if slot.replaced)
    arrivals = [slot.arrival for slot in shown[:-1] if slot.name]  # of the frames that early work needs
    return {
        "SWIR 1050 nm, imager starts": first.start / 1000,
        "dark, SWIR 1200 to 1550 nm": (first.end - first.start) / 1000,
        "lights and random dark slots": plan / 1000,
        "slots shown again": again / 1000,
        "last light, its frame travels": (last.end - last.start) / 1000,
        WAITING: max(0, last.end - max(last.start, *arrivals)) / 1000,
        WHOLE: took_us / 1000,
    }


def frames_of(rig: Rig, read: int, took_us: int) -> dict[str, float]:
    """How many frames of the burst that the rig has just taken came to what. Discarded are those that two lights lit,
    that were repeated, and that came where one of their kind was kept already."""
    slots = rig.taker._sorter.slots
    kept = sum(1 for slot in slots if slot.arrival and not slot.replaced)
    imager_ran_us = took_us - slots[0].start + rig.begun_us
    return {EXPOSED: imager_ran_us / rig.setting.period_us, READ: read, DISCARDED: read - kept}


def captures(setting: dict, count: int) -> dict[str, np.ndarray]:
    """Part of a burst -> ms (FRAMES: how many) in each of `count` bursts that were completed."""
    parts: dict[str, list[float]] = {}
    for seed in range(count):
        rig = Rig(seed, Setting(**setting))
        outcome = rig.burst()
        if not outcome.refusal:
            for name, value in capture_stages(rig, outcome.took_us).items():
                parts.setdefault(name, []).append(value)
            for name, value in frames_of(rig, outcome.frames, outcome.took_us).items():
                parts.setdefault(name, []).append(value)
        rig.close()
    return {name: np.array(values) for name, values in parts.items()}


def computing(name: str) -> dict[str, Cost]:
    """Stage -> what it costs on that recording; the first run is not counted: tables are built then."""
    recording = load(RECORDINGS / f"{name}.npz")
    burst = bursts.from_header(recording.meta)
    burst.frames = {frame: bytearray(pixels.tobytes()) for frame, pixels in recording.frames.items()}
    record = calibration.decode(recording.calibration)
    pipeline = Pipeline(
        recording.board, load_model(str(released_model()), inference.model_class(inference.INTERPRETER)), lambda: 0
    )
    pipeline.run(burst, record)
    counting = Counting()
    identity = Rig(0, Setting()).taker.identity
    identity.set_ambient(burst.frames[vocabulary.DARK])
    with counting.stage(IDENTIFYING):
        identity.identify(burst.frames[vocabulary.NIR_850])
    more, number = True, 0
    while more:
        number += 1
        with counting.stage(f"{EARLY}, piece {number}"):
            more = pipeline.early(burst, record)
    steps = pipeline.steps(burst, record)
    number, stage = 0, None
    while stage is not StopIteration:
        number += 1
        with counting.stage(f"step {number}"):
            stage = next(steps, StopIteration)
        if isinstance(stage, str):
            counting.rename(f"step {number}", f"{stage}, step {number}")
            if stage == MODEL:
                cost = counting.costs[f"{stage}, step {number}"]
                cost.kernels["inference"], cost.bytecodes = inference_cost()
    counting.finish()
    return counting.costs


def print_computing(costs: dict[str, Cost]) -> tuple[float, float]:
    """Prints the stages; returns ms of the early work and of the rest."""
    print(f"{'computing (estimate)':32} {'instructions':>12} {'bytecodes':>10} {'ms':>7}   of it native")
    sums = {"early, under the last light": Cost(), "after the last frame": Cost()}
    early, late = sums.values()
    for name, cost in costs.items():
        print(f"{name:32} {cost.instructions:12} {cost.bytecodes:10} {cost.ms:7.1f} {cost.native_ms:9.1f}")
        if name != IDENTIFYING:
            total = early if name.startswith(EARLY) else late
            total.bytecodes += cost.bytecodes
            total.kernels.update(cost.kernels)
    for name, cost in sums.items():
        print(f"{name:32} {cost.instructions:12} {cost.bytecodes:10} {cost.ms:7.1f} {cost.native_ms:9.1f}")
    print(
        f"Instructions are exact, bytecodes CPython's. Estimated: {CYCLES_AN_INSTRUCTION} cycles an instruction and "
        f"{CYCLES_A_BYTECODE} a bytecode at {CLOCK_MHZ} MHz; no board has been timed."
    )
    return early.ms, late.ms


def computing_here(name: str) -> tuple[float, float]:
    """ms of the early work and of the rest on this computer, under CPython and with LiteRT: medians."""
    recording = load(RECORDINGS / f"{name}.npz")
    burst = bursts.from_header(recording.meta)
    burst.frames = {frame: bytearray(pixels.tobytes()) for frame, pixels in recording.frames.items()}
    record = calibration.decode(recording.calibration)
    model = load_model(str(released_model()), inference.model_class(inference.LITERT))
    pipeline = Pipeline(recording.board, model, lambda: 0)
    early, late = [], []
    for _ in range(RUNS_HERE):
        begun = time.perf_counter()
        while pipeline.early(burst, record):
            pass
        between = time.perf_counter()
        pipeline.run(burst, record)
        early.append(1000 * (between - begun))
        late.append(1000 * (time.perf_counter() - between))
    return statistics.median(early), statistics.median(late)


def print_capture(
    parts: dict[str, np.ndarray], title: str, goal_ms: int | None, early_ms: float, late_ms: float
) -> bool:
    """Prints one board at one frame rate; returns whether the 95th percentile keeps the goal, if there is one."""
    whole = parts[WHOLE]
    print(f"{title:32} {'median':>7} {'p95':>7}   {len(whole)} bursts, simulated")
    rows = {name: values for name, values in parts.items() if name not in FRAMES}
    rows["early work that did not fit"] = held_up = np.maximum(0, early_ms - parts[WAITING])
    rows["computing after the last frame"] = np.full(len(whole), late_ms)
    rows["between the stages"] = np.full(len(whole), BETWEEN_STAGES_MS)
    rows["trigger to first verdict"] = verdict = whole + held_up + late_ms + BETWEEN_STAGES_MS
    for name, values in rows.items():
        print(f"{name:32} {np.median(values):7.0f} {np.percentile(values, 95):7.0f}")
    for name in FRAMES:
        print(f"{name:32} {np.median(parts[name]):7.0f} {np.percentile(parts[name], 95):7.0f}")
    if goal_ms is None:
        return True
    at_goal = float(np.percentile(verdict, 95))
    print(f"{'goal, ms':32} {'':7} {goal_ms:7}   {'kept' if at_goal <= goal_ms else 'NOT KEPT'}")
    return at_goal <= goal_ms


def print_drivers(costs: driver_cost.DriverCosts) -> None:
    print(f"{'drivers of the S3 (estimate)':32} {'us':>7}")
    for what, us in costs.rows():
        print(f"{what:32} {us:7.0f}")
    if costs.lit > costs.lit_allowed:
        print("By this estimate a sample in the light comes too late, and the head is refused: see docs/timing.md.")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench budget")
    parser.add_argument("--bursts", type=int, default=BURSTS, help="simulated at each frame rate")
    parser.add_argument("--no-memory", action="store_true", help="leave the heap of a module out: a minute")
    options = parser.parse_args(arguments)
    if not is_installed():
        print(MISSING)
        return 1
    name, costs = max(
        ((name, computing(name)) for name in FACES), key=lambda found: sum(c.ms for c in found[1].values())
    )
    print(f"recording {name}, {FRAME_BYTES} pixels a frame")
    early_ms, late_ms = print_computing(costs)
    drivers = driver_cost.estimate()
    print()
    print_drivers(drivers)
    on_s3 = {"costs": drivers, "identify_us": 1000 * costs[IDENTIFYING].ms}
    kept = True
    for rate, period_us, goal_ms in RATES:
        print()
        parts = captures({"period_us": period_us, **on_s3}, options.bursts)
        kept &= print_capture(parts, f"esp32s3, {rate:g} frames a second, ms", goal_ms, early_ms, late_ms)
    rate, period_us, _ = RATES[0]
    print()
    print_coral(name, rate, period_us, options.bursts)
    print()
    single = [profile.name for profile in profiles.PROFILES if profile.agreement == 1]
    double = [profile.name for profile in profiles.PROFILES if profile.agreement > 1]
    print(
        f"One burst makes a bona fide verdict under {', '.join(single)}; {', '.join(double)} want two in agreement. "
        "One burst with two reasons makes an attack under every profile."
    )
    if not options.no_memory:
        print()
        kept &= board_memory.main()
    return 0 if kept else 1


def print_coral(name: str, rate: float, period_us: int, count: int) -> None:
    """The Coral, as far as it can be told without one."""
    early_ms, late_ms = computing_here(name)
    parts = captures({"period_us": period_us, "costs": CORAL_COSTS}, count)
    print_capture(parts, f"coral, {rate:g} frames a second, ms", None, early_ms, late_ms)
    print(
        "The Coral's computing was timed here: CPython and LiteRT on this computer, whose core is several times as "
        "fast as a Cortex-A53; its drivers' times are stated, not measured. No goal is set for it."
    )


if __name__ == "__main__":
    raise SystemExit(main())
