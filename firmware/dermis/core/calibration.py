"""The calibration record, version 2: bytes to values and back. See docs/formats/calibration.md.

A file is MAGIC, the id of the key, the MAC under that key, the SHA-256 of the body, and the body: a CBOR map of
fields (`calibration_table`). Who holds the key says by the MAC that a bench made this record; the MAC covers all that
stands before the body, and the digest covers the body.
"""

from __future__ import annotations

import binascii
import hashlib
from array import array

from dermis.core import calibration_fields as fields_of
from dermis.core import cbor, drift, hmac
from dermis.core.calibration_fields import (
    DEFAULTS,
    FLAT_BYTES,
    FLAT_COLUMNS,
    FLAT_ROWS,
    FLAT_STEP,
    FORMAT,
    MONITOR_LIGHTS,
    u16_array,
    u16_bytes,
)
from dermis.core.errors import BadInput, NotCalibrated
from dermis.core.vocabulary import NIR_BANDS

MAGIC = b"DRMCAL2\n"
OTHER_VERSIONS = b"DRMCAL"  # what the magic of every version starts with
KEY_BYTES, KEY_ID_BYTES, DIGEST_BYTES = 32, 8, 32
_MAC_AT = len(MAGIC) + KEY_ID_BYTES
_DIGEST_AT = _MAC_AT + hmac.MAC_BYTES
HEADER_BYTES = _DIGEST_AT + DIGEST_BYTES
LARGEST = 84 * 1024  # of a file: a body has some 79 kB and 40 bytes a measurement; a module holds this much room
VIEWS_FROM = 4096  # the reference stays in the file's bytes, where it already has its place in the heap
HASH_BYTES = 8  # of the SHA-256 that names a record

__all__ = (
    "DEFAULTS",
    "FLAT_BYTES",
    "FLAT_COLUMNS",
    "FLAT_ROWS",
    "FLAT_STEP",
    "FORMAT",
    "MONITOR_LIGHTS",
    "Calibration",
    "UnknownKey",
    "check_module",
    "decode",
    "encode",
    "key_id",
    "name_of",
    "u16_array",
    "u16_bytes",
)

# Of the fields, those that a record in force is asked for as they stand in the map.
_PLAIN = (
    "serial",
    "sensors",
    "created",
    "operator",
    "fixture",
    "z_ref_um",
    "exposure_us",
    "temperature_cc",
    "baseline_um",
    "z_offset_um",
    "swir_noise",
    "index_stretch_q12",
    "monitor_drift",
    "index_drift",
    "swir_output_drift",
    "swir_ratio_drift",
)


class Calibration:
    """A record in force. Fields are those of docs/formats/calibration.md, except:

    linear: array "H" of 256; flat: band -> array "H" of 221, row by row (13 rows of 17 nodes);
    reference: 76,800 bytes, a view of the file's; hash: the record's name, hex of the first 8 bytes of the file's
    SHA-256. Drifts are curves of `core.drift`: monitor_drift by light, swir_output_drift by SWIR band and
    swir_ratio_drift by ratio (`core.swir.RATIOS`). What only people ask for (tool, measurements, peaks_dnm,
    temperatures_cc) is not kept.
    """

    def __init__(self):
        self.serial = ""
        self.sensors = {}
        self.created = ""
        self.operator = ""
        self.fixture = {}
        self.z_ref_um = 0
        self.exposure_us = 0
        self.temperature_cc = 0
        self.linear = array("H")
        self.monitor = {}
        self.flat = {}
        self.reference = b""
        self.swir_white = ()
        self.swir_dark: tuple = ()
        self.baseline_um = 0
        self.z_offset_um = 0
        self.monitor_drift: dict = drift.MONITOR
        self.index_drift: tuple = drift.INDEX
        self.swir_output_drift: tuple = drift.SWIR_OUTPUT
        self.swir_ratio_drift: tuple = drift.SWIR_RATIOS
        self.swir_noise = 0
        self.index_stretch_q12 = 0
        self.swir_ratio_stretch_q12: tuple = ()
        self.hash = ""


class UnknownKey(BadInput):
    """A record that another station's key signed: it may be sound, and this module cannot tell."""


def key_id(key) -> bytes:
    """What a record names its key by: the first 8 bytes of the key's SHA-256."""
    return hashlib.sha256(key).digest()[:KEY_ID_BYTES]


def name_of(data) -> str:
    """The name of a record's file: hex of the first 8 bytes of its SHA-256."""
    return str(binascii.hexlify(hashlib.sha256(data).digest()[:HASH_BYTES]), "ascii")


def encode(fields: dict, key: bytes) -> bytes:
    """The file for `fields` (docs/formats/calibration.md; `format` and what has a default may be left out) under the
    station's key of 32 bytes. Raises BadInput."""
    if len(key) != KEY_BYTES:
        raise BadInput("a station's key has %d bytes, not %d; name another" % (KEY_BYTES, len(key)))
    record = dict(fields)
    record["format"] = FORMAT
    fields_of.check(_filled(record))
    body = cbor.dumps(record)
    if HEADER_BYTES + len(body) > LARGEST:
        raise BadInput(
            "the calibration record would have %d bytes and at most %d are taken; list fewer measurements"
            % (HEADER_BYTES + len(body), LARGEST)
        )
    head = MAGIC + key_id(key)
    digest = hashlib.sha256(body).digest()
    return head + hmac.hmac_sha256(key, head + digest) + digest + body


def decode(data, keys=None) -> Calibration:
    """The record in `data` (bytes of the whole file).

    keys: {key id: key}, of which one must have made the MAC; None: the MAC is not looked at, as for replays. Nothing
    of the body is read before MAC and digest hold. Raises NotCalibrated when there is nothing, BadInput with one
    sentence when it is no sound record.
    """
    if not data:
        raise NotCalibrated("there is no calibration record; calibrate the module")
    view = memoryview(data)
    magic = bytes(view[: len(MAGIC)])
    if magic != MAGIC:
        if magic.startswith(OTHER_VERSIONS) and len(magic) == len(MAGIC):
            raise BadInput("the calibration record has another version than 2; calibrate the module again")
        raise BadInput("this is no calibration record (it does not start with DRMCAL2); hand over a record")
    if len(view) <= HEADER_BYTES:
        raise BadInput("the calibration record is cut short (%d bytes); hand it over again" % len(view))
    digest = bytes(view[_DIGEST_AT:HEADER_BYTES])
    if keys is not None:
        _check_mac(view, digest, keys)
    body = view[HEADER_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        raise BadInput(
            "the calibration record is damaged or cut short (its digest does not match its %d bytes); "
            "hand it over again" % len(view)
        )
    record = cbor.loads(body, VIEWS_FROM)
    if not isinstance(record, dict):
        raise BadInput("the calibration record holds no map; write it anew")
    fields_of.check(_filled(record))
    return _calibration(record, data)


def check_module(calibration: Calibration, serial: str, sensors: dict) -> None:
    """Raises NotCalibrated when the record belongs to another module, or to one with another imager or SWIR head.

    sensors: {"imager", "swir"} as the module's drivers give it.
    """
    if calibration.serial != serial:
        raise NotCalibrated(
            "the calibration record is of module %s and this is %s; calibrate this module"
            % (calibration.serial, serial)
        )
    for name, called in (("imager", "imager"), ("swir", "SWIR head")):
        recorded, here = calibration.sensors[name], sensors[name]
        if recorded != here:
            raise NotCalibrated(
                "the calibration record was made with the %s %s and the module has %s; calibrate this module"
                % (called, recorded or "(none)", here or "(none)")
            )


def _check_mac(view, digest, keys):
    signer = bytes(view[len(MAGIC) : _MAC_AT])
    key = keys.get(signer)
    if key is None:
        raise UnknownKey(
            "the calibration record was made under the key %s, which this module does not know; use a station whose "
            "key it knows" % str(binascii.hexlify(signer), "ascii")
        )
    made = hmac.hmac_sha256(key, MAGIC + signer + digest)
    if not hmac.equal(made, bytes(view[_MAC_AT:_DIGEST_AT])):
        raise BadInput("the calibration record was altered or not made by its station; calibrate the module again")


def _filled(record):
    """The same map with the defaults of what is left out."""
    for name in DEFAULTS:
        if name not in record:
            record[name] = DEFAULTS[name]
    return record


def _calibration(record, data):
    out = Calibration()
    for key in _PLAIN:
        setattr(out, key, record[key])
    out.linear = u16_array(record["linear"])
    out.monitor = {light: record["monitor"][light] for light in MONITOR_LIGHTS}
    out.flat = {band: u16_array(record["flat"][band]) for band in NIR_BANDS}
    out.reference = record["reference"]
    for key in ("swir_white", "swir_dark", "swir_ratio_stretch_q12"):
        setattr(out, key, tuple(record[key]))
    out.hash = name_of(data)
    return out
