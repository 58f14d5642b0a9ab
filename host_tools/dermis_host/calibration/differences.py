"""What changed between two calibration records, in plain words: LEDs, geometry, imager, where and when."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from dermis.core import drift, swir, vocabulary
from dermis.core.burst import HEIGHT, WIDTH
from dermis.core.calibration_fields import MONITOR_LIGHTS

from dermis_host.calibration.targets import LEDS

Fields = Mapping[str, Any]

# Below these two runs on one module differ without anything having changed.
SAME_LEVEL = 0.003
SAME_SHAPE = 0.003  # RMS of a flat field
SAME_INDEX = 0.001
SAME_UM = 10
SAME_DNM = 3  # 1/10 nm
SAME_STRETCH = 20  # 1/4096
SAME_COUNTS = 16  # 1/16 count: one count of the SWIR head
SAME_CC = 50
SAME_SHIFT_PX = 0.02
SAME_PATTERN = 0.995  # correlation of two looks at one pattern
WARM_K = 20  # at which curves are compared
UNEXPLAINED = 0.01  # of a white's level beside what its LED did: a target, its distance, a window
FARTHEST_SHIFT_PX = 8
ROUNDED_CODES = 3  # above black: (1 / 251)^2.2 of 65,535 counts is a third of one
# How the water index weighs the logarithms of its bands.
INDEX_WEIGHTS = {"850": -0.28, "970": 1.0, "1050": -0.72}
RATIO_NAMES = tuple(name.removeprefix("swir_").replace("_", "/") for name, _, _ in swir.RATIOS)


@dataclass(frozen=True)
class Difference:
    """One thing that changed; before and after are numbers in `unit`, or words."""

    name: str
    before: float | str | None
    after: float | str | None
    unit: str
    sentence: str

    def row(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def differences(old: Fields, new: Fields) -> list[Difference]:
    """What changed from `old` to `new`, what matters most first. Fields as `record_file.RecordFile.fields`."""
    return [
        *_whose(old, new),
        *_lights(old, new),
        *_whites(old, new),
        *_peaks(old, new),
        *_geometry(old, new),
        *_pattern(old, new),
        *_imager(old, new),
        *_swir_head(old, new),
        *_stretches(old, new),
        *_curves(old, new),
        *_circumstances(old, new),
    ]


def _texts(name: str, before: str, after: str) -> Iterator[Difference]:
    if before != after:
        yield Difference(name, before, after, "", f"{name}: {before or '(none)'} -> {after or '(none)'}")


def _numbers(name: str, before: float, after: float, unit: str, places: int) -> Difference:
    return Difference(name, before, after, unit, f"{name} {before:.{places}f} -> {after:.{places}f} {unit}".strip())


def _whose(old: Fields, new: Fields) -> Iterator[Difference]:
    yield from _texts("made for another module", old["serial"], new["serial"])
    yield from _texts("another imager", old["sensors"]["imager"], new["sensors"]["imager"])
    yield from _texts("another SWIR head", old["sensors"]["swir"], new["sensors"]["swir"])


def led_name(led: str) -> str:
    """ "970 nm LED", "1450 nm SWIR LED", "dot projector"."""
    if led == vocabulary.DOTS:
        return "dot projector"
    return f"{led[4:]} nm SWIR LED" if led.startswith("swir") else f"{led} nm LED"


def _change(name: str, before: float, after: float, ratio: float) -> Difference:
    word = "stronger" if ratio > 1 else "weaker"
    part = 100 * abs(ratio - 1)
    return Difference(name, before, after, "counts", f"{name} {part:.1f} % {word}")


def _warmed(curve: Any, old: Fields, new: Fields) -> float:
    """What the curve says of going from the old record's temperature to the new one's."""
    return drift.factor(curve, drift.offset_cc(new["temperature_cc"], old["temperature_cc"])) / drift.SCALE


def _light_ratios(old: Fields, new: Fields) -> dict[str, float]:
    """Output by the monitor tab, new over old, at one exposure and one temperature."""
    exposure = old["exposure_us"] / new["exposure_us"]
    return {
        light: new["monitor"][light] / old["monitor"][light] * exposure / _warmed(old["monitor_drift"][light], old, new)
        for light in MONITOR_LIGHTS
    }


def _lights(old: Fields, new: Fields) -> Iterator[Difference]:
    for light, ratio in _light_ratios(old, new).items():
        if abs(ratio - 1) > SAME_LEVEL:
            yield _change(led_name(light), old["monitor"][light], new["monitor"][light], ratio)
    if bool(old["swir_white"]) != bool(new["swir_white"]):
        yield from _texts("SWIR head", *("measured" if each["swir_white"] else "none" for each in (old, new)))
        return
    distance = (new["z_ref_um"] / old["z_ref_um"]) ** 2
    rows = zip(vocabulary.SWIR_BANDS, old["swir_white"], new["swir_white"], old["swir_output_drift"], strict=False)
    for band, before, after, curve in rows:
        ratio = after / before * distance / _warmed(curve, old, new)
        if abs(ratio - 1) > SAME_LEVEL:
            yield _change(led_name(f"swir{band}"), before / 16, after / 16, ratio)


def _nodes(fields: Fields, band: str) -> np.ndarray:
    return np.frombuffer(fields["flat"][band], "<u2").astype(float)


def _whites(old: Fields, new: Fields) -> Iterator[Difference]:
    lights = _light_ratios(old, new)
    scale = (new["z_ref_um"] / old["z_ref_um"]) ** 2 * old["exposure_us"] / new["exposure_us"]
    index = 0.0
    for band in vocabulary.NIR_BANDS:
        ratio = _nodes(new, band) / _nodes(old, band) * scale
        level = float(np.exp(np.log(ratio).mean())) / _warmed(old["monitor_drift"][band], old, new)
        shape = float(np.std(ratio) / np.mean(ratio))
        index -= INDEX_WEIGHTS[band] * math.log(level)  # what is seen is divided by the white
        beside = level / lights[band]
        if abs(beside - 1) > UNEXPLAINED:
            word = "brighter" if beside > 1 else "darker"
            yield Difference(
                f"white at {band} nm",
                1.0,
                beside,
                "ratio",
                f"white at {band} nm {100 * abs(beside - 1):.1f} % {word} than its LED explains (the target, its "
                "distance, or a dirty window)",
            )
        if shape > SAME_SHAPE:
            yield Difference(
                f"{band} nm flat field",
                0.0,
                100 * shape,
                "% RMS",
                f"{band} nm flat field: {100 * shape:.1f} % RMS apart",
            )
    if abs(index) > SAME_INDEX:
        yield Difference(
            "water index", 0.0, index, "", f"one and the same surface reads a water index {index:+.4f} off"
        )


def _peaks(old: Fields, new: Fields) -> Iterator[Difference]:
    if bool(old["peaks_dnm"]) != bool(new["peaks_dnm"]):
        yield from _texts("peaks of the LEDs", *("measured" if f["peaks_dnm"] else "not measured" for f in (old, new)))
        return
    for led, before, after in zip(LEDS, old["peaks_dnm"], new["peaks_dnm"], strict=False):
        if abs(after - before) > SAME_DNM:
            yield _numbers(f"{led_name(led)} peak", before / 10, after / 10, "nm", 1)


def _geometry(old: Fields, new: Fields) -> Iterator[Difference]:
    names = {"baseline_um": ("baseline", 2), "z_ref_um": ("reference plane", 1), "z_offset_um": ("depth offset", 2)}
    for key, (name, places) in names.items():
        if abs(new[key] - old[key]) > SAME_UM:
            yield _numbers(name, old[key] / 1000, new[key] / 1000, "mm", places)


def _pattern(old: Fields, new: Fields) -> Iterator[Difference]:
    shift, alike = pattern_shift(old["reference"], new["reference"])
    if alike < SAME_PATTERN:
        yield Difference("dot pattern", 1.0, alike, "correlation", f"dot pattern {100 * alike:.1f} % alike")
    if abs(shift) > SAME_SHIFT_PX:
        yield Difference(
            "dot pattern's place", 0.0, shift, "px", f"dot pattern moved by {shift:+.2f} px along the baseline"
        )


def pattern_shift(old: bytes, new: bytes) -> tuple[float, float]:
    """(px along u that the second dot image lies farther, correlation there); 0 to a sixteenth of a pixel."""
    first, second = (np.frombuffer(each, np.uint8).reshape(HEIGHT, WIDTH).astype(float) for each in (old, new))
    reach = FARTHEST_SHIFT_PX
    inner = first[:, reach:-reach]
    inner = inner - inner.mean()
    scores = []
    for shift in range(-reach, reach + 1):
        moved = second[:, reach + shift : WIDTH - reach + shift]
        moved = moved - moved.mean()
        scores.append(float((inner * moved).sum() / max(np.sqrt((inner**2).sum() * (moved**2).sum()), 1e-9)))
    best = int(np.argmax(scores))
    if not 0 < best < 2 * reach:
        return float(best - reach), scores[best]
    before, top, after = scores[best - 1 : best + 2]
    return best - reach + 0.5 * (before - after) / min(before - 2 * top + after, -1e-9), top


def black_and_gamma(linear: bytes) -> tuple[int, float]:
    """(black level, exponent of the table above it) that fit its upper half best. The lowest codes round to nothing, so
    the black level may lie a little below the last of them; a table may stand on an offset (`maths.balanced`)."""
    table = np.frombuffer(linear, "<u2").astype(float)
    last = int(np.flatnonzero(table == table[0]).max())
    table = table - table[last + 1]
    codes = np.arange(128, 255)
    light = np.log(table[codes] / table[255])
    fits = []
    for black in range(max(last - ROUNDED_CODES, 0), last + 1):
        part = np.log((codes - black) / (255 - black))
        gamma = float((part * light).sum() / (part**2).sum())
        fits.append((float(((light - gamma * part) ** 2).sum()), black, gamma))
    _, black, gamma = min(fits)
    return black, gamma


def _imager(old: Fields, new: Fields) -> Iterator[Difference]:
    (black, gamma), (black_now, gamma_now) = (black_and_gamma(each["linear"]) for each in (old, new))
    if black != black_now:
        yield _numbers("black level", black, black_now, "codes", 0)
    if abs(gamma - gamma_now) > SAME_LEVEL * gamma:
        yield _numbers("gamma", gamma, gamma_now, "", 3)


def _swir_head(old: Fields, new: Fields) -> Iterator[Difference]:
    for band, before, after in zip(vocabulary.SWIR_BANDS, old["swir_dark"], new["swir_dark"], strict=False):
        if abs(after - before) > max(SAME_COUNTS, SAME_LEVEL * before):
            yield _numbers(f"what the tab sends back at {band} nm", before / 16, after / 16, "counts", 1)
    if abs(new["swir_noise"] - old["swir_noise"]) > SAME_COUNTS:
        yield _numbers("noise of the SWIR head", old["swir_noise"] / 16, new["swir_noise"] / 16, "counts", 1)


def _stretches(old: Fields, new: Fields) -> Iterator[Difference]:
    pairs = [("water index of skin", old["index_stretch_q12"], new["index_stretch_q12"])]
    ratios = zip(RATIO_NAMES, old["swir_ratio_stretch_q12"], new["swir_ratio_stretch_q12"], strict=False)
    pairs += [(f"{name} of skin", before, after) for name, before, after in ratios]
    for name, before, after in pairs:
        if abs(after - before) > SAME_STRETCH:
            yield _numbers(f"stretch of the {name}", before / 4096, after / 4096, "", 3)


def _curves(old: Fields, new: Fields) -> Iterator[Difference]:
    """What WARM_K do to each quantity."""
    pairs = [(led_name(each), old["monitor_drift"][each], new["monitor_drift"][each]) for each in MONITOR_LIGHTS]
    pairs.append(("water index of skin", old["index_drift"], new["index_drift"]))
    for key, names in (
        ("swir_output_drift", [led_name(f"swir{band}") for band in vocabulary.SWIR_BANDS]),
        ("swir_ratio_drift", [f"{name} of skin" for name in RATIO_NAMES]),
    ):
        pairs += list(zip(names, old[key], new[key], strict=False))
    for name, before, after in pairs:
        here, there = (100 * (drift.factor(curve, WARM_K * 100) / drift.SCALE - 1) for curve in (before, after))
        if abs(there - here) > 100 * SAME_LEVEL:
            yield _numbers(f"{name}, {WARM_K} K warmer:", here, there, "%", 1)


def _circumstances(old: Fields, new: Fields) -> Iterator[Difference]:
    if abs(new["temperature_cc"] - old["temperature_cc"]) > SAME_CC:
        yield _numbers("made at", old["temperature_cc"] / 100, new["temperature_cc"] / 100, "degC", 1)
    if new["exposure_us"] != old["exposure_us"]:
        yield _numbers("exposure", old["exposure_us"], new["exposure_us"], "us", 0)
    points = [", ".join(f"{each / 100:g}" for each in f["temperatures_cc"]) or "the design's" for f in (old, new)]
    yield from _texts("temperatures of the curves (degC)", *points)
    yield from _texts("fixture", *(_fixture(each["fixture"]) for each in (old, new)))
    for key in ("operator", "tool", "created"):
        yield from _texts(key, old[key], new[key])


def _fixture(fixture: Mapping[str, str]) -> str:
    return f"{fixture['id']} ({fixture['hash']}), due {fixture['due']}" if fixture["id"] else ""
