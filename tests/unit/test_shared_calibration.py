"""The calibration record: what is written comes back, and what is wrong is refused in one sentence."""

from __future__ import annotations

import hashlib

import synthetic
from dermis.core import calibration, cbor, drift
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


def test_drifts_have_defaults_and_come_back():
    plain = calibration.decode(calibration.encode(FIELDS))
    assert plain.index_drift == drift.INDEX and plain.monitor_drift == drift.MONITOR
    assert plain.swir_output_drift == drift.SWIR_OUTPUT and plain.swir_noise == 192
    fields = dict(FIELDS)
    fields["index_drift"] = [7000, -20000]
    fields["monitor_drift"] = {"850": [-900, 0], "970": [1400, 0], "1050": [3000, 5], "dots": [0, 0]}
    fields["swir_output_drift"] = [[-4000, 0]] * 5
    fields["swir_ratio_drift"] = [[1000, 2]] * 4
    fields["swir_noise"] = 100
    own = calibration.decode(calibration.encode(fields))
    assert own.index_drift == [7000, -20000] and own.monitor_drift["1050"] == [3000, 5]
    assert own.swir_ratio_drift[3] == [1000, 2] and own.swir_noise == 100


def test_drifts_that_no_part_has_are_refused():
    refused(changed(index_drift=[1]), "index_drift")
    refused(changed(index_drift=[40000, 0]), "index_drift")
    refused(changed(index_drift=[0, 400000]), "index_drift")
    refused(changed(index_drift=None), "index_drift")
    refused(changed(monitor_drift={"850": [0, 0]}), "monitor_drift")
    refused(changed(monitor_drift=[[0, 0]]), "monitor_drift")
    refused(changed(swir_output_drift=[[0, 0]] * 4), "swir_output_drift")
    refused(changed(swir_ratio_drift=[[0, 0]] * 3 + [[0, True]]), "swir_ratio_drift")
    refused(changed(swir_noise=0), "swir_noise")
    refused(changed(swir_noise="much"), "swir_noise")


def test_a_curve_stretches_a_logarithm():
    assert drift.factor((8000, 0), 0) == 1000000
    assert drift.factor((8000, -30000), 2500) == 1000000 + 200000 - 18750
    assert drift.factor((-30000, -300000), 6000) == 250000  # never less
    assert drift.offset_cc(9000, 2500) == 6000 and drift.offset_cc(-9000, 2500) == -6000
    assert drift.unstretched(0, (8000, 0), 2500) == (0, 0)  # no water band, no correction
    assert drift.unstretched(-1200, (8000, 0), 2500) == (-1000, 33)
    assert abs(drift.ln_factor_q14((8000, 0), 2500) - 2987) <= 1  # ln 1.2
