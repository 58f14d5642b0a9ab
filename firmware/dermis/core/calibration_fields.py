"""What a sound calibration record looks like: defaults and ranges of its fields. Their meaning: `calibration_table`."""

from __future__ import annotations

from array import array

from dermis.core import burst, drift, vocabulary
from dermis.core.errors import BadInput

FORMAT = 2

# The grid of `flat`: a node every 20 px, the last one just outside the frame.
FLAT_COLUMNS, FLAT_ROWS, FLAT_STEP = 17, 13, 20
FLAT_BYTES = 2 * FLAT_COLUMNS * FLAT_ROWS
LINEAR_BYTES = 2 * 256
MONITOR_LIGHTS = vocabulary.NIR_BANDS + (vocabulary.DOTS,)
RATIOS = 4  # of `swir.RATIOS`
PEAKS = len(vocabulary.NIR_BANDS) + len(vocabulary.SWIR_BANDS)

# What stands for a field that is left out; one that is not here must be there.
DEFAULTS = {
    "operator": "",
    "tool": "",
    "fixture": {"id": "", "due": "", "hash": ""},
    "temperatures_cc": [],
    "swir_dark": [0] * len(vocabulary.SWIR_BANDS),
    "swir_noise": 192,
    "peaks_dnm": [],
    "index_stretch_q12": 4096,
    "swir_ratio_stretch_q12": [4096] * RATIOS,
    "monitor_drift": drift.MONITOR,
    "index_drift": drift.INDEX,
    "swir_output_drift": drift.SWIR_OUTPUT,
    "swir_ratio_drift": drift.SWIR_RATIOS,
    "measurements": [],
}

# What a sound record can hold; outside, something else was measured than a module before its targets.
# name: (lowest, highest, unit)
RANGES = {
    "z_ref_um": (200000, 1000000, "um"),
    "exposure_us": (50, 40000, "us"),
    "temperature_cc": (-4000, 10000, "1/100 degree Celsius"),
    "baseline_um": (10000, 200000, "um"),
    "z_offset_um": (-50000, 50000, "um"),
    "swir_noise": (1, 1000 * 16, "1/16 count"),
    "index_stretch_q12": (2048, 8192, "1/4096"),
}
MONITOR_LOWEST = 256  # 1/256 of full scale: less, and the tab's own noise is over 1%
FLAT_LOWEST = 256  # the same for the white target
LINEAR_LOWEST_TOP = 4096  # a table that ends below this resolves nothing
REFERENCE_LOWEST_SPREAD = 8  # codes between the darkest and the brightest pixel: less is no dot pattern
SERIAL_LONGEST = 32
TEXT_LONGEST = 40  # of what names an operator, a tool, a fixture, a sensor, a measurement
CREATED_LENGTH = len("yyyy-MM-ddTHH:mm:ss")
COUNTS_HIGHEST = 65535
SWIR_HIGHEST = 65535 * 16
PEAK_LOWEST_DNM, PEAK_HIGHEST_DNM = 7000, 18000  # beyond these no detector of ours sees
MOST_TEMPERATURES = 16
MOST_MEASUREMENTS = 128
MEASURED_HIGHEST = 1 << 40  # a million kilometres in um: no measurement, and within CBOR and the host's floats
AGAIN = "; calibrate the module again"


def u16_array(data):
    """Little-endian bytes as array "H", on every machine."""
    return array("H", [data[i] | (data[i + 1] << 8) for i in range(0, len(data), 2)])


def u16_bytes(values):
    """The opposite of `u16_array`, for any sequence of 0..65535."""
    out = bytearray(2 * len(values))
    for i, value in enumerate(values):
        out[2 * i] = value & 255
        out[2 * i + 1] = value >> 8
    return bytes(out)


def check(record):
    """Raises BadInput with one sentence unless the map is a sound record, its defaults filled in."""
    if _of(record, "format", int, "an integer") != FORMAT:
        raise BadInput(
            "the calibration record has version %d and this firmware reads %d; update the firmware or calibrate again"
            % (record["format"], FORMAT)
        )
    if not 0 < len(_of(record, "serial", str, "text")) <= SERIAL_LONGEST:
        raise BadInput(
            "the calibration record names no serial number of 1 to %d characters%s" % (SERIAL_LONGEST, AGAIN)
        )
    if len(_of(record, "created", str, "text")) != CREATED_LENGTH:
        raise BadInput("'created' of the calibration record must read yyyy-MM-ddTHH:mm:ss" + AGAIN)
    for key in ("operator", "tool"):
        _text(record, key, key)
    _texts(record, "sensors", ("imager", "swir"))
    _texts(record, "fixture", ("id", "due", "hash"))
    for key in sorted(RANGES):
        low, high, unit = RANGES[key]
        value = _of(record, key, int, "an integer")
        if not low <= value <= high:
            raise BadInput(
                "%r of the calibration record is %d %s and must lie within %d and %d%s"
                % (key, value, unit, low, high, AGAIN)
            )
    _check_imager(record)
    _check_swir(record)
    low, high, _ = RANGES["temperature_cc"]
    _integers(record, "temperatures_cc", range(MOST_TEMPERATURES + 1), low, high)
    _integers(record, "peaks_dnm", (0, PEAKS), PEAK_LOWEST_DNM, PEAK_HIGHEST_DNM)
    low, high, _ = RANGES["index_stretch_q12"]
    _integers(record, "swir_ratio_stretch_q12", (RATIOS,), low, high)
    _check_drifts(record)
    _check_measurements(_of(record, "measurements", (list, tuple), "a list"))


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _of(record, key, kind, meaning):
    if key not in record:
        raise BadInput("the calibration record lacks %r%s" % (key, AGAIN))
    value = record[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BadInput("%r of the calibration record must be %s%s" % (key, meaning, AGAIN))
    return value


def _text(record, key, whose):
    value = record.get(key)
    if not isinstance(value, str) or len(value) > TEXT_LONGEST:
        raise BadInput(
            "%r of the calibration record must be text of at most %d characters%s" % (whose, TEXT_LONGEST, AGAIN)
        )


def _texts(record, key, names):
    entries = _of(record, key, dict, "a map")
    for name in names:
        _text(entries, name, "%s.%s" % (key, name))


def _bytes_of(record, key, length):
    value = _of(record, key, (bytes, bytearray, memoryview), "bytes")
    if len(value) != length:
        raise BadInput("%r of the calibration record has %d bytes, not %d%s" % (key, len(value), length, AGAIN))
    return value


def _integers(record, key, lengths, low, high):
    values = _of(record, key, (list, tuple), "a list")
    if len(values) not in lengths:
        raise BadInput("%r of the calibration record must not hold %d values%s" % (key, len(values), AGAIN))
    for value in values:
        if not _is_int(value) or not low <= value <= high:
            raise BadInput(
                "a value of %r in the calibration record must be an integer within %d and %d%s"
                % (key, low, high, AGAIN)
            )


def _check_imager(record):
    _check_linear(_bytes_of(record, "linear", LINEAR_BYTES))
    monitor = _of(record, "monitor", dict, "a map")
    for light in MONITOR_LIGHTS:
        if not _is_int(monitor.get(light)) or not MONITOR_LOWEST <= monitor[light] <= COUNTS_HIGHEST:
            raise BadInput("the monitor tab's level under %s is missing or out of range%s" % (light, AGAIN))
    flat = _of(record, "flat", dict, "a map")
    for band in vocabulary.NIR_BANDS:
        if min(u16_array(_bytes_of(flat, band, FLAT_BYTES))) < FLAT_LOWEST:
            raise BadInput("the white target is too dark at %s nm in the calibration record%s" % (band, AGAIN))
    reference = _bytes_of(record, "reference", burst.FRAME_BYTES)
    if max(reference) - min(reference) < REFERENCE_LOWEST_SPREAD:
        raise BadInput("the reference of the calibration record shows no dots" + AGAIN)


def _check_linear(data):
    values = u16_array(data)
    for code in range(1, len(values)):
        if values[code] < values[code - 1]:
            raise BadInput("'linear' of the calibration record falls at code %d%s" % (code, AGAIN))
    if values[-1] < LINEAR_LOWEST_TOP:
        raise BadInput("'linear' of the calibration record ends at %d counts, too few%s" % (values[-1], AGAIN))


def _check_swir(record):
    bands = len(vocabulary.SWIR_BANDS)
    _integers(record, "swir_white", (0, bands), 1, SWIR_HIGHEST)
    _integers(record, "swir_dark", (bands,), 0, SWIR_HIGHEST)


def _check_drifts(record):
    lights = record["monitor_drift"]
    named = isinstance(lights, dict) and len(lights) == len(MONITOR_LIGHTS)
    if not named or not all(light in lights for light in MONITOR_LIGHTS):
        raise BadInput("'monitor_drift' of the calibration record must hold a curve for each light" + AGAIN)
    curves = {"monitor_drift": [lights[light] for light in MONITOR_LIGHTS]}
    curves["index_drift"] = [record["index_drift"]]
    for key, count in (("swir_output_drift", len(drift.SWIR_OUTPUT)), ("swir_ratio_drift", RATIOS)):
        curves[key] = record[key]
        if not isinstance(curves[key], (list, tuple)) or len(curves[key]) != count:
            raise BadInput("%r of the calibration record must hold %d curves%s" % (key, count, AGAIN))
    for key in sorted(curves):
        for curve in curves[key]:
            if not _is_curve(curve):
                raise BadInput(
                    "a curve of %r in the calibration record is no pair of at most %d and %d%s"
                    % (key, drift.LARGEST_A, drift.LARGEST_B, AGAIN)
                )


def _is_curve(curve):
    if not isinstance(curve, (list, tuple)) or len(curve) != 2 or not (_is_int(curve[0]) and _is_int(curve[1])):
        return False
    return abs(curve[0]) <= drift.LARGEST_A and abs(curve[1]) <= drift.LARGEST_B


def _check_measurements(measurements):
    if len(measurements) > MOST_MEASUREMENTS:
        raise BadInput(
            "the calibration record lists %d measurements; at most %d are taken"
            % (len(measurements), MOST_MEASUREMENTS)
        )
    for entry in measurements:
        if not _is_measurement(entry):
            raise BadInput(
                "a measurement of the calibration record is no list of name, unit, value, low and high" + AGAIN
            )


def _is_measurement(entry):
    if not isinstance(entry, (list, tuple)) or len(entry) != 5:
        return False
    for text in entry[:2]:
        if not isinstance(text, str) or len(text) > TEXT_LONGEST:
            return False
    value, low, high = entry[2:]
    for number in (value, value if low is None else low, value if high is None else high):
        if not _is_int(number) or abs(number) >= MEASURED_HIGHEST:
            return False
    return True
