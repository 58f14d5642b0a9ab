"""Which pattern of measurements names which cause, and what to do about it."""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dermis.core import vocabulary

from dermis_host.calibration import planes, spectra
from dermis_host.calibration.limits import Measurement
from dermis_host.calibration.outcome import Cause
from dermis_host.calibration.steps.state import State
from dermis_host.calibration.targets import FAR, GREYS, LEDS, NEAR, SPECTRAL, WHITE

# name -> what it means, for tables; docs/calibration.md explains each, and a test holds it to this list.
NAMES = {
    "dead_led": "a light that gives nothing",
    "dim_led": "a light that gives too little or too much",
    "swapped_led": "an LED of another wavelength in the place of one",
    "miswired_photodiode": "the photodiode's sign or channels are wrong",
    "stuck_gamma": "the imager's curve is not the one that was set",
    "stray_light": "the imager is not dark under the cap",
    "room_light": "light of the room on a target",
    "wrong_target": "another target than the one asked for",
    "wrong_distance": "a target that stands elsewhere",
    "tilted_target": "module or targets sit askew in the fixture",
    "scratched_window": "a scratch or dirt on the module's window",
    "dirty_target": "a mark on the white target",
    "tilted_doe": "the projector's pattern sits askew",
    "mirrored_reference": "the projector on the wrong side, or a mirrored picture",
    "no_dots": "no dots where there must be some",
    "module_refused": "the module itself refuses",
    "outside_limits": "a measurement outside its limits that no pattern explains",
}
DEAD_PERCENT = 8.0  # of nominal: what an LED next to it may leak
SIGN_BANDS = 3  # so many bands of the photodiode below nothing: not a dead LED but its sign
MOST_SWAPPED = 3  # LEDs at once; more peaks wrong, and it is the standard that is
SAME_LN = 0.12  # ln of a reading: an LED within its tolerance, through the standard
OTHER_LEDS = {"940": 937.0}  # what lies in the same drawer, nm
LIGHT_PART = 0.035  # a reading so far off cannot be the standards' own uncertainty


# How the firmware's burst taker speaks of light that is not its own.
FOREIGN_LIGHT = ("saturated under", "flickering", "somebody's light")


def of_refusal(fact: Mapping[str, Any]) -> Cause:
    """The cause behind a burst that the module refused (`steps.step.REFUSED`)."""
    sentence = str(fact["sentence"])
    if dark := re.search(r"light (\w+) stays dark", sentence):
        return _dead(dark[1], ())
    if "shows" in sentence and "switched on" in sentence:
        return Cause("swapped_led", f"The module says that {sentence}: check that each light is on its own channel.")
    if any(sign in sentence for sign in FOREIGN_LIGHT):
        return Cause("room_light", f"The module says that {sentence}: darken the room and start again.")
    return Cause("module_refused", f"The module refused a burst before the {fact['target']} target: {sentence}.")


def name(state: State) -> list[Cause]:
    """All causes of what failed, the most telling first; none when everything passed."""
    given = list(state.outcome.causes)
    failed = {measurement.name: measurement for measurement in state.outcome.failed}
    if not failed and not given:
        return []
    found: list[Cause] = []
    for rule in RULES:
        found += rule(state, failed)
    # What stopped a step is often the consequence of what a rule explains.
    named = {cause.name for cause in found}
    found += [cause for cause in given if cause.name not in named and not (found and cause.name in CONSEQUENCES)]
    explained = {kind for cause in found for kind in EXPLAINS.get(cause.name, ())}
    left = [measurement for measurement in failed.values() if measurement.kind not in explained]
    if (left and not given) or not found:
        worst = ", ".join(f"{each.name} {each.value:.2f} {each.unit}".strip() for each in left[:4])
        if left:
            found.append(
                Cause(
                    "outside_limits",
                    f"Outside limits and not explained: {worst}; repeat the step, then look at the part it measures.",
                    tuple(each.name for each in left),
                )
            )
    return found


# What a cause accounts for, by kind of measurement.
_LIGHT = ("reading", "bands", "peak", "walk", "skin_left", "curve")
EXPLAINS = {
    "dead_led": ("monitor", "target", "swir_dark", "swir_white", "swir_check", "flat", "flat_before", "local", *_LIGHT),
    "dim_led": ("monitor", "target", "swir_dark", "swir_white", "swir_check", "saturated", *_LIGHT),
    "swapped_led": ("peak", "skin_left", "walk", "monitor", "swir_dark", "swir_white", "curve"),
    "miswired_photodiode": ("swir_dark", "swir_white", "swir_check", "swir_noise", *_LIGHT),
    "stuck_gamma": ("gamma", "linearity", "target", "monitor", "local", "flat", *_LIGHT, "depth", "ambient"),
    "stray_light": ("black_level", "cap_light", "ambient"),
    "room_light": ("ambient", "swir_check", "swir_noise", "linearity", *_LIGHT, "local", "gamma", "depth"),
    "wrong_target": ("target", "saturated", "flat_before", "swir_white", "swir_check", "depth", "local", *_LIGHT),
    "wrong_distance": (
        *("target", "saturated", "z_ref", "z_offset", "plane", "baseline", "depth", "swir_white", "swir_check"),
        *("dots_shift", "plane_rms", *_LIGHT),
    ),
    "tilted_target": ("tilt", "flat_before", "plane", "plane_rms"),
    "scratched_window": ("local", "flat", "swir_white", "plane_rms", "dots_valid", "bands", "reading"),
    "dirty_target": ("local", "flat", "bands", "reading"),
    "tilted_doe": (
        *("dots_turn", "dots_slope", "tilt", "plane", "plane_rms", "dots_valid", "dots_shift", "baseline", "z_ref"),
        *("z_offset", "depth", "reading"),
    ),
    "mirrored_reference": ("plane", "plane_rms", "dots_valid", "baseline", "z_ref", "z_offset"),
    "no_dots": ("dots_valid", "plane_rms"),
}
CONSEQUENCES = ("no_dots", "dead_led", "wrong_distance")


def _room_light(_state: State, failed: Mapping[str, Measurement]) -> Iterator[Cause]:
    lit = [each for each in failed.values() if each.kind == "ambient"]
    if lit:
        worst = max(lit, key=lambda each: each.value)
        yield Cause(
            "room_light",
            f"Light of the room falls on the targets ({worst.value:.1f} % of full scale at {worst.of}, limit "
            f"{worst.high:g} %): switch lamps off, shade windows, and start again.",
            tuple(each.name for each in lit),
        )


def _stray_light(_state: State, failed: Mapping[str, Measurement]) -> Iterator[Cause]:
    names = [each for each in failed if each.startswith(("black_level", "cap_light"))]
    if names:
        yield Cause(
            "stray_light",
            "The imager is not dark under the cap: press the cap on; if it stays so, the module's own light leaks "
            "inside its housing, or the imager's automatic functions are on.",
            tuple(names),
        )


def _gamma(state: State, failed: Mapping[str, Measurement]) -> Iterator[Cause]:
    names = [each for each in ("gamma", "linearity") if each in failed]
    if names:
        yield Cause(
            "stuck_gamma",
            f"The imager's curve has a gamma of {state.gamma:.2f} where {state.subject.board['gamma_q8'] / 256:.1f} "
            "was set: its registers did not take; power the module off and on, flash it again, else change the imager.",
            tuple(names),
        )


def _dead(light: str, because: tuple[str, ...]) -> Cause:
    part = "dot projector" if light == vocabulary.DOTS else f"LED {light.removeprefix('swir')}"
    place = " of the SWIR head" if light.startswith("swir") else ""
    return Cause(
        "dead_led",
        f"The {part}{place} gives no light: check its soldering, its driver's channel and its cable, then change it.",
        because,
    )


def _leds(state: State, failed: Mapping[str, Measurement]) -> Iterator[Cause]:
    for light in state.monitor:
        bad = failed.get(f"monitor {light}")
        if bad is None:
            continue
        if bad.value < DEAD_PERCENT:
            yield _dead(light, (bad.name,))
        else:
            yield _dim(light, bad)
    if not state.swir_dark or _negative(state) >= SIGN_BANDS:
        return
    for band, dark in zip(vocabulary.SWIR_BANDS, state.swir_dark, strict=True):
        white = _measured(state, "swir_white", f"{band} nm")
        low = [each for each in (failed.get(f"swir_dark {band} nm"), failed.get(f"swir_white {band} nm")) if each]
        if not low:
            continue
        seen = dark if white is None else white.value
        if seen < DEAD_PERCENT and dark < DEAD_PERCENT:
            yield _dead(f"swir{band}", tuple(each.name for each in low))
        elif white is not None and not white.passed:
            yield _dim(f"swir{band}", white)


def _dim(light: str, bad: Measurement) -> Cause:
    return Cause(
        "dim_led",
        f"The light {light} gives {bad.value:.0f} % of its nominal ({bad.low:g} to {bad.high:g} % are allowed): check "
        "its current, its lens and its soldering.",
        (bad.name,),
    )


def _measured(state: State, kind: str, of: str) -> Measurement | None:
    return next((each for each in state.outcome.measurements if each.kind == kind and each.of == of), None)


def _negative(state: State) -> int:
    """How many bands of the photodiode read below nothing, with the cap on."""
    return sum(level < 0 for level in state.swir_dark)


def _photodiode(state: State, failed: Mapping[str, Measurement]) -> Iterator[Cause]:
    if _negative(state) >= SIGN_BANDS:
        yield Cause(
            "miswired_photodiode",
            "The photodiode reads less with its LEDs on than with them off: its two wires, or the amplifier's inputs, "
            "are exchanged; turn the photodiode round.",
            tuple(each for each in failed if each.startswith("swir")),
        )
        return
    wrong = [led for led in spectra.SWIR if f"peak {led}" in failed]
    order = _exchange(state, wrong)
    if order:
        pairs = ", ".join(f"{here.removeprefix('swir')} shows {there.removeprefix('swir')}" for here, there in order)
        yield Cause(
            "miswired_photodiode",
            f"Channels of the SWIR head are exchanged ({pairs}): check the cable between the head and its drivers.",
            tuple(f"peak {led}" for led in wrong),
        )


def _exchange(state: State, wrong: list[str]) -> list[tuple[str, str]]:
    """Pairs (channel, what shines there) when one order of the LEDs explains all wrong readings; empty else."""
    readings = state.readings.get(SPECTRAL, {})
    if len(wrong) < 2:
        return []
    spectrum = state.target(SPECTRAL).spectrum
    for order in itertools.permutations(wrong):
        if all(here != there for here, there in zip(wrong, order, strict=True)) and all(
            _alike(readings.get(here, math.nan), spectra.through(spectrum, there))
            for here, there in zip(wrong, order, strict=True)
        ):
            return list(zip(wrong, order, strict=True))
    return []


def _alike(reading: float, expected: float) -> bool:
    return reading > 0 and abs(math.log(reading / expected)) < SAME_LN


def _swapped(state: State, failed: Mapping[str, Measurement]) -> Iterator[Cause]:
    wrong = [led for led in LEDS if f"peak {led}" in failed]
    dead = [cause for cause in _leds(state, failed) if cause.name == "dead_led"]
    if not wrong or len(wrong) > MOST_SWAPPED or dead or _exchange(state, [w for w in wrong if w in spectra.SWIR]):
        return
    for led in wrong:
        yield Cause(
            "swapped_led",
            f"In the place of the LED {led} sits {_what_shines(state, led)}: change it for one of "
            f"{LEDS[led].label_nm} nm.",
            (f"peak {led}",),
        )


def _what_shines(state: State, led: str) -> str:
    reading, spectrum = state.readings[SPECTRAL][led], state.target(SPECTRAL).spectrum
    candidates = {str(band.label_nm): band.peak_nm for other, band in LEDS.items() if other != led} | OTHER_LEDS
    seen = [
        (abs(math.log(max(reading, 1e-6) / spectra.through(spectrum, led, nm))), label)
        for label, nm in candidates.items()
        if spectra.detector(led) == "ingaas" or nm < 1080
    ]
    off, label = min(seen)
    peak = state.peaks_nm.get(led, math.nan)
    if off < SAME_LN:
        return f"what reads like one of {label} nm"
    return f"one of about {peak:.0f} nm" if math.isfinite(peak) else "another one"


def _targets(state: State, failed: Mapping[str, Measurement]) -> Iterator[Cause]:
    """The wrong target, or a target at the wrong distance: light and dots together tell which."""
    if any(cause.name == "wrong_target" for cause in state.outcome.causes):
        return  # the step itself saw it
    blamed = set()
    distance = _wrong_distance(state, failed)
    if distance is not None:
        blamed.add(distance[0])
        yield distance[1]
    for target, part in _off_targets(state, failed):
        if target in blamed or (distance is not None and (blamed & {WHITE})):
            continue
        other = _looks_like(state, target, part)
        yield Cause(
            "wrong_target",
            f"What stands where {target} was asked for is not it{other}: put the right target there and start again.",
            tuple(each for each in failed if target in each) or (f"target {target}",),
        )


def _off_targets(state: State, failed: Mapping[str, Measurement]) -> Iterator[tuple[str, dict[str, float]]]:
    """(target, reading over certificate by LED) of those that are not what they should be."""
    white = {
        each.of.split()[1]: 1 + each.value / 100
        for each in state.outcome.measurements
        if each.kind == "target" and each.of.startswith(WHITE)
    }
    if white and not 0.88 <= statistics.median(white.values()) <= 1.12 and not _bad_lights(failed):
        yield WHITE, white
        return
    blind = _negative(state) >= SIGN_BANDS  # the photodiode tells nothing of targets
    for target, readings in state.readings.items():
        certificate = state.target(target).spectrum
        parts = {led: value / spectra.through(certificate, led) for led, value in readings.items()}
        parts = {led: part for led, part in parts.items() if not (blind and led in spectra.SWIR)}
        if target == SPECTRAL:
            # Peaks move single readings by a few percent; another target moves most of them, and much more.
            off = [led for led, part in parts.items() if not 0.8 <= part <= 1.25]
            if len(off) > MOST_SWAPPED:
                yield target, parts
        elif sum(not abs(part - 1) <= LIGHT_PART for part in parts.values()) > len(parts) / 2:
            yield target, parts
    if any(each.kind in ("reading", "depth") and "again" in each.of for each in failed.values()):
        picked = next(each.of.split()[0] for each in failed.values() if "again" in each.of)
        if picked in (*GREYS, NEAR, FAR):
            yield picked, {}


def _bad_lights(failed: Mapping[str, Measurement]) -> bool:
    return any(each.kind == "monitor" for each in failed.values())


def _looks_like(state: State, target: str, parts: Mapping[str, float]) -> str:
    """ "; it looks like grey_50" where one target of the fixture fits better than the one asked for."""
    if not parts:
        return ""
    asked = state.target(target).spectrum
    best, best_off = "", SAME_LN
    for other in (WHITE, *GREYS, SPECTRAL):
        if other == target:
            continue
        there = state.target(other).spectrum
        off = max(
            abs(math.log(max(part, 1e-6) * spectra.through(asked, led) / spectra.through(there, led)))
            for led, part in parts.items()
        )
        if off < best_off:
            best, best_off = other, off
    return f" (it looks like {best})" if best else ""


def _wrong_distance(state: State, failed: Mapping[str, Measurement]) -> tuple[str, Cause] | None:
    """The one target whose other place explains planes and light best."""
    suspects = [each for each in failed.values() if each.kind in ("plane", "z_ref", "z_offset", "baseline", "depth")]
    if not suspects or len(state.looks) < 3 or not _doe_is_straight(failed):
        return None
    again = [each for each in suspects if each.kind == "depth"]
    if again and len(again) == len(suspects):
        target = again[0].of.split()[0]
        off_mm = state.target(target).distance_mm * again[0].value / 100
        return target, _moved(target, off_mm, state.target(target).distance_mm, (again[0].name,))
    looks = [look for look in state.looks.values() if look.name != "far_check" and look.stated_mm > 0]
    looks = [look for index, look in enumerate(looks) if look.name not in {other.name for other in looks[:index]}]
    board = state.subject.board
    focal, nominal = board["focal_px_q8"] / 256, board["baseline_um"] / 1000
    best: tuple[float, str, float] | None = None
    for suspect in looks:
        rest = [look for look in looks if look is not suspect]
        try:
            triangle = planes.fit_triangle(focal, nominal, rest)
        except ValueError:
            continue
        cost = sum(
            ((triangle.distance_mm(look.disparity_px) - look.stated_mm) / planes.DISTANCE_SIGMA_MM) ** 2
            for look in rest
        )
        cost += (math.log(triangle.baseline_mm / nominal) / 0.015) ** 2 + (triangle.offset_mm / 0.3) ** 2
        off = float(triangle.distance_mm(suspect.disparity_px)) - suspect.stated_mm
        if best is None or cost < best[0]:
            best = (cost, suspect.name, off)
    if best is None or abs(best[2]) < 1.0:
        return None
    return best[1], _moved(best[1], best[2], state.target(best[1]).distance_mm, tuple(each.name for each in suspects))


def _moved(target: str, off_mm: float, stated_mm: float, because: tuple[str, ...]) -> Cause:
    return Cause(
        "wrong_distance",
        f"The target {target} stands {abs(off_mm):.1f} mm too {'far' if off_mm > 0 else 'near'}: put it "
        f"{stated_mm:g} mm from the module, against its stop, and start again.",
        because,
    )


def _doe_is_straight(failed: Mapping[str, Measurement]) -> bool:
    return not any(each.kind in ("dots_turn", "dots_slope") for each in failed.values())


def _doe(_state: State, failed: Mapping[str, Measurement]) -> Iterator[Cause]:
    names = [each.name for each in failed.values() if each.kind in ("dots_turn", "dots_slope")]
    if names:
        yield Cause(
            "tilted_doe",
            "The projector's pattern sits askew (its dots do not move along the rows, or move unevenly): loosen the "
            "projector, turn it against its stop, and fasten it again.",
            tuple(names),
        )
    elif tilted := [each.name for each in failed.values() if each.kind == "tilt"]:
        yield Cause(
            "tilted_target",
            "Module and targets do not stand square to one another: seat the module in its fixture and the target "
            "against its stop, and start again.",
            tuple(tilted),
        )


def _window(_state: State, failed: Mapping[str, Measurement]) -> Iterator[Cause]:
    if "local window" in failed:
        yield Cause(
            "scratched_window",
            "The same spot is darker on every target: clean the module's window; if it stays, the window is scratched, "
            "change it.",
            ("local window",),
        )
    elif "local white target" in failed:
        yield Cause(
            "dirty_target",
            "A spot of the white target differs from the rest, and greys do not show it: clean or turn that target.",
            ("local white target",),
        )


Rule = Callable[[State, Mapping[str, Measurement]], Iterator[Cause]]
RULES: tuple[Rule, ...] = (
    _room_light,
    _stray_light,
    _gamma,
    _leds,
    _photodiode,
    _swapped,
    _doe,
    _targets,
    _window,
)
