"""Recordings: there and back, and every way in which a file can fail to be one."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
from dermis_host import HostError, RecordingError
from dermis_host.recording import load


def write(path, **changes):
    """A recording's entries, changed, as an archive of one's own."""
    entries = changes.pop("base")
    entries = {**entries, **changes}
    np.savez(path, **{name: value for name, value in entries.items() if value is not None})
    return path


@pytest.fixture
def entries(recording):
    return {
        "meta": np.frombuffer(json.dumps(recording.meta).encode(), np.uint8),
        "calibration": np.frombuffer(recording.calibration, np.uint8),
        "board": np.frombuffer(json.dumps(recording.board).encode(), np.uint8),
        **{f"frame_{name}": pixels for name, pixels in recording.frames.items()},
    }


def test_there_and_back(recording, tmp_path):
    path = tmp_path / "burst.anything"
    recording.save(path)
    again = load(path)
    assert (again.meta, again.calibration, again.board, again.truth) == (
        recording.meta,
        recording.calibration,
        recording.board,
        recording.truth,
    )
    for name, pixels in recording.frames.items():
        assert np.array_equal(again.frames[name], pixels)


def test_a_recording_written_by_others_is_read(entries, tmp_path):
    assert load(write(tmp_path / "x.npz", base=entries)).truth is None


def meta_with(**changes):
    def make(entries):
        meta = {**json.loads(entries["meta"].tobytes()), **changes}
        return {"meta": np.frombuffer(json.dumps(meta).encode(), np.uint8)}

    return make


def board_with(**changes):
    def make(entries):
        board = {**json.loads(entries["board"].tobytes()), **changes}
        return {"board": np.frombuffer(json.dumps(board).encode(), np.uint8)}

    return make


def text(value):
    return lambda _: {"meta": np.frombuffer(value.encode(), np.uint8)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _: {"meta": None}, "has no meta"),
        (lambda _: {"board": None}, "has no board"),
        (lambda _: {"meta": np.zeros(4, np.uint8)}, "not UTF-8 JSON"),
        (lambda _: {"meta": np.frombuffer(b"[1]", np.uint8)}, "JSON object"),
        (lambda _: {"meta": np.zeros(4, np.float32)}, "must be uint8"),
        (meta_with(format=2), "format 2"),
        (meta_with(width=640), "640x240"),
        (meta_with(exposure_us="6000"), "no exposure_us"),
        (meta_with(frames=["dark"]), "not those it holds"),
        (meta_with(frames=["dark", "uv"]), "does not know"),
        (meta_with(swir=[[1, 2, 3]]), "five rows"),
        (meta_with(swir=[[1, 2, 0.5]] * 5), "integers"),
        (meta_with(swir=[[True, 2, 3]] * 5), "integers"),
        (meta_with(temperature_cc=10**30), "32 bits"),
        (meta_with(order=["850", {}]), "order of .* these lights"),
        (meta_with(time_us={"850": None}), "time_us"),
        (meta_with(time_us={"uv": 1}), "time_us"),
        (meta_with(foreign_frames="none"), "foreign_frames"),
        (meta_with(dark_levels=[1, "a"]), "dark_levels"),
        (meta_with(note=float("nan")), "NaN is no number"),
        (text("[" * 100_000), "nested too deeply"),
        (lambda _: {"board": np.frombuffer(b"{}", np.uint8)}, "lacks.* focal_px_q8"),
        (board_with(focal_px_q8=1.5), "sensible value for: focal_px_q8"),
        (board_with(monitor_columns=[0, 10**6]), "monitor_columns"),
        (board_with(swir_centre_um="here"), "swir_centre_um"),
        (board_with(profile="generous"), "profile .*border"),
        (lambda _: {"frame_dark": np.zeros((120, 320), np.uint8)}, "frame_dark"),
        (lambda _: {"frame_dark": np.zeros((240, 320), np.uint16)}, "uint16"),
        (lambda _: {"frame_uv": np.zeros((240, 320), np.uint8)}, "uv"),
        (lambda _: {"extra": np.zeros(1 << 21, np.uint8)}, "no recording"),
    ],
)
def test_what_is_no_recording_is_refused_with_a_sentence(entries, tmp_path, change, said):
    path = write(tmp_path / "x.npz", base=entries, **change(entries))
    with pytest.raises(RecordingError, match=said) as caught:
        load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"plain text"])
def test_damaged_files(tmp_path, content):
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(RecordingError):
        load(path)


def test_a_cut_archive_and_a_missing_one(recording, tmp_path):
    path = tmp_path / "x.npz"
    recording.save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(RecordingError, match="damaged"):
        load(path)
    with pytest.raises(RecordingError, match="no file"):
        load(tmp_path / "none.npz")
    with pytest.raises(RecordingError):
        load(tmp_path)


def test_pickle_is_refused(entries, tmp_path):
    path = write(tmp_path / "x.npz", base=entries, truth=np.array([{"a": 1}], object))
    with pytest.raises(RecordingError):
        load(path)


def npy(shape, body=b""):
    """An .npy file whose header promises an array of that shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.getvalue() + body


@pytest.mark.parametrize("content", [npy((10**12,)), npy((10**6,) * 4), npy((9,), b"eight   "), npy((-1,)), b"no npy"])
def test_what_a_header_promises_is_not_believed(entries, tmp_path, content):
    path = write(tmp_path / "x.npz", base=entries, meta=None)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("meta.npy", content)
    with pytest.raises(RecordingError, match="damaged"):
        load(path)


def test_an_encrypted_archive(recording, tmp_path):
    path = tmp_path / "x.npz"
    recording.save(path)
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + flags] |= 1
    path.write_bytes(data)
    with pytest.raises(RecordingError, match="encrypted"):
        load(path)


def test_entries_of_other_names_are_left_alone(entries, tmp_path):
    assert load(write(tmp_path / "x.npz", base=entries, notes=np.array([{"a": 1}], object))).meta["format"] == 1


def test_a_place_that_cannot_be_written(recording, tmp_path):
    with pytest.raises(HostError, match="cannot be written"):
        recording.save(tmp_path / "no" / "such" / "folder.npz")
