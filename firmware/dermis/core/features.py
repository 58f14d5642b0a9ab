"""The model's inputs from a face: core/feature_tensor.py says what each number means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core import fixed
from dermis.core.face import SUBMM
from dermis.core.feature_tensor import CELL_MM, COLUMNS, ROWS, SPECTRA
from dermis.core.native import SIGN_SHIFT, micropython
from dermis.core.reflectance import COLUMNS as GRID_COLUMNS
from dermis.core.reflectance import ROWS as GRID_ROWS
from dermis.core.reflectance import STEP

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython

_LOWEST, _HIGHEST = -128, 127
_RELIEF_OFFSET_MM = 64
_OUTSIDE = 4096  # no cell of the grid has such a number, nor with a row or a column added


def _store(out, at, value):
    out[at] = (_LOWEST if value < _LOWEST else _HIGHEST if value > _HIGHEST else value) & 255


def scaled(value_q14, per_one, offset_q14=0):
    """(value + offset) in units of 1/per_one (a divisor of 16384), rounded to nearest, halves up."""
    unit = fixed.Q14 // per_one
    return (value_q14 + offset_q14 + unit // 2) // unit


_PLACES = fixed.zeros("i", ROWS + COLUMNS)
_BLOCK = fixed.zeros("i", 8)


@micropython.viper
def _maps_kernel(
    cell: int,
    value: int,
    out: ptr8,
    places: ptr32,
    mask: ptr8,
    usable: ptr8,
    ln_850: ptr32,
    index: ptr32,
    ln_1050: ptr32,
    depth: ptr16,
    confidence: ptr8,
    block: ptr32,
):
    """places: column of the grid for each of `rows`, then 64 times the row for each of `columns`; 4096 outside.

    block: rows, columns, sign shift, median ln R850, depth of the face's nearest part and the offset (1/16 mm). The
    channels' units are 2^8, 2^5 and 2^6 of Q14, 16 of 1/16 mm and 2 of 255. cell, value: lend their registers.
    """
    rows = int(block[0])
    columns = int(block[1])
    shift = int(block[2])
    median = (int(block[3]) << shift) >> shift
    nearest = (int(block[4]) << shift) >> shift
    at = 0
    row = 0
    while row < rows:
        column = 0
        while column < columns:
            cell = int(places[row]) + int(places[rows + column])
            if cell < 3072 and mask[cell]:
                if usable[cell]:
                    level = (int(ln_850[cell]) << shift) >> shift
                    value = (level - median + 128) >> 8
                    if value > 127:
                        value = 127
                    elif value < -128:
                        value = -128
                    out[at] = value & 255
                    value = (((int(index[cell]) << shift) >> shift) + 16) >> 5
                    if value > 127:
                        value = 127
                    elif value < -128:
                        value = -128
                    out[at + 1] = value & 255
                    value = (((int(ln_1050[cell]) << shift) >> shift) - level + 32) >> 6
                    if value > 127:
                        value = 127
                    elif value < -128:
                        value = -128
                    out[at + 2] = value & 255
                if mask[cell] == 1:
                    value = (depth[cell] - nearest + 8) >> 4
                    if value > 127:
                        value = 127
                    elif value < -128:
                        value = -128
                    out[at + 3] = value & 255
                    out[at + 4] = confidence[cell] >> 1
            at += 5
            column += 1
        row += 1


def fill_maps(out, face, usable, reflectance, confidence, median_850):
    """`maps` (bytearray of ROWS * COLUMNS * CHANNELS) of the face.

    usable: bytearray, cells whose reflectance counts. reflectance: `Reflectance`, converted. confidence: of the
    depth map, 0-255. median_850: ln R850 of the face, Q14. Each place of the metric grid takes the nearest cell.
    """
    out[:] = bytes(len(out))
    # Pixels in 1/16 a half cell of the metric grid at the face's depth: CELL_MM / 2 * f / z.
    half_q4 = CELL_MM * face.focal_px_q8 * 16 * 16 // (2 * 256 * face.median)
    for row in range(ROWS):
        column_u = (face.centre_u_q4 + (2 * row - ROWS + 1) * half_q4) // (16 * STEP)
        _PLACES[row] = column_u if 0 <= column_u < GRID_COLUMNS else _OUTSIDE
    for column in range(COLUMNS):
        row_v = (face.centre_v_q4 + (2 * column - COLUMNS + 1) * half_q4) // (16 * STEP)
        _PLACES[ROWS + column] = row_v * GRID_COLUMNS if 0 <= row_v < GRID_ROWS else _OUTSIDE
    nearest = face.nearest + _RELIEF_OFFSET_MM * SUBMM
    block = (ROWS, COLUMNS, SIGN_SHIFT, median_850, nearest)
    for at in range(len(block)):
        _BLOCK[at] = block[at]
    ln_r = reflectance.ln_r
    _maps_kernel(
        0,
        0,
        out,
        _PLACES,
        face.mask,
        usable,
        ln_r["850"],
        reflectance.index,
        ln_r["1050"],
        face.depth,
        confidence,
        _BLOCK,
    )


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
