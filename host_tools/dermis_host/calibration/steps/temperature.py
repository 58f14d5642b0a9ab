"""White and spectral standard at several temperatures: how the lights' levels and the LEDs' peaks follow it.

Only for a bench that can set the temperature. Without it the record carries the design's curves about its own
temperature and its own peaks.
"""

from __future__ import annotations

import math

import numpy as np
from dermis.core import vocabulary

from dermis_host.calibration import maths, spectra
from dermis_host.calibration.outcome import Line, Plot
from dermis_host.calibration.steps.state import CENTRE, State
from dermis_host.calibration.steps.step import Shoot, Step, StepData
from dermis_host.calibration.targets import LEDS, SPECTRAL, WHITE

NAME = "temperature"
FRAMES = ("dark", "850", "970", "1050", "dots")
BURSTS = 2


def take(shoot: Shoot) -> StepData:
    for number, temperature_c in enumerate(shoot.fixture.temperatures_c, 1):
        shoot.heat(temperature_c)
        for target in (WHITE, SPECTRAL):
            shoot.show(target)
            for again in range(BURSTS):
                shoot.burst(f"{target}_{number}_{again + 1}", FRAMES)
    return shoot.data


def judge(state: State, data: StepData) -> None:
    """Points at the temperatures that the module itself reported; the record's own is one more."""
    points = []
    for number in range(1, len(data.bursts) // (2 * BURSTS) + 1):
        whites, standards = (
            [data.bursts[f"{target}_{number}_{again + 1}"] for again in range(BURSTS)] for target in (WHITE, SPECTRAL)
        )
        temperature_c = float(np.mean([burst.meta["temperature_cc"] for burst in whites + standards])) / 100
        levels = maths.monitor_levels([burst.frames for burst in whites], state.table, state.columns)
        swir = maths.swir_levels([burst.meta["swir"] for burst in whites])
        readings = _standard(state, whites, standards)
        peaks = {
            led: spectra.find_peak(state.target(SPECTRAL).spectrum, led, reading, temperature_c)
            for led, reading in readings.items()
        }
        points.append((temperature_c, levels, swir, peaks))
    state.temperatures_c = [temperature for temperature, *_ in points]
    offsets = [0.0, *(temperature - state.temperature_c for temperature in state.temperatures_c)]
    lines = []
    state.curves["monitor_drift"] = {}
    for light in state.monitor:
        factors = [1.0, *(levels[light] / state.monitor[light] for _, levels, _, _ in points)]
        state.curves["monitor_drift"][light] = _curve(state, light, offsets, factors, lines)
    if state.has_swir:
        state.curves["swir_output_drift"] = []
        for number, band in enumerate(vocabulary.SWIR_BANDS):
            # Tab and window shine with the LED, so that the whole reading follows its output.
            white = state.swir_white[number] * spectra.through(state.target(WHITE).spectrum, f"swir{band}")
            total = white + state.swir_dark[number]
            factors = [1.0, *(swir[number] / 16 / total for _, _, swir, _ in points)]
            state.curves["swir_output_drift"].append(_curve(state, f"swir{band}", offsets, factors, lines))
    temperatures = [state.temperature_c, *state.temperatures_c]
    _plot(state, "Level by temperature", "part of the level at the record's temperature", lines)
    _walks(state, temperatures, [peaks for *_, peaks in points])


def _standard(state: State, whites: list, standards: list) -> dict[str, float]:
    """Readings of the spectral standard against the white of the same temperature."""
    tabs = [
        maths.monitor_levels([burst.frames for burst in those], state.table, state.columns)
        for those in (whites, standards)
    ]
    out = {}
    certificate = state.target(WHITE).spectrum
    far = (state.target(SPECTRAL).distance_mm / state.target(WHITE).distance_mm) ** 2
    for band in vocabulary.NIR_BANDS:
        white, standard = (
            np.mean([maths.lit(burst.frames, band, state.table)[CENTRE] for burst in those])
            for those in (whites, standards)
        )
        part = float(standard / white) * tabs[0][band] / max(tabs[1][band], 1)
        out[band] = part * far * spectra.through(certificate, band)
    if state.has_swir:
        pairs = zip(
            maths.swir_levels([burst.meta["swir"] for burst in whites]),
            maths.swir_levels([burst.meta["swir"] for burst in standards]),
            state.swir_dark,
            state.swir_white,
            strict=True,
        )
        for band, (white, standard, dark, full) in zip(vocabulary.SWIR_BANDS, pairs, strict=True):
            led = f"swir{band}"
            factor = spectra.through(certificate, led)
            part = dark / (full * factor + dark)  # of the whole reading on the white that is the tab's, at any output
            out[led] = (standard - part * white) / (white - part * white) * far * factor
    return out


def _curve(state: State, of: str, offsets: list[float], factors: list[float], lines: list[Line]) -> list[int]:
    curve, left = spectra.fit_curve(offsets, factors)
    state.add("curve", 100 * left, of)
    temperatures = [state.temperature_c + off for off in offsets]
    order = np.argsort(temperatures)
    lines.append(Line(of, [temperatures[at] for at in order], [factors[at] for at in order]))
    return curve


def _walks(state: State, temperatures: list[float], peaks: list[dict[str, float]]) -> None:
    """The LEDs' own drifts, and with them the curves of skin."""
    drifts, lines = {}, []
    for led in LEDS:
        if led not in state.peaks_nm:
            drifts[led] = LEDS[led].drift_nm_per_k
            continue
        found = [state.peaks_nm[led], *(each[led] for each in peaks)]
        drifts[led] = spectra.fit_drift(temperatures, found)
        state.add("walk", 100 * drifts[led] / LEDS[led].drift_nm_per_k, led)
        order = np.argsort(temperatures)
        lines.append(Line(led, [temperatures[at] for at in order], [found[at] - found[0] for at in order]))
    _plot(state, "Peak by temperature", "nm from the record's", lines)
    known = {**spectra.design_peaks(state.temperature_c), **state.peaks_nm}
    if all(math.isfinite(value) for value in (*drifts.values(), *known.values())):
        state.skin = spectra.skin_figures(known, drifts, state.temperature_c)


def _plot(state: State, title: str, y_label: str, lines: list[Line]) -> None:
    state.outcome.plots.append(Plot(NAME, title, "degrees Celsius", y_label, tuple(lines)))


STEP = Step(
    NAME,
    "Temperature",
    (WHITE, SPECTRAL),
    "level and wavelength of the lights by temperature: the record's coefficients",
    60.0,
    take,
    judge,
)
