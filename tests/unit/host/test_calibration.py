"""The mathematics of calibration on synthetic bursts and numbers of known truth: what comes out is what went in."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from dermis.core import drift, vocabulary
from dermis_host.calibration import causes, limits, maths, planes, spectra, steps, targets
from dermis_host.recording import Recording
from dermis_hw.boards import board_file
from dermis_hw.optics import DM1
from fake_module import META

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
SPECTRUM = targets.load().targets[targets.SPECTRAL].spectrum


def codes(linear, rng, gamma=GAMMA):
    """What an imager makes of linear light: shot and read noise, gamma, 8 bits."""
    electrons = linear * 12000
    noisy = electrons + rng.standard_normal(electrons.shape) * np.sqrt(np.maximum(electrons, 0) + 18**2)
    part = np.clip(noisy / 12000, 0, 1)
    return (part ** (1 / gamma) * (255 - BLACK) + BLACK + 0.5).astype(np.uint8)


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


# From codes to light.


@pytest.mark.parametrize("gamma", [1.0, 1.98, 2.42])
def test_gamma_comes_out_of_exposures(gamma):
    exposures = np.array([1000.0, 2000.0, 4000.0, 7200.0])
    rng = np.random.default_rng(1)
    levels = []
    for full in (0.3, 0.6, 0.9):
        seen = [codes(np.full((100, 100), full * t / 7200), rng, gamma).mean() for t in exposures]
        levels.append((exposures, np.array(seen)))
    found, left = maths.fit_gamma(levels, BLACK)
    assert found == pytest.approx(gamma, rel=0.002)
    assert np.abs(left).max() < 0.003


def test_a_curve_that_is_no_power_leaves_residuals():
    exposures = np.array([1000.0, 2000.0, 4000.0, 7200.0])
    part = 0.8 * exposures / 7200
    bent = BLACK + 250 * (0.7 * part ** (1 / 2.2) + 0.3 * part)
    assert np.abs(maths.fit_gamma([(exposures, bent)], BLACK)[1]).max() > 0.005


@pytest.mark.parametrize("levels", [np.full(4, 5.0), np.array([254.0] * 4), np.array([200.0, 150.0, 100.0, 60.0])])
def test_light_that_does_not_follow_the_exposure_is_refused(levels):
    with pytest.raises(ValueError, match=r"too few|does not follow"):
        maths.fit_gamma([(np.array([1000.0, 2000.0, 4000.0, 7200.0]), levels)], BLACK)


def test_a_balanced_table_lifts_no_dim_light():
    rng = np.random.default_rng(2)
    dark = codes(np.zeros((240, 320)), rng)
    dim = codes(np.full((240, 320), 0.02), rng)
    plain = maths.linear_table(GAMMA, BLACK)
    even = maths.balanced(plain, dark, BLACK)
    assert (np.diff(even.astype(int)) >= 0).all()
    true = 0.02 * maths.FULL_SCALE
    assert even[dim].mean() - even[dark].mean() == pytest.approx(true, rel=0.004)
    assert plain[dim].mean() - plain[dark].mean() < 0.985 * true


@pytest.mark.parametrize(("gamma", "black"), [(0.1, 4), (2.2, 200), (2.2, -1)])
def test_no_such_imager(gamma, black):
    with pytest.raises(ValueError, match="no imager"):
        maths.linear_table(gamma, black)


def test_the_flat_field_between_its_nodes_is_the_white():
    table = maths.linear_table(GAMMA, BLACK)
    frames = [burst(seed=seed).frames for seed in (1, 2)]
    for band, shape in SHAPES.items():
        image = maths.flat_image(maths.flat_nodes(frames, band, table, COLUMNS))
        part = image[20:220, 20:300] / (shape[20:220, 20:300] * maths.FULL_SCALE)
        assert part.mean() == pytest.approx(1.0, abs=0.002)  # points on the curve would lie .003 low
        assert np.abs(part - 1).max() < 0.008
    dark = [burst(level=0.0).frames]
    with pytest.raises(ValueError, match="black"):
        maths.flat_nodes(dark, "850", table, COLUMNS)


def test_a_scratch_stands_out_of_the_smooth_field():
    clean = SHAPES["970"] * maths.FULL_SCALE
    scratched = clean * (1 - 0.2 * np.exp(-(((U - V - 60) / 6.0) ** 2)))
    assert np.nanmax(np.abs(maths.local_residual(clean, COLUMNS))) < 0.005
    left = maths.local_residual(scratched, COLUMNS)
    assert np.nanmin(left) < -0.12
    assert np.nanmedian(np.abs(left)) < 0.005  # and does not bend the fit elsewhere


# Peaks.


@pytest.mark.parametrize("led", targets.LEDS)
@pytest.mark.parametrize("off_nm", [-10.0, 0.0, 9.0])
def test_a_peak_comes_out_of_its_reading(led, off_nm):
    peak = targets.LEDS[led].peak_nm + off_nm
    for temperature_c in (15.0, 35.0):
        reading = spectra.through(SPECTRUM, led, peak, temperature_c)
        assert spectra.find_peak(SPECTRUM, led, reading, temperature_c) == pytest.approx(peak, abs=0.1)
        # Half a percent of a target is a nanometre at most.
        assert spectra.find_peak(SPECTRUM, led, 1.005 * reading, temperature_c) == pytest.approx(peak, abs=1.8)


@pytest.mark.parametrize("reading", [1.4, 0.0, math.nan])
def test_a_reading_that_no_peak_explains_is_no_peak(reading):
    assert math.isnan(spectra.find_peak(SPECTRUM, "970", reading))


def test_no_led_of_a_detector_passes_for_another():
    for detector in ("silicon", "ingaas"):
        leds = [led for led in targets.LEDS if spectra.detector(led) == detector]
        for place in leds:
            for other in leds:
                if other != place:
                    reading = spectra.through(SPECTRUM, place, targets.LEDS[other].peak_nm)
                    found = spectra.find_peak(SPECTRUM, place, reading)
                    assert not abs(found - targets.LEDS[place].peak_nm) <= 20.0


def test_nominal_leds_need_no_stretch_and_have_the_designs_curves():
    skin = spectra.skin_figures(spectra.design_peaks(), spectra.design_drift())
    assert skin.index_stretch_q12 == 4096 and skin.ratio_stretch_q12 == [4096] * 4
    for found, default in zip([skin.index_drift, *skin.ratio_drift], [drift.INDEX, *drift.SWIR_RATIOS], strict=True):
        for off_k in (-30, 30):
            a, b = (1 + curve[0] * off_k / 1e6 + curve[1] * off_k**2 / 1e9 for curve in (found, default))
            assert a == pytest.approx(b, abs=0.012)


def test_stretched_skin_reads_as_before_nominal_leds():
    rng = np.random.default_rng(3)
    for _ in range(5):
        peaks = {led: band.peak_nm + rng.uniform(-8, 8) for led, band in targets.LEDS.items()}
        skin = spectra.skin_figures(peaks, spectra.design_drift())
        nominal = spectra.skin_logarithms(spectra.design_peaks(), 25.0)
        own = spectra.skin_logarithms(peaks, 25.0)
        stretch = np.array([skin.index_stretch_q12, *skin.ratio_stretch_q12]) / 4096
        before, after = (np.sqrt(((each - nominal) ** 2).mean(axis=0)) for each in (own, own * stretch))
        assert (after <= before + 1e-4).all() and after[0] < 0.012


def test_curves_fit_and_move_to_another_temperature():
    def factor(off_k, a=-4800.0, b=-12000.0):
        return 1 + a * off_k / 1e6 + b * off_k**2 / 1e9

    offsets = [0.0, -35.0, -15.0, 25.0]
    curve, left = spectra.fit_curve(offsets, [factor(off) for off in offsets])
    assert curve == [-4800, -12000] and left < 1e-9
    moved = spectra.about(curve, 10.0)
    assert 1 + moved[0] * 5 / 1e6 + moved[1] * 25 / 1e9 == pytest.approx(factor(15.0) / factor(10.0), abs=2e-6)
    assert spectra.fit_curve(offsets, [1.0, 0.8, 1.2, 0.8])[1] > 0.03
    with pytest.raises(ValueError, match="three"):
        spectra.fit_curve([0.0, 1.0], [1.0, 1.0])
    assert spectra.fit_drift([20.0, 30.0, 40.0], [847.0, 850.0, math.nan]) == pytest.approx(0.3)
    assert math.isnan(spectra.fit_drift([20.0, 30.0], [847.0, math.nan]))


# Planes.


def looks(truth: planes.Triangle, errors=(0.0, 0.0, 0.0, 0.0)) -> list[planes.Look]:
    """White, near, far and a grey at the white's distance; errors: mm by which each stands elsewhere than stated."""
    stated = (450.0, 300.0, 650.0, 450.0)
    at_white = truth.disparity_px(450.0 + errors[0])
    return [
        planes.Look(name, mm, truth.disparity_px(mm + error) - at_white)
        for name, mm, error in zip(("white", "near", "far", "grey"), stated, errors, strict=True)
    ]


def test_planes_give_baseline_and_place():
    truth = planes.Triangle(330.0, 450.0, 39.1)
    found = planes.fit_triangle(330.0, 40.0, looks(truth))
    assert found.baseline_mm == pytest.approx(39.1, abs=1e-4)
    assert found.z_ref_mm == pytest.approx(450.0, abs=1e-4)
    assert found.offset_mm == pytest.approx(0.0, abs=1e-4)


def test_half_a_millimetre_of_any_plane_stays_below_three_per_mille():
    truth = planes.Triangle(330.0, 450.0, 40.8)
    for signs in np.ndindex(2, 2, 2, 2):
        errors = tuple(0.5 * (2 * sign - 1) for sign in signs)
        found = planes.fit_triangle(330.0, 40.0, looks(truth, errors))
        for mm in (250.0, 450.0, 700.0):
            seen = found.distance_mm(truth.disparity_px(mm) - truth.disparity_px(450.0 + errors[0]))
            assert abs(seen / mm - 1) < 0.003


def test_planes_that_cannot_be_are_refused():
    truth = planes.Triangle(330.0, 450.0, 40.0)
    mirrored = [planes.Look(look.name, look.stated_mm, -look.disparity_px) for look in looks(truth)]
    with pytest.raises(ValueError, match="no smaller disparity"):
        planes.fit_triangle(330.0, 40.0, mirrored)
    with pytest.raises(ValueError, match="one distance"):
        planes.fit_triangle(330.0, 40.0, [planes.Look("a", 450.0, 0.0), planes.Look("b", 460.0, 1.0)])
    with pytest.raises(ValueError, match="no dots"):
        planes.fit_look("near", 300.0, np.full(100, np.nan), np.arange(100), np.arange(100))


def test_tilt_comes_out_of_slopes_and_goes_out_of_the_reference():
    yaw, pitch, fb = 0.02, -0.01, 330.0 * 40.0
    x, y = planes.rays(U, V)
    turned = []
    for mm in (300.0, 650.0):
        d = fb * (1 / mm - 1 / 450.0) * (1 - x * yaw - y * pitch)
        turned.append(planes.fit_look("plane", mm, d.ravel(), U.ravel(), V.ravel()))
    assert planes.tilt(turned) == pytest.approx((yaw, pitch), abs=1e-6)
    assert planes.tilt([]) == (0.0, 0.0)
    triangle = planes.Triangle(330.0, 450.0, 40.0)
    square = planes._smooth(planes._smooth(np.clip(900 * dots_at(450.0), 0, 255)))  # no dot is narrower
    shift = fb / 450.0 * (x * yaw + y * pitch)
    seen = np.stack(
        [np.interp(np.arange(320) + off, np.arange(320), row) for off, row in zip(shift, square, strict=True)]
    )
    before = np.abs(seen - square)[:, 10:310].mean()
    after = np.abs(planes.straighten(seen.round().astype(np.uint8), triangle, yaw, pitch) - square)[:, 10:310].mean()
    worse = np.abs(planes.straighten(seen.round().astype(np.uint8), triangle, -yaw, -pitch) - square)[:, 10:310].mean()
    assert after < 0.6 * before and worse > 1.5 * before


def test_light_on_a_turned_plane_is_made_square():
    """Against the plane worked out point by point: cosine over distance squared."""
    yaw, pitch = 0.03, -0.02
    u, v = np.meshgrid(np.arange(0, 320, 20), np.arange(0, 240, 20))
    x, y = planes.rays(u, v)
    z = 450.0 / (1 - x * yaw - y * pitch)
    point = np.stack([x * z, y * z, z], axis=-1)
    normal = np.array([-yaw, -pitch, 1.0]) / math.sqrt(1 + yaw**2 + pitch**2)
    along = point / np.linalg.norm(point, axis=-1, keepdims=True)
    turned = (along @ normal) / (point**2).sum(axis=-1)
    flat = np.stack([x * 450.0, y * 450.0, np.full_like(x, 450.0)], axis=-1)
    square = 450.0 / np.linalg.norm(flat, axis=-1) / (flat**2).sum(axis=-1)
    # On the axis the turned plane's cosine is below 1; that belongs to the white's level.
    assert planes.square_light(u, v, yaw, pitch) == pytest.approx(square / turned, rel=1e-9)


@pytest.mark.parametrize("shift", [-1.1, -0.3, 0.0, 0.6, 2.1])
def test_a_shift_across_the_rows_is_seen(shift):
    rng = np.random.default_rng(5)
    image = planes._smooth(planes._smooth(rng.random((260, 320)) ** 8 * 900))[10:250]
    rows = np.arange(240.0)
    moved = np.stack([np.interp(rows - shift, rows, column) for column in image.T], axis=1)
    assert planes.vertical_shift(image, moved, planes.Look("plane", 300.0, 0.0)) == pytest.approx(shift, abs=0.15)


def test_a_turned_pattern_shows_as_an_angle():
    pairs = [(14.7, 14.7 * math.tan(math.radians(4.0))), (-9.0, -9.0 * math.tan(math.radians(4.0)))]
    assert planes.turn_deg(pairs) == pytest.approx(4.0)
    assert planes.turn_deg([(0.1, 0.5)]) == 0.0


# Judging.


@pytest.mark.parametrize("value", [float("nan"), 2.6, 1.8])
def test_outside_is_outside_and_nan_too(value):
    measurement = limits.Measurement("gamma", value)
    assert not measurement.passed
    assert not measurement.margin >= 0


def test_the_margin_is_that_of_the_nearer_limit():
    assert limits.Measurement("tilt", 1.5).margin == pytest.approx(0.5)
    assert limits.Measurement("local", 1.0).margin == pytest.approx(1.5)
    for low, high, unit, why in limits.LIMITS.values():
        assert (low is not None or high is not None) and isinstance(unit, str) and why


# The page for technicians.

PAGE = (Path(__file__).parents[3] / "docs" / "calibration.md").read_text()


def test_the_page_gives_the_limits_that_are_judged_by():
    rows = {
        row.split("|")[1].strip(" `"): [cell.strip() for cell in row.split("|")[2:-1]]
        for row in PAGE.splitlines()
        if row.startswith("| `")
    }
    for kind, (low, high, unit, why) in limits.LIMITS.items():
        if not kind.startswith("verify_"):
            sides = ["" if side is None else f"{side:g}" for side in (low, high)]
            assert rows[kind] == [*sides, unit, why], kind


def test_the_page_explains_every_cause_and_step():
    for name in (*causes.NAMES, *(step.name for step in steps.STEPS), *targets.GREYS):
        assert f"`{name}`" in PAGE, name
