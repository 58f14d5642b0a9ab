"""From the trigger to the first verdict, stage by stage: the twin's timing, and the device's estimated computing time.

    python -m tests.bench budget [--bursts 2000]

Capturing is simulated: undisturbed bursts (1% of the frames dropped, 1% repeated, 20 to 90 ms late) by the firmware's
own burst taker in virtual time. Computing is what one burst costs after its last frame, on the recorded burst that
costs most of those that show a face; see tests/bench/device_cost.py for what is counted and what is estimated.
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
    inference_instructions,
)
from tests.xtensa.machine import MISSING, is_installed

BURSTS = 2000
RECORDINGS = Path(__file__).parents[1] / "recordings"
FACES = ("bona_fide_light", "bona_fide_very_dark", "bona_fide_medium_spectacles")
RATES = ((25.0, DM1.frame_period_us, 1000), (12.5, 2 * DM1.frame_period_us, 1600))  # frames a second, us, goal in ms
# What the interpreter may hold up between the stages: collecting garbage before the analysis, the event loop.
BETWEEN_STAGES_MS = 15
IDENTIFYING = "identify, a frame"


def capture_stages(rig: Rig, took_us: int) -> dict[str, float]:
    """ms of each part of the burst that the rig has just taken."""
    slots = rig.taker._sorter.slots
    first, last = slots[0], slots[-1]
    shown = [slot for slot in slots[1:] if not slot.replaced]
    plan = sum(slot.end - slot.start for slot in shown[:-1])
    again = sum(slot.end - slot.start for slot in slots[1:-1] if slot.replaced)
    return {
        "SWIR 1050 nm, imager starts": first.start / 1000,
        "dark, SWIR 1200 to 1550 nm": (first.end - first.start) / 1000,
        "lights and random dark slots": plan / 1000,
        "slots shown again": again / 1000,
        "last light, its frame travels": (last.end - last.start) / 1000,
        "whole burst": took_us / 1000,
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
    steps = pipeline.steps(burst, record)
    number, stage = 0, None
    while stage is not StopIteration:
        number += 1
        with counting.stage(f"step {number}"):
            stage = next(steps, StopIteration)
        if isinstance(stage, str):
            counting.rename(f"step {number}", f"{stage}, step {number}")
            if stage == MODEL:
                counting.costs[f"{stage}, step {number}"].kernels["inference"] = inference_instructions()
    counting.finish()
    return counting.costs


def print_computing(costs: dict[str, Cost]) -> float:
    """Prints the stages; returns ms after the last frame."""
    print(f"{'computing (estimate)':32} {'instructions':>12} {'bytecodes':>10} {'ms':>7}   of it native")
    total = Cost()
    for name, cost in costs.items():
        print(f"{name:32} {cost.instructions:12} {cost.bytecodes:10} {cost.ms:7.1f} {cost.native_ms:9.1f}")
        if name != IDENTIFYING:
            total.bytecodes += cost.bytecodes
            total.kernels.update(cost.kernels)
    name = "after the last frame"
    print(f"{name:32} {total.instructions:12} {total.bytecodes:10} {total.ms:7.1f} {total.native_ms:9.1f}")
    print(
        f"Instructions are exact, bytecodes CPython's. Estimated: {CYCLES_AN_INSTRUCTION} cycles an instruction and "
        f"{CYCLES_A_BYTECODE} a bytecode at {CLOCK_MHZ} MHz; no board has been timed."
    )
    return total.ms


def print_capture(parts: dict[str, np.ndarray], rate: float, goal_ms: int, computing_ms: float, count: int) -> bool:
    """Prints one frame rate; returns whether the 95th percentile keeps the goal."""
    print(f"{f'{rate:g} frames a second, ms':32} {'median':>7} {'p95':>7}   {count} bursts, simulated")
    for name, values in parts.items():
        print(f"{name:32} {np.median(values):7.0f} {np.percentile(values, 95):7.0f}")
    whole = parts["whole burst"] + computing_ms + BETWEEN_STAGES_MS
    late = float(np.percentile(whole, 95))
    print(f"{'trigger to first verdict':32} {np.median(whole):7.0f} {late:7.0f}   goal {goal_ms}")
    room = goal_ms - np.percentile(parts["whole burst"], 95) - BETWEEN_STAGES_MS
    print(f"{'room for computing at p95':32} {'':7} {room:7.0f}")
    return late <= goal_ms


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
    computing_ms = print_computing(costs)
    kept = True
    for rate, period_us, goal_ms in RATES:
        print()
        kept &= print_capture(captures(period_us, options.bursts), rate, goal_ms, computing_ms, options.bursts)
    print()
    single = [profile.name for profile in profiles.PROFILES if profile.agreement == 1]
    double = [profile.name for profile in profiles.PROFILES if profile.agreement > 1]
    print(
        f"One burst makes a bona fide verdict under {', '.join(single)}; {', '.join(double)} want two in agreement. "
        "One burst with two reasons makes an attack under every profile."
    )
    print("kept" if kept else "NOT KEPT: the goals of trigger to verdict")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
