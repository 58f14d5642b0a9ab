"""Recordings: one burst as an .npz that anyone can write or read (docs/formats/recording.md). No pickle, ever."""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from dermis.core import burst, vocabulary

from dermis_host import files
from dermis_host.errors import RecordingError

SHAPE = (burst.HEIGHT, burst.WIDTH)
META_KEYS = {
    "format": int,
    "width": int,
    "height": int,
    "frames": list,
    "order": list,
    "time_us": dict,
    "exposure_us": int,
    "gain_q8": int,
    "temperature_cc": int,
    "swir": list,
}
TWIN_BOARD = "twin"
LARGEST_ENTRY = 1 << 20  # bytes; ten times the largest entry of version 1, so that a crafted zip cannot fill memory


@dataclass
class Recording:
    """One burst.

    meta: `Burst.header`. frames: name (`vocabulary.FRAMES`) -> uint8 (240, 320), codes as the imager gave them.
    calibration: the record in force, whole; empty without one. board: the module's board file.
    truth: kind, species, scene; for hosts, never handed to the device's code. module: who made it and with what
    (serial, firmware, simulated, ...); for people.
    """

    meta: dict[str, Any]
    frames: dict[str, np.ndarray]
    calibration: bytes = b""
    board: dict[str, Any] = field(default_factory=dict)
    truth: dict[str, Any] | None = None
    module: dict[str, Any] | None = None

    @property
    def simulated(self) -> bool | None:
        """Whether no light of this world made it; None where the file does not say."""
        stated = (self.module or {}).get("simulated")
        if isinstance(stated, bool):
            return stated
        return True if self.board.get("board") == TWIN_BOARD else None

    def check(self, where: str = "the recording") -> None:
        """Raises RecordingError with one sentence when anything is not as the format says."""
        _check_meta(self.meta, where)
        if unknown := sorted(set(self.frames) - set(vocabulary.FRAMES)):
            raise RecordingError(f"{where} has frames that version 1 does not know: {', '.join(unknown)}.")
        if set(self.meta["frames"]) != set(self.frames):
            raise RecordingError(f"{where} names frames in its meta that are not those it holds: write it anew.")
        for name, pixels in self.frames.items():
            if pixels.shape != SHAPE or pixels.dtype != np.uint8:
                raise RecordingError(
                    f"frame_{name} of {where} is {pixels.dtype} {pixels.shape}; it must be uint8 {SHAPE}."
                )

    def save(self, path: str | Path) -> None:
        """Writes it. Raises RecordingError when it is not whole, HostError when the file cannot be written."""
        self.check()
        entries = {f"frame_{name}": pixels for name, pixels in self.frames.items()}
        entries["meta"] = _text(self.meta)
        entries["calibration"] = np.frombuffer(self.calibration, np.uint8)
        entries["board"] = _text(self.board)
        for name, value in (("truth", self.truth), ("module", self.module)):
            if value is not None:
                entries[name] = _text(value)
        with files.whole(path) as file:  # a file object, so that numpy appends no suffix of its own
            np.savez_compressed(file, **entries)  # type: ignore[arg-type]


def load(path: str | Path) -> Recording:
    """Reads a recording. Raises RecordingError with one sentence for anything that is not one."""
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.file_size > LARGEST_ENTRY:
                    raise RecordingError(f"{path} has an entry of {entry.file_size} bytes: that is no recording.")
        with np.load(path, allow_pickle=False) as archive:
            entries = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise RecordingError(f"There is no file {path}: name a recording made by `dermis capture`.") from None
    except OSError as problem:
        raise RecordingError(f"{path} cannot be read: {problem.strerror or problem}.") from None
    except (zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError, NotImplementedError):
        raise RecordingError(f"{path} is damaged or no recording: capture it again.") from None
    missing = [name for name in ("meta", "calibration", "board") if name not in entries]
    if missing:
        raise RecordingError(f"{path} has no {', '.join(missing)}: it is no recording of version 1.")
    recording = Recording(
        meta=_json(entries["meta"], "meta", path),
        frames={name[len("frame_") :]: data for name, data in entries.items() if name.startswith("frame_")},
        calibration=_bytes(entries["calibration"], "calibration", path),
        board=_json(entries["board"], "board", path),
        truth=_json(entries["truth"], "truth", path) if "truth" in entries else None,
        module=_json(entries["module"], "module", path) if "module" in entries else None,
    )
    recording.check(str(path))
    return recording


def _check_meta(meta: dict[str, Any], where: str) -> None:
    for key, kind in META_KEYS.items():
        if not isinstance(meta.get(key), kind) or isinstance(meta.get(key), bool):
            raise RecordingError(f"meta of {where} has no {key}, or not as {kind.__name__}: it is no recording.")
    if meta["format"] != burst.FORMAT:
        raise RecordingError(f"{where} has format {meta['format']}; these tools read version {burst.FORMAT}.")
    if (meta["width"], meta["height"]) != (burst.WIDTH, burst.HEIGHT):
        raise RecordingError(
            f"{where} is {meta['width']}x{meta['height']}; frames must be {burst.WIDTH}x{burst.HEIGHT}."
        )
    if not all(name in vocabulary.FRAMES for name in meta["frames"]):
        raise RecordingError(f"meta of {where} names frames that version 1 does not know.")
    rows = meta["swir"]
    if len(rows) not in (0, len(vocabulary.SWIR_BANDS)) or not all(
        isinstance(row, list | tuple) and len(row) == 3 and all(isinstance(value, int) for value in row) for row in rows
    ):
        raise RecordingError(f"swir of {where} must be empty or five rows of on, off, pairs (integers).")


def _text(value: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(json.dumps(value, sort_keys=True).encode(), np.uint8)


def _bytes(entry: np.ndarray, name: str, path: str | Path) -> bytes:
    if entry.dtype != np.uint8 or entry.ndim != 1:
        raise RecordingError(f"{name} of {path} is {entry.dtype} {entry.shape}; it must be uint8 and flat.")
    return entry.tobytes()


def _json(entry: np.ndarray, name: str, path: str | Path) -> dict[str, Any]:
    try:
        value = json.loads(_bytes(entry, name, path).decode())
    except (ValueError, UnicodeDecodeError) as problem:
        raise RecordingError(f"{name} of {path} is not UTF-8 JSON ({problem}): capture it again.") from None
    if not isinstance(value, dict):
        raise RecordingError(f"{name} of {path} must be a JSON object.")
    return value
