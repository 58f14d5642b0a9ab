"""The procedure on a simulated bench: a good module passes, whatever stops it is named, and a run can be taken up."""

from __future__ import annotations

import dataclasses
import math
from datetime import date

import numpy as np
import pytest
from dermis.core import calibration as record_format
from dermis.core import errors, fixed, reflectance, vocabulary
from dermis_host.calibration import causes, limits, procedure, reading, spectra, steps, targets
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
    assert 60 < len(outcome.fields["measurements"]) <= procedure.MOST


def test_without_a_chamber_the_record_has_the_designs_curves_about_its_own_temperature(good):
    _, watcher, _ = good
    subject = Subject("x", {"imager": "", "swir": ""}, board_file("twin"))
    outcome = procedure.compute(watcher.data, FIXTURE, subject)
    assert outcome.passed and outcome.fields["temperatures_cc"] == []
    temperature_c = outcome.fields["temperature_cc"] / 100
    assert outcome.fields["monitor_drift"] == spectra.design_monitor_curves(temperature_c)


def test_a_run_can_be_taken_up_from_its_folder(good, tmp_path):
    bench, watcher, outcome = good
    kept = {}
    for name, data in watcher.data.items():
        if name != "check":
            data.save(tmp_path / name)
            kept[name] = steps.load(tmp_path / name)
    again = Watching()
    second = procedure.run(bench, WARM, again, operator="ada", kept=kept)
    assert list(again.data) == ["check"] and second.passed
    same = {key: value for key, value in outcome.fields.items() if key not in ("created", "measurements")}
    assert {key: second.fields[key] for key in same} == same


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


@pytest.mark.parametrize("planted", ["scratched_window", "miswired_photodiode:exchanged", "wrong_distance:far"])
def test_what_is_planted_is_named(planted):
    setup, module = modules.draw_setup(SEED), module_instance.draw(SEED)
    if planted in modules.MISHAPS:
        setup = modules.mishap(setup, planted)
    else:
        module = defects.plant(module, planted)
    outcome = procedure.run(bench_of(SEED, setup, module), WARM, Watching(), operator="ada")
    assert not outcome.passed and outcome.causes[0].name == planted.partition(":")[0]
    assert outcome.causes[0].sentence.endswith(".") and "temperature" not in outcome.by_step


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
