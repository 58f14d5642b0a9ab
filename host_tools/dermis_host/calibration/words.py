"""Measurements in words and columns, the same in the terminal, the report and the JSON: value, unit, sign, limit,
margin."""

from __future__ import annotations

import math
from typing import Any

from dermis_host.calibration.limits import Measurement

DIGITS = 3  # significant ones of the limit that a value is judged against
MOST_DECIMALS = 4
# A kind of measurement as people say it, `of` in its place; what is not here is said by its own name.
TITLES = {
    "flat": "{of} flat field",
    "flat_before": "{of} flat field, uncorrected",
    "verify_drift": "monitor tab under {of}",
    "verify_tilt": "monitor tab, its drifts as the water index weighs them",
    "verify_level": "reflectance at {of}",
    "verify_ratio": "reflectance {of}",
    "verify_swir": "SWIR ratio {of}",
    "verify_dots": "dots on the card",
}
MARGINAL = 0.1  # of the room between the limits: closer is within, and worth a look


def title(measurement: Measurement) -> str:
    """ "970 nm flat field"."""
    if measurement.kind in TITLES:
        return TITLES[measurement.kind].format(of=measurement.of).strip()
    return f"{measurement.kind.replace('_', ' ')} {measurement.of}".strip()


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
    """The limits with their words: "limit 1.0 %", "-1.5 to 1.5 mm", "at least 95 %"."""
    low, high, unit = measurement.low, measurement.high, measurement.unit
    if low is None and high is None:
        return "no limit"
    if low is None or (low == 0 and high is not None):
        return f"limit {high:g} {unit}".strip()
    if high is None:
        return f"at least {low:g} {unit}".strip()
    return f"{low:g} to {high:g} {unit}".strip()


def sentence(measurement: Measurement) -> str:
    """ "970 nm flat field: 3.1 % -> 0.4 % (limit 1 %)"."""
    places, unit = decimals(measurement), measurement.unit
    value = f"{number(measurement.value, places)} {unit}".strip()
    before = "" if measurement.before is None else f"{number(measurement.before, places)} {unit}".strip() + " -> "
    return f"{title(measurement)}: {before}{value} ({limits(measurement)})"


def marginal(measurement: Measurement) -> bool:
    """Within its limits, and close to one."""
    part = room(measurement)
    return measurement.passed and part is not None and part < MARGINAL


def room(measurement: Measurement) -> float | None:
    """How far the value is from its nearest limit, as a part of the span between them (of the limit itself where the
    other side is open, or cannot be passed): 0 at the limit, below 0 outside."""
    low, high, value = measurement.low, measurement.high, measurement.value
    if not math.isfinite(value):
        return None
    if low is not None and high is not None and not (low == 0 and value >= 0):
        return min(value - low, high - value) / ((high - low) / 2)
    if high is not None:
        return (high - value) / (abs(high) or 1.0)
    if low is not None:
        return (value - low) / (abs(low) or 1.0)
    return None


def row(measurement: Measurement) -> dict[str, Any]:
    """What tables show, as text."""
    places = decimals(measurement)
    return {
        "name": title(measurement),
        "before": number(measurement.before, places),
        "value": number(measurement.value, places),
        "unit": measurement.unit,
        "limits": limits(measurement).removeprefix("limit "),
        "margin": number(measurement.margin, places) if math.isfinite(measurement.margin) else "",
        "why": measurement.why,
        "passed": measurement.passed,
        "marginal": marginal(measurement),
        "sentence": sentence(measurement),
    }


def plain_row(measurement: Measurement) -> dict[str, Any]:
    """For JSON: numbers, null where there is none."""
    told = {**measurement.row(), "title": title(measurement), "sentence": sentence(measurement)}
    return {key: None if isinstance(each, float) and not math.isfinite(each) else each for key, each in told.items()}
