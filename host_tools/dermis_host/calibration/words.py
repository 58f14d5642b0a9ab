"""Measurements in words and columns, the same in the terminal, the report and the JSON: value, unit, sign, limit,
margin."""

from __future__ import annotations

import math
import re
from typing import Any

from dermis_host.calibration.limits import Measurement

DIGITS = 3  # significant ones of the limit that a value is judged against
MOST_DECIMALS = 4
# A kind of measurement as people say it, `of` in its place; what is not here is said by its own name.
TITLES = {
    "ambient": "light of the room, {of}",
    "black_level": "black level",
    "cap_light": "light under the cap at {of}",
    "linearity": "linearity of the imager's curve",
    "saturated": "saturated pixels, {of}",
    "monitor": "monitor tab under {of}",
    "target": "{of} against the tab",
    "reading": "reflectance of {of}",
    "bands": "bands against each other, {of}",
    "flat_before": "{of} flat field, uncorrected",
    "flat": "{of} flat field",
    "local": "spots on the {of}",
    "swir_dark": "SWIR of tab and window at {of}",
    "swir_white": "SWIR white at {of}",
    "swir_check": "SWIR white again at {of}",
    "swir_noise": "noise of the SWIR head",
    "peak": "peak of {of}",
    "skin_left": "error left on the worst skin",
    "dots_valid": "dots seen, {of}",
    "dots_shift": "dots moved between two looks, {of}",
    "dots_turn": "turn of the dot pattern",
    "dots_slope": "tilt by dots less tilt by light",
    "tilt": "tilt in the fixture, {of}",
    "z_ref": "distance of the reference plane",
    "z_offset": "depth offset",
    "plane": "distance of {of}",
    "plane_rms": "roughness of {of}",
    "curve": "temperature curve of {of}",
    "walk": "walk with temperature of {of}",
    "depth": "distance of {of}",
    "verify_drift": "monitor tab under {of}",
    "verify_tilt": "drifts of the tab as the water index weighs them",
    "verify_level": "reflectance at {of}",
    "verify_ratio": "reflectance {of}",
    "verify_swir": "SWIR ratio {of}",
    "verify_dots": "dots on the card",
}
# Parts of `of` as people say them: LEDs, targets.
SWIR_LED = re.compile(r"\bswir([0-9]{4})\b")
PLANE = re.compile(r"\b(near|far)\b")
NIR_LED = re.compile(r"(^|[ ,])(850|970|1050)$")
MARGINAL = 0.1  # of the room between the limits: closer is within, and worth a look


def title(measurement: Measurement) -> str:
    """ "970 nm flat field"."""
    of = SWIR_LED.sub(r"SWIR \1 nm", NIR_LED.sub(r"\1\2 nm", measurement.of))
    of = PLANE.sub(r"the \1 plane", of.replace("grey_", "grey ")).replace(" again", ", again,").rstrip(",")
    if measurement.kind in TITLES:
        return TITLES[measurement.kind].format(of=of).strip(" ,")
    return f"{measurement.kind.replace('_', ' ')} {of}".strip()


def decimals(measurement: Measurement) -> int:
    """How many the value is shown with: as fine as its limits can be told apart."""
    given = [abs(limit) for limit in (measurement.low, measurement.high) if limit]
    scale = max(given, default=abs(measurement.value) if math.isfinite(measurement.value) else 1.0) or 1.0
    return min(max(DIGITS - 1 - math.floor(math.log10(scale)), 0), MOST_DECIMALS)


def number(value: float | None, places: int) -> str:
    """ "" for none; no minus before a zero."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return "none"
    return f"{round(value, places) + 0.0:.{places}f}"


def limits(measurement: Measurement) -> str:
    """The limits in words: "limit 1 % RMS", "limits -1.5 to 1.5 mm", "at least 95 % of cells"."""
    return f"{_limits(measurement)} {measurement.unit}".strip() if _limits(measurement) else "no limit"


def _limits(measurement: Measurement) -> str:
    low, high = measurement.low, measurement.high
    if low is None and high is None:
        return ""
    if high is not None and low is None:
        return f"limit {high:g}"
    if high is None:
        return f"at least {low:g}"
    return f"limits {low:g} to {high:g}"


def sentence(measurement: Measurement) -> str:
    """ "970 nm flat field: 3.10 % RMS -> 0.42 % RMS (limit 1 % RMS, margin 0.58)"."""
    places, unit = decimals(measurement), measurement.unit
    value = f"{number(measurement.value, places)} {unit}".strip()
    before = "" if measurement.before is None else f"{number(measurement.before, places)} {unit}".strip() + " -> "
    left = margin(measurement)
    said = "" if left is None else f", margin {number(left, places)}"
    return f"{title(measurement)}: {before}{value} ({limits(measurement)}{said})"


def margin(measurement: Measurement) -> float | None:
    """`Measurement.margin`, or None where it is no number."""
    return measurement.margin if math.isfinite(measurement.margin) else None


def marginal(measurement: Measurement) -> bool:
    """Within its limits, and less than `MARGINAL` of their span, or of a limit that stands alone, away from one."""
    left = margin(measurement)
    if left is None or not measurement.passed:
        return False
    low, high = measurement.low, measurement.high
    span = (high - low) / 2 if low is not None and high is not None else abs(high if high is not None else low or 1.0)
    return left < MARGINAL * span


def row(measurement: Measurement) -> dict[str, Any]:
    """What tables show, as text."""
    places = decimals(measurement)
    return {
        "name": title(measurement),
        "before": number(measurement.before, places),
        "value": number(measurement.value, places),
        "unit": measurement.unit,
        "limits": _limits(measurement).removeprefix("limits ").removeprefix("limit "),
        "margin": number(margin(measurement), places),
        "why": measurement.why,
        "passed": measurement.passed,
        "marginal": marginal(measurement),
        "sentence": sentence(measurement),
    }


def plain_row(measurement: Measurement) -> dict[str, Any]:
    """For JSON: numbers, null where there is none."""
    told = {**measurement.row(), "title": title(measurement), "sentence": sentence(measurement)}
    return {key: None if isinstance(each, float) and not math.isfinite(each) else each for key, each in told.items()}
