"""The simulated bench: what stands before the module, what is wrong with it, what a burst of it holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dermis.core import calibration, vocabulary
from dermis_host.calibration import record_file, targets
from dermis_host.calibration.keys import DEVELOPMENT_KEY
from dermis_hw.module_instance import ModuleInstance, draw
from dermis_hw.optics import DM1
from dermis_models import modules
from dermis_models.modules import MISHAPS, Setup, SimulatedBench, TargetError, draw_setup

FIXTURE = targets.load()
MIDDLE = np.s_[110:130, 150:170]


def bench(setup: Setup | None = None, module: ModuleInstance | None = None) -> SimulatedBench:
    return SimulatedBench(module or ModuleInstance(), setup, seed=1)


def shown(setup: Setup | None, name: str):
    made = bench(setup)
    made.show(FIXTURE.targets[name])
    return made.light


def test_the_bench_shows_what_the_fixture_names():
    for name, target in FIXTURE.targets.items():
        light = shown(None, name)
        if name == targets.CAP:
            assert not any(image.any() for image in (*light.bands.values(), light.dots, light.ambient))
            continue
        assert np.allclose(light.depth_mm, target.distance_mm, atol=0.01)
        fall_off = (DM1.z_ref_mm / target.distance_mm) ** 2
        middle = light.bands["850"][MIDDLE].mean() / fall_off
        if name != targets.SPECTRAL:
            assert middle == pytest.approx(target.reflectance("850"), rel=0.01)
        assert light.swir[1200] > 0


def test_a_burst_is_what_was_asked_for():
    made = bench()
    made.show(FIXTURE.targets[targets.WHITE])
    whole = made.burst()
    whole.check()
    assert list(whole.frames) == list(vocabulary.FRAMES) and whole.meta["exposure_us"] == DM1.exposure_us
    part = made.burst(frames=("dots", "dark"), exposure_us=3000)
    part.check()
    assert list(part.frames) == ["dark", "dots"] and part.meta["exposure_us"] == 3000
    tab = np.s_[:, slice(*DM1.monitor_columns)]
    assert part.frames["dots"][tab].mean() < whole.frames["dots"][tab].mean()
    assert min(part.meta["time_us"].values()) > max(whole.meta["time_us"].values())
    assert not np.array_equal(made.burst().frames["850"], whole.frames["850"])  # noise is never the same
    assert made.sensors == {"imager": made.module.imager_id, "swir": made.module.swir_id}


def test_heat_moves_levels_spectra_and_the_thermometer():
    made = bench()
    made.show(FIXTURE.targets[targets.SPECTRAL])
    cold = made.light
    made.heat(45.0)
    assert made.light.temperature_c == 45.0
    assert made.light.bands["970"][MIDDLE].mean() < 0.97 * cold.bands["970"][MIDDLE].mean()
    assert made.burst(frames=("dark",)).meta["temperature_cc"] == 4500


def test_a_benchs_errors_stay_within_what_they_may_be():
    drawn = [draw_setup(seed) for seed in range(60)]
    rooms = [setup.temperature_c for setup in drawn]
    assert 15 <= min(rooms) < 17 and 33 < max(rooms) <= 35
    errors = [error for setup in drawn for error in setup.errors.values()]
    for values, width in (
        ([error.common for error in errors], 0.005),
        ([band for error in errors for band in error.bands], 0.001),
        ([error.distance_mm for error in errors], 0.5),
    ):
        assert 0.97 * width < max(values) <= width and -width <= min(values) < -0.97 * width
    assert draw_setup(5) == draw_setup(5) != draw_setup(6)
    assert set(drawn[0].errors) == set(FIXTURE.targets) - {targets.CAP}


def test_an_error_of_a_target_reaches_its_bands_and_its_place():
    error = TargetError(common=0.004, bands=(0.001, 0.0, -0.001, 0.0, 0.0, 0.0, 0.0), distance_mm=0.4)
    exact, wrong = shown(None, "grey_50"), shown(Setup(errors={"grey_50": error}), "grey_50")
    fall_off = (450.0 / 450.4) ** 2
    for band, factor in (("850", 1.005), ("970", 1.004), ("1050", 1.003)):
        ratio = wrong.bands[band][MIDDLE].mean() / exact.bands[band][MIDDLE].mean()
        assert ratio == pytest.approx(factor * fall_off, rel=3e-4)
    assert wrong.depth_mm[120, 160] == pytest.approx(450.4, abs=0.01)


@pytest.mark.parametrize("name", MISHAPS)
def test_a_mishap_changes_one_thing_of_the_bench(name):
    setup = draw_setup(2)
    wrong = modules.mishap(setup, name)
    kind, _, where = name.partition(":")
    assert wrong.temperature_c == setup.temperature_c
    assert (wrong.ambient != setup.ambient) == (kind == "room_light")
    replaced = {"planes": {"near", "far"}}.get(where, {where or "white"})
    assert set(wrong.instead) == (replaced if kind == "wrong_target" else set())
    moved = {target for target in setup.errors if wrong.errors[target] != setup.errors[target]}
    assert moved == ({where or "white"} if kind == "wrong_distance" else set())


def test_a_mishap_is_seen():
    setup = Setup()
    instead = shown(modules.mishap(setup, "wrong_target"), "white")
    assert instead.bands["850"][MIDDLE].mean() == pytest.approx(0.75, rel=0.01)
    moved = shown(modules.mishap(setup, "wrong_distance:near"), "near")
    assert moved.depth_mm[120, 160] == pytest.approx(320.0, abs=0.01)
    lit = modules.mishap(setup, "room_light")
    assert shown(lit, "white").ambient.min() > 0.1
    assert not shown(lit, targets.CAP).ambient.any()  # the cap keeps the room out


def test_what_is_no_mishap_and_no_plane_is_refused():
    with pytest.raises(ValueError, match="room_light"):
        modules.mishap(Setup(), "earthquake")
    with pytest.raises(ValueError, match="planes only"):
        bench().show_scene("bona_fide_light")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modules")
    return folder, *modules.calibrate(1, folder)


def test_a_module_off_the_line_gets_its_own_record_and_keeps_it(made):
    folder, module, record = made
    assert module == draw(1)
    read = calibration.decode(record, {calibration.key_id(DEVELOPMENT_KEY): DEVELOPMENT_KEY})
    assert read.serial == module.serial
    (kept,) = folder.iterdir()
    assert kept.name.startswith(f"{module.serial}-")  # and what it was made of, so that another draw finds none
    before = kept.stat().st_mtime_ns
    assert modules.calibrate(1, folder) == (module, record) and kept.stat().st_mtime_ns == before
    for damaged in (record[:-1], b"", bytes([*record[:200], record[200] ^ 1, *record[201:]])):
        kept.write_bytes(damaged)
        assert modules._sound(record) and not modules._sound(damaged)
    assert modules.calibrate(1, folder) == (module, record) and kept.read_bytes() == record  # made anew


def test_a_module_has_the_same_record_wherever_it_is_calibrated(made, tmp_path):
    """With the target of the last check that chance picks: else one plan would give several sets of data."""
    assert modules.calibrate(1, tmp_path)[1] == made[2]


def test_the_record_finds_the_modules_own_figures(made):
    """What the bench cannot know but by measuring: baseline times focal length, peaks, what the tab sends back."""
    _, module, record = made
    read = record_file.parse(record, {}, "the record").fields
    warmth = draw_setup(1).temperature_c - 25.0
    baseline = (DM1.baseline_mm + module.baseline_error_mm) * (1 + module.focal_error)
    assert read["baseline_um"] / 1000 == pytest.approx(baseline, rel=0.003)
    bands = [module.band(light) for light in ("850", "970", "1050", *module.swir_order)]
    true = np.array([band.peak_nm + band.drift_nm_per_k * warmth for band in bands])
    assert np.array(read["peaks_dnm"]) / 10 == pytest.approx(true, abs=2.0)
    given = [module.swir_tab[led] * module.level[led] for led in module.swir_order]
    drift = [1 + module.band(led).output_per_k * warmth for led in module.swir_order]
    sent_back = 16 * DM1.swir_tab_counts * module.photodiode_gain * np.array(given) * drift
    assert read["swir_dark"] == pytest.approx(sent_back, rel=0.02)


def test_take_without_a_bench_still_gives_a_burst():
    light = replace(shown(None, "near"), temperature_c=30.0)
    recording = modules.take(light, draw(2), np.random.default_rng(1), b"record")
    recording.check()
    assert recording.calibration == b"record" and recording.meta["temperature_cc"] == 3000
