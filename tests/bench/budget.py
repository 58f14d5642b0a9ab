"""From the trigger to the first verdict, stage by stage: the twin's timing, and the device's estimated computing time.

    python -m tests.bench budget [--bursts 2000]

Capturing is simulated: undisturbed bursts (1% of the frames dropped, 1% repeated, 20 to 90 ms late) by the firmware's
own burst taker in virtual time. Computing is what one burst costs, on the recorded burst that costs most of those that
show a face; see tests/bench/device_cost.py for what is counted and what is estimated. Some of it is done early, while
the last light burns (Analyser.early): what does not fit there before the last frame has come holds the verdict up.
"""

from __future__ import annotations

import argparse
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
EARLY = "early"
WAITING = "(of it free for early work)"
WHOLE = "whole burst"


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


def captures(period_us: int, count: int) -> dict[str, np.ndarray]:
    """Part of a burst -> ms in each of `count` bursts that were completed."""
    parts: dict[str, list[float]] = {}
    for seed in range(count):
        rig = Rig(seed, Setting(period_us=period_us))
        outcome = rig.burst()
        if not outcome.refusal:
            for name, ms in capture_stages(rig, outcome.took_us).items():
                parts.setdefault(name, []).append(ms)
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


def print_capture(parts: dict[str, np.ndarray], rate: float, goal_ms: int, early_ms: float, late_ms: float) -> bool:
    """Prints one frame rate; returns whether the 95th percentile keeps the goal."""
    whole = parts[WHOLE]
    print(f"{f'{rate:g} frames a second, ms':32} {'median':>7} {'p95':>7}   {len(whole)} bursts, simulated")
    rows = dict(parts)
    rows["early work that did not fit"] = held_up = np.maximum(0, early_ms - parts[WAITING])
    rows["computing after the last frame"] = np.full(len(whole), late_ms)
    rows["between the stages"] = np.full(len(whole), BETWEEN_STAGES_MS)
    rows["trigger to first verdict"] = verdict = whole + held_up + late_ms + BETWEEN_STAGES_MS
    for name, values in rows.items():
        print(f"{name:32} {np.median(values):7.0f} {np.percentile(values, 95):7.0f}")
    at_goal = float(np.percentile(verdict, 95))
    print(f"{'goal':32} {'':7} {goal_ms:7}   {'kept' if at_goal <= goal_ms else 'NOT KEPT'}")
    return at_goal <= goal_ms


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench budget")
    parser.add_argument("--bursts", type=int, default=BURSTS)
    options = parser.parse_args(arguments)
    if not is_installed():
        print(MISSING)
        return 1
    name, costs = max(
        ((name, computing(name)) for name in FACES), key=lambda found: sum(c.ms for c in found[1].values())
    )
    print(f"recording {name}, {FRAME_BYTES} pixels a frame")
    early_ms, late_ms = print_computing(costs)
    kept = True
    for rate, period_us, goal_ms in RATES:
        print()
        kept &= print_capture(captures(period_us, options.bursts), rate, goal_ms, early_ms, late_ms)
    print()
    single = [profile.name for profile in profiles.PROFILES if profile.agreement == 1]
    double = [profile.name for profile in profiles.PROFILES if profile.agreement > 1]
    print(
        f"One burst makes a bona fide verdict under {', '.join(single)}; {', '.join(double)} want two in agreement. "
        "One burst with two reasons makes an attack under every profile."
    )
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
