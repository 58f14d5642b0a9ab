"""Heads of the right size, masks that enclose them, sheets that bend, cuts that cut."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from dermis_hw.geometry import anthropometry, hand, head, mesh, printed, simple

SURFACE_MM = 3.0  # a mesh vertex need not lie exactly on a landmark


def area(m: mesh.Mesh) -> float:
    a, b, c = (m.vertices[m.faces[:, k]] for k in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


@pytest.mark.parametrize("population", anthropometry.POPULATIONS)
def test_a_head_measures_what_it_was_asked_for(population):
    p = anthropometry.median(population)
    m = head.landmarks(p)
    skull = head.head(p, body=False)
    x, y, z = skull.vertices.T
    bare = skull.regions[:, skull.region_names.index("hair")] < 0.5
    level = bare & (np.abs(x - (m.sellion - 28 * m.scale)) < 4)
    assert y[level].max() - y[level].min() == pytest.approx(p.cheek_breadth, abs=2 * SURFACE_MM)
    assert z.min() == pytest.approx(0.0, abs=1e-9)
    nose = skull.vertices[np.argmin(z)]
    assert nose[0] == pytest.approx(m.tip, abs=SURFACE_MM) and abs(nose[1]) < SURFACE_MM
    middle = (np.abs(y) < 2) & (z < 60)
    subnasale = z[middle & (np.abs(x - (m.subnasale - 2)) < 2.5)].max()
    assert subnasale == pytest.approx(p.nose_protrusion, abs=SURFACE_MM)


def test_every_drawn_head_stays_within_what_a_scene_may_ask_for():
    seen = set()
    for seed in range(60):
        values = asdict(anthropometry.draw(seed))
        for name, value in values.items():
            low, high = anthropometry.limits(name)
            assert low <= value <= high, name
        seen.add(round(values["face_height"], 3))
    assert len(seen) == 60
    assert anthropometry.draw(7) == anthropometry.draw(7)


def test_figures_vary_as_published():
    drawn = [anthropometry.draw(seed, "man") for seed in range(400)]
    height = np.array([p.face_height for p in drawn])
    mean, sd = anthropometry.FIGURES["man"]["face_height"]
    assert height.mean() == pytest.approx(mean, abs=1.2) and height.std() == pytest.approx(sd, rel=0.15)


def test_regions_share_every_vertex():
    whole = head.head()
    assert np.allclose(whole.regions.sum(axis=1), 1.0, atol=1e-5)
    for name in ("eyes", "lips", "brow", "hair", "beard", "clothes"):
        assert (whole.regions[:, whole.region_names.index(name)] > 0.9).sum() > 20, name


def test_normals_of_a_head_point_outwards():
    skull = head.head(body=False)
    normals = skull.vertex_normals()
    front = np.argmin(skull.vertices[:, 2])
    assert normals[front, 2] < -0.5
    crown = np.argmax(skull.vertices[:, 0])
    assert normals[crown, 0] > 0.3


def test_a_shell_lies_outside_by_its_thickness_and_its_holes_are_open():
    p = anthropometry.HeadParameters()
    m = head.landmarks(p)
    skull = head.head(p, body=False)
    field = head.hole_field(p, skull.vertices, ("eyes",))
    closed = mesh.shell(skull, 3.0)
    moved = np.linalg.norm(closed.vertices[: len(skull.vertices)] - skull.vertices, axis=1)
    assert np.allclose(moved[moved > 0], 3.0)
    mask = mesh.shell(skull, 3.0, field)
    gap = (np.hypot(mask.local[:, 0] - m.pupil, np.abs(mask.local[:, 1]) - m.pupil_y) < 7) & (mask.local[:, 2] < 60)
    assert not gap.any()
    plate = mesh.shell(skull, 3.0, head.hole_field(p, skull.vertices, ("eyes", "back")))
    assert plate.local[:, 2].max() < 0.43 * p.length


def test_a_cut_follows_its_contour():
    sheet = simple.plane(100.0, 80.0)
    half = mesh.clip(sheet, 20.0 - sheet.vertices[:, 0])
    assert area(half) == pytest.approx(70.0 * 80.0, rel=1e-9)
    assert half.vertices[:, 0].max() == pytest.approx(20.0)
    whole = mesh.clip(sheet, np.ones(len(sheet.vertices)))
    assert area(whole) == pytest.approx(8000.0)
    round_ = mesh.clip(sheet, np.hypot(sheet.vertices[:, 0], sheet.vertices[:, 1]) - 20.0)
    assert area(round_) == pytest.approx(8000.0 - np.pi * 400.0, rel=0.003)


def test_a_bent_sheet_keeps_its_length_and_its_print():
    bent = simple.cylinder(240.0, 190.0, 110.0)
    y, z = bent.vertices[:, 1], bent.vertices[:, 2]
    assert np.allclose(np.hypot(y, z - 110.0), 110.0)
    assert area(bent) == pytest.approx(240.0 * 190.0, rel=1e-3)
    assert bent.local[:, 1].max() == pytest.approx(95.0)
    flat = simple.plane(240.0, 190.0)
    assert 0.4 < printed.ink(flat.local).mean() < 0.65


def test_papercraft_is_faceted_and_spectacles_sit_before_the_eyes():
    p = anthropometry.HeadParameters(hair_mm=0.0)
    folded = simple.papercraft(p)
    assert not folded.smooth and len(folded.faces) < 1000
    m = head.landmarks(p)
    worn = simple.spectacles(p)
    rim = worn.vertices[np.abs(worn.vertices[:, 0] - m.pupil) < 25]
    face = head.head(p, body=False).vertices
    eye = face[np.hypot(face[:, 0] - m.pupil, face[:, 1] - m.pupil_y) < 3, 2].min()
    assert rim[:, 2].min() < eye - 8


def test_lenses_fill_the_rims_of_the_same_spectacles():
    p = anthropometry.HeadParameters()
    glass, rims = simple.lenses(p), simple.spectacles(p)
    inside = rims.vertices[np.abs(rims.vertices[:, 1]) < 70]
    assert np.all(glass.extent()[:2] <= inside.max(axis=0)[:2] - inside.min(axis=0)[:2] + 0.5)
    assert glass.vertices[:, 2].min() > rims.vertices[:, 2].min() - 3
    assert np.median(glass.vertex_normals()[:, 2]) < -0.9  # towards the module
    left = glass.vertices[:, 1] < 0
    assert left.sum() == (~left).sum()


def test_a_hand_has_its_length_and_is_thinner_than_a_face():
    for length in (150.0, 185.0):
        shape = hand.hand(length).extent()
        assert shape[0] == pytest.approx(length, rel=0.06)
        assert 0.5 * length < shape[1] < 0.75 * length and shape[2] < 0.2 * length
    assert hand.hand().vertices[:, 2].min() == pytest.approx(0)
