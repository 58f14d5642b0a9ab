"""Differences of records in plain words: what was changed is said, with sign and unit, and nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest
from calibration_records import fields, flat, linear, pattern, record
from dermis_host.calibration import differences, record_file
from dermis_host.errors import UsageError


def said(**changes):
    """The sentences for a record with those changes."""
    old, new = (record_file.parse(data, record_file.keys_of(), "it").fields for data in (record(), record(**changes)))
    return [each.sentence for each in differences.differences(old, new)]


def monitor(**levels):
    return {**fields()["monitor"], **levels}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"baseline_um": 40050}, ["baseline 40.12 -> 40.05 mm"]),
        ({"z_offset_um": -200}, ["depth offset 0.30 -> -0.20 mm"]),
        ({"operator": "bob"}, ["operator: ada -> bob"]),
        ({"serial": "DM1-0008"}, ["made for another module: DM1-0007 -> DM1-0008"]),
        ({"linear": linear(black=6)}, ["black level 4 -> 6 codes"]),
        ({"swir_white": [144000] * 3 + [138240, 144000]}, ["1450 nm SWIR LED 4.0 % weaker"]),
        ({"reference": pattern(shift_px=2)}, ["dot pattern moved by +2.00 px along the baseline"]),
        ({"swir_dark": [0, 0, 320, 0, 0]}, ["what the tab sends back at 1300 nm 0.0 -> 20.0 counts"]),
        ({"index_stretch_q12": 4300}, ["stretch of the water index of skin 1.000 -> 1.050"]),
        ({"temperature_cc": 2510}, []),
    ],
)
def test_one_change_is_one_sentence(changes, expected):
    assert said(**changes) == expected


def test_a_weaker_led_is_told_from_a_darker_white():
    weaker = said(monitor=monitor(**{"970": 25194}), flat={**fields()["flat"], "970": flat(level=30000 * 0.969)})
    assert weaker[0] == "970 nm LED 3.1 % weaker"
    assert not any("explains" in each for each in weaker) and "water index +0.0315" in weaker[1]
    darker = said(flat={**fields()["flat"], "970": flat(level=29000)})
    assert "darker than its LED explains" in darker[0]


def test_what_warmth_explains_is_no_change():
    curve = dict.fromkeys(fields()["monitor"], (-4000, 0))
    old = fields(monitor_drift=curve)
    levels = {light: round(level * 0.96) for light, level in old["monitor"].items()}
    white = [round(144000 * factor) for factor in (0.95, 0.95, 0.94, 0.93, 0.92)]
    new = {
        **fields(monitor_drift=curve, monitor=levels, temperature_cc=3500, swir_white=white),
        "flat": {band: flat(level=28800) for band in old["flat"]},
    }
    read = [record_file.parse(record(**each), record_file.keys_of(), "it").fields for each in (old, new)]
    found = [each.sentence for each in differences.differences(*read)]
    assert not any("LED" in each for each in found) and "made at 25.0 -> 35.0 degC" in found


def test_peaks_flat_fields_and_curves():
    nine = [8470, 9660, 10430, 10430, 11880, 12830, 14530, 15210]
    old = record_file.parse(record(peaks_dnm=nine), record_file.keys_of(), "it").fields
    moved = [*nine[:1], 9632, *nine[2:]]
    tilted = {**fields()["flat"], "850": flat(tilt=0.05)}
    curves = {**old["monitor_drift"], "1050": (8000, 0)}
    new = record_file.parse(
        record(peaks_dnm=moved, flat=tilted, monitor_drift=curves), record_file.keys_of(), "it"
    ).fields
    text = "\n".join(each.sentence for each in differences.differences(old, new))
    assert "970 nm LED peak 966.0 -> 963.2 nm" in text
    assert "850 nm flat field: 3." in text and "1050 nm LED, 20 K warmer: 5.3 -> 16.0 %" in text
    assert "peaks of the LEDs: measured -> not measured" in "\n".join(
        each.sentence for each in differences.differences(old, record_file.parse(record(), {}, "it").fields)
    )


def test_the_shift_of_a_pattern_is_found_to_a_part_of_a_pixel():
    image = np.frombuffer(pattern(), np.uint8).reshape(240, 320).astype(float)
    half = ((image + np.roll(image, 1, axis=1)) / 2).astype(np.uint8).tobytes()
    shift, alike = differences.pattern_shift(pattern(), half)
    assert shift == pytest.approx(0.5, abs=0.15) and 0.5 < alike < 1


def test_rows_are_json():

    old, new = (record_file.parse(record(baseline_um=um), {}, "it").fields for um in (40120, 40050))
    (row,) = [each.row() for each in differences.differences(old, new)]
    assert json.loads(json.dumps(row))["before"] == 40.12 and row["unit"] == "mm"


class TestFiles:
    """Record files, keys and the MAC's state."""

    def test_a_sound_record_under_the_development_key(self, tmp_path):
        path = tmp_path / "a.cal"
        path.write_bytes(record())
        found = record_file.read(path, record_file.keys_of())
        assert found.trusted and "everybody knows" in found.mac and found.fields["swir_noise"] == 192

    def test_unknown_key_and_altered_mac_are_told_apart(self):
        other = bytes(range(32))
        found = record_file.parse(record(key=other), record_file.keys_of(), "it")
        assert not found.trusted and "--key" in found.mac
        assert record_file.parse(record(key=other), record_file.keys_of(other), "it").trusted
        data = bytearray(record())
        data[20] ^= 1
        assert record_file.parse(bytes(data), record_file.keys_of(), "it").mac.startswith("WRONG")

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            (lambda data: data[:-1], "damaged or cut short"),
            (lambda data: data[:40], "cut short"),
            (lambda data: b"DRMCAL1\n" + data[8:], "another version"),
            (lambda data: b"nonsense" * 40, "no calibration record"),
            (lambda data: b"", "no calibration record"),
        ],
    )
    def test_what_is_no_sound_record_is_refused_with_its_name(self, tmp_path, spoil, said):
        path = tmp_path / "a.cal"
        path.write_bytes(spoil(record()))
        with pytest.raises(UsageError, match=said) as caught:
            record_file.read(path, {})
        assert str(path) in str(caught.value)

    @pytest.mark.parametrize(("text", "said"), [("zz", "hex"), ("00" * 31, "31 bytes"), (None, "cannot be read")])
    def test_keys(self, tmp_path, text, said):
        path = tmp_path / "key"
        if text is not None:
            path.write_text(text)
        with pytest.raises(UsageError, match=said):
            record_file.key_of(path)
        path.write_text("ab" * 32 + "\n")
        assert record_file.key_of(path) == b"\xab" * 32
