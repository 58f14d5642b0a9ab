"""The spectral standard: its certified edges tell where each LED's peak lies, and that says how skin reads."""

from __future__ import annotations

import math

import numpy as np

from dermis_host.calibration import spectra
from dermis_host.calibration.outcome import Line, Plot
from dermis_host.calibration.steps import swir, white
from dermis_host.calibration.steps.state import State
from dermis_host.calibration.steps.step import Shoot, Step, StepData
from dermis_host.calibration.targets import LEDS, SPECTRAL

NAME = "spectral"
PICTURED, BURSTS = 2, 4  # the photodiode's noise is a third of a nanometre in one burst
FRAMES = ("dark", "850", "970", "1050", "dots")


def take(shoot: Shoot) -> StepData:
    shoot.show(SPECTRAL)
    for number in range(BURSTS):
        shoot.burst(f"spectral_{number + 1}", FRAMES if number < PICTURED else ("dark",))
    return shoot.data


def judge(state: State, data: StepData) -> None:
    bursts = list(data.bursts.values())
    state.facts["spectral"] = bursts[0]
    state.ambient(bursts[0], SPECTRAL)
    white.read_against_white(state, SPECTRAL, [b.frames for b in bursts[:PICTURED]], [w.frames for w in state.whites])
    if state.has_swir:
        swir.read_against_white(state, SPECTRAL, [burst.meta["swir"] for burst in bursts])
    state.peaks_nm = find_peaks(state, state.readings[SPECTRAL], state.temperature_c)
    there = spectra.design_peaks(state.temperature_c)
    for led, peak in state.peaks_nm.items():
        state.add("peak", peak - there[led], led)
    if all(math.isfinite(peak) for peak in state.peaks_nm.values()):
        known = {**there, **state.peaks_nm}
        state.skin = spectra.skin_figures(known, spectra.design_drift(), state.temperature_c)
        state.add("skin_left", state.skin.left[0])
    _plot(state)


def find_peaks(state: State, readings: dict[str, float], temperature_c: float) -> dict[str, float]:
    """LED -> peak in nm; NaN where no peak explains the reading."""
    spectrum = state.target(SPECTRAL).spectrum
    return {led: spectra.find_peak(spectrum, led, readings[led], temperature_c) for led in LEDS if led in readings}


def _plot(state: State) -> None:
    nm = np.arange(800.0, 1650.0, 5.0)
    certified = state.target(SPECTRAL).spectrum.reflectance(nm)
    found = [led for led, peak in state.peaks_nm.items() if math.isfinite(peak)]
    state.outcome.plots.append(
        Plot(
            NAME,
            "Readings of the spectral standard at the peaks found",
            "nm",
            "reflectance factor",
            (
                Line("certificate", [float(each) for each in nm], [float(each) for each in certified]),
                Line("LEDs", [state.peaks_nm[led] for led in found], [state.readings[SPECTRAL][led] for led in found]),
            ),
        )
    )


STEP = Step(
    NAME,
    "Spectral standard",
    (SPECTRAL,),
    "the effective peak of each of the eight LEDs, and from it how skin reads before this module",
    20.0,
    take,
    judge,
)
