"""The calibration record: what is written comes back, and what is wrong is refused in one sentence."""

from __future__ import annotations

import hashlib

import synthetic
from dermis.core import calibration, cbor
from dermis.core.errors import BadInput, NotCalibrated

FIELDS = synthetic.record_fields()


def refused(data, word, kind: type[Exception] = BadInput):
    try:
        calibration.decode(data)
    except kind as error:
        assert word in str(error), str(error)
        assert "\n" not in str(error)
        return
    raise AssertionError("this record should have been refused: " + word)


def signed(fields):
    """A file with a right digest over wrong fields: `encode` would refuse them."""
    body = cbor.dumps(fields)
    return calibration.MAGIC + hashlib.sha256(body).digest() + body


def changed(**changes):
    fields = dict(FIELDS)
    fields["format"] = 1
    fields.update(changes)
    return signed(fields)


def test_round_trip():
    data = calibration.encode(FIELDS)
    record = calibration.decode(data)
    assert record.serial == "DM1-TEST" and record.z_ref_mm == 450 and record.baseline_um == 40000
    assert list(record.linear[:4]) == [0, 1, 4, 9] and record.linear[255] == 65025
    assert len(record.flat["970"]) == 221 and record.flat["970"][220] == synthetic.WHITE
    assert bytes(record.reference) == FIELDS["reference"]
    assert record.swir_white == tuple(FIELDS["swir_white"])
    assert len(record.hash) == 16 and calibration.decode(data).hash == record.hash


def test_nothing_is_not_calibrated():
    refused(b"", "calibrate the module", NotCalibrated)


def test_magic_digest_and_cuts():
    data = calibration.encode(FIELDS)
    refused(b"garbage" * 20, "DRMCAL1")
    refused(data[:20], "DRMCAL1")
    refused(data[:-1], "damaged")
    flipped = bytearray(data)
    flipped[5000] ^= 1
    refused(bytes(flipped), "damaged")


def test_version_and_missing_keys():
    refused(changed(format=2), "version 2")
    refused(signed([1, 2]), "no map")
    for key in sorted(FIELDS):
        fields = dict(FIELDS)
        fields["format"] = 1
        del fields[key]
        refused(signed(fields), key)


def test_lengths_and_types():
    refused(changed(linear=b"\x00" * 511), "511 bytes")
    refused(changed(reference=b"\x00\xff" * 100), "200 bytes")
    refused(changed(z_ref_mm="450"), "an integer")
    refused(changed(z_ref_mm=True), "an integer")
    refused(changed(swir_white=[1, 2, 3]), "swir_white")
    refused(changed(created="yesterday"), "created")
    refused(changed(serial=""), "serial")


def test_values_out_of_range():
    refused(changed(baseline_um=4000), "baseline_um")
    refused(changed(z_ref_mm=45), "z_ref_mm")
    refused(changed(monitor={"850": 40000}), "monitor tab")
    refused(changed(swir_white=[144000, 0, 144000, 144000, 144000]), "swir_white")
    flat = dict(FIELDS["flat"])
    flat["1050"] = b"\x00" * calibration.FLAT_BYTES
    refused(changed(flat=flat), "1050")
    falling = bytearray(FIELDS["linear"])
    falling[200] = falling[201] = 0
    refused(changed(linear=bytes(falling)), "falls")
    refused(changed(reference=b"\x10" * 76800), "no dots")


def test_lights_that_nobody_has_are_left_out():
    monitor = dict(FIELDS["monitor"])
    monitor["green"] = "bright"
    assert calibration.decode(changed(monitor=monitor)).monitor == FIELDS["monitor"]


def test_encode_refuses_what_decode_would():
    fields = dict(FIELDS)
    fields["exposure_us"] = 0
    try:
        calibration.encode(fields)
    except BadInput as error:
        assert "exposure_us" in str(error)
    else:
        raise AssertionError("an exposure of 0 should have been refused")


def test_record_of_another_module():
    record = calibration.decode(calibration.encode(FIELDS))
    calibration.check_module(record, "DM1-TEST")
    try:
        calibration.check_module(record, "DM1-0002")
    except NotCalibrated as error:
        assert "DM1-TEST" in str(error) and "DM1-0002" in str(error)
    else:
        raise AssertionError("another module's record should have been refused")


def test_module_without_swir_head():
    assert calibration.decode(changed(swir_white=[])).swir_white == ()
