"""Renders checked against what can be worked out: units, geometry of the dots, and Mitsuba's own path tracer."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from dermis_hw import materials, render, scenes
from dermis_hw.geometry import simple
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1, SWIR_BANDS
from dermis_hw.render import blur, lights
from dermis_hw.render.bsdf import BSDFS, SMALLEST_COSINE, minnaert
from dermis_hw.render.buffers import Tracer, _mitsuba_mesh

pytest.importorskip("mitsuba", reason="rendering needs the extra 'sim'")
pytestmark = pytest.mark.render

CENTRE = (slice(110, 130), slice(150, 170))


def plane(z_mm: float, tilt: float = 0.0):
    """A large plane at z on the axis, its depth rising by `tilt` mm per mm along x."""
    sheet = simple.plane(1200.0, 1200.0)
    turn = np.array([[1, 0, 0], [0, 1, 0], [tilt, 0, 1.0]])
    return sheet.moved(turn, np.array([0.0, 0.0, z_mm]))


def painted(mesh, name="white"):
    return [{mesh.region_names[0]: materials.resolve(name)}]


@pytest.fixture(scope="module")
def reference():
    mesh = plane(DM1.z_ref_mm)
    return render.Geometry([mesh]).compose(painted(mesh))


@pytest.fixture(scope="module")
def head():
    scene = scenes.load(scenes.builtin("bona_fide_light"))
    meshes, worn = scenes.place(scene)
    return render.Geometry(meshes, ambient=scene.ambient), worn


def shift_px(frame: np.ndarray, still: np.ndarray) -> float:
    """How far the frame's middle lies along u from the reference's, to a part of a pixel."""
    patch = frame[60:180, 100:220]
    score = []
    shifts = range(-20, 31)
    for shift in shifts:
        other = still[60:180, 100 - shift : 220 - shift]
        score.append(np.corrcoef(patch.ravel(), other.ravel())[0, 1])
    k = int(np.argmax(score))
    below, top, above = score[k - 1 : k + 2]
    return shifts[k] + 0.5 * (below - above) / (below - 2 * top + above)


def test_the_white_plane_at_the_reference_is_the_unit(reference):
    for image in reference.bands.values():
        assert image.dtype == np.float32 and image.shape == (240, 320)
        assert image[CENTRE].mean() == pytest.approx(1.0, abs=0.002)
        assert image[0, 0] < 0.8
    assert reference.dots.mean() == pytest.approx(1.0, abs=0.005)
    assert all(value == pytest.approx(1.0, abs=1e-4) for value in reference.swir.values())
    assert np.allclose(reference.depth_mm, DM1.z_ref_mm, atol=0.01)


@pytest.mark.parametrize("z", [300.0, 600.0])
def test_light_falls_with_the_square_and_dots_shift_as_the_geometry_says(reference, z):
    mesh = plane(z)
    field = render.Geometry([mesh]).compose(painted(mesh))
    fall = (DM1.z_ref_mm / z) ** 2
    for image in field.bands.values():
        assert image[CENTRE].mean() == pytest.approx(fall, rel=0.01)
    assert field.dots[CENTRE].mean() == pytest.approx(fall, rel=0.25)
    assert field.swir[1300] == pytest.approx(fall, rel=0.01)
    expected = DM1.focal_px * DM1.baseline_mm * (1 / z - 1 / DM1.z_ref_mm)
    assert shift_px(field.dots, reference.dots) == pytest.approx(expected, abs=0.08)  # a parabola's own bias is .05


def test_a_tilted_plane_has_the_depth_it_was_given():
    mesh = plane(450.0, tilt=0.3)
    depth = render.Geometry([mesh]).depth_mm
    u = (np.arange(320) - DM1.centre_u) / DM1.focal_px
    assert np.allclose(depth[120], 450.0 / (1 - 0.3 * u), rtol=1e-4)


def test_dots_are_points_of_the_width_asked_for(reference):
    peak = np.percentile(reference.dots, 99.5)
    assert peak > 3.0 and np.median(reference.dots) < 0.8
    bright = (reference.dots[1:-1, 1:-1] > 2.0) & np.all(
        [
            reference.dots[1:-1, 1:-1] >= reference.dots[1 + i : 239 + i, 1 + j : 319 + j]
            for i, j in ((0, 1), (1, 0), (0, -1), (-1, 0))
        ],
        axis=0,
    )
    seen_part = DM1.dot_count / 1.15**2
    assert bright.sum() == pytest.approx(seen_part, rel=0.15)


def test_skin_blurs_the_dots_and_paper_does_not(head):
    geometry, worn = head
    body = geometry.meshes[0].region_names[0]
    face = np.isfinite(geometry.depth_mm)

    def contrast(material):
        dots = geometry.compose([{body: material}]).dots[face]
        return dots.std() / dots.mean()

    skin = worn[0][body]
    assert contrast(skin) < 0.8 * contrast(replace(skin, blur=()))


def test_composed_light_agrees_with_the_path_tracer(head):
    from dermis_hw.render.variant import mitsuba

    geometry, _ = head
    mi = mitsuba()
    grey = materials.resolve("grey:0.3")
    ours = geometry.compose([{geometry.meshes[0].region_names[0]: grey}]).bands["970"]
    sensor = Tracer([], DM1, 1)._sensor()
    sensor["sampler"] = {"type": "independent", "sample_count": 16}
    bsdf = mi.load_dict({"type": "twosided", "inner": {"type": "diffuse", "reflectance": 0.3}})
    surface = _mitsuba_mesh(mi, geometry.meshes, bsdf)
    described = {"type": "scene", "integrator": {"type": "path", "max_depth": 4}, "sensor": sensor, "m": surface}
    radius = 0.5
    for number, (x, y) in enumerate(DM1.led_positions_mm["970"]):
        described[f"led{number}"] = {
            "type": "disk",
            "to_world": mi.ScalarTransform4f().translate([x, y, 0.0]).scale(radius),
            "emitter": {"type": "area", "radiance": DM1.z_ref_mm**2 / radius**2 / 2},
        }
    truth = np.array(mi.render(mi.load_dict(described), spp=16, seed=1))
    truth = truth[..., 0] if truth.ndim == 3 else truth
    lit = np.isfinite(geometry.depth_mm) & (ours > 0.05)
    ratio = truth[lit] / ours[lit]
    # What light the face sends onto itself is left out, so the truth is a little brighter.
    assert np.median(ratio) == pytest.approx(1.01, abs=0.02)
    assert np.percentile(ratio, 5) > 0.9 and np.percentile(ratio, 95) < 1.12


def test_a_shadow_of_the_projector_falls_beside_what_stands_before():
    wall, card = plane(600.0), simple.plane(100.0, 100.0).moved(np.eye(3), np.array([0.0, 0.0, 300.0]))
    field = render.Geometry([wall, card]).compose(painted(wall) + painted(card))
    # The projector stands at +x, so its shadow shows at -u: 40 mm (1/300 - 1/600) f = 22 px below the card.
    edge = round(DM1.centre_u - 50 / 300 * DM1.focal_px)
    assert field.dots[120, edge - 18 : edge - 4].max() == 0.0
    assert field.dots[100:140, edge - 60 : edge - 30].mean() > 0.2


def test_one_geometry_takes_many_materials_and_modules(head):
    geometry, worn = head
    first = geometry.compose(worn, seed=1)
    again = geometry.compose(worn, seed=1)
    other = geometry.compose(worn, seed=2)
    assert np.array_equal(first.bands["850"], again.bands["850"]) and np.array_equal(first.dots, again.dots)
    assert not np.array_equal(first.bands["850"], other.bands["850"])
    shifted = geometry.compose(worn, ModuleInstance(peak_offset_nm={"970": 5.0}), seed=1)
    assert shifted.bands["970"].sum() != pytest.approx(first.bands["970"].sum(), rel=1e-3)
    longer = geometry.compose(worn, ModuleInstance(baseline_error_mm=2.0), seed=1)
    assert not np.allclose(longer.dots, first.dots)


def test_opposed_pairs_make_no_false_index_on_a_grey_head(head):
    geometry, _ = head
    grey = replace(materials.resolve("grey:0.5"), specular=materials.resolve("skin:medium").specular)
    bands = geometry.compose([{geometry.meshes[0].region_names[0]: grey}]).bands
    face = bands["850"] > 0.15
    log = {band: np.log(image[face]) for band, image in bands.items()}
    index = log["970"] - 0.28 * log["850"] - 0.72 * log["1050"]
    # PHYSICS: at most .001 for LEDs 4 mm apart in opposed pairs; skin's index is about -.07.
    assert abs(np.median(index)) < 0.001 and np.percentile(np.abs(index), 95) < 0.004


def test_what_the_face_shows_is_what_the_skin_reflects(head):
    geometry, worn = head
    field = geometry.compose(worn)
    skin = worn[0]["skin"]
    expected = materials.band_value(skin, SWIR_BANDS[1450], detector="ingaas")
    ratio = field.swir[1450] / field.swir[1300]
    diffuse = expected / materials.band_value(skin, SWIR_BANDS[1300], detector="ingaas")
    # Gloss adds the same to both bands, so the ratio is a little above the diffuse one.
    assert diffuse < ratio < diffuse + 0.1


def test_nothing_there_is_dark():
    field = render.render(scenes.load(scenes.builtin("empty")))
    assert field.dots.max() == 0.0 and np.isinf(field.depth_mm).all() and set(field.swir.values()) == {0.0}


def test_sunlight_lights_the_side_it_comes_from():
    scene = scenes.load(scenes.builtin("bona_fide_light"))
    lamp = render.Ambient("sun", 20.0, (90.0, 20.0))
    field = render.render(replace(scene, ambient=lamp))
    assert field.klux_sun == 20.0
    assert field.ambient[130:170].sum() > 1.5 * field.ambient[70:110].sum()


def test_a_gaussian_keeps_the_sum_and_has_its_width():
    image = np.zeros((41, 41), np.float32)
    image[20, 20] = 1.0
    for sigma in (1.0, 2.0):
        spread = blur.gaussian(image, sigma)
        at = np.arange(41) - 20
        assert spread.sum() == pytest.approx(1.0, abs=1e-3)
        # A pixel's own width adds 1/12 to the variance.
        assert (spread.sum(axis=0) * at**2).sum() == pytest.approx(sigma**2 + 1 / 12, rel=0.05)


def test_without_llvm_the_scalar_variant_serves_and_says_so_once(tmp_path):
    code = (
        "from dermis_hw import render, scenes\n"
        "for _ in range(2): field = render.render(scenes.load(scenes.builtin('photo_matte')))\n"
        "from dermis_hw.render.variant import mitsuba\n"
        "print(mitsuba().variant(), round(float(field.bands['850'].max()), 1))\n"
    )
    environment = {**os.environ, "DRJIT_LIBLLVM_PATH": str(tmp_path / "none.so"), "XDG_CACHE_HOME": str(tmp_path)}
    environment.pop("DERMIS_MITSUBA_VARIANT", None)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["scalar_rgb", "0.8"]
    assert done.stderr.count("scalar variant") == 1


# --- what is kept of a geometry


def test_a_light_reaches_the_same_samples_whatever_was_lit_before():
    meshes = [plane(600.0), simple.plane(100.0, 100.0).moved(np.eye(3), np.array([0.0, 0.0, 300.0]))]
    lamp = lights.ambient_direction(10.0, 15.0)
    each = [
        lambda t, s: t.lit(s, (0.0, 12.0, 0.0)),
        lambda t, s: t.lit_from(s, lamp),
        lambda t, s: t.lit(s, (40, 0, 0)),
    ]
    one = Tracer(meshes, DM1)
    samples = one.samples()
    for find in (*each, *each):
        lit = find(one, samples)
        assert 0 < np.count_nonzero(lit == 0) < np.count_nonzero(lit)
        assert np.array_equal(lit, find(Tracer(meshes, DM1), samples))
    assert np.array_equal(one.samples().position, samples.position)


@pytest.mark.parametrize("surface", BSDFS.values(), ids=BSDFS)
def test_gloss_is_the_same_whatever_was_composed_before(head, surface):
    meshes, worn = head[0].meshes, head[1]

    def shining(roughness: float):
        specular = replace(worn[0][meshes[0].region_names[0]].specular, r0=0.05, roughness=roughness)
        return [{name: replace(material, specular=specular) for name, material in each.items()} for each in worn]

    one = render.Geometry(meshes, surface=surface)
    sharp, dull = (one.compose(shining(roughness)) for roughness in (0.2, 0.6))
    assert sharp.swir[1300] != dull.swir[1300]
    again = render.Geometry(meshes, surface=surface).compose(shining(0.6))
    assert dull.swir == again.swir and np.array_equal(dull.dots, again.dots)
    assert all(np.array_equal(image, again.bands[band]) for band, image in dull.bands.items())


@pytest.mark.parametrize("power", [0.7, 1.0, 1.1])
def test_minnaerts_law_takes_the_power_of_both_cosines(power):
    tilt = np.deg2rad(30.0)
    at = np.zeros((2, 3), np.float32)
    normal = np.array([[np.sin(tilt), 0.0, -np.cos(tilt)], [0.0, 0.0, 1.0]], np.float32)  # the second faces away
    ahead, aside = (0.0, 0.0, -450.0), (450.0 * np.sin(tilt), 0.0, -450.0 * np.cos(tilt))
    diffuse = minnaert(power)
    expected = [np.cos(tilt) ** (power - 1), SMALLEST_COSINE ** (2 * (power - 1))]
    assert diffuse(at, normal, aside, ahead) == pytest.approx(expected, rel=1e-5)
    assert diffuse(at, normal, ahead, aside) == pytest.approx(expected, rel=1e-5)


# --- what sends light back, and what shines by itself


def test_glass_beads_send_light_back_to_where_it_came_from():
    at = np.array([[0.0, 0.0, 450.0], [0.0, 0.0, 900.0]], np.float32)
    facing = np.array([[0.0, 0.0, -1.0]] * 2, np.float32)
    near, far = lights.retro(at, facing, (0.0, 12.0, 0.0))
    # 12 mm at 450 mm are 1.53 degrees: 10 cd/(lx m2) times pi. Twice as far the angle is halved, and more comes back.
    assert near == pytest.approx(10 * np.pi, rel=0.1) and far > 3 * near
    assert lights.retro(at, facing, (40.0, 0.0, 0.0))[0] < 0.2 * near  # the projector stands farther off
    tilted = np.array([[0.0, np.sin(1.2), -np.cos(1.2)]] * 2, np.float32)
    assert not lights.retro(at, tilted, (0.0, 12.0, 0.0)).any()


def test_what_glows_lights_the_imager_the_window_and_the_veil(tmp_path):
    text = (
        'format = 1\nname = "x"\nkind = "target"\n[[object]]\ngeometry = "plane"\n'
        'parameters = { height = 45.0, width = 45.0 }\nmaterial = "glowing:100"\n[pose]\ndistance_mm = 450.0\n'
    )
    (tmp_path / "x.toml").write_text(text)
    field = render.render(scenes.load(tmp_path / "x.toml"))
    lamp = field.ambient.max()
    side = 45.0 / 450.0 * DM1.focal_px
    veil = 0.02 * 100 * side**2 / field.ambient.size
    assert lamp == pytest.approx(100 + veil, rel=1e-3) and field.ambient.min() == pytest.approx(veil, rel=0.05)
    # A small source: radiance (100 klux / pi) times solid angle (45 mm / 450 mm)^2.
    assert field.klux_sun == pytest.approx(100 / np.pi * 0.1**2, rel=0.03)
