"""Calibration on synthetic bursts of known truth: what comes out is what went in, and bad targets are refused."""

from __future__ import annotations

import numpy as np
import pytest
from dermis.core import calibration as record_format
from dermis.core import vocabulary
from dermis_host import CalibrationFailed, Module
from dermis_host.calibration import first_procedure as procedure
from dermis_host.calibration import limits, maths
from dermis_host.recording import Recording
from dermis_hw.boards import board_file
from dermis_hw.optics import DM1
from fake_module import META, FakeModule

BLACK, GAMMA, BASELINE = 5, 2.2, 40.3
BOARD = board_file("twin")
COLUMNS = tuple(BOARD["monitor_columns"])
V, U = np.meshgrid(np.arange(240), np.arange(320), indexing="ij")
# A white target as the light falls on it: a vignette and a tilt, different in every band.
SHAPES = {
    band: 0.4 * (1 - 0.2 * ((U - 160) ** 2 + (V - 120) ** 2) / 40000) * (1 + tilt * (U - 160) / 160)
    for band, tilt in zip(vocabulary.NIR_BANDS, (0.0, 0.03, -0.05), strict=True)
}
MONITOR = {"850": 0.60, "970": 0.41, "1050": 0.25, "dots": 0.12}
RNG = np.random.default_rng(7)
PATTERN = RNG.random((240, 320 + 64)) ** 8 * 0.6


def codes(linear, rng):
    """What an imager makes of linear light: shot and read noise, gamma, 8 bits."""
    electrons = linear * 12000
    noisy = electrons + rng.standard_normal(electrons.shape) * np.sqrt(np.maximum(electrons, 0) + 18**2)
    part = np.clip(noisy / 12000, 0, 1)
    return (part ** (1 / GAMMA) * (255 - BLACK) + BLACK + 0.5).astype(np.uint8)


def dots_at(distance_mm):
    """The pattern, shifted as a plane at that distance shifts it (450 mm: not at all)."""
    shift = DM1.focal_px * BASELINE * (1 / distance_mm - 1 / 450)
    at = np.arange(320) - shift + 32
    return np.stack([np.interp(at, np.arange(row.size), row) for row in PATTERN])


def burst(distance_mm=450.0, level=1.0, seed=0, swir=9000):
    rng = np.random.default_rng(seed)
    linear = {"dark": np.zeros((240, 320)), "dots": level * dots_at(distance_mm)}
    linear.update({band: level * shape for band, shape in SHAPES.items()})
    frames = {}
    for name, light in vocabulary.FRAME_LIGHT.items():
        image = linear[light].copy()
        image[:, slice(*COLUMNS)] = MONITOR.get(light, 0.0)
        frames[name] = codes(image, rng)
    meta = {**META, "swir": [[(700 + swir) * 64, 700 * 64, 64]] * 5}
    return Recording(meta, frames, b"", BOARD)


@pytest.fixture(scope="module")
def bursts():
    white = [burst(seed=seed) for seed in (1, 2)]
    return procedure.Bursts(
        burst(level=0.0, seed=9), white, burst(seed=3), burst(seed=4), burst(600.0, seed=5), burst(600.0, seed=6)
    )


@pytest.fixture(scope="module")
def outcome(bursts):
    return procedure.compute(bursts, "DM1-0007")


def test_every_measurement_of_a_good_module_passes(outcome):
    assert outcome.passed, [m.row() for m in outcome.measurements if not m.passed]
    assert {m.kind for m in outcome.measurements} == set(limits.LIMITS)


def test_the_record_is_one_that_the_device_takes(outcome):
    record = record_format.decode(outcome.record())
    assert record.serial == "DM1-0007" and record.z_ref_mm == 450
    record_format.check_module(record, "DM1-0007")


def test_what_comes_out_is_what_went_in(outcome):
    record = record_format.decode(outcome.record())
    for light, level in MONITOR.items():
        assert record.monitor[light] == pytest.approx(level * 65535, rel=0.01)
    for band, shape in SHAPES.items():
        nodes = np.array(record.flat[band]).reshape(13, 17)
        assert nodes[6, 8] == pytest.approx(shape[120, 160] * 65535, rel=0.01)
        assert nodes[1:11, 1:15] == pytest.approx(shape[20:220:20, 20:300:20] * 65535, rel=0.01)
    assert record.swir_white == (9000 * 16,) * 5
    assert record.baseline_um == pytest.approx(BASELINE * 1000, abs=150)
    assert record.z_offset_um == pytest.approx(0, abs=500)
    assert record.linear[BLACK] == 0 and record.linear[255] == 65535


def test_a_correction_is_judged_on_a_burst_that_it_was_not_made_from(outcome):
    flats = [m for m in outcome.measurements if m.kind == "flat"]
    assert len(flats) == 3
    for measurement in flats:
        assert measurement.before > 4 > 1 > measurement.value


def test_a_white_target_of_another_reflectance_scales_white(bursts, outcome):
    half = procedure.compute(bursts, "DM1-0007", white_reflectance=0.5)
    assert half.fields["swir_white"][0] == 2 * outcome.fields["swir_white"][0]


def with_(bursts, **changes):
    return procedure.Bursts(**{**vars(bursts), **changes})


def test_a_dead_swir_led_fails_and_nothing_can_be_written(bursts):
    white = [burst(seed=seed, swir=1) for seed in (1, 2)]
    bad = procedure.compute(with_(bursts, white=white), "DM1-0007")
    assert not bad.passed
    assert {m.kind for m in bad.measurements if not m.passed} == {"swir"}
    with pytest.raises(CalibrationFailed, match="swir 1050"):
        bad.record()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (lambda b: {"far": b.near}, "exchanged"),
        (lambda b: {"white": [b.dark] * 2}, "black"),
        (lambda b: {"near": b.dark}, "no dots"),
    ],
)
def test_wrong_targets_are_named(bursts, changes, said):
    dark = burst(level=0.0, seed=9)
    bursts = with_(bursts, dark=dark)
    with pytest.raises(CalibrationFailed, match=said):
        procedure.compute(with_(bursts, **changes(bursts)), "DM1-0007")


@pytest.mark.parametrize("value", [float("nan"), 5.0, -1.0])
def test_outside_is_outside_and_nan_too(value):
    assert not limits.Measurement("flat", value).passed


def test_triangulation_inverts_itself():
    truth = maths.Triangle(330.0, 450.0, 40.2, 1.5)

    def disparity(distance_mm):
        return truth.focal_px * truth.baseline_mm * (1 / (distance_mm - 1.5) - 1 / 450)

    found = maths.triangulate(330.0, 450.0, (450.0, disparity(450.0)), (600.0, disparity(600.0)))
    assert found.baseline_mm == pytest.approx(40.2, abs=1e-6) and found.offset_mm == pytest.approx(1.5, abs=1e-6)
    with pytest.raises(ValueError, match="exchanged"):
        maths.triangulate(330.0, 450.0, (600.0, -7.0), (450.0, 0.0))


@pytest.mark.parametrize(("gamma", "black"), [(0.1, 4), (2.2, 200), (2.2, -1)])
def test_no_such_imager(gamma, black):
    with pytest.raises(ValueError, match="no imager"):
        maths.linear_table(gamma, black)


def test_commit_writes_and_reads_back(outcome):
    with FakeModule() as fake, Module(fake.url) as module:
        assert procedure.commit(module, outcome) == "0123456789abcdef"
        assert fake.calibration == outcome.record()


def test_run_shows_every_target_and_writes_nothing(bursts, monkeypatch):
    order = []
    given = {
        "target_dark": [bursts.dark],
        "target_white": [*bursts.white, bursts.white[0], bursts.white_check],
        "target_plane_450": [bursts.near],
        "target_plane_600": [bursts.far, bursts.far_check],
    }

    class Operator:
        def show(self, target, z_ref_mm):
            order.append(target.scene)
            assert "{" not in target.guide.format(z_ref=z_ref_mm)

    with FakeModule() as fake, Module(fake.url) as module:
        monkeypatch.setattr(module, "capture", lambda frames=(): given[order[-1]].pop(0))
        assert procedure.run(module, Operator()).passed
        assert order == [target.scene for target in procedure.TARGETS]
        assert "calibration_write" not in fake.asked
