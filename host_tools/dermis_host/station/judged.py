"""What phases measure, as unit records hold it: judged against its limits, marginal when close to one."""

from __future__ import annotations

import re
from typing import Any

from dermis_host.answers import SelfTest, Verdict
from dermis_host.calibration import words
from dermis_host.calibration.limits import Measurement
from dermis_host.station import schema
from dermis_host.station.unit_record import FAILED, MARGINAL, PASSED, Measured

# Kinds of `calibration.limits.LIMITS` in which targets, distances, room and warmth of the bench show beside the
# module's own spread: their control charts are the bench's.
BENCH_KINDS = frozenset(
    {
        "temperature",
        "ambient",
        "target",
        "reading",
        "bands",
        "tilt",
        "z_ref",
        "z_offset",
        "plane",
        "depth",
        "verify_level",
        "verify_ratio",
        "verify_swir",
    }
)
NEEDS_RECORD = "calibration"  # the check of the self-test that a module without a record cannot pass
PARTS = re.compile(r"1/([1-9][0-9]*) ?")


def number(
    name: str, phase: str, value: float, unit: str, low: float | None, high: float | None, bench: bool = False
) -> Measured:
    """A number against its limits. Marginal is what `dermis calibrate` calls so: closer to a limit than a tenth of the
    room (of half the span between two limits; of the limit itself where it is the only one)."""
    known = abs(value) <= schema.LARGEST_NUMBER  # nan is not
    marginal_low, marginal_high = _marginal(low, high)
    inside = known and (low is None or value >= low) and (high is None or value <= high)
    close = (marginal_low is not None and value < marginal_low) or (marginal_high is not None and value > marginal_high)
    result = FAILED if not inside else MARGINAL if close else PASSED
    given = (low, high, marginal_low, marginal_high)
    return Measured(name, phase, value if known else None, unit, *given, None, result, bench)


def _marginal(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    if low is not None and high is not None and low != 0:
        room = words.MARGINAL * (high - low) / 2
        return low + room, high - room
    # A lower limit of 0 belongs to what is never negative; nothing is close to failing there.
    beside = None if not low else low + words.MARGINAL * abs(low)
    return beside, None if high is None else high - words.MARGINAL * (abs(high) or 1.0)


def word(name: str, phase: str, value: str, expected: str) -> Measured:
    """A word that must be another."""
    result = PASSED if value == expected else FAILED
    return Measured(name, phase, schema.cleaned(value), "", None, None, None, None, expected, result, False)


def calibration(measurement: Measurement, phase: str) -> Measured:
    """One of the calibration's or of its verification's."""
    return number(
        measurement.name,
        phase,
        float(measurement.value),
        measurement.unit,
        measurement.low,
        measurement.high,
        measurement.kind in BENCH_KINDS,
    )


def self_test(outcome: SelfTest, phase: str, with_record: bool) -> list[tuple[Measured, str]]:
    """Each check with what to do about it; `with_record`: the one on the calibration too. The module's own judgement
    counts: a check without a number, or with one of other limits, is the word "passed" or "failed"."""
    found = []
    for check in outcome.checks:
        name = _short(check.get("name", "?"))
        if name == NEEDS_RECORD and not with_record:
            continue
        passed = bool(check.get("ok"))
        measured = word(name, phase, PASSED if passed else FAILED, PASSED)
        value = check.get("value")
        if isinstance(value, int | float) and not isinstance(value, bool):
            numeric = _number(name, phase, check)
            measured = numeric if (numeric.result != FAILED) == passed else measured
        found.append((measured, str(check.get("todo", ""))))
    return found


def _short(told: object) -> str:
    return schema.cleaned(str(told))[: schema.LONGEST_NAME]


def _number(name: str, phase: str, check: dict[str, Any]) -> Measured:
    """The module counts in parts (`1/100 degree Celsius`); people count in wholes. Its limits are wide and have
    nothing marginal: they ask whether a part is there, not how good it is."""
    unit, parts = _short(check.get("unit") or ""), 1
    if found := PARTS.match(unit):
        parts, unit = int(found[1]), unit[found.end() :]
    low, high = (check[key] / parts if isinstance(check.get(key), int | float) else None for key in ("low", "high"))
    measured = number(name, phase, check["value"] / parts, unit, low, high)
    measured.marginal_low = measured.marginal_high = None
    measured.result = FAILED if measured.result == FAILED else PASSED
    return measured


def verdict(scene: str, given: Verdict, expected: str, phase: str) -> Measured:
    """The verdict on a scene of the twin."""
    return word(f"verdict on {scene}", phase, given.verdict, expected)
