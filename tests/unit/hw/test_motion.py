"""What moves between two frames, and a lamp that answers: light fields changed without tracing them again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dermis_hw import render, scenes
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1
from dermis_hw.render import AnsweringLamp, answered, displaced
from dermis_hw.render.motion import FARTHEST_MM
from dermis_hw.twin import synthetic
from dermis_hw.twin.sensor import ImagerSensor


@pytest.fixture(scope="module")
def moving() -> tuple:
    """A face before a wall, where it is and 80 ms later, traced both times."""
    scene = scenes.load(scenes.builtin("bona_fide_moving"))
    pose = replace(scene.pose, velocity_mm_s=(30.0, 60.0, -50.0))
    scene = replace(scene, pose=pose, background_mm=1500.0, background_material=scene.objects[0].materials["hair"])
    return render.render(scene, seed=1), render.render(scene, seed=1, time_s=0.08), np.array(pose.velocity_mm_s) * 0.08


@pytest.mark.render
def test_a_moved_field_is_what_would_have_been_traced(moving):
    before, after, shift = moving
    guess = displaced(before, tuple(shift))
    face = np.isfinite(after.depth_mm) & (after.depth_mm < 530)
    for band in ("850", "970", "1050"):
        error = np.abs(guess.bands[band] - after.bands[band])[face] / after.bands[band][face].mean()
        stayed = np.abs(before.bands[band] - after.bands[band])[face] / after.bands[band][face].mean()
        assert np.median(error) < 0.01 and np.percentile(error, 95) < 0.04
        # A control: it is the motion that was undone.
        assert np.median(stayed) > 2.5 * np.median(error)
    assert np.array_equal(guess.dots, before.dots) and guess.swir == before.swir


def test_coming_nearer_brightens_by_the_square_of_the_distance():
    plane = synthetic.plane_at(450.0, 0.5)
    nearer = displaced(plane, (0.0, 0.0, -20.0))
    middle = slice(100, 140), slice(140, 180)
    assert np.allclose(nearer.bands["850"][middle] / plane.bands["850"][middle], (450 / 430) ** 2, rtol=1e-3)
    assert displaced(plane, (0.0, 0.0, 0.0)) is plane


def test_a_shift_moves_the_image_by_focal_length_over_distance():
    plane = synthetic.plane_at(450.0, 0.5)
    marked = plane.bands["850"].copy()
    marked[118:122, 158:162] *= 2
    moved = displaced(replace(plane, bands={**plane.bands, "850": marked}), (450 / DM1.focal_px * 8, 0.0, 0.0))
    rows, columns = np.nonzero(moved.bands["850"] > 1.5 * np.median(moved.bands["850"]))
    assert rows.mean() == pytest.approx(119.5) and columns.mean() == pytest.approx(159.5 + 8)


def test_nothing_before_the_module_stays_and_what_is_too_far_is_refused():
    nothing = synthetic.nothing()
    assert displaced(nothing, (5.0, 0.0, 0.0)) is nothing
    with pytest.raises(ValueError, match="trace it again"):
        displaced(synthetic.plane_at(450.0), (0.0, FARTHEST_MM + 1, 0.0))


def test_an_answer_adds_850_nm_light_to_the_frames_that_it_answers():
    plane = synthetic.plane_at(450.0, 0.5)
    lamp = AnsweringLamp({"850": 0.1, "1050": 0.2}, tab=0.5)
    lit = answered(plane, lamp)
    assert np.allclose(lit.bands["850"], 1.1 * plane.bands["850"])
    scale = 0.2 * DM1.electrons_per_us["850"] / DM1.electrons_per_us["1050"]
    assert np.allclose(lit.bands["1050"], plane.bands["1050"] + scale * plane.bands["850"])
    assert lit.bands["970"] is plane.bands["970"] and lit.dots is plane.dots
    assert lit.tab == pytest.approx({"850": 0.05 * DM1.monitor_level["850"], "1050": 0.1 * DM1.monitor_level["850"]})
    assert answered(plane, None) is plane and answered(plane, AnsweringLamp()) is plane


def test_the_monitor_tab_sees_the_answer():
    plane = synthetic.plane_at(450.0, 0.5)
    lit = answered(plane, AnsweringLamp({"850": 0.2}, tab=1.0))
    imager = ImagerSensor(DM1, ModuleInstance())
    columns = slice(*DM1.monitor_columns)
    burned = np.full(DM1.height, DM1.exposure_us, np.float32)

    def tab(field, light: str) -> float:
        return float(imager.electrons(field, {light: burned}, DM1.exposure_us, 25.0)[:, columns].mean())

    assert tab(lit, "850") == pytest.approx(1.2 * tab(plane, "850"), rel=0.02)
    assert tab(lit, "970") == tab(plane, "970")
