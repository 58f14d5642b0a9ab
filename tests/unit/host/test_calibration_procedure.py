"""The procedure on a simulated bench: a good module passes, whatever stops it is named, and a run can be taken up."""

from __future__ import annotations

import copy
import dataclasses
import math
from datetime import date

import numpy as np
import pytest
from dermis.core import calibration as record_format
from dermis.core import errors, fixed, reflectance, vocabulary
from dermis_host.calibration import causes, limits, procedure, reading, spectra, steps, targets, verify
from dermis_host.calibration.bench import StepVoid
from dermis_host.calibration.keys import DEVELOPMENT_KEY
from dermis_host.calibration.outcome import Cause, Outcome
from dermis_host.calibration.steps import State, Subject
from dermis_host.errors import CalibrationFailed, RecordingError, RequestFailed, UsageError
from dermis_hw import defects, module_instance
from dermis_hw.boards import board_file
from dermis_models import modules

SEED = 5077
FIXTURE = dataclasses.replace(targets.load(), temperatures_c=())
WARM = dataclasses.replace(FIXTURE, temperatures_c=(5.0, 35.0, 45.0))


class Watching(modules.Silent):
    """Keeps what a run tells."""

    def __init__(self):
        self.data, self.said, self.begun = {}, [], []

    def begin(self, step, number, of):
        self.begun.append(step.name)

    def reading(self, text):
        self.said.append(text)

    def finished(self, step, data):
        self.data[step.name] = data


def bench_of(seed=SEED, setup=None, module=None):
    return modules.SimulatedBench(module or module_instance.draw(seed), setup or modules.draw_setup(seed), seed=seed)


@pytest.fixture(scope="module")
def good():
    """(bench, watcher, outcome) of a good module on a bench that warms it."""
    bench, watcher = bench_of(), Watching()
    return bench, watcher, procedure.run(bench, WARM, watcher, operator="ada")


def test_a_good_module_passes_and_everything_is_measured(good):
    _, watcher, outcome = good
    assert outcome.passed, [(measurement.row(), outcome.causes) for measurement in outcome.failed]
    measured = {measurement.kind for measurement in outcome.measurements}
    assert measured == {kind for kind in limits.LIMITS if not kind.startswith("verify_")}
    assert watcher.begun == [step.name for step in steps.STEPS] == list(watcher.data)
    assert outcome.plots and outcome.pictures and not outcome.causes


def test_the_record_is_one_that_the_device_takes_and_says_what_the_module_is(good):
    bench, _, outcome = good
    record = record_format.decode(
        outcome.record(DEVELOPMENT_KEY), {record_format.key_id(DEVELOPMENT_KEY): DEVELOPMENT_KEY}
    )
    module = bench.module
    assert record.serial == module.serial and record.sensors == bench.sensors and record.operator == "ada"
    true_mm = (40.0 + module.baseline_error_mm) * (1 + module.focal_error)
    assert record.baseline_um / 1000 == pytest.approx(true_mm, rel=0.004)
    assert record.z_ref_um == pytest.approx(450_000, abs=1000)
    for led, peak in zip(targets.LEDS, outcome.fields["peaks_dnm"], strict=True):
        band = module.band(led)
        there = band.peak_nm + band.drift_nm_per_k * (bench.setup.temperature_c - 25.0)
        assert peak / 10 == pytest.approx(there, abs=2.0)
    for number, led in enumerate(spectra.SWIR):
        slope = module.band(led).output_per_k
        there = 1 + slope * (record.temperature_cc / 100 - 25.0)
        assert record.swir_output_drift[number][0] / 1e6 == pytest.approx(slope / there, rel=0.03)
    assert len(outcome.fields["measurements"]) == len(outcome.measurements) > 100


def test_a_run_is_taken_up_from_its_folder_and_without_a_chamber_has_the_designs_curves(good, tmp_path):
    bench, watcher, outcome = good
    kept = {}
    for name, data in watcher.data.items():
        if name != "check":
            data.save(tmp_path / name)
            kept[name] = steps.load(tmp_path / name)
    again = Watching()
    bench.heat(bench.setup.temperature_c)
    second = procedure.run(bench, FIXTURE, again, operator="ada", kept=kept)
    assert list(again.data) == ["check"] and second.passed, [each.row() for each in second.failed]
    own = {"created", "measurements", "temperatures_cc"} | {key for key in outcome.fields if key.endswith("_drift")}
    same = {key: value for key, value in outcome.fields.items() if key not in own}
    assert {key: second.fields[key] for key in same} == same
    assert second.fields["temperatures_cc"] == []
    temperature_c = second.fields["temperature_cc"] / 100
    assert second.fields["monitor_drift"] == spectra.design_monitor_curves(temperature_c)
    assert second.fields["swir_output_drift"] == spectra.design_output_curves(temperature_c)


def test_half_a_step_is_none_and_a_damaged_one_is_said_to_be(good, tmp_path):
    data = good[1].data["swir"]
    data.save(tmp_path)
    (tmp_path / "swir_1.npz").write_bytes(b"no")
    with pytest.raises(RecordingError):
        steps.load(tmp_path)
    (tmp_path / "step.json").write_text('{"format": 9}')
    with pytest.raises(RecordingError, match="--fresh"):
        steps.load(tmp_path)
    (tmp_path / "step.json").unlink()
    assert steps.load(tmp_path) is None


class Refusing(modules.SimulatedBench):
    """A module that refuses every burst of one exposure or of all, and a bench that somebody else uses."""

    refusal: RequestFailed | None = None
    voids = 0

    def burst(self, frames=(), exposure_us=0):
        if self.refusal is not None:
            raise self.refusal
        if self.voids:
            self.voids -= 1
            raise StepVoid("Another host takes bursts from this module.")
        return super().burst(frames, exposure_us)


@pytest.mark.parametrize(
    ("sentence", "cause"),
    [
        (
            "the light 970 stays dark on the monitor tab; check its LEDs and their driver",
            "dead_led",
        ),
        ("the monitor tab shows 850 where 970 was switched on; check the wiring", "swapped_led"),
        ("the monitor tab is saturated under the light 850", "room_light"),
        ("the imager sends the same frame again and again; reset the module", "module_refused"),
    ],
)
def test_a_refusal_of_the_module_ends_the_run_with_its_cause(sentence, cause):
    bench, watcher = Refusing(module_instance.draw(SEED)), Watching()
    bench.refusal = RequestFailed("burst", errors.RC_BAD_STATE, sentence)
    outcome = procedure.run(bench, FIXTURE, watcher, operator="ada")
    assert [each.name for each in outcome.causes] == [cause]
    assert watcher.begun == ["dark"] and not watcher.data and not outcome.passed
    with pytest.raises(CalibrationFailed, match="Nothing was written"):
        outcome.record(DEVELOPMENT_KEY)


def test_a_void_step_is_taken_once_more_and_then_given_up():
    bench, watcher = Refusing(module_instance.draw(SEED)), Watching()
    bench.voids = 1
    data = procedure.take(steps.STEPS[0], bench, FIXTURE, watcher)
    assert len(data.bursts) == 4 and any("taken again" in said for said in watcher.said)
    bench.voids = 9
    with pytest.raises(StepVoid):
        procedure.take(steps.STEPS[0], bench, FIXTURE, watcher)


@pytest.mark.parametrize(("today", "said"), [(date(2036, 1, 2), "was due"), (date(2025, 12, 31), "set the clock")])
def test_a_fixture_out_of_its_time_is_refused(today, said):
    with pytest.raises(UsageError, match=said):
        procedure.run(bench_of(), FIXTURE, Watching(), operator="ada", today=today)


def test_a_scratch_on_the_window_is_named(good):
    whole, watcher, _ = good
    bench = bench_of(SEED, whole.setup, defects.plant(whole.module, "scratched_window"))
    bench._geometries = whole._geometries  # the same planes: what costs most is worked out
    calibration = procedure._Calibration(FIXTURE, Subject(bench.serial, bench.sensors, bench.board), "ada")
    dark, linearity, white, *_ = steps.STEPS
    assert calibration.judge(dark, watcher.data["dark"])
    assert all(calibration.judge(step, step.take(bench, FIXTURE)) for step in (linearity, white))
    outcome = calibration.finish(steps.STEPS)
    assert not outcome.passed and [each.name for each in outcome.causes] == ["scratched_window"]


def test_a_module_that_failed_is_not_heated(good, monkeypatch):
    bench, watcher, _ = good
    dark = copy.deepcopy(watcher.data["dark"])
    for burst in dark.bursts.values():
        if "850" in burst.frames:
            burst.frames["850"] = np.full_like(burst.frames["dark"], 90)
    monkeypatch.setattr(procedure, "STEPS", [step for step in steps.STEPS if step.name in ("dark", "temperature")])
    again = Watching()
    outcome = procedure.run(bench, WARM, again, operator="ada", kept={"dark": dark})
    assert again.begun == ["dark"] and not outcome.passed
    assert [each.name for each in outcome.causes] == ["stray_light"]


# What goes wrong in single steps, after good ones before them.


@pytest.fixture(scope="module")
def before_planes(good):
    """A calibration that has judged all that comes before the planes."""
    bench, watcher, _ = good
    calibration = procedure._Calibration(FIXTURE, Subject(bench.serial, bench.sensors, bench.board), "ada")
    for name in ("dark", "linearity", "white", "swir", "spectral"):
        step = next(step for step in steps.STEPS if step.name == name)
        assert calibration.judge(step, watcher.data[name])
    return calibration


def judged(calibration, data):
    """(whether it can go on, the outcome with its causes) of one more step."""
    calibration = copy.deepcopy(calibration)
    step = next(step for step in steps.STEPS if step.name == data.step)
    going_on = calibration.judge(step, data)
    return going_on, calibration.finish(procedure.plan(FIXTURE, board_file("twin")))


def with_frames(recording, **frames):
    return dataclasses.replace(recording, frames={**recording.frames, **frames})


def blind(recording):
    return with_frames(recording, dots=recording.frames["dark"])


def other_dots(recording, other):
    return with_frames(recording, dots=other.frames["dots"])


@pytest.mark.parametrize(
    ("cause", "change"),
    [
        ("no_dots", lambda far, near, check: (far, blind(near), check)),
        ("no_dots", lambda far, near, check: (far, near, blind(check))),
        ("wrong_target", lambda far, near, check: (near, far, check)),
        ("mirrored_reference", lambda far, near, check: (other_dots(far, near), other_dots(near, far), check)),
    ],
    ids=["no near", "far gone", "exchanged", "mirrored"],
)
def test_planes_that_cannot_be_measured_name_their_cause(good, before_planes, cause, change):
    bursts = good[1].data["planes"].bursts
    far, near, check = change(bursts["far"], bursts["near"], bursts["far_check"])
    going_on, outcome = judged(before_planes, steps.StepData("planes", {"near": near, "far": far, "far_check": check}))
    assert not going_on and not outcome.passed and [each.name for each in outcome.causes] == [cause]


def test_a_plane_elsewhere_is_named_with_its_distance(good, before_planes):
    bench, fixture = good[0], dataclasses.replace(FIXTURE)
    moved = modules.SimulatedBench(bench.module, modules.mishap(bench.setup, "wrong_distance:far"), seed=SEED)
    going_on, outcome = judged(before_planes, steps.STEPS[5].take(moved, fixture))
    assert going_on and outcome.causes[0].name == "wrong_distance"
    assert "far stands 2" in outcome.causes[0].sentence and "too near" in outcome.causes[0].sentence


def test_a_burst_without_a_reading_of_the_photodiode_is_no_measurement(good, before_planes):
    data = good[1].data["planes"]
    near = dataclasses.replace(data.bursts["near"], meta={**data.bursts["near"].meta, "swir": []})
    going_on, outcome = judged(before_planes, dataclasses.replace(data, bursts={**data.bursts, "near": near}))
    assert not going_on and [each.name for each in outcome.causes] == ["miswired_photodiode"]


# Causes from measurements alone.


def state_with(*measurements: tuple) -> State:
    subject = Subject("x", {}, board_file("twin"))
    state = State(FIXTURE, subject, Outcome(), step="any")
    state.monitor = dict.fromkeys(("850", "970", "1050", "dots"), 20000)
    for kind, value, of in measurements:
        state.add(kind, value, of)
    return state


@pytest.mark.parametrize(
    ("measurements", "cause"),
    [
        ([("monitor", 40.0, "970")], "dim_led"),
        ([("monitor", 2.0, "dots")], "dead_led"),
        ([("black_level", 60.0, "")], "stray_light"),
        ([("cap_light", 2.0, "850 nm")], "stray_light"),
        ([("local", 9.0, "white target")], "dirty_target"),
        ([("local", 9.0, "window"), ("local", 9.0, "white target")], "scratched_window"),
        ([("tilt", 3.0, "yaw")], "tilted_target"),
        ([("tilt", 3.0, "yaw"), ("dots_slope", 9.0, "")], "tilted_doe"),
        ([("gamma", 1.0, "")], "stuck_gamma"),
        ([("swir_noise", 300.0, "")], "outside_limits"),
        ([("swir_check", math.nan, "1050 nm")], "outside_limits"),
    ],
)
def test_measurements_name_their_cause(measurements, cause):
    found = causes.name(state_with(*measurements, ("temperature", 25.0, "")))
    assert [each.name for each in found] == [cause]
    assert cause in causes.NAMES


OF = {"monitor": "970", "peak": "swir1300", "walk": "970", "target": "white 850 nm"}
JUDGED = [kind for kind in limits.LIMITS if not kind.startswith("verify_")]


@pytest.mark.parametrize("kind", JUDGED)
def test_every_limit_can_fail_and_names_a_cause(kind):
    low, high, *_ = limits.LIMITS[kind]
    outside = [math.nan]
    outside += [] if low is None else [low - 0.01, low - 1000.0]
    outside += [] if high is None else [high + 0.01, high + 1000.0]
    for value in outside:
        state = state_with((kind, value, OF.get(kind, "grey_50")))
        state.outcome.complete = True
        spectrum = FIXTURE.targets["spectral"].spectrum
        state.readings["spectral"] = {led: spectra.through(spectrum, led) for led in targets.LEDS}
        found = causes.name(state)
        assert not state.outcome.passed and found, value
        assert all(cause.name in causes.NAMES and cause.sentence.endswith(".") for cause in found)


def shown(readings, *measurements) -> State:
    """Readings of the spectral standard by LED: those given, the certificate's for all others."""
    state = state_with(*measurements)
    spectrum = FIXTURE.targets["spectral"].spectrum
    state.readings["spectral"] = {led: readings.get(led, spectra.through(spectrum, led)) for led in targets.LEDS}
    return state


def test_leds_by_what_the_spectral_standard_shows_of_them():
    spectrum = FIXTURE.targets["spectral"].spectrum
    one, other = "swir1200", "swir1450"
    crossed = {one: spectra.through(spectrum, other), other: spectra.through(spectrum, one)}
    (found,) = causes.name(shown(crossed, ("peak", math.nan, one), ("peak", math.nan, other)))
    assert found.name == "miswired_photodiode" and "1200 shows 1450" in found.sentence
    (found,) = causes.name(shown({"970": spectra.through(spectrum, "970", 937.0)}, ("peak", -33.0, "970")))
    assert found.name == "swapped_led" and "940 nm" in found.sentence
    white = dict.fromkeys(targets.LEDS, 0.98)
    found = causes.name(shown(white, *(("peak", math.nan, led) for led in targets.LEDS)))
    assert [each.name for each in found] == ["wrong_target"] and "looks like white" in found[0].sentence


def test_a_photodiode_that_reads_less_under_its_leds_is_the_wrong_way_round():
    state = state_with(*(("swir_dark", -4.0, f"{band} nm") for band in vocabulary.SWIR_BANDS))
    state.swir_dark = [-400.0] * 5
    assert [each.name for each in causes.name(state)] == ["miswired_photodiode"]


def test_what_passes_has_no_cause():
    assert causes.name(state_with(("monitor", 100.0, "970"))) == []


def test_a_record_is_only_of_what_passed():
    outcome = Outcome({}, [Cause("dead_led", "The LED 970 gives no light.")], {}, complete=True)
    with pytest.raises(CalibrationFailed, match="LED 970"):
        outcome.record(DEVELOPMENT_KEY)
    with pytest.raises(CalibrationFailed, match="steps are missing"):
        Outcome().record(DEVELOPMENT_KEY)


# The reading of a target, against the device's own code.


def test_a_reading_is_the_devices(good):
    bench, _, outcome = good
    record = record_format.decode(outcome.record(DEVELOPMENT_KEY))
    bench.heat(bench.setup.temperature_c)
    bench.stand(400.0, "tile:green")
    burst = bench.burst()
    seen = reading.read([burst], record, bench.board)
    frames = {name: pixels.tobytes() for name, pixels in burst.frames.items()}
    device = reflectance.Reflectance(bench.board["monitor_columns"])
    device.set_calibration(record)
    rows, columns = ([value // reflectance.STEP for value in edge] for edge in (reading.MIDDLE_V, reading.MIDDLE_U))
    mask = np.zeros((reflectance.ROWS, reflectance.COLUMNS), np.uint8)
    mask[rows[0] : rows[1], columns[0] : columns[1]] = 1
    device.select(frames, bytearray(mask.tobytes()), rows, columns)
    device.add(frames, vocabulary.NIR_BANDS)
    dark = device.monitor_level(frames["dark"], True)
    for band in vocabulary.NIR_BANDS:
        level = device.monitor_level(frames[band], True) - dark
        device.gain[band] = fixed.ln_q14(record.monitor[band]) - fixed.ln_q14(level)
    depth = record_format.u16_array(np.full(reflectance.CELLS, round(16 * seen.distance_mm), "<u2").tobytes())
    device.convert(depth, record.z_ref_um, 4096)
    cells = list(device.cells[: device.count])
    for band in vocabulary.NIR_BANDS:
        theirs = math.exp(np.median([device.ln_r[band][cell] for cell in cells]) / fixed.Q14)
        assert seen.reflectance[band] == pytest.approx(theirs, rel=0.002)
    assert seen.distance_mm == pytest.approx(400.0, rel=0.003)


# A calibrated module before a card.


@pytest.fixture(scope="module")
def card(good):
    """(bursts of the middle grey, its target)."""
    bench = bench_of()
    return verify.take(bench, FIXTURE.targets["grey_50"]), FIXTURE.targets["grey_50"]


def verified(good, bursts, target, **changes):
    record = record_format.encode({**good[2].fields, **changes}, DEVELOPMENT_KEY)
    return verify.judge(record_format.decode(record), bursts, target)


def test_verify_passes_a_module_as_it_was_calibrated(good, card):
    found = verified(good, *card)
    assert found.passed, [each.row() for each in found.measurements]
    assert {each.kind for each in found.measurements} == set(limits.LIMITS) - set(JUDGED)
    assert found.distance_mm == pytest.approx(450.0, abs=2.0)


def scaled(nodes: bytes, factor: float) -> bytes:
    return np.round(np.frombuffer(nodes, "<u2") * factor).astype("<u2").tobytes()


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("verify_drift", lambda fields: {"monitor": {**fields["monitor"], "dots": fields["monitor"]["dots"] * 2}}),
        ("verify_tilt", lambda fields: {"monitor": {**fields["monitor"], "970": fields["monitor"]["970"] * 21 // 20}}),
        ("verify_ratio", lambda fields: {"flat": {**fields["flat"], "970": scaled(fields["flat"]["970"], 1.02)}}),
        ("verify_swir", lambda fields: {"swir_white": [2 * fields["swir_white"][0], *fields["swir_white"][1:]]}),
        (
            "verify_level",
            lambda fields: {"flat": {band: scaled(nodes, 0.9) for band, nodes in fields["flat"].items()}},
        ),
    ],
)
def test_verify_finds_each_part_that_changed(good, card, kind, change):
    found = verified(good, *card, **change(good[2].fields))
    assert not found.passed and kind in {each.kind for each in found.measurements if not each.passed}


def test_verify_judges_no_card_that_it_cannot_see(good, card):
    bursts, target = card
    found = verified(good, [blind(each) for each in bursts], target)
    assert [each.name for each in found.causes] == ["no_card"] and not found.passed
    assert not next(each for each in found.measurements if each.kind == "verify_dots").passed
    dumb = [dataclasses.replace(bursts[0], meta={**bursts[0].meta, "swir": []}), *bursts[1:]]
    assert [each.name for each in verified(good, dumb, target).causes] == ["no_swir"]
    bench = bench_of()
    bench.stand(700.0, "tile:grey_50")
    far = [bench.burst(verify.FRAMES) for _ in range(verify.BURSTS)]
    found = verified(good, far, target)
    assert not found.passed and [each.name for each in found.causes] == ["wrong_distance"]


# Fixture files.

GOOD_FILE = targets.BUILT_IN_FILE.read_text()


def test_a_fixture_file_with_factors_and_tables_is_read(tmp_path):
    (tmp_path / "s.csv").write_text("nm,factor\n" + "".join(f"{nm},{0.9 - nm / 4000}\n" for nm in range(800, 1651, 50)))
    text = GOOD_FILE.replace('"material:tile:spectral"', '"s.csv"').replace('"material:tile:white"', "0.98")
    by_led = ", ".join(f'"{led}" = 0.5' for led in targets.LEDS)
    text = text.replace('"material:tile:grey_20"', "{ " + by_led + " }")
    path = tmp_path / "bench.toml"
    path.write_text(text)
    fixture = targets.load(path)
    assert fixture.targets["white"].reflectance("970") == 0.98
    assert fixture.targets["spectral"].reflectance("850") == pytest.approx(0.9 - 847 / 4000, abs=1e-6)
    assert fixture.targets["grey_20"].reflectance("swir1550") == 0.5 and "300 mm" in fixture.targets["near"].guide
    before = fixture.hash
    (tmp_path / "s.csv").write_text((tmp_path / "s.csv").read_text().replace("0.7,", "0.71,") + "1700,0.4\n")
    assert targets.load(path).hash != before  # a certificate is part of the fixture


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("format = 1", "format = 7", "format = 1"),
        ("format = 1", "format = ", "no TOML"),
        ('id = "reference"', "", "lacks id"),
        ("due = 2036-01-01", 'due = "soon"', "due"),
        ("[targets.far]\ndistance_mm = 650", "[targets.far]\ndistance_mm = 65", "targets.far.distance_mm"),
        ('"material:tile:white"', "1.2", "above 0 and at most 1"),
        ('"material:tile:white"', '{ "850" = 0.9 }', "must name each of"),
        ('"material:tile:white"', '"none.csv"', "cannot be read"),
        ("temperatures_c = [-10, 10, 30, 50]", 'temperatures_c = ["warm"]', "temperatures_c"),
        ("temperatures_c = [-10, 10, 30, 50]", "temperatures_c = [10, 50]", "3 or more"),
        ("temperatures_c = [-10, 10, 30, 50]", "temperatures_c = [10, 15, 20]", "20 degrees or more"),
        ("temperatures_c = [-10, 10, 30, 50]", "temperatures_c = [10, nan, 50]", "temperatures_c"),
        ('id = "reference"', f'id = "{"x" * 41}"', "1 to 40 characters"),
        ("due = 2036-01-01", "due = 2036-01-01T00:00:00", "without a time"),
        ('"material:tile:white"', '"material:tile:none"', "targets.white.reflectance"),
        ('"material:tile:white"', "{ " + ", ".join(f'"{led}" = "x"' for led in targets.LEDS) + " }", "with its factor"),
        (
            "[targets.near]\ndistance_mm = 300\nreflectance",
            "[targets.nearer]\ndistance_mm = 300\nreflectance",
            "targets.near",
        ),
    ],
)
def test_a_fixture_file_that_cannot_be_is_refused_in_a_sentence(tmp_path, old, new, said):
    path = tmp_path / "bench.toml"
    assert old in GOOD_FILE
    path.write_text(GOOD_FILE.replace(old, new))
    with pytest.raises(UsageError, match=said.replace(".", r"\.")):
        targets.load(path)
    with pytest.raises(UsageError, match="cannot be read"):
        targets.load(tmp_path / "none.toml")
