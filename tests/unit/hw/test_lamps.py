"""Lamps that are not the module's: how long they burned in a row's exposure, against a fine sum over time."""

from typing import Any, cast
from unittest.mock import Mock

import numpy as np
import pytest
from dermis_hw.lightfield import LightField
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1
from dermis_hw.twin.errors import TwinError
from dermis_hw.twin.faults import Faults
from dermis_hw.twin.imager import Imager
from dermis_hw.twin.lamps import Filler, Flasher, Flicker, Follower
from dermis_hw.twin.sensor import ImagerSensor
from dermis_hw.twin.world import Pulse, World

EXPOSURE_US = 6000
STARTS = np.arange(0, 100_000, 1_700)
PULSES = [Pulse("850", 1.0, 10_000, 30_000), Pulse("970", 1.0, 50_000, 70_000)]


def summed(is_on, step_us=1):
    """us for which it was on in each exposure, counted microsecond by microsecond."""
    times = STARTS[:, None] + np.arange(0, EXPOSURE_US, step_us)[None, :]
    return is_on(times).sum(axis=1) * step_us


def test_flicker_is_the_mean_of_its_wave():
    flicker = Flicker(100.0, 0.7, 1.0)
    wave = summed(lambda t: 1 + 0.7 * np.cos(2 * np.pi * 100 * t / 1e6 + 1.0))
    assert np.allclose(flicker.ambient_us(STARTS, EXPOSURE_US), wave, atol=2)
    whole_period = Flicker(100.0, 1.0).ambient_us(STARTS, 10_000)
    assert np.allclose(whole_period, 10_000, atol=1), "an exposure of a whole period sees no flicker"


def test_flasher_follower_and_filler_burn_when_they_say():
    flasher = Flasher(period_us=9_000, duty=0.3, scene=0.5, tab=0.1, phase_us=2_500, since_us=20_000)
    [share] = flasher.shares(STARTS, EXPOSURE_US, PULSES)
    assert np.allclose(share.burned_us, summed(lambda t: ((t - 2_500) % 9_000 < 2_700) & (t >= 20_000)), atol=3)
    assert (share.scene, share.tab) == (0.5, 0.1)

    follower = Follower({"850": (0.4, 0.2)}, delay_us=3_000)
    [share] = follower.shares(STARTS, EXPOSURE_US, PULSES)
    assert np.allclose(share.burned_us, summed(lambda t: (t >= 13_000) & (t < 33_000)), atol=1)
    assert not Follower({"dots": (1.0, 1.0)}).shares(STARTS, EXPOSURE_US, PULSES)

    [share] = Filler(1.0, 0.1, delay_us=1_000, since_us=5_000).shares(STARTS, EXPOSURE_US, PULSES)
    ours = lambda t: ((t >= 11_000) & (t < 31_000)) | ((t >= 51_000) & (t < 71_000))  # noqa: E731
    assert np.allclose(share.burned_us, summed(lambda t: ~ours(t) & (t >= 5_000)), atol=1)


def test_faults_by_name_reach_world_and_imager_and_go_again():
    world = World(DM1, virtual=True)
    imager = Imager(DM1, ModuleInstance(), world, seed=1)
    faults = Faults(world, imager, cast(Any, Mock()), cast(Any, Mock()), cast(Any, Mock()), seed=1)
    faults.apply("lamp_flicker", {"hz": 120, "depth": 0.3})
    faults.apply("flashing_light", {"period_ms": 80})
    faults.apply("following_light", {"light": "970", "delay_ms": 5})
    faults.apply("bad_frames", {"drop": 0.2, "late": 0.1, "late_ms": 50})
    faults.apply("frozen_imager", {})
    faults.apply("short_frames", {"missing": 7})
    assert world.flicker == Flicker(120, 0.3) and len(world.lamps) == 2
    assert world.lamps[1] == Follower({"970": (1.0, 0.1)}, 5000)
    assert (imager.drop_probability, imager.repeat_probability, imager.late_us) == (0.2, 0.0, 50_000)
    assert imager.frozen and imager.short_bytes == 7
    faults.apply("clear", {})
    assert world.flicker is None and not world.lamps and not imager.frozen and not imager.short_bytes
    assert imager.drop_probability == DM1.drop_probability and imager.late_probability == 0
    for name, arguments in (
        ("lamp_flicker", {"depth": 2}),
        ("flashing_light", {"duty": -1}),
        ("following_light", {"light": "red"}),
        ("bad_frames", {"drop": 1.0}),
        ("short_frames", {"missing": 0}),
    ):
        with pytest.raises(TwinError):
            faults.apply(name, arguments)


def test_the_sensor_sees_foreign_light_on_the_scene_and_on_the_tab():
    shape = (DM1.height, DM1.width)
    bands: dict[str, np.ndarray] = {band: np.full(shape, 0.5, np.float32) for band in ("850", "970", "1050")}
    field = LightField(bands, bands["850"], np.zeros(shape, np.float32), 0.0, {})
    sensor = ImagerSensor(DM1, ModuleInstance(vignette=0.0))
    ours = sensor.electrons(field, {"850": np.full(DM1.height, 6000, np.float32)}, 6000, 25.0)
    lamp = Flasher(1e9, 1.0, scene=1.0, tab=0.31)
    theirs = sensor.electrons(field, {}, 6000, 25.0, foreign=lamp.shares(np.zeros(240, np.int64), 6000, []))
    assert np.allclose(theirs[:, 6:], ours[:, 6:], rtol=1e-4)
    assert theirs[:, :6].mean() == pytest.approx(0.31 * DM1.full_well_e, rel=0.01)
