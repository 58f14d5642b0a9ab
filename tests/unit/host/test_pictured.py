"""Evidence that a person can see: recordings by others, sheets, views, and the commands that make them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dermis_host import cli, files, relief_view, sheet
from dermis_host.cell_maps import CellMaps
from dermis_host.errors import HostError, UsageError
from dermis_host.recording import Recording, load
from dermis_host.released import released_model
from dermis_host.replaying import replay
from fake_module import FakeModule
from PIL import Image

ROOT = Path(__file__).parents[3]
RECORDINGS = ROOT / "tests" / "recordings"
FACE, PHOTO, EMPTY = (RECORDINGS / f"{name}.npz" for name in ("bona_fide_light", "photo_bent", "empty"))


def run(capsys, *words):
    code = cli.main([str(word) for word in words])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err and "a fault of these tools" not in captured.err
    return code, captured.out, captured.err


@pytest.fixture(scope="module")
def bursts() -> dict[Path, tuple[Recording, dict]]:
    """Recordings with what the device's code made of them; the empty one comes after a face."""
    loaded = [load(path) for path in (FACE, PHOTO, EMPTY)]
    found = replay(loaded, released_model(), cells=True)
    return dict(zip((FACE, PHOTO, EMPTY), zip(loaded, found, strict=True), strict=True))


# --- recordings by others


def test_the_writer_of_the_page_writes_what_the_devices_code_reads(bursts, tmp_path):
    page = (ROOT / "docs" / "formats" / "recording.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.S)
    names: dict = {}
    exec(compile(code, "recording.md", "exec"), names)
    ours, expected = bursts[FACE]
    path = tmp_path / "rig.npz"
    taken = [ours.meta[key] for key in ("order", "time_us", "swir")]
    names["write"](path, ours.frames, *taken, ours.calibration, ours.board)
    theirs = load(path)
    assert theirs.simulated is False and theirs.module == {"serial": "my rig", "simulated": False}
    (found,) = replay([theirs], released_model())
    for key in ("verdict", "reasons", "score"):
        assert found[key] == expected[key]
    assert found["evidence"] == expected["evidence"]


def test_who_made_a_recording_goes_there_and_back(recording, tmp_path):
    recording.module = {"serial": "DM1-0007", "simulated": False}
    recording.save(tmp_path / "x.npz")
    again = load(tmp_path / "x.npz")
    assert again.module == recording.module and again.simulated is False


def test_origin_is_stated_or_not_known(recording):
    recording.module = None
    assert recording.board["board"] == "twin" and recording.simulated is True
    recording.board = {**recording.board, "board": "s3"}
    assert recording.simulated is None
    recording.module = {"simulated": "perhaps"}
    assert recording.simulated is None


# --- maps


def test_maps_are_those_of_this_burst(bursts):
    """A face fills them; an empty scene after it leaves nothing of the face behind."""
    face = CellMaps.of(bursts[FACE][1], bursts[FACE][0].board)
    assert (face.face == 1).sum() > 300 and np.isfinite(face.index).sum() > 300
    assert -0.13 < np.nanmedian(face.index) < -0.05
    empty = CellMaps.of(bursts[EMPTY][1], bursts[EMPTY][0].board)
    assert not (empty.face > 0).any() and not np.isfinite(empty.index).any()
    assert np.isfinite(empty.depth_mm).sum() < 30  # stray matches


def test_normals_of_a_photo_bent_about_the_vertical(bursts):
    recording, found = bursts[PHOTO]
    normals = CellMaps.of(found, recording.board).normals()
    there = np.isfinite(normals).all(axis=-1)
    assert np.allclose(np.linalg.norm(normals[there], axis=-1), 1)
    assert np.median(normals[there][:, 2]) > 0.7  # towards the module
    rows = np.nonzero(there)[0]
    left, right = normals[there][rows < np.median(rows)], normals[there][rows > np.median(rows)]
    assert np.median(left[:, 0]) < -0.1 and np.median(right[:, 0]) > 0.1
    assert abs(np.median(normals[there][:, 1])) < 0.1


# --- sheets


@pytest.mark.parametrize("path", [FACE, PHOTO, EMPTY])
def test_a_sheet_is_drawn_of_every_kind_of_burst(bursts, path, tmp_path):
    recording, found = bursts[path]
    sheet.save(sheet.draw(recording, found, path.name), tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.mode == "RGB" and image.width == sheet.WIDTH
        pixels = np.asarray(image)
    colour = sheet.VERDICT_COLOURS[found["verdict"]]
    assert (pixels[: sheet.HEADER, : sheet.WIDTH // 2] == colour).all(axis=-1).any()
    stamp = pixels[:60, -200:]
    assert (stamp == sheet.ORIGIN[True][1]).all(axis=-1).any()


def test_a_sheet_says_where_a_burst_comes_from(bursts):
    recording, found = bursts[FACE]
    for simulated in (True, False):
        other = Recording(recording.meta, recording.frames, board=recording.board, module={"simulated": simulated})
        pixels = np.asarray(sheet.draw(other, found))[:60, -200:]
        assert (pixels == sheet.ORIGIN[simulated][1]).all(axis=-1).any()
        assert not (pixels == sheet.ORIGIN[not simulated][1]).all(axis=-1).any()


def test_a_sheet_of_part_of_a_burst_without_a_calibration(bursts):
    whole, _ = bursts[FACE]
    part = Recording({**whole.meta, "frames": ["dark"], "swir": []}, {"dark": whole.frames["dark"]}, board=whole.board)
    (found,) = replay([part], None, cells=True)
    assert found["reasons"] == ["not_calibrated"]
    assert sheet.draw(part, found).width == sheet.WIDTH
    assert sheet.draw(part, {"error": "a burst of the job lacks order"}).width == sheet.WIDTH


@pytest.mark.parametrize("said", ["x" * 10**6, "two\nlines", "\ud800", ["a", {}]])
def test_a_sheet_bears_whatever_a_recording_says_of_its_module(bursts, said):
    recording, found = bursts[EMPTY]
    module: dict[str, Any] = dict.fromkeys(("serial", "firmware", "profile"), said)
    assert sheet.draw(Recording(recording.meta, recording.frames, board=recording.board, module=module), found)


# --- views


def page_data(path: Path) -> list[dict]:
    text = path.read_text()
    assert not re.search(r"https?:|src=|@import|<link|fetch\(", text)  # nothing from elsewhere
    (line,) = re.findall(r"^const reliefs = (.*);$", text, re.M)
    return json.loads(line)


def test_a_view_holds_its_reliefs_and_needs_no_network(bursts, tmp_path):
    reliefs = [relief_view.relief(bursts[path][0], bursts[path][1], path.name) for path in (FACE, EMPTY)]
    reliefs[0]["title"] = "</script><b>x"
    relief_view.write(reliefs, tmp_path / "view.html")
    face, empty = page_data(tmp_path / "view.html")
    assert face["title"] == "</script><b>x" and "</script><b>x" not in (tmp_path / "view.html").read_text()
    assert len(face["points"]) == face["rows"] * face["columns"] == len(face["face"])
    assert all(len(colours) == len(face["points"]) for colours in face["colours"].values())
    depths = [point[2] for point, inside in zip(face["points"], face["face"], strict=True) if point and inside == 1]
    assert 450 < min(depths) < 480 and len(depths) > 300
    assert face["origin"] == "SIMULATED" and face["kind"] == "bona_fide"
    assert sum(point is not None for point in empty["points"]) < 30


# --- commands


def test_replay_draws_sheets_and_a_view(capsys, tmp_path):
    words = ("replay", FACE, EMPTY, "--sheet", tmp_path / "sheets", "--view", tmp_path / "view.html")
    code, out, _ = run(capsys, *words, "--json")
    answer = json.loads(out)
    assert code == 11 and answer["a_minute"] > 0 and "cells" not in answer["results"][0]
    assert sorted(path.name for path in (tmp_path / "sheets").iterdir()) == ["bona_fide_light.png", "empty.png"]
    assert len(page_data(tmp_path / "view.html")) == 2
    for said, again in (("bona_fide_light.png", words[:5]), ("view.html", (*words[:3], *words[5:]))):
        code, out, err = run(capsys, *again)
        assert (code, out) == (2, "") and said in err and "--force" in err
    assert run(capsys, *words, "--force")[0] == 11


def test_one_file_that_is_none_does_not_stop_the_others(capsys, tmp_path):
    (tmp_path / "cut.npz").write_bytes(EMPTY.read_bytes()[:5000])
    later = load(EMPTY)
    later.check = lambda *_: None  # type: ignore[method-assign]
    later.meta = {**later.meta, "format": 2}
    later.save(tmp_path / "later.npz")
    code, out, err = run(capsys, "replay", tmp_path / "cut.npz", EMPTY, tmp_path / "later.npz", "--json")
    cut, sound, newer = json.loads(out)["results"]
    assert code == 2 and sound["verdict"] == "no_decision"
    assert "damaged" in cut["error"] and "format 2" in newer["error"] and len(err.strip().splitlines()) == 2
    code, out, err = run(capsys, "replay", tmp_path / "later.npz")
    assert (code, out) == (2, "") and "these tools read version 1" in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((EMPTY, "--sheet", FACE), 2, "no folder"),
        ((EMPTY, EMPTY, "--sheet", "SOMEWHERE"), 2, "one name"),
        ((EMPTY, "--view", "FILE/view.html"), 1, "cannot be written"),
        ((EMPTY, "--sheet", "FILE/sheets"), 1, "Not a directory"),
        ((*[EMPTY] * 51, "--view", "SOMEWHERE"), 2, "at most 50"),
        ((EMPTY, "--model", "SOMEWHERE"), 2, "no model"),
    ],
)
def test_replay_refuses_with_a_sentence_before_it_runs(capsys, monkeypatch, tmp_path, words, code, said):
    monkeypatch.setattr("dermis_host.commands.replay.replay", lambda *_, **__: pytest.fail("ran all the same"))
    (tmp_path / "file").write_text("")
    words = [str(word).replace("FILE", str(tmp_path / "file")) for word in words]
    words = [word.replace("SOMEWHERE", str(tmp_path / "somewhere")) for word in words]
    found, out, err = run(capsys, "replay", *words)
    assert (found, out) == (code, "") and said in err and len(err.strip().splitlines()) == 1


def test_capture_puts_a_sheet_beside_and_says_who_made_it(capsys, tmp_path):
    path = tmp_path / "burst.npz"
    with FakeModule() as fake:
        code, out, _ = run(capsys, "capture", "-p", fake.url, "-o", path, "--view", tmp_path / "view.html", "--json")
    answer = json.loads(out)
    assert code == 0 and answer["burst"]["reasons"] == ["not_calibrated"] and "cells" not in answer["burst"]
    assert answer["sheet"] == str(tmp_path / "burst.png") and (tmp_path / "burst.png").is_file()
    assert page_data(tmp_path / "view.html")[0]["verdict"] == "no decision"
    made_by = load(path).module
    assert made_by is not None and made_by["serial"] == "DM1-0007" and made_by["simulated"] is True


def test_capture_without_a_sheet(capsys, tmp_path):
    with FakeModule() as fake:
        code, _, _ = run(capsys, "capture", "-p", fake.url, "-o", tmp_path / "burst.npz", "--no-sheet")
    assert code == 0 and [path.name for path in tmp_path.iterdir()] == ["burst.npz"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-o", "FOLDER/there.npz"), 2, "--force"),
        (("-o", "FOLDER/new.npz", "--sheet", "FOLDER/there.npz"), 2, "--force"),
        (("-o", "FOLDER/new.npz", "--sheet", "FOLDER/new.npz"), 2, "files of their own"),
        (("-o", "FOLDER/no/new.npz"), 1, "cannot be written"),
        (("-o", "FOLDER/new.npz", "--view", "FOLDER/there.npz/view.html"), 1, "cannot be written"),
        (("-o", "FOLDER/new.npz", "--sheet", "x.png", "--no-sheet"), 2, "not allowed with"),
    ],
)
def test_capture_refuses_before_it_takes_a_burst(capsys, tmp_path, words, code, said):
    (tmp_path / "there.npz").write_text("mine")
    with FakeModule() as fake:
        words = [word.replace("FOLDER", str(tmp_path)) for word in words]
        found, out, err = run(capsys, "capture", "-p", fake.url, *words)
    assert (found, out) == (code, "") and said in err and len(err.strip().splitlines()) == 1
    assert fake.asked == [] and (tmp_path / "there.npz").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["there.npz"]


def test_places_to_write(tmp_path):
    files.check_place(tmp_path / "new", force=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "there").write_text("mine")
    files.check_place(tmp_path / "there", force=True)
    assert (tmp_path / "there").read_text() == "mine"
    with pytest.raises(UsageError):
        files.check_place(tmp_path / "there", force=False)
    with pytest.raises(HostError, match="cannot be written"):
        files.check_place(tmp_path / "there" / "in it", force=False)
    (tmp_path / "there.part").write_text("hours of rows")
    for force in (False, True):
        with pytest.raises(UsageError, match=r"there\.part is there, unfinished|there is there already"):
            files.check_place(tmp_path / "there", force)
    assert (tmp_path / "there.part").read_text() == "hours of rows"
