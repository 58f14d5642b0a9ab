"""What a module with a record reads of a flat target: the device's arithmetic (docs/reflectance.md) in floats.

A test holds it to the device's own code. It serves the random check, `verify` and the accuracy bench.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from dermis.core import drift, reflectance, swir, vocabulary
from dermis.core.calibration import FLAT_COLUMNS, FLAT_ROWS, Calibration
from dermis_hw.optics import DM1

from dermis_host import depth_map
from dermis_host.calibration import maths, planes
from dermis_host.recording import Recording

SEARCH = depth_map.Search(min_disparity=-13, max_disparity=27, curve="none")
EDGE_U_PX, EDGE_V_PX = 56, 16  # cells nearer to the edge have no answer at 250 mm
# The frame's middle, over which a target's reading is the median: 40% of its width and height.
MIDDLE_U, MIDDLE_V = (96, 224), (72, 168)


@dataclass(frozen=True)
class Reading:
    """distance_mm: on the axis. reflectance: LED -> factor ("850" ... and "swir1050" ...). ratios: `swir.RATIOS` by
    name, 1200/1050 and so on; index: the water index; both as skin would be judged by them, temperature and stretch
    taken into account. drift: light -> level of the tab over the record's, what temperature explains taken off. tilt:
    what the drifts make of an index. ambient: part of full scale. off_k: kelvins above the record's temperature."""

    distance_mm: float
    reflectance: dict[str, float]
    index: float
    ratios: dict[str, float]
    drift: dict[str, float]
    tilt: float
    ambient: float
    off_k: float
    residual_px: float = 0.0
    valid: float = 1.0
    plain: dict[str, float] = field(default_factory=dict)  # the ratios before stretch and drift of skin


def read(recordings: Sequence[Recording], record: Calibration, board: Mapping[str, Any]) -> Reading:
    """The mean over bursts of one flat target that fills the frame's middle.

    The first must hold the frames dark, 850, 970, 1050 and dots. Raises ValueError when no dots are found on it.
    """
    first = recordings[0]
    table = np.array(record.linear, np.uint16)
    off_k = drift.offset_cc(first.meta["temperature_cc"], record.temperature_cc) / 100
    look = _look(first, record, board, table)
    triangle = planes.Triangle(
        board["focal_px_q8"] / 256, record.z_ref_um / 1000, record.baseline_um / 1000, record.z_offset_um / 1000
    )
    columns = tuple(board["monitor_columns"])
    whole = [each for each in recordings if set(vocabulary.NIR_BANDS) <= set(each.frames)]
    levels = maths.monitor_levels([each.frames for each in whole], table, columns)
    exposure = first.meta["exposure_us"] * first.meta["gain_q8"] / (256 * record.exposure_us)
    drifts = {
        light: level / record.monitor[light] / exposure / _factor(record.monitor_drift[light], off_k)
        for light, level in levels.items()
    }
    out = {}
    u, v = np.meshgrid(np.arange(*MIDDLE_U), np.arange(*MIDDLE_V))
    x, y = planes.rays(u, v)
    z = triangle.distances_mm(look.disparity_px + look.slope_x * x + look.slope_y * y)
    middle = (slice(*MIDDLE_V), slice(*MIDDLE_U))
    for band in vocabulary.NIR_BANDS:
        flat = maths.flat_image(np.array(record.flat[band], float).reshape(FLAT_ROWS, FLAT_COLUMNS))[middle]
        seen = np.mean([maths.lit(each.frames, band, table)[middle] for each in whole], axis=0)
        part = maths.blocks(seen, reflectance.STEP) / maths.blocks(flat, reflectance.STEP)
        far = maths.blocks((z / (record.z_ref_um / 1000)) ** 2, reflectance.STEP)
        out[band] = float(np.median(part * far)) * record.monitor[band] / levels[band]
    share_850, share_1050 = reflectance.WEIGHT_850 / 1024, reflectance.WEIGHT_1050 / 1024
    index = _index(out, share_850, share_1050) / _factor(record.index_drift, off_k)
    tilt = _index(drifts, share_850, share_1050)
    distance = float(triangle.distance_mm(look.disparity_px))
    ratios, plain = {}, {}
    if record.swir_white:
        levels_swir = _swir(recordings, record, off_k)
        far = (distance / (record.z_ref_um / 1000)) ** 2
        out.update({f"swir{band}": level * far for band, level in zip(vocabulary.SWIR_BANDS, levels_swir, strict=True)})
        for number, (name, above, below) in enumerate(swir.RATIOS):
            ln = _ln(levels_swir[above]) - _ln(levels_swir[below])
            plain[name] = math.exp(ln)
            stretch = record.swir_ratio_stretch_q12[number] / 4096
            ratios[name] = math.exp(ln / _factor(record.swir_ratio_drift[number], off_k) * stretch)
    dark = table[first.frames[vocabulary.DARK]].astype(float).mean() - _nothing(table)
    return Reading(
        distance,
        out,
        index * record.index_stretch_q12 / 4096,
        ratios,
        drifts,
        tilt,
        dark / maths.FULL_SCALE,
        off_k,
        look.rms_px,
        look.valid,
        plain,
    )


def _look(recording: Recording, record: Calibration, board: Mapping[str, Any], table: np.ndarray) -> planes.Look:
    geometry = depth_map.Geometry(board["focal_px_q8"] / 256, record.baseline_um / 1000, record.z_ref_um / 1000)
    reference = np.frombuffer(bytes(record.reference), np.uint8).reshape(DM1.height, DM1.width)
    found = depth_map.measure(reference, maths.dot_pattern([recording.frames], table), geometry, SEARCH)
    inside = (found.u_px >= EDGE_U_PX) & (found.u_px < DM1.width - EDGE_U_PX)
    inside &= (found.v_px >= EDGE_V_PX) & (found.v_px < DM1.height - EDGE_V_PX)
    values = np.where(found.valid, found.disparity_px, np.nan)[inside]
    return planes.fit_look("the target", 0.0, values, found.u_px[inside], found.v_px[inside])


def _swir(recordings: Sequence[Recording], record: Calibration, off_k: float) -> list[float]:
    """S of every band: the reading less the tab's part, over the white's, the LED's drift taken off."""
    out = []
    seen = maths.swir_levels([each.meta["swir"] for each in recordings])
    for number, level in enumerate(seen):
        output = _factor(record.swir_output_drift[number], off_k)
        out.append((level / output - record.swir_dark[number]) / record.swir_white[number])
    return out


def _factor(curve: Sequence[int], off_k: float) -> float:
    return max(0.25, 1 + curve[0] * off_k / 1e6 + curve[1] * off_k * off_k / 1e9)


def _index(values: Mapping[str, float], share_850: float, share_1050: float) -> float:
    return _ln(values["970"]) - share_850 * _ln(values["850"]) - share_1050 * _ln(values["1050"])


def _ln(value: float) -> float:
    return math.log(value) if value > 0 else math.nan


def _nothing(table: np.ndarray) -> float:
    """What the table gives a dark frame: its offset (`maths.balanced`), which stands right above its lowest entry."""
    return float(table[table > table[0]].min()) if (table > table[0]).any() else float(table[0])
