"""What must not deceive the reflectance stage: shadow, gloss, LEDs and tabs that lie, motion, heat, a spot beside."""

import synthetic
from dermis.core import analysis, drift, vocabulary
from dermis.core.vocabulary import ATTACK, NO_DECISION

RECORD = synthetic.record()
ANALYSER = analysis.Analyser(synthetic.BOARD)
HEAD = synthetic.make()
WIDTH, HEIGHT = 320, 240
BANDS = ("850", "970", "1050", "850b")
Q14 = 16384


def copy_of(burst):
    out = synthetic.burst.Burst()
    out.frames = dict(burst.frames)
    out.swir = burst.swir
    out.exposure_us = burst.exposure_us
    return out


def look(burst, record: object = RECORD, analyser=ANALYSER):
    seen = analyser.analyse(burst, record)
    return dict(seen.evidence), list(seen.findings)


def index_of(evidence):
    return evidence["water_index_q14"] / Q14


TRUE, _ = look(HEAD)


def painted(burst, names, rows, columns, percent):
    """The burst with a rectangle of the pictures made brighter or darker; codes are roots of counts."""
    out = copy_of(burst)
    for name in names:
        frame = bytearray(out.frames[name])
        for v in range(rows[0], rows[1]):
            for u in range(columns[0], columns[1]):
                code = frame[v * WIDTH + u] * percent // 100
                frame[v * WIDTH + u] = min(code, 249)
        out.frames[name] = frame
    return out


def test_errors_stand_beside_the_values():
    for name in ("water_index", "level_850", "swir_1450_1300", "swir_level_1050"):
        assert 0 < TRUE[name + "_error_q14"] < 1640, name


def test_a_side_in_shadow_changes_nothing():
    """Codes of 45% are a fifth of the light: left out, and the other side speaks."""
    evidence, findings = look(painted(HEAD, BANDS, (0, 105), (6, 320), 45))
    assert findings == [], findings
    assert evidence["usable_permille"] < TRUE["usable_permille"] * 8 // 10
    assert abs(index_of(evidence) - index_of(TRUE)) < 0.006


def test_oil_that_shines_is_left_out():
    """Gloss of a third of the face flattens every band; none of it may reach the index."""
    shining = painted(HEAD, BANDS, (95, 135), (110, 210), 150)
    evidence, findings = look(shining)
    assert [finding for finding in findings if finding[1] == vocabulary.NOT_SKIN_NIR] == [], findings
    assert evidence["usable_permille"] < TRUE["usable_permille"]
    assert abs(index_of(evidence) - index_of(TRUE)) < 0.012


def test_an_led_off_by_a_quarter_wants_calibrating():
    for name in ("970", "850"):
        burst = copy_of(HEAD)
        burst.frames[name] = synthetic.make(gain_permille=750).frames[name]
        evidence, findings = look(burst)
        assert findings == [(NO_DECISION, vocabulary.NOT_CALIBRATED)], findings
        at = ("850", "970").index(name)
        assert 740 <= evidence["monitor_unexplained_permille"][at] <= 760
        assert 990 <= evidence["monitor_unexplained_permille"][2] <= 1010
        assert "water_index_q14" not in evidence


def test_light_on_the_tab_alone_is_no_drift():
    """In step with one LED it would move that band's gain, and paper's index into skin's."""
    for percent, fine in ((105, False), (95, False), (100, True)):
        evidence, findings = look(painted(HEAD, ("970",), (0, HEIGHT), (0, 6), percent))
        assert (findings == []) == fine, (percent, findings)
        if not fine:
            assert findings == [(NO_DECISION, vocabulary.NOT_CALIBRATED)]
            assert abs(evidence["monitor_tilt_q14"]) > drift.LARGEST_TILT_Q14


def test_temperature_is_taken_off_by_the_records_curves():
    record = synthetic.record()
    record.monitor_drift = dict.fromkeys(record.monitor, (0, 0))
    record.swir_output_drift = ((0, 0),) * 5
    record.index_drift = (5000, 0)
    record.swir_ratio_drift = ((0, 0), (-2000, 0), (0, 0), (0, 0))
    burst = copy_of(HEAD)
    burst.temperature_cc = record.temperature_cc + 2000
    evidence, findings = look(burst, record)
    assert findings == [], findings
    # 20 K at .5% and at -.2% a kelvin.
    assert abs(index_of(evidence) * 1.1 - index_of(TRUE)) < 0.0005
    assert abs(evidence["swir_1550_1300_q14"] * 96 // 100 - TRUE["swir_1550_1300_q14"]) <= 2
    assert evidence["swir_1450_1300_q14"] == TRUE["swir_1450_1300_q14"]
    assert evidence["water_index_error_q14"] > TRUE["water_index_error_q14"]


def test_the_leds_peaks_are_taken_off_by_the_records_stretches():
    record = synthetic.record()
    record.index_stretch_q12 = 4506  # 1.1
    record.swir_ratio_stretch_q12 = (4096, 3686, 4096, 4096)  # .9 of 1550/1300
    evidence, findings = look(HEAD, record)
    assert findings == [], findings
    assert abs(index_of(evidence) - 1.1 * index_of(TRUE)) < 0.0003
    assert abs(evidence["swir_1550_1300_q14"] - TRUE["swir_1550_1300_q14"] * 3686 // 4096) <= 2
    assert evidence["swir_1450_1300_q14"] == TRUE["swir_1450_1300_q14"]
    for name in ("water_index_error_q14", "swir_1550_1300_error_q14"):
        assert evidence[name] > TRUE[name]
    record.index_stretch_q12 = 8192
    burst = copy_of(HEAD)
    burst.temperature_cc = record.temperature_cc - 6000
    record.index_drift, record.monitor_drift = (30000, 0), dict.fromkeys(record.monitor, (0, 0))
    assert "water_index_q14" in look(burst, record)[0]  # four times two: as far as the kernel's factor reaches


def test_what_tab_and_window_send_back_is_taken_off():
    """The white's own is taken off by who calibrates; a pedestal that drifts with its LED leaves the ratios alone."""
    record = synthetic.record()
    record.swir_dark = (6400, 6400, 6400, 6400, 8000)
    record.swir_output_drift = ((-5000, 0),) * 5
    burst = copy_of(HEAD)
    burst.temperature_cc = record.temperature_cc + 2000  # every LED gives nine tenths
    burst.swir = ()
    for band in range(5):
        on, off, pairs = HEAD.swir[band]
        dark = record.swir_dark[band]
        burst.swir += ((off + (on - off) * 9 // 10 + dark * 9 // 10 * pairs // 16, off, pairs),)
    record.monitor_drift = dict.fromkeys(record.monitor, (0, 0))
    evidence, findings = look(burst, record)
    assert findings == [], findings
    plain = synthetic.record()
    plain.monitor_drift = record.monitor_drift
    without = copy_of(HEAD)
    without.temperature_cc = burst.temperature_cc
    plain.swir_output_drift = ((0, 0),) * 5
    expected = look(without, plain)[0]
    for key in ("swir_1450_1300_q14", "swir_1550_1300_q14", "swir_level_1050_q14"):
        assert abs(evidence[key] - expected[key]) <= 16, (key, evidence[key], expected[key])
    assert evidence["swir_1450_1300_error_q14"] > expected["swir_1450_1300_error_q14"]


def test_a_swir_led_below_what_the_tab_alone_gives_is_a_fault():
    """Dim or dead: its dark reading would be an attack presentation's, or bare skin's at 1450 nm."""
    record = synthetic.record()
    record.swir_dark = (6400,) * 5
    for part, fine in ((100, True), (75, False), (0, False)):
        burst = copy_of(HEAD)
        burst.swir = tuple([(on + 400 * pairs, off, pairs) for on, off, pairs in HEAD.swir])
        _, off, pairs = burst.swir[3]
        burst.swir = burst.swir[:3] + ((off + 400 * pairs * part // 100, off, pairs),) + burst.swir[4:]
        evidence, findings = look(burst, record)
        assert ("swir_levels_q14" in evidence) == fine, part
        if not fine:
            assert findings == [(NO_DECISION, vocabulary.SENSOR_FAULT)], (part, findings)


def nearing(per_frame):
    """A face that comes nearer: each band's frame brighter than the one before, in 1/1000 of the light."""
    out = copy_of(HEAD)
    for number, name in enumerate(BANDS):
        brighter = tuple([factor * (1000 + per_frame * number) // 1000 for factor in synthetic.SKIN])
        out.frames[name] = synthetic.make(reflectances=brighter).frames[name] if number else HEAD.frames[name]
        out.time_us[name] = 80000 * number
    return out


def test_what_comes_nearer_is_followed_or_refused():
    evidence, findings = look(nearing(15))
    assert findings == [] and 40 <= evidence["motion_level_permille"] <= 50, (findings, evidence)
    # Not followed, ln 1.015 - .72 ln 1.03 = -.0064.
    assert abs(index_of(evidence) - index_of(TRUE)) < 0.002
    assert evidence["water_index_error_q14"] > 2 * TRUE["water_index_error_q14"]
    assert look(nearing(25))[1] == [(NO_DECISION, vocabulary.MOVING)]


def test_a_spot_beside_the_face_says_nothing():
    board = dict(synthetic.BOARD)
    board["swir_centre_um"] = [-14000, -90000]
    evidence, findings = look(HEAD, RECORD, analysis.Analyser(board))
    assert findings == [(NO_DECISION, vocabulary.OCCLUDED)], findings
    assert evidence["spot_overlap_permille"] < 600 and "swir_1450_1300_q14" not in evidence


def test_a_reading_lost_in_noise_is_not_used():
    burst = copy_of(HEAD)
    _, off, pairs = HEAD.swir[3]
    burst.swir = HEAD.swir[:3] + ((off + 15 * pairs, off, pairs),) + HEAD.swir[4:]  # 15 counts, of a noise of 2
    evidence, findings = look(burst)
    assert findings == [(NO_DECISION, vocabulary.SENSOR_FAULT)], findings
    assert evidence["swir_1450_1300_error_q14"] > 1640 and not ANALYSER.result.usable


def test_two_readings_at_1050_nm_that_disagree_are_inconsistent():
    burst = copy_of(HEAD)
    on, off, pairs = HEAD.swir[0]
    burst.swir = ((off + (on - off) * 2 // 5, off, pairs),) + HEAD.swir[1:]
    assert (ATTACK, vocabulary.INCONSISTENT) in look(burst)[1]
