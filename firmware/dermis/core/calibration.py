"""The calibration record, version 1: bytes to values and back. See docs/formats/calibration.md."""

from __future__ import annotations

import binascii
import hashlib
from array import array

from dermis.core import burst, cbor, drift, vocabulary
from dermis.core.errors import BadInput, NotCalibrated

FORMAT = 1
MAGIC = b"DRMCAL1\n"
DIGEST_BYTES = 32
HEADER_BYTES = len(MAGIC) + DIGEST_BYTES
VIEWS_FROM = 4096  # the reference stays in the file's bytes, where it already has its place in the heap
HASH_BYTES = 8  # of the SHA-256 that names a record

# The grid of `flat`: a node every 20 px, the last one just outside the frame.
FLAT_COLUMNS, FLAT_ROWS, FLAT_STEP = 17, 13, 20
FLAT_BYTES = 2 * FLAT_COLUMNS * FLAT_ROWS
LINEAR_BYTES = 2 * 256
MONITOR_LIGHTS = vocabulary.NIR_BANDS + (vocabulary.DOTS,)

# What a sound record can hold; outside, something else was measured than a module before its targets.
# name: (lowest, highest, unit)
RANGES = {
    "z_ref_mm": (200, 1000, "mm"),
    "exposure_us": (50, 40000, "us"),
    "temperature_cc": (-4000, 10000, "1/100 degree Celsius"),
    "baseline_um": (10000, 200000, "um"),
    "z_offset_um": (-50000, 50000, "um"),
}
MONITOR_LOWEST = 256  # 1/256 of full scale: less, and the tab's own noise is over 1%
FLAT_LOWEST = 256  # the same for the white target
LINEAR_LOWEST_TOP = 4096  # a table that ends below this resolves nothing
REFERENCE_LOWEST_SPREAD = 8  # codes between the darkest and the brightest pixel: less is no dot pattern
SERIAL_LONGEST = 32
CREATED_LENGTH = len("yyyy-MM-ddTHH:mm:ss")
COUNTS_HIGHEST = 65535
SWIR_HIGHEST = 65535 * 16
SWIR_NOISE_DEFAULT, SWIR_NOISE_HIGHEST = 12 * 16, 1000 * 16  # 1/16 count a sample: design, and no ADC at all
# Entries that a record may leave out; the defaults of `core.drift` and the line above then stand.
OPTIONAL = ("monitor_drift", "index_drift", "swir_output_drift", "swir_ratio_drift", "swir_noise")
AGAIN = "; calibrate the module again"


class Calibration:
    """A record in force. Fields are those of docs/formats/calibration.md, except:

    linear: array "H" of 256; flat: band -> array "H" of 221, row by row (13 rows of 17 nodes);
    reference: 76,800 bytes, a view of the file's; hash: the record's name, hex of the first 8 bytes of the file's
    SHA-256. Drifts are curves of `core.drift`: monitor_drift by light, swir_output_drift by SWIR band and
    swir_ratio_drift by ratio (`core.swir.RATIOS`).
    """

    def __init__(self):
        self.serial = ""
        self.created = ""
        self.z_ref_mm = 0
        self.exposure_us = 0
        self.temperature_cc = 0
        self.linear = array("H")
        self.monitor = {}
        self.flat = {}
        self.reference = b""
        self.swir_white = ()
        self.baseline_um = 0
        self.z_offset_um = 0
        self.monitor_drift: dict = drift.MONITOR
        self.index_drift: tuple = drift.INDEX
        self.swir_output_drift: tuple = drift.SWIR_OUTPUT
        self.swir_ratio_drift: tuple = drift.SWIR_RATIOS
        self.swir_noise = SWIR_NOISE_DEFAULT
        self.hash = ""


def encode(fields: dict) -> bytes:
    """The file for `fields` (docs/formats/calibration.md; `format` may be left out). Raises BadInput."""
    record = dict(fields)
    record["format"] = FORMAT
    _check(record)
    body = cbor.dumps(record)
    return MAGIC + hashlib.sha256(body).digest() + body


def decode(data) -> Calibration:
    """The record in `data` (bytes of the whole file).

    Raises NotCalibrated when there is nothing, BadInput with one sentence when it is no sound record.
    """
    if not data:
        raise NotCalibrated("there is no calibration record; calibrate the module")
    view = memoryview(data)
    if len(view) < HEADER_BYTES or bytes(view[: len(MAGIC)]) != MAGIC:
        raise BadInput("this is no calibration record (it does not start with DRMCAL1); hand over a record")
    body = view[HEADER_BYTES:]
    if hashlib.sha256(body).digest() != bytes(view[len(MAGIC) : HEADER_BYTES]):
        raise BadInput("the calibration record is damaged (its digest does not match); hand it over again")
    record = cbor.loads(body, VIEWS_FROM)
    if not isinstance(record, dict):
        raise BadInput("the calibration record holds no map; write it anew")
    _check(record)
    return _calibration(record, data)


def check_module(calibration: Calibration, serial: str) -> None:
    """Raises NotCalibrated when the record belongs to another module."""
    if calibration.serial != serial:
        raise NotCalibrated(
            "the calibration record is of module %s and this is %s; calibrate this module"
            % (calibration.serial, serial)
        )


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


def _calibration(record, data):
    out = Calibration()
    for key in ("serial", "created", "z_ref_mm", "exposure_us", "temperature_cc", "baseline_um", "z_offset_um"):
        setattr(out, key, record[key])
    out.linear = u16_array(record["linear"])
    out.monitor = {light: record["monitor"][light] for light in MONITOR_LIGHTS}
    out.flat = {band: u16_array(record["flat"][band]) for band in vocabulary.NIR_BANDS}
    out.reference = record["reference"]
    out.swir_white = tuple(record["swir_white"])
    for key in OPTIONAL:
        if key in record:
            setattr(out, key, record[key])
    out.hash = str(binascii.hexlify(hashlib.sha256(data).digest()[:HASH_BYTES]), "ascii")
    return out


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _of(record, key, kind, meaning):
    if key not in record:
        raise BadInput("the calibration record lacks %r%s" % (key, AGAIN))
    value = record[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BadInput("%r of the calibration record must be %s%s" % (key, meaning, AGAIN))
    return value


def _bytes_of(record, key, length):
    value = _of(record, key, (bytes, bytearray, memoryview), "bytes")
    if len(value) != length:
        raise BadInput("%r of the calibration record has %d bytes, not %d%s" % (key, len(value), length, AGAIN))
    return value


def _check(record):
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
    for key in sorted(RANGES):
        low, high, unit = RANGES[key]
        value = _of(record, key, int, "an integer")
        if not low <= value <= high:
            raise BadInput(
                "%r of the calibration record is %d %s and must lie within %d and %d%s"
                % (key, value, unit, low, high, AGAIN)
            )
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
    white = _of(record, "swir_white", (list, tuple), "a list")
    if len(white) not in (0, len(vocabulary.SWIR_BANDS)):
        raise BadInput("'swir_white' of the calibration record must hold five levels, or none without the head" + AGAIN)
    for level in white:
        if not _is_int(level) or not 0 < level <= SWIR_HIGHEST:
            raise BadInput("a level of 'swir_white' in the calibration record is out of range" + AGAIN)
    _check_drifts(record)
    noise = record.get("swir_noise", SWIR_NOISE_DEFAULT)
    if not _is_int(noise) or not 0 < noise <= SWIR_NOISE_HIGHEST:
        raise BadInput("'swir_noise' of the calibration record is out of range" + AGAIN)


def _check_drifts(record):
    lights = record.get("monitor_drift", drift.MONITOR)
    if not isinstance(lights, dict) or sorted(lights) != sorted(MONITOR_LIGHTS):
        raise BadInput("'monitor_drift' of the calibration record must hold a curve for each light" + AGAIN)
    curves = {"monitor_drift": [lights[light] for light in MONITOR_LIGHTS]}
    curves["index_drift"] = [record.get("index_drift", drift.INDEX)]
    curves["swir_output_drift"] = record.get("swir_output_drift", drift.SWIR_OUTPUT)
    curves["swir_ratio_drift"] = record.get("swir_ratio_drift", drift.SWIR_RATIOS)
    for key, count in (("swir_output_drift", len(drift.SWIR_OUTPUT)), ("swir_ratio_drift", len(drift.SWIR_RATIOS))):
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


def _check_linear(data):
    values = u16_array(data)
    for code in range(1, len(values)):
        if values[code] < values[code - 1]:
            raise BadInput("'linear' of the calibration record falls at code %d%s" % (code, AGAIN))
    if values[-1] < LINEAR_LOWEST_TOP:
        raise BadInput("'linear' of the calibration record ends at %d counts, too few%s" % (values[-1], AGAIN))
