"""Errors of the reflectance stage over modules off the line, on bona fide faces: `python -m tests.bench reflectance`.

Every module is drawn from the part tolerances and calibrated by the calibration tool's own mathematics on bursts
composed before its targets (`dermis_models.modules.calibrate`), then shown heads of every
tone in two lights. Each geometry is traced once; materials, module and noise are composed over it. One burst each
goes through the device's own code under MicroPython.

Truth of the index: the skin's diffuse reflectance weighted by the nominal LEDs' spectra and silicon's efficiency at
25 degrees Celsius, to which the device brings its own. Truth of a SWIR ratio: what the nominal LEDs send back to the
photodiode from that spot, gloss included, against a white; the gloss is the scene's, not the stage's.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from dermis.core import fixed, swir, vocabulary
from dermis_host.errors import CalibrationFailed
from dermis_host.replaying import replay
from dermis_hw import render, scenes
from dermis_hw.geometry import anthropometry
from dermis_hw.lightfield import LightField
from dermis_hw.materials import Material, band_value, resolve
from dermis_hw.materials.bands import water_index
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import NIR_BANDS
from dermis_models import modules

from tests.xtensa import analysis_calls
from tests.xtensa.machine import CORE, MISSING, is_installed
from tests.xtensa.rig import Rig

FIRST_MODULE_SEED, FIRST_HEAD_SEED = 700_000, 710_000  # training, tests and the other parts use others
HEADS = 4
MODULES = 30
TONES = (0.20, 0.32, 0.44, 0.56, 0.68)  # R700
DISTANCE_MM = 450.0
LARGEST_YAW_DEG = 12.0
ROOM_C = modules.TEMPERATURE_C
TEMPERATURES_C = (0.0, 50.0)  # of the drift's part; a door in winter, a module in the sun


@dataclass(frozen=True)
class Light:
    """What shines beside the module, and the goal for the index's standard deviation there."""

    name: str
    lamp: str
    klux: float
    goal: float


LIGHTS = (Light("indoors", "led", 0.4, 0.004), Light("10 klux of sun", "sun", 10.0, 0.008))
TONE_GOAL, SWIR_GOAL = 0.005, 0.03
COST_GOAL = 3_000_000
INSTRUCTIONS_A_BYTECODE = 50  # of MicroPython's interpreter on a 32-bit core, objects and calls included
RECORDING = Path(__file__).parents[1] / "recordings" / "bona_fide_light.npz"


@dataclass(frozen=True)
class Case:
    """One presentation: what it is, and what the device should have found."""

    light: Light
    tone: float
    temperature_c: float
    true_index: float
    true_ratios: dict[str, float]


@dataclass(frozen=True)
class Look:
    """A case and the device's answer. index_error: measured - true; ratio_errors: ln(measured / true), by name;
    agreement: ln of what the two detectors read at 1050 nm."""

    case: Case
    findings: list
    index_error: float
    claimed: float
    ratio_errors: dict[str, float]
    agreement: float


def line(count: int, folder: Path) -> list[tuple[ModuleInstance, bytes]]:
    """The first `count` modules that pass the bench; those that fail it are never delivered."""
    out = []
    seed = FIRST_MODULE_SEED
    while len(out) < count:
        try:
            out.append(modules.calibrate(seed, folder))
        except CalibrationFailed as problem:
            print(f"module {seed} does not pass its calibration: {problem}")
        seed += 1
        _progress("modules calibrated", len(out), count)
    return out


def geometries() -> dict[Light, list[tuple[render.Geometry, dict]]]:
    """Light -> (traced head, parameters of the head), the same heads and turns in every light."""
    out: dict[Light, list[tuple[render.Geometry, dict]]] = {}
    for light in LIGHTS:
        out[light] = []
        for number in range(HEADS):
            seed = FIRST_HEAD_SEED + number
            parameters = {key: float(value) for key, value in vars(anthropometry.draw(seed)).items()}
            out[light].append((render.geometry(_scene(parameters, "skin:mean", light, seed)), parameters))
    return out


def _scene(parameters: dict, material: str, light: Light, seed: int) -> scenes.Scene:
    yaw, pitch = np.random.default_rng([seed, 0xF0]).uniform(-LARGEST_YAW_DEG, LARGEST_YAW_DEG, 2)
    values = {
        "format": 1,
        "name": material,
        "kind": "target",
        "object": [{"geometry": "head", "parameters": parameters, "material": material}],
        "pose": {"distance_mm": DISTANCE_MM, "yaw_deg": float(yaw), "pitch_deg": float(pitch) / 2},
        "ambient": {"lamp": light.lamp, "klux": light.klux},
    }
    return scenes.parse(values, Path("reflectance"))


def true_index(material: Material) -> float:
    """Of the diffuse skin before the nominal LEDs, to which the device brings its own."""
    return water_index(*[band_value(material, led, temperature_c=ROOM_C) for led in NIR_BANDS.values()])


def true_ratios(field: LightField) -> dict[str, float]:
    levels = [field.swir[int(band)] for band in vocabulary.SWIR_BANDS]
    return {name: levels[above] / levels[below] for name, above, below in swir.RATIOS}


def look(line_: list, heads: dict, tones: tuple[float, ...], temperatures_c: tuple[float, ...]) -> list[Look]:
    """Every module before every tone in every light at every temperature; heads and skins taken in turn."""
    recordings, cases = [], []
    total = len(line_) * len(LIGHTS) * len(tones) * len(temperatures_c)
    for number, (module, record) in enumerate(line_):
        for light in LIGHTS:
            for place, tone in enumerate(tones):
                # A skin of its own for each module, the same one in every light and at every temperature.
                skin = f"skin:draw={number}+r700={tone:g}"
                geometry, parameters = heads[light][(number + place) % HEADS]
                materials = scenes.place(_scene(parameters, skin, light, FIRST_HEAD_SEED))[1]
                nominal = true_ratios(geometry.compose(materials, ModuleInstance(), temperature_c=ROOM_C, seed=number))
                for temperature in temperatures_c:
                    seed = FIRST_HEAD_SEED + len(cases)
                    field = geometry.compose(materials, module, temperature_c=temperature, seed=number)
                    rng = np.random.default_rng([seed, 0xBE])
                    recordings.append(modules.take(field, module, rng, record))
                    cases.append(Case(light, tone, temperature, true_index(resolve(skin)), nominal))
                    _progress("bursts composed", len(cases), total)
    results = replay(recordings, None, features_only=True)
    return [_look(case, result) for case, result in zip(cases, results, strict=True)]


def _look(case: Case, result: dict) -> Look:
    evidence = result["evidence"]

    def natural(key: str) -> float:
        return evidence[key] / fixed.Q14 if key in evidence else math.nan

    return Look(
        case,
        result["findings"],
        natural("water_index_q14") - case.true_index,
        natural("water_index_error_q14"),
        {name: natural(name + "_q14") - math.log(true) for name, true in case.true_ratios.items()},
        natural("swir_level_1050_q14"),
    )


def _progress(what: str, done: int, total: int) -> None:
    if done == total or done % 10 == 0:
        print(f"{what}: {done}/{total}", end="\n" if done == total else "\r", flush=True)


def _met(value: float, goal: float) -> str:
    return "met" if value <= goal else "MISSED"


def print_index(looks: list[Look]) -> None:
    print(f"{'water index':16} {'bursts':>6} {'unread':>6} {'mean':>8} {'sd':>7} {'claimed':>8} {'worst':>7}   goal")
    for light in LIGHTS:
        here = [each for each in looks if each.case.light is light]
        errors = np.array([each.index_error for each in here])
        seen = errors[np.isfinite(errors)]
        claimed = np.nanmedian([each.claimed for each in here])
        deviation = float(seen.std(ddof=1))
        print(
            f"{light.name:16} {len(here):6} {len(errors) - len(seen):6} {seen.mean():+8.4f} {deviation:7.4f} "
            f"{claimed:8.4f} {np.abs(seen).max():7.4f}   sd {light.goal}: {_met(deviation, light.goal)}"
        )


def print_tones(looks: list[Look]) -> None:
    print("\nmean error of the index by tone (R700)")
    print(f"{'':16} " + " ".join(f"{tone:>8.2f}" for tone in TONES) + "    span")
    for light in LIGHTS:
        means = [
            float(np.nanmean([e.index_error for e in looks if e.case.light is light and e.case.tone == tone]))
            for tone in TONES
        ]
        span = max(means) - min(means)
        row = " ".join(f"{mean:+8.4f}" for mean in means)
        print(f"{light.name:16} {row}  {span:.4f}   {TONE_GOAL}: {_met(span, TONE_GOAL)}")


def print_ratios(looks: list[Look]) -> None:
    print("\nSWIR ratios, error relative to what the spot sends")
    print(f"{'':16} {'mean':>8} {'sd':>7} {'p99':>7}   goal")
    for name, *_ in swir.RATIOS:
        errors = np.array([each.ratio_errors[name] for each in looks])
        errors = np.expm1(errors[np.isfinite(errors)])
        high = float(np.percentile(np.abs(errors), 99))
        print(
            f"{name:16} {errors.mean():+8.2%} {errors.std(ddof=1):7.2%} {high:7.2%}   "
            f"p99 {SWIR_GOAL:.0%}: {_met(high, SWIR_GOAL)}"
        )


def print_agreement(looks: list[Look]) -> None:
    values = np.array([each.agreement for each in looks])
    values = values[np.isfinite(values)]
    print(f"\nln(photodiode / imager) at 1050 nm: mean {values.mean():+.3f}, sd {values.std(ddof=1):.3f}")


def print_temperatures(looks: list[Look]) -> None:
    print("\nmean (sd) at other temperatures than that of the calibration, against the same truth")
    names = [name for name, *_ in swir.RATIOS]
    print(f"{'':8} {'index':>18} " + " ".join(f"{name:>18}" for name in names))
    for temperature in TEMPERATURES_C:
        here = [each for each in looks if each.case.temperature_c == temperature]
        index = np.array([each.index_error for each in here])
        cells = [f"{np.nanmean(index):+9.4f} ({np.nanstd(index, ddof=1):.4f})"]
        for name in names:
            errors = np.expm1([each.ratio_errors[name] for each in here])
            cells.append(f"{np.nanmean(errors):+9.2%} ({np.nanstd(errors, ddof=1):6.2%})")
        print(f"{temperature:5g} C  " + " ".join(f"{cell:>18}" for cell in cells))


def print_cost() -> None:
    """Instructions of the stage on the core model, kernel by kernel, and the Python around them."""
    if not is_installed():
        print(MISSING)
        return
    calls, executed = analysis_calls.of_recording(RECORDING)
    spent: dict[str, dict[str, int]] = {"reflectance": {}, "segmentation (counted by depth)": {}}
    with Rig([analysis_calls.source(module) for module in analysis_calls.modules_with_kernels()]) as rig:
        for call in calls:
            if call.asked_by in analysis_calls.REFLECTANCE and call.kernel not in analysis_calls.NOT_OF_REFLECTANCE:
                part = spent["reflectance"]
            elif call.asked_by in analysis_calls.SEGMENTATION:
                part = spent["segmentation (counted by depth)"]
            else:
                continue
            same, instructions = analysis_calls.replay(rig, call)
            if not same:
                raise SystemExit(f"{call.kernel} gives other bytes on the core model: see tests/xtensa.")
            part[call.kernel] = part.get(call.kernel, 0) + instructions
    print(f"\ninstructions on {CORE}, one burst ({RECORDING.stem})")
    for part, kernels in spent.items():
        for kernel, instructions in sorted(kernels.items(), key=lambda item: -item[1]):
            print(f"  {kernel:20} {instructions:10,}")
        print(f"{part}: {sum(kernels.values()):,}" + (f" (goal {COST_GOAL:,})" if part == "reflectance" else ""))
    glue = sum(executed[module] for module in analysis_calls.GLUE)
    print(
        f"Python around them: {glue:,} bytecodes, which at {INSTRUCTIONS_A_BYTECODE} instructions each (an estimate) "
        f"are {glue * INSTRUCTIONS_A_BYTECODE:,}."
    )


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--modules", type=int, default=MODULES, help="modules off the line")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        line_ = line(arguments.modules, Path(folder))
    heads = geometries()
    looks = look(line_, heads, TONES, (ROOM_C,))
    print()
    print_index(looks)
    print_tones(looks)
    print_ratios(looks)
    print_agreement(looks)
    print()
    drifted = look(line_[: max(1, len(line_) // 3)], heads, (TONES[2],), TEMPERATURES_C)
    print_temperatures(drifted)
    print_cost()
    print("\nSimulated throughout; one burst each, every tolerance of hw/dermis_hw/module_instance.py drawn.")


if __name__ == "__main__":
    main()
