"""Targets: planes by arithmetic against Mitsuba and against geometry, tilt, and what the bench's tiles are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dermis_hw import render, scenes
from dermis_hw.materials import MaterialError, band_value, resolve
from dermis_hw.materials.names import names
from dermis_hw.materials.targets import TILES
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1, NIR_BANDS, SWIR_BANDS
from dermis_hw.render.plane import plane

TILTED = ModuleInstance(yaw_deg=1.0, pitch_deg=-0.7)
GREY = [{"body": resolve("grey:0.5")}]


def rays() -> np.ndarray:
    """(240, 320, 3): through the middle of each pixel, z = 1."""
    v, u = np.meshgrid(np.arange(DM1.height), np.arange(DM1.width), indexing="ij")
    return np.stack([(u - DM1.centre_u) / DM1.focal_px, (v - DM1.centre_v) / DM1.focal_px, np.ones_like(u)], axis=-1)


def turned(module: ModuleInstance) -> np.ndarray:
    return scenes.rotation(module.yaw_deg, module.pitch_deg, 0.0)


def analytic_depth(distance_mm: float, module: ModuleInstance) -> np.ndarray:
    """Where each pixel's ray meets a plane at that distance from the lens, turned about the lens."""
    normal = turned(module) @ np.array([0.0, 0.0, 1.0])
    return distance_mm / (rays() @ normal)


@pytest.mark.parametrize("distance_mm", [300.0, 450.0, 650.0])
def test_the_plane_stands_where_geometry_puts_it(distance_mm):
    square = plane(distance_mm).depth_mm
    assert np.allclose(square, distance_mm, atol=0.01)
    tilted = plane(distance_mm, turned(TILTED)).depth_mm
    assert np.allclose(tilted, analytic_depth(distance_mm, TILTED), atol=0.01)
    # A yaw slopes the plane along v, a pitch along u; by a degree, 1.7 % of the width at that distance.
    slope_v = (tilted[-1, 160] - tilted[0, 160]) / (239 * distance_mm / DM1.focal_px)
    slope_u = (tilted[120, -1] - tilted[120, 0]) / (319 * distance_mm / DM1.focal_px)
    assert abs(slope_v) == pytest.approx(np.tan(np.radians(1.0)), rel=0.03)
    assert abs(slope_u) == pytest.approx(np.tan(np.radians(0.7)), rel=0.03)


def test_arithmetic_agrees_with_mitsuba():
    """A tilted target before a module off the nominal, through the whole renderer."""
    module = replace(TILTED, baseline_error_mm=0.3, focal_error=0.015, peak_offset_nm={"970": 5.0, "swir1300": -6.0})
    scene = scenes.load(scenes.builtin("target_spectral"))
    traced = render.render(scene, module)
    made = plane(450.0, turned(module)).compose([{"body": scene.objects[0].materials[""]}], module)
    assert np.allclose(traced.depth_mm, made.depth_mm, atol=0.02)
    for band in NIR_BANDS:
        assert np.allclose(traced.bands[band], made.bands[band], rtol=2e-3, atol=1e-3)
    assert np.abs(traced.dots - made.dots).mean() < 0.002 * made.dots.mean()
    assert made.swir == pytest.approx(traced.swir, rel=2e-3)


def test_the_dots_move_as_triangulation_says():
    """On a tilted plane, by the inverse distances of that plane and of the reference, pixel by pixel."""
    far = plane(600.0, turned(TILTED)).compose(GREY, ModuleInstance()).dots
    depth = analytic_depth(600.0, TILTED)
    shift = DM1.focal_px * DM1.baseline_mm * (1 / depth - 1 / DM1.z_ref_mm)
    reference = plane(450.0).compose(GREY, ModuleInstance()).dots
    for row in (20, 120, 220):
        at = np.arange(60, 260)
        seen = np.interp(at - shift[row, 60:260], np.arange(320), reference[row])
        assert np.corrcoef(seen, far[row, 60:260])[0, 1] > 0.97
        assert np.corrcoef(reference[row, 60:260], far[row, 60:260])[0, 1] < 0.5


def test_only_targets_are_tilted_with_the_module():
    """A person does not stand square to a fixture; where they stand is the scene's."""
    values = {
        "format": 1,
        "name": "x",
        "kind": "attack",
        "object": [{"geometry": "plane", "material": "white", "parameters": {"height": 900.0, "width": 900.0}}],
    }
    for kind, square in (("attack", True), ("target", False)):
        scene = scenes.parse({**values, "kind": kind}, scenes.builtin("target_white"))
        depth = render.render(scene, TILTED).depth_mm
        assert np.allclose(depth, depth[0, 0], atol=0.01) == square


def test_light_falls_on_a_tilted_plane_as_its_distance_and_angle_say():
    """The reading of 850 nm, side against side, from the two LEDs of its pair."""
    made = plane(450.0, turned(TILTED)).compose(GREY, ModuleInstance()).bands["850"]
    normal = -(turned(TILTED) @ np.array([0.0, 0.0, 1.0]))
    for v, u in ((20, 40), (20, 280), (220, 40), (120, 160)):
        point = rays()[v, u] * analytic_depth(450.0, TILTED)[v, u]
        expected = 0.0
        for x, y in DM1.led_positions_mm["850"]:
            ray = np.array([x, y, 0.0]) - point
            reach = DM1.z_ref_mm**2 + x**2 + y**2
            lobe, facing = -ray[2] / np.linalg.norm(ray), ray @ normal / np.linalg.norm(ray)
            expected += 0.5 * 0.5 * lobe * facing / (ray @ ray) * reach**2 / DM1.z_ref_mm**2
        assert made[v, u] == pytest.approx(expected, rel=1e-3)


# --- tiles


def test_tiles_are_modelled_matte_and_say_so():
    for kind in TILES:
        tile = resolve(f"tile:{kind}")
        assert tile.note.startswith("modelled") and not tile.measured
        assert tile.specular.r0 == 0 and tile.variation == 0
        assert f"tile:{kind}" in names()
    with pytest.raises(MaterialError, match="grey_75"):
        resolve("tile:gray_75")


@pytest.mark.parametrize("led", [*NIR_BANDS, *SWIR_BANDS])
def test_a_peak_can_be_read_from_the_spectral_standard(led):
    """Each nanometre shows as half a percent of the reading at least, in one direction, through the peaks' tolerance
    and 30 K of drift to both sides."""
    band = NIR_BANDS[led] if isinstance(led, str) else SWIR_BANDS[led]
    detector = "silicon" if isinstance(led, str) else "ingaas"
    standard = resolve("tile:spectral")
    shifts = np.arange(-20.0, 21.0, 2.0)
    read = [band_value(standard, band, peak_offset_nm=float(shift), detector=detector) for shift in shifts]
    slopes = np.diff(np.log(read)) / np.diff(shifts)
    inner = np.abs(shifts[:-1] + 1) <= 8
    assert len({float(np.sign(slope)) for slope in slopes[inner]}) == 1
    assert np.abs(slopes[inner]).min() > 0.004
    assert min(read) > 0.04 and max(read) < 0.95


def test_coloured_tiles_are_unlike_greys_and_unlike_each_other():
    def bands(kind: str) -> np.ndarray:
        tile = resolve(f"tile:{kind}")
        return np.array(
            [band_value(tile, band) for band in NIR_BANDS.values()]
            + [band_value(tile, band, detector="ingaas") for band in SWIR_BANDS.values()]
        )

    coloured = [bands(kind) for kind in ("red", "green", "blue", "brown")]
    assert all(np.ptp(each) / each.mean() > 0.1 for each in coloured)
    assert all(np.ptp(bands(f"grey_{part}")) / bands(f"grey_{part}").mean() < 0.02 for part in (75, 50, 20))
    assert [bands(f"grey_{part}").mean() for part in (75, 50, 20)] == pytest.approx([0.75, 0.50, 0.20], abs=0.01)
