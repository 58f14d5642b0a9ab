"""From burst to findings, on bursts made of integers. Physics is tested on rendered scenes, not here."""

import synthetic
from dermis.core import analysis, features, fixed, gates, swir, vocabulary
from dermis.core.reflectance import dot_image
from dermis.core.vocabulary import ATTACK, NO_DECISION

RECORD = synthetic.record()
ANALYSER = analysis.Analyser(synthetic.BOARD)
HEAD = synthetic.make()


def copy_of(burst):
    out = synthetic.burst.Burst()
    out.frames = dict(burst.frames)
    out.swir = burst.swir
    out.exposure_us = burst.exposure_us
    return out


def look(burst, record: object = RECORD):
    return ANALYSER.analyse(burst, record)


def test_a_head_of_skin_passes_every_gate():
    seen = look(HEAD)
    assert seen.findings == [] and seen.usable, seen.findings
    evidence = seen.evidence
    assert abs(evidence["distance_mm"] - 450) <= 15
    assert abs(evidence["reflectance_850_e4"] - 6000) <= 120
    assert abs(evidence["reflectance_970_e4"] - 5250) <= 110
    # ln .525 - .28 ln .6 - .72 ln .57 = -.0968
    assert abs(evidence["water_index_q14"] + 1586) <= 80, evidence["water_index_q14"]
    # ln(500 / 3570) = -1.966
    assert abs(evidence["swir_1450_1300_q14"] + 32206) <= 60
    assert evidence["spot_overlap_permille"] > 950
    u0, v0, u1, v1 = evidence["face_box_px"]
    assert u0 < 120 < 200 < u1 and v0 < 90 < 150 < v1


def test_the_work_is_done_in_pieces():
    """What yields to the loop; until the end nothing in the result may pass for a face without findings."""
    whole = look(HEAD)
    evidence, maps = dict(whole.evidence), bytes(whole.maps)
    pieces = 0
    for _ in ANALYSER.steps(HEAD, RECORD):
        pieces += 1
        assert not ANALYSER.result.usable
    assert pieces >= 6 and ANALYSER.result.usable
    assert ANALYSER.result.evidence == evidence and bytes(ANALYSER.result.maps) == maps


def test_maps_are_metric_and_centred():
    seen = look(HEAD)
    rows, columns, channels = 28, 24, 5

    def value(row, column, channel):
        byte = seen.maps[(row * columns + column) * channels + channel]
        return byte - 256 if byte > 127 else byte

    assert len(seen.maps) == rows * columns * channels
    middle = value(14, 12, 4)
    assert middle > 90  # depth confidence in the middle of the face
    assert value(0, 0, 4) == 0 and value(0, 0, 0) == 0
    # A head 150 mm wide fills 19 of 24 columns of 8 mm.
    wide = len([column for column in range(columns) if value(14, column, 4) > 0])
    assert 15 <= wide <= 20, wide
    # Relief grows from the nose to the side of the head.
    assert value(14, 12, 3) < value(14, 6, 3)


def test_a_sheet_is_flat():
    seen = look(synthetic.make(synthetic.sheet))
    assert (ATTACK, vocabulary.FLAT) in seen.findings, seen.findings
    assert (ATTACK, vocabulary.CYLINDRICAL) not in seen.findings
    assert seen.evidence["plane_residual_mm16"] < 24


def test_a_bent_sheet_is_cylindrical():
    seen = look(synthetic.make(synthetic.bent_sheet, synthetic.PAPER))
    reasons = [reason for verdict, reason in seen.findings]
    assert vocabulary.CYLINDRICAL in reasons and vocabulary.FLAT not in reasons, reasons
    assert vocabulary.NOT_SKIN_NIR in reasons and vocabulary.NOT_SKIN_SWIR in reasons, reasons


def test_an_empty_scene_has_no_face():
    seen = look(synthetic.make(synthetic.nothing))
    assert seen.findings == [(NO_DECISION, vocabulary.NO_FACE)] and not seen.usable
    assert sum(seen.maps) == 0 and sum(seen.spectra) == 0


def test_drift_of_the_lights_is_taken_off():
    before = dict(look(HEAD).evidence)
    seen = look(synthetic.make(gain_permille=850))
    assert seen.findings == [], seen.findings
    for band in vocabulary.NIR_BANDS:
        key = "reflectance_" + band + "_e4"
        assert abs(seen.evidence[key] - before[key]) <= 150, key
    assert abs(seen.evidence["monitor_drift_permille"][0] - 850) <= 15


def test_a_dead_light_is_a_sensor_fault():
    burst = copy_of(HEAD)
    burst.frames["970"] = burst.frames["dark"]
    assert look(burst).findings == [(NO_DECISION, vocabulary.SENSOR_FAULT)]


def test_missing_and_short_frames():
    burst = copy_of(HEAD)
    del burst.frames["1050"]
    assert look(burst).findings == [(NO_DECISION, vocabulary.SENSOR_FAULT)]
    burst.frames["1050"] = bytes(100)
    assert look(burst).findings == [(NO_DECISION, vocabulary.SENSOR_FAULT)]


def test_no_record():
    assert look(HEAD, None).findings == [(NO_DECISION, vocabulary.NOT_CALIBRATED)]


def test_saturated_frames_are_too_bright():
    burst = copy_of(HEAD)
    burst.frames["dark"] = b"\xff" * 76800
    assert look(burst).findings == [(NO_DECISION, vocabulary.TOO_BRIGHT)]
    burst = copy_of(HEAD)
    white = bytearray(HEAD.frames["850"])
    for row in range(240):
        for u in range(6, 320):
            white[row * 320 + u] = 255
    burst.frames["850"] = white
    assert look(burst).findings == [(NO_DECISION, vocabulary.TOO_BRIGHT)]


def test_a_shifted_second_frame_is_motion():
    burst = copy_of(HEAD)
    shifted = bytearray(HEAD.frames["850"])
    for row in range(240):
        at = row * 320
        shifted[at + 13 : at + 320] = HEAD.frames["850"][at + 6 : at + 313]
    burst.frames["850b"] = shifted
    seen = look(burst)
    assert seen.findings == [(NO_DECISION, vocabulary.MOVING)], seen.evidence
    assert 88 < seen.evidence["motion_px16"] < 140  # 7 px are 112


def moved(frame, pixels):
    """The frame with everything but the tab shifted along u."""
    out = bytearray(frame)
    for row in range(240):
        at = row * 320
        out[at + 10 + pixels : at + 320] = frame[at + 10 : at + 320 - pixels]
    return out


def test_a_face_that_went_and_came_back_is_motion():
    """Both frames at 850 nm show it at one place, those between do not."""
    for names in (("970",), ("1050",), ("970", "1050")):
        for pixels in (12, 60):
            burst = copy_of(HEAD)
            for name in names:
                burst.frames[name] = moved(HEAD.frames[name], pixels)
            seen = look(burst)
            assert seen.findings == [(NO_DECISION, vocabulary.MOVING)], (names, pixels, seen.findings, seen.evidence)
            assert seen.evidence["motion_px16"] < 4 and seen.evidence["motion_between_px16"] > 0
            assert not seen.usable
    assert "motion_between_px16" not in look(HEAD).evidence


def test_without_swir_readings_a_fitted_head_is_at_fault():
    burst = copy_of(HEAD)
    burst.swir = ()
    seen = look(burst)
    assert (NO_DECISION, vocabulary.SENSOR_FAULT) in seen.findings and not seen.usable
    assert seen.evidence["swir"] is False


def test_swir_that_sees_something_else_is_inconsistent():
    burst = copy_of(HEAD)
    burst.swir = tuple([(700 * 64 + (on - off) // 4, off, pairs) for on, off, pairs in HEAD.swir])
    assert (ATTACK, vocabulary.INCONSISTENT) in look(burst).findings


def swir_levels(readings, record: object = RECORD, off_cc=0):
    return swir.levels(readings, record, off_cc)


def without_white():
    record = synthetic.record()
    record.swir_white = ()
    return record


def test_swir_readings_out_of_range():
    fine = HEAD.swir
    assert swir_levels(fine)[2] is None
    assert swir_levels(fine[:4])[2] == vocabulary.SENSOR_FAULT
    assert swir_levels(fine, without_white())[2] == vocabulary.SENSOR_FAULT
    assert swir_levels(((1, 1),) + fine[1:])[2] == vocabulary.SENSOR_FAULT
    assert swir_levels(((1, 1, 0),) + fine[1:])[2] == vocabulary.SENSOR_FAULT
    assert swir_levels(((65535 * 64, 100, 64),) + fine[1:])[2] == vocabulary.TOO_BRIGHT
    # An LED that gives nothing, or a lamp that outshines it, is no exception but a very dark band.
    levels, errors, reason = swir_levels(fine[:3] + ((100, 200, 64),) + fine[4:])
    assert reason is None and levels is not None and levels[3] < levels[2]
    assert errors is not None and errors[3] > 16384 > 200 > errors[2]
    assert swir_levels(((100, 100, 64),) * 5) == (None, None, vocabulary.SENSOR_FAULT)


def test_swir_levels_are_brought_to_the_temperature_of_the_record():
    cold, _, _ = swir_levels(HEAD.swir, off_cc=-2500)
    room, _, _ = swir_levels(HEAD.swir)
    assert cold is not None and room is not None
    # 25 K colder the LED at 1550 nm gives 20% more: ln 1.2 = .182
    assert abs(room[4] - cold[4] - 2987) <= 2, (room, cold)


def test_dot_image_is_the_root_of_what_the_dots_add():
    linear = RECORD.linear
    frame, dark, out = bytearray(76800), bytearray(76800), bytearray(76800)
    frame[0], frame[1], dark[1], frame[2], dark[2] = 100, 50, 30, 10, 20
    dot_image(frame, dark, linear, out)
    assert list(out[:4]) == [100, 40, 0, 0]


def sure(**evidence):
    """The evidence, every error that a gate asks for among it."""
    for key, _, _ in gates.ERRORS.values():
        evidence.setdefault(key, 10)
    return evidence


def test_gates_turn_limits_into_findings_once():
    low = sure(swir_1450_1300_q14=-50000, swir_1550_1300_q14=0, plane_residual_mm16=10, relief_mm16=20)
    findings, names, margins = gates.judge(low)
    assert findings == [(ATTACK, vocabulary.FLAT), (ATTACK, vocabulary.NOT_SKIN_SWIR)]
    assert names == ["plane", "relief", "swir_1450", "swir_1550"] and len(margins) == 4
    assert max(margins) < 0


def test_a_value_without_its_error_is_not_used():
    """Neither for nor against: whatever the value, there is no decision."""
    for gate in gates.GATES:
        if gate.name not in gates.ERRORS:
            continue
        key, largest, reason = gates.ERRORS[gate.name]
        beyond = largest * (gates.UNSURE_FACTOR if gate.name in gates.SURE_OF else 1) + 1
        limit = gate.low if gate.low is not None else gate.high
        assert limit is not None
        for value in (limit, limit - 9999, limit + 9999):
            evidence = sure()
            evidence[gate.field] = value
            evidence[key] = beyond
            assert gates.judge(evidence) == ([(NO_DECISION, reason)], [gate.name], [largest - beyond])
            del evidence[key]
            assert gates.judge(evidence)[0] == [(NO_DECISION, vocabulary.SENSOR_FAULT)]
        evidence = sure()
        evidence[gate.field] = limit
        evidence[key] = largest
        assert gates.judge(evidence)[0] == []


def test_an_index_far_below_that_of_materials_needs_no_small_error():
    for index, error, findings in (
        (gates.HIGHEST_INDEX_Q14 - gates.SURE_ERRORS * 250, 250, []),
        (gates.HIGHEST_INDEX_Q14 - gates.SURE_ERRORS * 250 + 1, 250, [(NO_DECISION, vocabulary.TOO_BRIGHT)]),
        (gates.HIGHEST_INDEX_Q14 - gates.SURE_ERRORS * 400, 400, []),
        (gates.HIGHEST_INDEX_Q14 - gates.SURE_ERRORS * 401, 401, [(NO_DECISION, vocabulary.TOO_BRIGHT)]),
        (0, 250, [(NO_DECISION, vocabulary.TOO_BRIGHT)]),
    ):
        assert gates.judge({"water_index_q14": index, "water_index_error_q14": error})[0] == findings, (index, error)


def test_a_ratio_far_from_both_its_limits_needs_no_small_error():
    middle = -25000  # between -40388 and -11357
    for ratio, error, findings in (
        (middle, 3280, []),
        (middle, 3281, [(NO_DECISION, vocabulary.SENSOR_FAULT)]),
        (-11357 - gates.SURE_ERRORS * 1700, 1700, []),
        (-11357 - gates.SURE_ERRORS * 1700 + 1, 1700, [(NO_DECISION, vocabulary.SENSOR_FAULT)]),
        (-40388 + gates.SURE_ERRORS * 1700 - 1, 1700, [(NO_DECISION, vocabulary.SENSOR_FAULT)]),
    ):
        seen = {"swir_1450_1300_q14": ratio, "swir_1450_1300_error_q14": error}
        assert gates.judge(seen)[0] == findings, (ratio, error)


def test_hair_in_the_spot_lifts_two_ratios_and_silicone_one():
    """At 1450 nm .54 each: with .84 at 1200 nm it is half a beard, with .68 silicone on skin."""
    known = {"swir_1450_1300_q14": -10096, "swir_1450_1300_error_q14": 100, "swir_1200_1050_error_q14": 100}
    beard, silicone = dict(known, swir_1200_1050_q14=-2857), dict(known, swir_1200_1050_q14=-6319)
    assert gates.judge(beard) == ([], ["swir_1450", "swir_1200"], [2017, 948])
    assert gates.judge(silicone)[0] == [(ATTACK, vocabulary.NOT_SKIN_SWIR)]
    assert gates.judge(known)[0] == [(ATTACK, vocabulary.NOT_SKIN_SWIR)]  # nothing eases what is not there


def test_a_glint_in_the_spot_is_taken_off_the_ratio():
    """Skin and silicone, both with a glint of .4 of their S1050 (of .52, .62): what is left is their own ratio."""

    def glinting(s1050, s1300, s1450, glint):
        levels = [s1050, s1050 * 3 // 5, s1300, s1450, s1450]
        levels = [fixed.ln_q14(level + glint) - fixed.ln_q14(10000) for level in levels]
        return {
            "swir_levels_q14": levels,
            "swir_1450_1300_q14": levels[3] - levels[2],
            "swir_1450_1300_error_q14": 100,
            "swir_level_1050_q14": fixed.ln_q14(s1050 + glint) - fixed.ln_q14(s1050),
            "swir_level_1050_error_q14": 900,
        }

    refused = [(ATTACK, vocabulary.NOT_SKIN_SWIR)]
    skin, silicone = glinting(5200, 3400, 1400, 2080), glinting(6200, 6000, 3240, 2480)
    assert skin["swir_1450_1300_q14"] > -7500  # .63 as it is seen, .41 without the glint
    assert gates.judge(skin)[0] == []
    assert gates.judge(silicone)[0] == refused  # .54 without
    # What the imager sees, too, is no glint in the spot; and one so small may be drift.
    assert gates.judge(dict(skin, swir_level_1050_q14=0))[0] == refused
    assert gates.judge(dict(skin, swir_level_1050_q14=gates.GLINT_FROM_Q14 - 1))[0] == refused
    del skin["swir_levels_q14"]
    assert gates.judge(skin)[0] == refused
    # Beyond what the photodiode and the imager may differ by, no glint explains anything.
    assert gates.judge(glinting(5200, 3400, 1400, 2700))[0] == [(ATTACK, vocabulary.INCONSISTENT)]
    # Hair and a glint do not add up: the silicone that looks like a beard at 1200 nm gets the greater of the two.
    assert gates.judge(dict(silicone, swir_1200_1050_q14=-4000, swir_1200_1050_error_q14=100))[0] == refused


def test_light_at_1050_alone_is_no_glint():
    """It lifts S1050 and nothing else; what a glint so large would leave of the other bands is no skin's."""
    silicone = (7800, 8200, 5200)  # 1200, 1300 and 1450 nm of 10000 at 1050: 1.5 mm on skin

    def lit(factor_percent):
        levels = [fixed.ln_q14(level) for level in (100 * factor_percent,) + silicone + silicone[-1:]]
        return {
            "swir_levels_q14": levels,
            "swir_1450_1300_q14": levels[3] - levels[2],
            "swir_level_1050_q14": levels[0] - fixed.ln_q14(10000),
        }

    gate = next(gate for gate in gates.GATES if gate.name == "swir_1450")
    limits = [gates.moved(gate, lit(percent)).high for percent in range(100, 150)]
    assert limits[0] == gate.high and limits[28] > gate.high  # 1.28 leaves .5 of 1200 nm: may be skin with a glint
    assert max(limits) < -6437  # .675
    assert limits[49] < -10000  # .54


def test_no_glint_moves_the_limit_beyond_three_quarters():
    gate = next(gate for gate in gates.GATES if gate.name == "swir_1450")
    agreement = next(gate for gate in gates.GATES if gate.name == "agreement")
    found = []
    for of_1200 in range(-40000, 40001, 4000):
        for of_1300 in (-40000, -12000, -8000, -6640, -4000, 0, 4000, 40000):
            for excess in (-40000, 0, gates.GLINT_FROM_Q14, 4000, agreement.high, 40000):
                seen = {"swir_levels_q14": [0, of_1200, of_1300, -20000, -20000], "swir_level_1050_q14": excess}
                high = gates.moved(gate, seen).high
                assert gate.high - 2 <= high <= 0, seen
                found.append(high if excess <= agreement.high else gate.high)
    assert -4760 < max(found) <= -4713  # .75


def test_the_model_is_not_given_what_is_not_known():
    evidence = dict(look(HEAD).evidence)
    whole, without = bytearray(10), bytearray(10)
    features.fill_spectra(whole, evidence)
    del evidence["swir_1450_1300_error_q14"]
    features.fill_spectra(without, evidence)
    assert whole[0] != 0 and without[0] == 0 and whole[1:] == without[1:]


def test_gates_never_make_a_bona_fide():
    for gate in gates.GATES:
        assert gate.verdict in (ATTACK, NO_DECISION) and gate.why
        table = vocabulary.ATTACK_REASONS if gate.verdict == ATTACK else vocabulary.NO_DECISION_REASONS
        assert gate.reason in table
        assert gate.low is not None or gate.high is not None


def test_scaling_rounds_to_nearest():
    assert [features.scaled(value, 64) for value in (127, 128, -128, -129)] == [0, 1, 0, -1]
    assert features.scaled(-32768, 32, 32768) == 0


def test_a_lamp_that_follows_850_nm_leaves_no_skin():
    not_skin = (ATTACK, vocabulary.NOT_SKIN_NIR)
    assert gates.judge({"slope_1050_q14": -2700})[0] == []  # e^-.165, the lightest skin
    assert gates.judge({"slope_1050_q14": -4500})[0] == [not_skin]  # three tenths more light at 850 nm
    assert gates.judge({"water_index_q14": -2100, "water_index_error_q14": 45})[0] == []
    assert gates.judge({"water_index_q14": -3300, "water_index_error_q14": 45})[0] == [not_skin]
