"""How long each channel may shine into an eye: one result a channel, from the standards' formulas.

LEDs are judged by IEC 62471:2006 as lamps in general (at 200 mm from the source), the dots by IEC
60825-1:2014 class 1. All power figures are design figures of `dermis_hw.optics`, to be measured on the first
board. `python -m dermis_hw.eye_safety` prints the worksheet: these, and `cases` with tolerances and faults.

Assumptions: one imager light burns at a time (the drivers' contract), a SWIR LED may burn beside it (a test adds
the two); both LEDs of a pair add up on the axis; the eye stares from the standard's distance for as long as the
standard counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from dermis_hw.optics import DM1, DOTS, NIR_BANDS, SWIR_BANDS, Optics

# IEC 62471:2006, 4.3.7: infrared radiation hazard of the eye (cornea and lens), 780 to 3000 nm.
CORNEA_LONG_W_M2 = 100.0  # for t > 1000 s
CORNEA_SHORT = 18000.0  # times t^-0.75, W/m2, for t <= 1000 s
CORNEA_SWITCH_S = 1000.0
ASSESSMENT_M = 0.2  # 4.2: lamps other than general lighting are assessed at 200 mm

# IEC 62471:2006, 4.3.5 and 4.3.6: retinal thermal hazard; weak visual stimulus above 10 s.
RETINA_SHORT = 50000.0  # / (alpha t^0.25), W/m2/sr, for 10 us <= t <= 10 s
RETINA_WEAK = 6000.0  # / alpha, W/m2/sr, for t > 10 s where the source cannot be seen
RETINA_SWITCH_S = 10.0
ALPHA_MIN_SHORT_RAD, ALPHA_MIN_LONG_RAD, ALPHA_MAX_RAD = 0.0017, 0.011, 0.1

# IEC 60825-1:2014, table 3 and condition 3: class 1, 700 to 1050 nm, a point source (C6 = C7 = 1).
LASER_PULSE_J = 7e-4  # times t^0.75 C4, for t <= 10 s
LASER_LONG_W = 3.9e-4  # times C4 C7, for t > 10 s
LASER_SWITCH_S = 10.0
LASER_APERTURE_MM, LASER_DISTANCE_MM = 7.0, 100.0
TELESCOPE_APERTURE_MM, TELESCOPE_DISTANCE_MM = 50.0, 2000.0  # condition 1
# Table 3, below 5 us: energy of one pulse, times C4.
LASER_SHORTEST_J, LASER_SHORTEST_S = 7.7e-8, 5e-6

# No exposure is counted longer: eight hours (IEC 62471) or 30,000 s (IEC 60825-1).
LONGEST_EXPOSURE_S = 30000.0


@dataclass(frozen=True)
class Result:
    """One channel against its tightest limit.

    quantity, exposure, limit, unit: what is compared over the longest exposure.
    longest_pulse_s: how long the light may burn without a break. duty: part of any long time that it may burn.
    """

    channel: str
    standard: str
    quantity: str
    exposure: float
    limit: float
    unit: str
    longest_pulse_s: float
    duty: float


def retinal_weight(wavelength_nm: float) -> float:
    """R(lambda) of IEC 62471:2006, table 4.2: 10^((700 - lambda) / 500) from 700 to 1050 nm, 0.2 to 1400 nm, 0
    beyond."""
    if wavelength_nm > 1400:
        return 0.0
    return 0.2 if wavelength_nm > 1050 else 10 ** ((700 - wavelength_nm) / 500)


def cornea_limit(t_s: float) -> float:
    """Irradiance (W/m2) that cornea and lens may meet for t_s seconds on end."""
    return CORNEA_LONG_W_M2 if t_s > CORNEA_SWITCH_S else CORNEA_SHORT * t_s**-0.75


def retina_limit(t_s: float, source_mm: float) -> float:
    """Weighted radiance (W/m2/sr) of a source of that diameter, seen from 200 mm, for t_s seconds on end."""
    alpha = source_mm / 1000 / ASSESSMENT_M
    if t_s > RETINA_SWITCH_S:
        return RETINA_WEAK / min(max(alpha, ALPHA_MIN_LONG_RAD), ALPHA_MAX_RAD)
    return RETINA_SHORT / min(max(alpha, ALPHA_MIN_SHORT_RAD), ALPHA_MAX_RAD) * t_s**-0.25


def weighted_radiance(intensity_w_sr: float, source_mm: float, wavelength_nm: float) -> float:
    """Radiance (W/m2/sr) of a source of that diameter, weighted for the retina."""
    return retinal_weight(wavelength_nm) * intensity_w_sr / (math.pi * (source_mm / 1000) ** 2 / 4)


def laser_limit_w(t_s: float) -> float:
    """Mean power (W) of class 1 through the aperture over t_s seconds, for the projector's wavelength. C5 is 1: its
    pulses are longer than 5 us and it is judged as a point."""
    c4 = 10 ** (0.002 * (DOTS.peak_nm - 700))
    return LASER_LONG_W * c4 if t_s > LASER_SWITCH_S else LASER_PULSE_J * c4 * t_s**-0.25


def _cornea(channel: str, irradiance_w_m2: float) -> Result:
    if irradiance_w_m2 <= CORNEA_LONG_W_M2:
        longest = LONGEST_EXPOSURE_S
    else:
        longest = min((CORNEA_SHORT / irradiance_w_m2) ** (4 / 3), CORNEA_SWITCH_S)
    duty = min(1.0, CORNEA_LONG_W_M2 / irradiance_w_m2)
    what = "irradiance at 200 mm"
    return Result(channel, "IEC 62471", what, irradiance_w_m2, CORNEA_LONG_W_M2, "W/m2", longest, duty)


def _retina(channel: str, intensity_w_sr: float, source_mm: float, wavelength_nm: float) -> Result | None:
    radiance = weighted_radiance(intensity_w_sr, source_mm, wavelength_nm)
    if not radiance:
        return None
    long_limit = retina_limit(LONGEST_EXPOSURE_S, source_mm)
    if radiance <= long_limit:
        longest = LONGEST_EXPOSURE_S
    else:
        longest = min((retina_limit(1.0, source_mm) / radiance) ** 4, RETINA_SWITCH_S)
    what = "weighted radiance"
    duty = min(1.0, long_limit / radiance)
    return Result(channel, "IEC 62471", what, radiance, long_limit, "W/m2/sr", longest, duty)


def _led(channel: str, intensity_w_sr: float, count: int, source_mm: float, wavelength_nm: float) -> Result:
    """The hazard that comes nearer to its limit, with the shorter pulse and the lesser duty of the two. Radiance is
    one LED's: the pair stands too far apart to melt into one."""
    cornea = _cornea(channel, count * intensity_w_sr / ASSESSMENT_M**2)
    retina = _retina(channel, intensity_w_sr, source_mm, wavelength_nm)
    if retina is None:
        return cornea
    nearer = max(cornea, retina, key=lambda result: result.exposure / result.limit)
    longest = min(cornea.longest_pulse_s, retina.longest_pulse_s)
    return replace(nearer, longest_pulse_s=longest, duty=min(cornea.duty, retina.duty))


def dots_through_aperture_w(
    optics: Optics = DM1, aperture_mm: float = LASER_APERTURE_MM, distance_mm: float = LASER_DISTANCE_MM
) -> float:
    """Power of the pattern through an aperture at a distance (condition 3 unless told): its share of the lit field,
    and the whole undiffracted beam."""
    width_mm = distance_mm * optics.width / optics.focal_px
    height_mm = distance_mm * optics.height / optics.focal_px
    share = math.pi * aperture_mm**2 / 4 / (width_mm * height_mm)
    return optics.dots_power_w * (share + optics.dots_zero_order)


def _dots(optics: Optics) -> Result:
    power_w = dots_through_aperture_w(optics)
    limit_w = laser_limit_w(LONGEST_EXPOSURE_S)
    short = min((laser_limit_w(1.0) / power_w) ** 4, LASER_SWITCH_S)
    longest = LONGEST_EXPOSURE_S if power_w <= limit_w else short
    what = "power through 7 mm at 100 mm"
    duty = min(1.0, limit_w / power_w)
    return Result("dots", "IEC 60825-1 class 1", what, power_w, limit_w, "W", longest, duty)


def results(optics: Optics = DM1) -> tuple[Result, ...]:
    """One result a channel: the imager's LEDs, the dots, the LEDs of the SWIR head."""
    imager = [
        _led(name, optics.led_intensity_w_sr, len(optics.led_positions_mm[name]), optics.led_source_mm, band.peak_nm)
        for name, band in NIR_BANDS.items()
    ]
    swir = [
        _led(f"swir{name}", optics.swir_intensity_w_sr, 1, optics.led_source_mm, band.peak_nm)
        for name, band in SWIR_BANDS.items()
    ]
    return (*imager, _dots(optics), *swir)


def longest_pulse_us(optics: Optics = DM1) -> int:
    """The longest pulse that every channel of the imager may be asked for."""
    return int(1e6 * min(result.longest_pulse_s for result in results(optics)))


def duty_limit(optics: Optics = DM1) -> float:
    """The part of any long time that every channel may burn."""
    return min(result.duty for result in results(optics))
