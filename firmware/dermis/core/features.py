"""The model's inputs from a face: core/feature_tensor.py says what each number means."""

from __future__ import annotations

from dermis.core import fixed
from dermis.core.face import MEASURED
from dermis.core.feature_tensor import CELL_MM, CHANNELS, COLUMNS, ROWS, SPECTRA
from dermis.core.reflectance import COLUMNS as GRID_COLUMNS
from dermis.core.reflectance import ROWS as GRID_ROWS
from dermis.core.reflectance import STEP

_LOWEST, _HIGHEST = -128, 127
_RELIEF_OFFSET_MM = 64


def _store(out, at, value):
    out[at] = (_LOWEST if value < _LOWEST else _HIGHEST if value > _HIGHEST else value) & 255


def scaled(value_q14, per_one, offset_q14=0):
    """(value + offset) in units of 1/per_one (a divisor of 16384), rounded to nearest, halves up."""
    unit = fixed.Q14 // per_one
    return (value_q14 + offset_q14 + unit // 2) // unit


def fill_maps(out, face, usable, reflectance, confidence, median_850):
    """`maps` (bytearray of ROWS * COLUMNS * CHANNELS) of the face.

    usable: bytearray, cells whose reflectance counts. reflectance: `Reflectance`, converted. confidence: of the
    depth map, 0-255. median_850: ln R850 of the face, Q14. Each place of the metric grid takes the nearest cell.
    """
    for at in range(len(out)):
        out[at] = 0
    ln_850, ln_1050 = reflectance.ln_r["850"], reflectance.ln_r["1050"]
    # Pixels in 1/16 a half cell of the metric grid at the face's depth: CELL_MM / 2 * f / z.
    half_q4 = CELL_MM * face.focal_px_q8 * 16 * 16 // (2 * 256 * face.median)
    at = 0
    for row in range(ROWS):
        column_u = (face.centre_u_q4 + (2 * row - ROWS + 1) * half_q4) // (16 * STEP)
        for column in range(COLUMNS):
            row_v = (face.centre_v_q4 + (2 * column - COLUMNS + 1) * half_q4) // (16 * STEP)
            if 0 <= column_u < GRID_COLUMNS and 0 <= row_v < GRID_ROWS:
                cell = row_v * GRID_COLUMNS + column_u
                if face.mask[cell]:
                    if usable[cell]:
                        _store(out, at, scaled(ln_850[cell] - median_850, 64))
                        _store(out, at + 1, scaled(reflectance.index[cell], 512))
                        _store(out, at + 2, scaled(ln_1050[cell] - ln_850[cell], 256))
                    if face.mask[cell] == MEASURED:
                        _store(out, at + 3, ((face.depth[cell] - face.nearest + 8) >> 4) - _RELIEF_OFFSET_MM)
                        _store(out, at + 4, confidence[cell] >> 1)
            at += CHANNELS


def fill_spectra(out, evidence):
    """`spectra` (bytearray of SPECTRA) from the evidence; a value that the evidence lacks, or whose error it lacks,
    is 0."""
    get = evidence.get

    def known(name):
        return get(name + "_q14") if name + "_error_q14" in evidence else None

    values = (
        _log(known("swir_1450_1300"), 32, 32768),  # + 2.0
        _log(known("swir_1550_1300"), 32, 22938),  # + 1.4
        _log(known("swir_1200_1050"), 64, 9830),  # + .6
        _log(known("swir_1300_1050"), 64, 6554),  # + .4
        _log(known("swir_level_1050"), 32, 0),
        get("spot_overlap_permille", 0) * 127 // 1000,
        _log(known("water_index"), 1024, 0),
        _log(known("level_850"), 32, 9830),  # + .6
        _residual(get("plane_residual_mm16"), 2),
        _residual(get("cylinder_residual_mm16"), 1),
    )
    for at in range(SPECTRA):
        _store(out, at, values[at])


def _log(value, per_one, offset_q14):
    return 0 if value is None else scaled(value, per_one, offset_q14)


def _residual(value_mm16, per_unit):
    """1/16 mm to units of per_unit/16 mm, less 64."""
    return 0 if value_mm16 is None else (value_mm16 + per_unit // 2) // per_unit - 64
