"""The SWIR head's five readings, and how they stand to the face that the imager sees.

S of a band is (on - off) / pairs against the same of a white at `z_ref`; a ratio of two bands needs neither
distance nor spot. The photodiode averages one Gaussian spot: how much of it lies on the face follows from the
depth map, and what it must read at 1050 nm follows from the imager's picture of the same spot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core import drift, fixed, vocabulary
from dermis.core.native import micropython
from dermis.core.reflectance import COLUMNS, ROWS, STEP

if TYPE_CHECKING:
    from typing import Any

    ptr8 = ptr16 = ptr32 = Any  # viper's types; plain sequences of integers under CPython

# The 16-bit ADC: at this mean reading the sums no longer follow the light.
SATURATED_COUNTS = 64500
# Levels in 1/16 count a pair, what tab and window send back taken off. Noise of 64 pairs is about 2 counts: a level
# below 1 count is taken as 1 count, and when not even the brightest band gives 8, the head sees nothing that noise
# could not be.
FLOOR_Q4 = 16
FAINTEST_Q4 = 16 * 8
LEVEL_SYSTEMATIC_Q14 = 33  # .002: noise of the white's own reading, rounding
# What tab and window send back: known to a fiftieth (the LED's age, the window's dirt). Readings that are below it by a
# fifth, and by more than noise, come from an LED that is dim or dead: the tab is always there.
PEDESTAL_UNSURE_PART = 50
PEDESTAL_LOWEST_PERCENT = 80
NOISE_SIGMAS = 5
WHITE_SCALE = 16  # `swir_white` is in 1/16 count
_SIGMA_PER_FWHM_MILLI = 425  # 1 / (2 sqrt(2 ln 2))
_WEIGHT_ONE = 255  # weights of the spot along each axis, 8 bits
_LEAST_PAIRS = 1

# Numerator, denominator of the ratios, indices into `vocabulary.SWIR_BANDS`.
RATIOS = (
    ("swir_1450_1300", 3, 2),
    ("swir_1550_1300", 4, 2),
    ("swir_1200_1050", 1, 0),
    ("swir_1300_1050", 2, 0),
)


def levels(readings, calibration, off_cc):
    """(ln S in Q14 a band, standard errors of these, None) from five (on, off, pairs), or (None, None, reason) where
    they cannot be trusted.

    calibration: `Calibration`, of which the white, what the cap showed, the ADC's noise and the LEDs' drift count.
    off_cc: 1/100 kelvin above its temperature. A level below the floor counts as the floor: dark is a finding, too;
    but not where it is below what the monitor tab alone gives, nor when no band shows anything.
    """
    white = calibration.swir_white
    if len(readings) != len(vocabulary.SWIR_BANDS) or len(white) != len(vocabulary.SWIR_BANDS):
        return None, None, vocabulary.SENSOR_FAULT
    out, errors, brightest = [], [], 0
    for band, reading in enumerate(readings):
        if len(reading) != 3:
            return None, None, vocabulary.SENSOR_FAULT
        on, off, pairs = reading
        if pairs < _LEAST_PAIRS or on < 0 or off < 0:
            return None, None, vocabulary.SENSOR_FAULT
        if max(on, off) >= SATURATED_COUNTS * pairs:
            return None, None, vocabulary.TOO_BRIGHT
        output = calibration.swir_output_drift[band]
        pedestal = fixed.ratio(calibration.swir_dark[band], drift.SCALE, drift.factor(output, off_cc))
        # The difference of two means of `pairs` samples: sqrt(2 / pairs) times a sample's noise.
        noise = calibration.swir_noise * fixed.isqrt((2 << 16) // pairs) >> 8
        seen = (on - off) * WHITE_SCALE // pairs
        if seen < pedestal * PEDESTAL_LOWEST_PERCENT // 100 - NOISE_SIGMAS * noise:
            return None, None, vocabulary.SENSOR_FAULT
        brightest = max(brightest, seen - pedestal)
        level = max(seen - pedestal, FLOOR_Q4)
        out.append(fixed.ln_q14(level) - fixed.ln_q14(white[band]) - drift.ln_factor_q14(output, off_cc))
        unsure = noise + pedestal // PEDESTAL_UNSURE_PART
        errors.append(fixed.ratio(unsure, level, fixed.Q14) + LEVEL_SYSTEMATIC_Q14)
    if brightest < FAINTEST_Q4:
        return None, None, vocabulary.SENSOR_FAULT
    return out, errors, None


def _bell(sigma_q8):
    """255 exp(-x^2 / 2 sigma^2) for x = 0, 1, ... px, as far as it is not 0. sigma_q8: 1/256 px, at least 1 px."""
    out = bytearray()
    weight, x = _WEIGHT_ONE, 0
    while weight:
        out.append(weight)
        x += 1
        exponent = fixed.ratio(x * x << 16, 2 * sigma_q8 * sigma_q8, fixed.Q14)
        weight = fixed.exp_q14(-exponent, _WEIGHT_ONE)
    return out


@micropython.viper
def _spot_kernel(relative: ptr32, mask: ptr8, along_u: ptr32, along_v: ptr32, out: ptr32, block: ptr32):
    """Sums over a rectangle of cells of the weights, of those on the face, and of weight * relative / 256.

    Weights along each axis are at most 255, relative is below 2^15: a row's sum stays below 2^30, and the spot's, a
    bell of a sigma of at most 30 px (DM1: 18), below 2^31. block: first and last + 1 row, first and last + 1 column.
    """
    row = int(block[0])
    total = 0
    on_face = 0
    light = 0
    while row < int(block[1]):
        column = int(block[2])
        row_total = 0
        row_face = 0
        row_light = 0
        while column < int(block[3]):
            weight = int(along_u[column])
            at = (row << 6) + column
            row_total += weight
            row_light += weight * int(relative[at])
            if int(mask[at]):
                row_face += weight
            column += 1
        weight = int(along_v[row])
        total += weight * row_total
        on_face += weight * row_face
        light += weight * (row_light >> 8)
        row += 1
    out[0] = total
    out[1] = on_face
    out[2] = light


class Spot:
    """The spot on the imager's grid of cells. board: `swir_centre_um`, `swir_fwhm_urad`, focal length and centre.

    rows, columns: after `place`, the cells that it lies on: first, last + 1.
    """

    def __init__(self, board):
        self._focal_px_q8 = board["focal_px_q8"]
        self._centre_q8 = (board["centre_u_q8"], board["centre_v_q8"])
        self._offset_um = board["swir_centre_um"]
        sigma_q8 = board["focal_px_q8"] * board["swir_fwhm_urad"] // 1000 * _SIGMA_PER_FWHM_MILLI // 1000000
        self._weights = (fixed.zeros("i", COLUMNS), fixed.zeros("i", ROWS))
        self._bell = _bell(max(sigma_q8, 256))
        self._sums = fixed.zeros("i", 4)
        self._block = fixed.zeros("i", 4)
        self.rows = self.columns = (0, 0)

    def place(self, depth):
        """Put the spot on a surface at `depth` (1/16 mm)."""
        self.columns, self.rows = [self._place(axis, depth) for axis in (0, 1)]

    def _place(self, axis, depth):
        weights, first, end = self._weights[axis], 0, 0
        centre_q8 = self._centre_q8[axis] + self._focal_px_q8 * self._offset_um[axis] * 16 // (1000 * depth)
        for cell in range(len(weights)):
            distance = abs(((cell * STEP + STEP // 2) << 8) - centre_q8) + 128 >> 8
            weights[cell] = self._bell[distance] if distance < len(self._bell) else 0
            if weights[cell]:
                first, end = (first if end else cell), cell + 1
        return first, end

    def look(self, mask, relative):
        """(overlap, expected): part of the spot on the face in 1/1000, and what S at 1050 nm should be, Q12.

        mask: cells of the face non-zero. relative: light at 1050 nm that comes back (`Reflectance.survey` of the
        spot's rectangle).
        """
        block, sums = self._block, self._sums
        block[0], block[1] = self.rows
        block[2], block[3] = self.columns
        _spot_kernel(relative, mask, self._weights[0], self._weights[1], sums, block)
        return fixed.ratio(sums[1], sums[0], 1000), fixed.ratio(sums[2] << 8, sums[0], 1)
