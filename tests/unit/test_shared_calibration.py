"""The calibration record: what is written comes back, and what is wrong is refused in one sentence."""

from __future__ import annotations

import hashlib

import synthetic
from dermis.core import calibration, cbor, drift, hmac
from dermis.core.errors import BadInput, NotCalibrated

FIELDS = synthetic.record_fields()
KEY, KEYS = synthetic.KEY, synthetic.KEYS


def refused(data, word, kind: type[Exception] = BadInput, keys=None):
    try:
        calibration.decode(data, keys)
    except kind as error:
        assert word in str(error), str(error)
        assert "\n" not in str(error)
        return
    raise AssertionError("this record should have been refused: " + word)


def signed(fields, key=KEY):
    """A file with a right digest and MAC over wrong fields: `encode` would refuse them."""
    body = cbor.dumps(fields)
    digest = hashlib.sha256(body).digest()
    head = calibration.MAGIC + calibration.key_id(key)
    return head + hmac.hmac_sha256(key, head + digest) + digest + body


def changed(**changes):
    fields = dict(FIELDS)
    fields["format"] = 2
    fields.update(changes)
    return signed(fields)


def test_round_trip():
    data = calibration.encode(FIELDS, KEY)
    record = calibration.decode(data)
    assert record.serial == "DM1-TEST" and record.z_ref_um == 450000 and record.baseline_um == 40000
    assert list(record.linear[:4]) == [0, 1, 4, 9] and record.linear[255] == 65025
    assert len(record.flat["970"]) == 221 and record.flat["970"][220] == synthetic.WHITE
    assert bytes(record.reference) == FIELDS["reference"]
    assert record.swir_white == tuple(FIELDS["swir_white"])
    assert len(record.hash) == 16 and calibration.decode(data).hash == record.hash


def test_nothing_is_not_calibrated():
    refused(b"", "calibrate the module", NotCalibrated)


def test_magic_digest_and_cuts():
    data = calibration.encode(FIELDS, KEY)
    refused(b"garbage" * 20, "DRMCAL2")
    refused(data[:20], "cut short")
    refused(data[:-1], "damaged")
    flipped = bytearray(data)
    flipped[5000] ^= 1
    refused(bytes(flipped), "damaged")


def test_the_mac_says_who_made_it():
    data = calibration.encode(FIELDS, KEY)
    assert calibration.decode(data, KEYS).hash == calibration.decode(data).hash
    other = bytes(32)
    refused(calibration.encode(FIELDS, other), "does not know", keys=KEYS)
    forged = bytearray(calibration.encode(FIELDS, other))
    forged[8:16] = calibration.key_id(KEY)
    refused(bytes(forged), "altered", keys=KEYS)
    for at in (20, 50):  # the MAC, the digest
        altered = bytearray(data)
        altered[at] ^= 1
        refused(bytes(altered), "altered", keys=KEYS)
    refused(data[:-1], "damaged", keys=KEYS)
    refused(b"DRMCAL1\n" + data[8:], "another version", keys=KEYS)
    assert len(calibration.decode(bytes(forged)).hash) == 16  # nobody asked for the MAC
    try:
        calibration.encode(FIELDS, b"short")
    except BadInput as error:
        assert "32 bytes" in str(error)
    else:
        raise AssertionError("a key of 5 bytes should have been refused")


def test_any_altered_byte_is_refused():
    """In every region of the file: magic, key id, MAC, digest, and along the body."""
    data = calibration.encode(FIELDS, KEY)
    view = bytearray(data)
    places = list(range(calibration.HEADER_BYTES + 8)) + list(range(len(data) - 1, calibration.HEADER_BYTES, -3511))
    for at in places:
        view[at] ^= 0x40
        refused(view, "", keys=KEYS)
        view[at] ^= 0x40
    for length in list(range(1, calibration.HEADER_BYTES + 2)) + [1000, len(data) // 2, len(data) - 1]:
        refused(data[:length], "", keys=KEYS)
    assert calibration.decode(view, KEYS).serial == "DM1-TEST"


def test_version_and_missing_keys():
    refused(changed(format=3), "version 3")
    refused(signed([1, 2]), "no map")
    for key in sorted(FIELDS):
        fields = dict(FIELDS)
        fields["format"] = 2
        del fields[key]
        refused(signed(fields), key)


def test_lengths_and_types():
    refused(changed(linear=b"\x00" * 511), "511 bytes")
    refused(changed(reference=b"\x00\xff" * 100), "200 bytes")
    refused(changed(z_ref_um="450000"), "an integer")
    refused(changed(z_ref_um=True), "an integer")
    refused(changed(swir_white=[1, 2, 3]), "swir_white")
    refused(changed(created="yesterday"), "created")
    refused(changed(serial=""), "serial")


def test_values_out_of_range():
    refused(changed(baseline_um=4000), "baseline_um")
    refused(changed(z_ref_um=450), "z_ref_um")
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
        calibration.encode(fields, KEY)
    except BadInput as error:
        assert "exposure_us" in str(error)
    else:
        raise AssertionError("an exposure of 0 should have been refused")


def test_record_of_another_module():
    record = calibration.decode(calibration.encode(FIELDS, KEY))
    sensors = synthetic.SENSORS
    calibration.check_module(record, "DM1-TEST", sensors)
    for serial, imager, head, word in (
        ("DM1-0002", sensors["imager"], sensors["swir"], "DM1-0002"),
        ("DM1-TEST", "test-0000ffff", sensors["swir"], "test-0000ffff"),
        ("DM1-TEST", sensors["imager"], "", "SWIR head"),
    ):
        try:
            calibration.check_module(record, serial, {"imager": imager, "swir": head})
        except NotCalibrated as error:
            assert word in str(error) and "calibrate this module" in str(error)
        else:
            raise AssertionError("another module's record should have been refused")


def test_what_may_be_left_out_has_its_default():
    plain = calibration.decode(calibration.encode(FIELDS, KEY))
    assert plain.index_stretch_q12 == 4096 and plain.swir_ratio_stretch_q12 == (4096,) * 4
    assert plain.swir_dark == (0,) * 5 and plain.operator == "" and plain.fixture["id"] == ""
    own = calibration.decode(
        changed(
            operator="R. Roe",
            fixture={"id": "reference", "due": "2027-01-01", "hash": "0123456789abcdef"},
            tool="dermis 0.1.0",
            temperatures_cc=[500, 2500, 4500],
            peaks_dnm=[8470, 9660, 10430, 10430, 11880, 12830, 14530, 15210],
            index_stretch_q12=4500,
            swir_ratio_stretch_q12=[4000, 4100, 4200, 4300],
            swir_dark=[6400, 6401, 6402, 6403, 0],
            measurements=[["flat 970", "%", 400, None, 1000], ["z offset", "mm", -12, -500, 500]],
        )
    )
    assert own.index_stretch_q12 == 4500 and own.swir_ratio_stretch_q12[3] == 4300 and own.swir_dark[3] == 6403
    assert own.operator == "R. Roe" and own.fixture["due"] == "2027-01-01"


def test_new_fields_out_of_range():
    refused(changed(sensors={"imager": "x"}), "sensors.swir")
    refused(changed(fixture={"id": "x" * 41, "due": "", "hash": ""}), "fixture.id")
    refused(changed(operator=7), "operator")
    refused(changed(index_stretch_q12=9000), "index_stretch_q12")
    refused(changed(swir_ratio_stretch_q12=[4096] * 3), "swir_ratio_stretch_q12")
    refused(changed(swir_dark=[0, 0, 0, 0, -1]), "swir_dark")
    refused(changed(peaks_dnm=[8470]), "peaks_dnm")
    refused(changed(temperatures_cc=[20000]), "temperatures_cc")
    for entry in (
        ["flat", "%", None, None, None],
        ["flat", "%", 1, 2],
        ["f" * 41, "%", 1, 2, 3],
        ["f", "%", 1, True, 3],
    ):
        refused(changed(measurements=[entry]), "measurement")
    refused(changed(measurements=[["flat", "%", 1, None, None]] * 129), "129 measurements")


def test_the_mac_is_that_of_the_standard():
    """RFC 4231, cases 1, 2 and 6."""
    for key, message, mac in (
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ):
        assert hmac.hmac_sha256(key, message) == bytes.fromhex(mac)
    assert hmac.equal(b"same", b"same") and not hmac.equal(b"same", b"sane") and not hmac.equal(b"same", b"sam")


def test_module_without_swir_head():
    assert calibration.decode(changed(swir_white=[])).swir_white == ()


def test_drifts_have_defaults_and_come_back():
    plain = calibration.decode(calibration.encode(FIELDS, KEY))
    assert tuple(plain.index_drift) == drift.INDEX and tuple(plain.monitor_drift["970"]) == drift.MONITOR["970"]
    assert tuple(plain.swir_output_drift[4]) == drift.SWIR_OUTPUT[4] and plain.swir_noise == 192
    fields = dict(FIELDS)
    fields["index_drift"] = [7000, -20000]
    fields["monitor_drift"] = {"850": [-900, 0], "970": [1400, 0], "1050": [3000, 5], "dots": [0, 0]}
    fields["swir_output_drift"] = [[-4000, 0]] * 5
    fields["swir_ratio_drift"] = [[1000, 2]] * 4
    fields["swir_noise"] = 100
    own = calibration.decode(calibration.encode(fields, KEY))
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
