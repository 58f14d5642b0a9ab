"""Scene files: the ones that ship, and one clear sentence for whatever is wrong with another."""

from __future__ import annotations

import runpy
import struct

import numpy as np
import pytest
from dermis_hw import scenes
from dermis_hw.geometry import meshfile
from dermis_hw.scenes import SceneError

CUBE_CORNERS = [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
CUBE_QUADS = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
NEEDED = {
    "bona_fide_light", "bona_fide_medium_spectacles", "bona_fide_dark", "bona_fide_wet", "photo_matte", "photo_bent",
    "photo_eyes_cut_out", "phone_screen", "resin_mask", "papercraft_mask", "silicone_mask_3mm", "silicone_mask_1mm",
    "empty", "moving", "too_near", "too_far", "target_cap", "target_white", "target_grey_75", "target_grey_50",
    "target_grey_20", "target_spectral", "target_near", "target_far", "target_tab",
}  # fmt: skip
PLANE = '[[object]]\ngeometry = "plane"\nmaterial = "white"\n'


def write(folder, text, name="scene.toml"):
    path = folder / name
    path.write_text(text)
    return path


def scene_text(objects=PLANE, head='format = 1\nname = "x"\nkind = "attack"\n', tail=""):
    return head + objects + tail


def complaint(folder, text):
    with pytest.raises(SceneError) as caught:
        scenes.load(write(folder, text))
    message = str(caught.value)
    assert "\n" not in message and "Traceback" not in message and message.startswith("scene.toml: ")
    return message


def obj(scale):
    lines = [f"v {x * scale} {y * scale} {z * scale}" for x, y, z in CUBE_CORNERS]
    return "\n".join(lines + ["f " + " ".join(f"{c + 1}/1/1" for c in quad) for quad in CUBE_QUADS])


def test_all_needed_scenes_ship_and_load():
    assert set(scenes.builtins()) >= NEEDED
    for name in scenes.builtins():
        scene = scenes.load(scenes.builtin(name))
        assert scene.name and (scene.expect is not None or scene.kind in ("target", "empty"))
        assert scene.species or scene.kind != "attack"
        assert scene.is_moving == (name == "moving")
        if scene.kind == "bona_fide" and name != "bona_fide_very_dark":
            # Nobody tuned these: measured, or a measured one under sweat.
            assert scene.note.startswith("measured skin"), name


def test_an_unknown_builtin_names_a_few_and_the_command_that_lists_all(capsys):
    assert runpy.run_module("dermis_hw.scenes.__main__")["main"]([]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(scenes.shipped())
    for wrong in ("photo_mate", "xyzzy"):
        with pytest.raises(SceneError, match=r"`python -m dermis_hw.scenes` lists all") as caught:
            scenes.builtin(wrong)
        assert len(str(caught.value)) < 200


def test_a_wrong_builtin_names_the_nearest():
    with pytest.raises(SceneError, match="photo_matte"):
        scenes.builtin("photo_mate")


def test_an_attack_that_may_be_undecided_is_never_bona_fide():
    expect = scenes.load(scenes.builtin("hand_before_mask")).expect
    assert expect and expect.verdict == "no_decision" and expect.or_attack
    assert expect.met_by("no_decision", ["motion", "occluded"]) and not expect.met_by("no_decision", ["motion"])
    assert expect.met_by("attack", ["model"])
    assert not expect.met_by("bona_fide", []) and not expect.met_by("bona_fide", ["occluded"])
    strict = scenes.load(scenes.builtin("glass_bead_mask")).expect  # nothing of it can be measured: it decides nothing
    assert strict and not strict.met_by("attack", ["model"]) and not strict.met_by("attack", strict.reasons)


def test_values_arrive(tmp_path):
    text = scene_text(
        tail='[pose]\ndistance_mm = 400\nvelocity_mm_s = [0, 10, 0]\n[ambient]\nlamp = "sun"\nklux = 5\n'
        '[module]\ntemperature_c = 40\n[expect]\nverdict = "attack"\nreasons = ["flat"]\n'
    )
    scene = scenes.load(write(tmp_path, text))
    assert scene.pose.distance_mm == 400 and scene.is_moving and scene.temperature_c == 40
    assert scene.ambient.klux_sun == 5 and scene.expect and scene.expect.reasons == ("flat",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (scene_text(head='format = 2\nkind = "attack"\n'), "format is 2"),
        (scene_text(head='kind = "attack"\n'), "format is missing"),
        (scene_text(head='format = 1\nkind = "atack"\n'), "atack"),
        (scene_text(head='format = 1\nkind = "attack"\nspecis = 1\n'), "unknown key 'specis'; did you mean 'species'"),
        (scene_text(objects=""), "at least one [[object]]"),
        (scene_text(tail='[expect]\nverdict = "no_decision"\nor_attack = 1\n'), "or_attack must be true or false"),
        (scene_text(tail='[expect]\nverdict = "bona_fide"\nor_attack = true\n'), "or_attack is for a scene of kind"),
        (
            scene_text(
                head='format = 1\nkind = "bona_fide"\n', tail='[expect]\nverdict = "no_decision"\nor_attack = true\n'
            ),
            "or_attack is for a scene of kind",
        ),
        (scene_text(head='format = 1\nkind = "empty"\n'), "no [[object]]"),
        (scene_text(tail="[pose]\ndistance = 3\n"), "did you mean 'distance_mm'"),
        (scene_text(tail="[pose]\ndistance_mm = 0.45\n"), "distance_mm is 0.45; give 50 to 5000"),
        (scene_text(tail='[pose]\ndistance_mm = "near"\n'), "must be a number"),
        (scene_text(tail="[pose]\nvelocity_mm_s = 3\n"), "3 numbers"),
        (scene_text(tail='[ambient]\nlamp = "neon"\n'), "neon"),
        (scene_text(tail='[ambient]\nlamp = "sun"\nklux = -1\n'), "klux is -1"),
        (scene_text(tail='[ambient]\nlamp = "sun"\nklux = nan\n'), "must be a number"),
        (scene_text(tail="[module]\ntemperature_c = 900\n"), "temperature_c is 900"),
        (scene_text(head='format = 1\nkind = "attack"\npose = 3\n'), "must be a table"),
        (scene_text('[[object]]\ngeometry = "sphere"\nmaterial = "white"\n'), "'sphere' is no built-in"),
        (scene_text('[[object]]\ngeometry = "plane"\n'), "needs a material"),
        (scene_text('[[object]]\ngeometry = "plane"\nmaterial = "whit"\n'), "did you mean white"),
        (scene_text(PLANE + "parameters = { hight = 3 }\n"), "did you mean 'height'"),
        (scene_text(PLANE + "parameters = { height = 1 }\n"), "height is 1"),
        (scene_text(PLANE + 'holes = ["eye"]\n'), "did you mean 'eyes'"),
        (scene_text(PLANE + 'regions = { eyes = "eye" }\n'), "only geometry 'head' has regions"),
        (scene_text(PLANE + "offset_mm = 3\n"), "offset_mm is for geometry 'head'"),
        (scene_text('[[object]]\ngeometry = "gone.obj"\nmaterial = "white"\n'), "there is no mesh"),
        (scene_text('[[object]]\ngeometry = "plane"\nmaterial = "gone.csv"\n'), "gone.csv"),
        ("format = = 1", "is not TOML"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path, text, says):
    if "TOML" in says:
        with pytest.raises(SceneError, match=says):
            scenes.load(write(tmp_path, text))
    else:
        assert says in complaint(tmp_path, text)


def test_a_missing_scene_and_a_binary_one(tmp_path):
    with pytest.raises(SceneError, match="there is no scene"):
        scenes.load(tmp_path / "gone.toml")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SceneError, match="cannot be read as text"):
        scenes.load(tmp_path / "b.toml")
    with pytest.raises(SceneError, match="cannot be read"):
        scenes.load(tmp_path)


@pytest.mark.parametrize(("size", "says"), [(0.2, "metres"), (20.0, "centimetres"), (5000.0, "5000 mm across")])
def test_a_unit_mistake_is_named(tmp_path, size, says):
    write(tmp_path, obj(size), "m.obj")
    assert says in complaint(tmp_path, scene_text('[[object]]\ngeometry = "m.obj"\nmaterial = "white"\n'))


def test_a_scene_that_the_worker_cannot_render_is_one_sentence(tmp_path, monkeypatch):
    """Whatever is wrong, from the file to the renderer, comes back as it was said, without a traceback."""
    from dermis_hw import render
    from dermis_hw.module_instance import ModuleInstance
    from dermis_hw.twin.render_job import Job
    from dermis_hw.twin.render_worker import render_job

    def fail(*_args, **_more):
        raise render.RenderError("Mitsuba is not installed")

    bad = write(tmp_path, scene_text(head='format = 1\nkind = "atack"\n'))
    assert "atack" in str(render_job(Job(1, str(bad), ModuleInstance(), 0)).error)
    monkeypatch.setattr(render, "render", fail)
    good = render_job(Job(2, str(scenes.builtin("empty")), ModuleInstance(), 0))
    assert good.error == "Mitsuba is not installed" and not good.fields


def test_spectra_that_cannot_be_used(tmp_path):
    text = scene_text('[[object]]\ngeometry = "plane"\nmaterial = "s.csv"\n')
    write(tmp_path, "wavelength_nm,reflectance\n800,0.5\n1500,0.5\n", "s.csv")
    assert "800 to 1600 nm" in complaint(tmp_path, text)
    write(tmp_path, "wavelength_nm,reflectance\n800,-0.5\n1600,0.5\n", "s.csv")
    assert "between 0 and 1" in complaint(tmp_path, text)
    write(tmp_path, "wavelength_nm,reflectance\n800,0.5\n1600,0.5\n", "s.csv")
    assert scenes.load(write(tmp_path, text)).objects[0].materials[""].measured


def binary_ply(order, scale):
    header = "ply\nformat {} 1.0\nelement vertex 8\nproperty float x\nproperty float y\nproperty float z\n".format(
        {"<": "binary_little_endian", ">": "binary_big_endian"}[order]
    )
    header += "element face 6\nproperty list uchar int vertex_indices\nend_header\n"
    body = b"".join(struct.pack(order + "3f", *(c * scale for c in corner)) for corner in CUBE_CORNERS)
    return header.encode() + body + b"".join(struct.pack(order + "B4i", 4, *quad) for quad in CUBE_QUADS)


def ascii_ply(scale):
    header = (
        "ply\nformat ascii 1.0\ncomment c\nelement vertex 8\nproperty float x\nproperty float y\nproperty float z\n"
    )
    header += "element face 6\nproperty list uchar int vertex_index\nend_header\n"
    rows = [" ".join(str(c * scale) for c in corner) for corner in CUBE_CORNERS]
    return (header + "\n".join(rows + ["4 " + " ".join(map(str, quad)) for quad in CUBE_QUADS])).encode()


def test_mesh_files_of_every_kind_agree(tmp_path):
    write(tmp_path, obj(180.0), "a.obj")
    (tmp_path / "b.ply").write_bytes(binary_ply("<", 180.0))
    (tmp_path / "c.ply").write_bytes(binary_ply(">", 180.0))
    (tmp_path / "d.ply").write_bytes(ascii_ply(180.0))
    first = meshfile.load(tmp_path / "a.obj")
    assert len(first.faces) == 12 and np.allclose(first.extent(), 180.0)
    for name in ("b.ply", "c.ply", "d.ply"):
        other = meshfile.load(tmp_path / name)
        assert np.allclose(other.vertices, first.vertices) and np.array_equal(other.faces, first.faces)
    # y up in the file is x here, and what stands out of the face (z) comes nearer.
    assert np.allclose(first.vertices[1], [0, 0, -180.0]) and np.allclose(first.vertices[2], [180.0, 0, 0])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("m.obj", b"v 1 2\nf 1 1 1\n"),
        ("m.obj", b"v 1 2 3\n"),
        ("m.obj", b"v 1 2 3\nf 1 2 3\n"),
        ("m.obj", b"v nan 2 3\nf 1 1 1\n"),
        ("m.obj", b"v 0 0 0\nv 90 0 0\nv 180 0 0\nf 1 2 3\nf 1 1 1\n"),
        ("m.obj", b"\xff\xfe"),
        ("m.ply", b"not a mesh"),
        ("m.ply", binary_ply("<", 1.0)[:-5]),
        ("m.ply", b"ply\nformat ascii 1.0\nelement vertex 99999999999\nend_header\n"),
        ("m.ply", b"ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nend_header\n1 2 3\n"),
    ],
)
def test_what_is_no_mesh_is_refused(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(meshfile.MeshError, match="export"):
        meshfile.load(tmp_path / name)


def test_the_pose_puts_the_nearest_point_where_it_says():
    scene = scenes.load(scenes.builtin("bona_fide_light"))
    (mesh,), _ = scenes.place(scene)
    assert mesh.vertices[:, 2].min() == pytest.approx(scene.pose.distance_mm)
    moving = scenes.load(scenes.builtin("moving"))
    (before,), _ = scenes.place(moving, 0.0)
    (after,), _ = scenes.place(moving, 0.2)
    assert np.allclose(after.vertices - before.vertices, 0.2 * np.array(moving.pose.velocity_mm_s))
