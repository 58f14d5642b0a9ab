"""What temperature does to what the module measures, as curves that the calibration record may carry.

A curve is a pair of integers (a, b): at `off` kelvins above the record's temperature a quantity is
1 + a off / 10^6 + b off^2 / 10^9 times what it was. The defaults are those of the reference design; a calibration
that was made at several temperatures puts its own into the record (docs/formats/calibration.md).

Light of the monitor tab and of the SWIR LEDs is a matter of lights and detectors alone. The index and the SWIR ratios
move besides, because each LED's spectrum walks along the spectrum before it. Their curves are those of skin, and they
stretch the logarithm instead of shifting it: what has no water band (logarithm 0) stays where it is, so that the
correction for skin makes no skin of paper.
"""

from __future__ import annotations

from dermis.core import fixed

# Output falls by .4 to .5% a kelvin, silicon's efficiency rises by .3 to .85% (hw/dermis_hw/optics.py): their product.
MONITOR = {"850": (-1000, -12000), "970": (1500, -22000), "1050": (3500, -42500), "dots": (1000, -20000)}
SWIR_OUTPUT = ((-5000, 0), (-5000, 0), (-6000, 0), (-7000, 0), (-8000, 0))
# Least squares over skins of every tone through the design's LED spectra and detectors, -20 to +60 degrees Celsius.
INDEX = (8155, -30574)
SWIR_RATIOS = ((1423, -41543), (-3133, -16164), (3451, -34476), (3721, 37588))  # in the order of `swir.RATIOS`

SCALE = 1000000
LARGEST_A, LARGEST_B = 30000, 300000  # 3% a kelvin, .03% a kelvin squared: more is no part that anyone builds in
# Farther from the record's temperature no curve was looked at; the factor stays that of the limit.
LARGEST_OFF_CC = 6000
# How well a correction is known, as a part of it: how much skins differ in the walk of the spectra.
UNSURE_PART = 6
# The monitor tab against its calibration, 1/1000, when exposure, gain and what the temperature explains are taken off:
# age, dirt and what the thermometer errs by. Beyond, the record says nothing about this module any more.
MONITOR_LOWEST, MONITOR_HIGHEST = 800, 1200
MONITOR_DEAD = 250  # less is no old light but a broken one
# The same drifts as the index weighs them (`reflectance.water_index`), Q14: what light on the tab alone, in step with
# one LED, could move the index by. LEDs of one age drift together; a tenth of a kelvin of junction against imager is
# .0001.
LARGEST_TILT_Q14 = 328  # .02


def offset_cc(temperature_cc, record_cc):
    """1/100 kelvin above the record's temperature, as far as the curves reach."""
    return fixed.clip(temperature_cc - record_cc, -LARGEST_OFF_CC, LARGEST_OFF_CC)


def factor(curve, off_cc):
    """The curve's factor in 1/1,000,000, never below a quarter."""
    a, b = curve
    return max(SCALE // 4, SCALE + a * off_cc // 100 + b * off_cc * off_cc // 10000000)


def ln_factor_q14(curve, off_cc):
    return fixed.ln_q14(factor(curve, off_cc)) - fixed.ln_q14(SCALE)


def monitor(calibration, light, level, exposure_us, gain_q8, off_cc):
    """(drift, what of it the temperature leaves unexplained: both in 1/1000, and the latter's ln in Q14) of the tab's
    level (linear counts, ambient taken off) under a light, at that exposure and gain."""
    expected, curve = calibration.monitor[light], calibration.monitor_drift[light]
    # At the exposure and gain of the record: expected * exposure / (record's exposure * 256).
    seen = fixed.ratio(level * calibration.exposure_us * 256, expected * max(1, exposure_us * gain_q8), 1000)
    left = fixed.ratio(seen, factor(curve, off_cc), SCALE)
    return seen, left, fixed.ln_q14(max(1, seen)) - fixed.ln_q14(1000) - ln_factor_q14(curve, off_cc)


def unstretched(logarithm, curve, off_cc):
    """(the logarithm at the record's temperature, how unsure the correction is), both in the unit of `logarithm`."""
    corrected = fixed.ratio(logarithm, factor(curve, off_cc), SCALE)
    return corrected, abs(corrected - logarithm) // UNSURE_PART
