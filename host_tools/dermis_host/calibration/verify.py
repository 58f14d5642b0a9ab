"""Whether a module still measures as its record says: a grey card anywhere in its range, in under a minute.

Bands against each other and against the card's certificate, the level at the distance that the dots give, the SWIR
ratios, and the monitor tab's drift. Nothing is corrected and nothing is written.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from dermis.core import calibration as record_format
from dermis.core import drift, vocabulary

from dermis_host import depth_map
from dermis_host.calibration import maths
from dermis_host.calibration.bench import Bench
from dermis_host.calibration.limits import Measurement
from dermis_host.calibration.outcome import Cause
from dermis_host.calibration.targets import Target
from dermis_host.recording import Recording

BURSTS = 3  # noise of a band's mean over the middle is then below .1 %, of a SWIR ratio below .2 %
FRAMES = ("dark", "850", "970", "1050", "dots")
# 300 mm lies at +14.7 px and 650 mm at -9: a card that is nearer or farther must be seen to be.
CARD_SEARCH = depth_map.Search(min_disparity=-16, max_disparity=26, curve="none")
NEAREST_MM, FARTHEST_MM = 280.0, 620.0  # where the card may stand, and the reach of a hand beside it
MIDDLE = (slice(70, 170), slice(110, 210))  # rows, columns: a card of a hand's size at 300 mm fills them
SPREAD_MM = 12.0  # a card that is no plane, or tilted by more than 8 degrees, spreads so far over the middle
REFERENCE_BAND = "850"
REFERENCE_SWIR = 1300  # the dark side of the water band and the middle of the head's range
# How the water index weighs its bands; the tab's drifts, weighed so, move every index the same way.
TILT_WEIGHTS = {"850": 0.28, "970": -1.0, "1050": 0.72}


@dataclass
class Verification:
    """measurements, and causes where the card cannot be judged."""

    measurements: list[Measurement] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    distance_mm: float = math.nan

    @property
    def passed(self) -> bool:
        return not self.causes and bool(self.measurements) and all(each.passed for each in self.measurements)


def take(bench: Bench, card: Target) -> list[Recording]:
    """Shows the card and takes its bursts."""
    bench.show(card)
    return [bench.burst(FRAMES) for _ in range(BURSTS)]


def judge(record: record_format.Calibration, bursts: Sequence[Recording], card: Target) -> Verification:
    """What the bursts of the card say of the record."""
    found = Verification()
    board = bursts[0].board
    columns = (board["monitor_columns"][0], board["monitor_columns"][1])
    table = np.array(record.linear, np.uint16)
    frames = [burst.frames for burst in bursts]
    tab = _tab(found, record, frames, table, columns, bursts)
    distance = _distance(found, record, bursts, table)
    if distance is None:
        return found
    found.distance_mm = distance
    readings = _bands(record, frames, table, tab, distance)
    for band in vocabulary.NIR_BANDS:
        off = readings[band] / card.reflectance(band)
        if band == REFERENCE_BAND:
            found.measurements.append(Measurement("verify_level", 100 * (off - 1), f"{band} nm"))
        else:
            reference = readings[REFERENCE_BAND] / card.reflectance(REFERENCE_BAND)
            ratio = off / reference if reference > 0 else math.nan
            found.measurements.append(Measurement("verify_ratio", 100 * (ratio - 1), f"{band}/{REFERENCE_BAND}"))
    if record.swir_white:
        _swir(found, record, bursts, card)
    return found


def _tab(found, record, frames, table, columns, bursts) -> dict[str, float]:
    """Light -> the tab now over the tab in the record; the drift beyond what warmth explains is judged."""
    levels = maths.monitor_levels(frames, table, columns)
    scale = record.exposure_us / bursts[0].meta["exposure_us"]
    off_cc = drift.offset_cc(bursts[0].meta["temperature_cc"], record.temperature_cc)
    tab, left = {}, {}
    for light in record_format.MONITOR_LIGHTS:
        tab[light] = levels[light] / record.monitor[light]
        left[light] = tab[light] * scale / (drift.factor(record.monitor_drift[light], off_cc) / drift.SCALE)
        found.measurements.append(Measurement("verify_drift", 100 * (left[light] - 1), _light(light)))
    if min(left.values()) > 0:
        tilt = sum(weight * math.log(left[light]) for light, weight in TILT_WEIGHTS.items())
        found.measurements.append(Measurement("verify_tilt", tilt))
    return tab


def _light(light: str) -> str:
    return light if light == vocabulary.DOTS else f"{light} nm"


def _distance(found, record, bursts, table) -> float | None:
    """Where the card stands by the dots, mm from the module."""
    board = bursts[0].board
    reference = np.frombuffer(bytes(record.reference), np.uint8).reshape(maths.burst.HEIGHT, maths.burst.WIDTH)
    geometry = depth_map.Geometry(board["focal_px_q8"] / 256, record.baseline_um / 1000, record.z_ref_um / 1000)
    dots = maths.dot_pattern([burst.frames for burst in bursts], table)
    seen = depth_map.measure(reference, dots, geometry, CARD_SEARCH)
    rows, places = MIDDLE
    inside = (
        (seen.u_px >= places.start) & (seen.u_px < places.stop) & (seen.v_px >= rows.start) & (seen.v_px < rows.stop)
    )
    valid = seen.valid & inside
    part = float(valid.sum() / max(inside.sum(), 1))
    found.measurements.append(Measurement("verify_dots", 100 * part))
    values = seen.depth_mm[valid] + record.z_offset_um / 1000
    if not values.size:
        found.causes.append(
            Cause("no_card", "No dots are seen where the card should be: hold it before the module, then verify again.")
        )
        return None
    low, distance, high = (float(value) for value in np.quantile(values, (0.1, 0.5, 0.9)))
    if not NEAREST_MM <= distance <= FARTHEST_MM:
        found.causes.append(
            Cause(
                "wrong_distance",
                f"The card stands at {distance:.0f} mm: bring it between {NEAREST_MM + 20:.0f} and "
                f"{FARTHEST_MM - 20:.0f} mm, then verify again.",
                ("verify_dots",),
            )
        )
        return None
    if high - low > SPREAD_MM:
        found.causes.append(
            Cause(
                "tilted_card",
                f"The card reaches from {low:.0f} to {high:.0f} mm: hold it flat and square to the module, and still.",
                ("verify_dots",),
            )
        )
        return None
    return distance


def _bands(record, frames, table, tab, distance: float) -> dict[str, float]:
    """Reflectance factor by band over the middle of the frame."""
    away = (distance * 1000 / record.z_ref_um) ** 2
    out = {}
    for band in vocabulary.NIR_BANDS:
        lit = np.mean([maths.lit(each, band, table)[MIDDLE] for each in frames], axis=0)
        nodes = np.array(record.flat[band]).reshape(record_format.FLAT_ROWS, record_format.FLAT_COLUMNS)
        white = maths.flat_image(nodes)[MIDDLE]
        out[band] = float(np.mean(lit / white)) / max(tab[band], 1e-6) * away
    return out


def _swir(found, record, bursts, card: Target) -> None:
    levels = maths.swir_levels([burst.meta["swir"] for burst in bursts])
    if not levels:
        found.causes.append(Cause("no_swir", "The SWIR head gives no reading: check its cable and its ADC."))
        return
    off_cc = drift.offset_cc(bursts[0].meta["temperature_cc"], record.temperature_cc)
    parts = {}
    for number, band in enumerate(vocabulary.SWIR_BANDS):
        warm = drift.factor(record.swir_output_drift[number], off_cc) / drift.SCALE
        reading = (levels[number] / warm - record.swir_dark[number]) / record.swir_white[number]
        parts[band] = reading / card.reflectance(f"swir{band}")
    for band, part in parts.items():
        if band != REFERENCE_SWIR:
            ratio = part / parts[REFERENCE_SWIR] if parts[REFERENCE_SWIR] > 0 else math.nan
            found.measurements.append(Measurement("verify_swir", 100 * (ratio - 1), f"{band}/{REFERENCE_SWIR}"))
