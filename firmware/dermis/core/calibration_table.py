"""The table of a calibration record's fields: the only place where their meaning and unit are written down.

docs/formats/calibration.md is printed from it (`make docs`) and a test compares the two. No module imports it: there it
would take memory that nobody asks for.
"""

from __future__ import annotations

from collections import namedtuple

from dermis.core.calibration_fields import DEFAULTS

REQUIRED = "required"

# default: `REQUIRED` where the field must be there.
Field = namedtuple("Field", ("name", "kind", "unit", "default", "meaning"))


def _f(name: str, kind: str, unit: str, meaning: str):
    return Field(name, kind, unit, DEFAULTS.get(name, REQUIRED), meaning)


FIELDS = (
    _f("format", "int", "", "2; another version is not read"),
    _f("serial", "str", "", "the module that it belongs to, 1 to 32 characters"),
    _f(
        "sensors",
        "map",
        "",
        "`imager`, `swir`: identity of the imager and of the SWIR head as their drivers give it, empty "
        "where there is none; it belongs to these",
    ),
    _f("created", "str", "", "UTC by the bench's clock, yyyy-MM-ddTHH:mm:ss; told, never judged"),
    _f("operator", "str", "", "who calibrated, at most 40 characters"),
    _f("tool", "str", "", "name and version of what calibrated, at most 40 characters"),
    _f(
        "fixture",
        "map",
        "",
        "`id` of the fixture, `due` day of its next certificate (yyyy-MM-dd), `hash` of its file "
        "(SHA-256, hex, first 16 digits)",
    ),
    _f("z_ref_um", "int", "um", "distance of the reference plane and of the white target, as fitted"),
    _f("exposure_us", "int", "us", "the imager's exposure at which it was made"),
    _f("temperature_cc", "int", "1/100 degree Celsius", "temperature at which it was made"),
    _f(
        "temperatures_cc",
        "list",
        "1/100 degree Celsius",
        "temperatures at which the drifts were measured; empty where they are the design's",
    ),
    _f(
        "linear",
        "bytes",
        "linear counts",
        "512: 256 x u16, little-endian: code to linear counts (0-65535), black level taken off",
    ),
    _f("monitor", "map", "linear counts", "light -> level of the monitor tab, ambient taken off"),
    _f(
        "flat",
        "map",
        "linear counts",
        "band -> bytes 442: 17 x 13 u16, little-endian, row by row (13 rows along v, 17 nodes along u, "
        "every 20 px): a white (reflectance factor 1) at `z_ref_um`, ambient taken off",
    ),
    _f(
        "reference",
        "bytes",
        "codes",
        "76,800: the dots on the reference plane as the imager sees them (`reflectance.dot_image`), ambient taken off",
    ),
    _f("baseline_um", "int", "um", "effective baseline, from the planes"),
    _f("z_offset_um", "int", "um", "added to a depth, from the planes"),
    _f(
        "swir_white",
        "list",
        "1/16 count",
        "5: (on - off) a pair of a white at `z_ref_um`, `swir_dark` taken off; empty without the head",
    ),
    _f(
        "swir_dark",
        "list",
        "1/16 count",
        "5: (on - off) a pair with the cap on, which the tab and the window send back; taken off every "
        "reading, scaled by the LED's output drift",
    ),
    _f("swir_noise", "int", "1/16 count", "standard deviation of one sample of the SWIR head's ADC"),
    _f(
        "peaks_dnm",
        "list",
        "1/10 nm",
        "8: effective peaks at `temperature_cc`, 850, 970, 1050, then the SWIR LEDs; empty where no "
        "spectral standard was shown",
    ),
    _f(
        "index_stretch_q12",
        "int",
        "1/4096",
        "what the water index is multiplied by, so that skin before these LEDs reads as before the nominal ones",
    ),
    _f(
        "swir_ratio_stretch_q12",
        "list",
        "1/4096",
        "4: the same for the logarithms of 1450/1300, 1550/1300, 1200/1050, 1300/1050",
    ),
    _f("monitor_drift", "map", "curve", "light -> curve: the monitor tab's level against temperature"),
    _f("index_drift", "list", "curve", "the water index of skin against temperature"),
    _f("swir_output_drift", "list", "curves", "5: the SWIR LEDs' output against temperature"),
    _f(
        "swir_ratio_drift",
        "list",
        "curves",
        "4: the logarithm of 1450/1300, 1550/1300, 1200/1050, 1300/1050 on skin, the outputs' drift taken "
        "off, against temperature",
    ),
    _f(
        "measurements",
        "list",
        "1/1000 of its unit",
        "lists of name, unit, value, low, high: residuals and the limits that they were judged by, null "
        "where a side is open",
    ),
)
