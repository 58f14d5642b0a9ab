"""Recordings: one burst as an .npz that anyone can write or read (docs/formats/recording.md), or the same sealed
(docs/formats/sealed.md). No pickle, ever."""

from __future__ import annotations

import io
import json
import lzma
import math
import tokenize
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from dermis.core import burst, profiles, vocabulary

from dermis_host import files
from dermis_host.access import sealed
from dermis_host.access.sealed import Secrets
from dermis_host.errors import RecordingError, UsageError

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
BOARD_LIMITS = {  # of what the device's code takes from a board file; wide, so that any rig's geometry fits
    "focal_px_q8": (1 << 8, 1 << 19),
    "centre_u_q8": (-(1 << 19), 1 << 19),
    "centre_v_q8": (-(1 << 19), 1 << 19),
    "z_near_mm": (1, 4000),  # depths have 16 bits of 1/16 mm
    "z_far_mm": (1, 4000),
    "swir_fwhm_urad": (1, 3_000_000),
}
TEXTS = ("meta", "board", "module", "truth")
FRAME = "frame_"
FARTHEST_UM = 1_000_000  # of the SWIR head from the lens
PROFILES = [profile.name for profile in profiles.PROFILES]
LARGEST = (1 << 31) - 1  # the device counts in 32 bits
LATEST_US = (1 << 62) - 1  # its clock runs on
NPY_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
# What NumPy lets through of what it reads a header with, which is Python's own reader of Python.
NO_HEADER = (SyntaxError, TypeError, tokenize.TokenError, RecursionError, MemoryError)
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others make more of a few bytes than their entry says
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
        _check_board(self.board, where)
        if unknown := sorted(set(self.frames) - set(vocabulary.FRAMES)):
            raise RecordingError(f"{where} has frames that version 1 does not know: {', '.join(unknown)}.")
        if set(self.meta["frames"]) != set(self.frames):
            raise RecordingError(f"{where} names frames in its meta that are not those it holds: write it anew.")
        for name, pixels in self.frames.items():
            if pixels.shape != SHAPE or pixels.dtype != np.uint8:
                raise RecordingError(
                    f"frame_{name} of {where} is {pixels.dtype} {pixels.shape}; it must be uint8 {SHAPE}."
                )

    def save(self, path: str | Path, under: Secrets | None = None) -> None:
        """Writes it, sealed `under` these keys where some are given.

        Raises RecordingError when it is not whole, HostError when the file cannot be written, UsageError when it
        cannot be sealed.
        """
        self.check()
        entries = {f"frame_{name}": pixels for name, pixels in self.frames.items()}
        entries["meta"] = _text(self.meta)
        entries["calibration"] = np.frombuffer(self.calibration, np.uint8)
        entries["board"] = _text(self.board)
        for name, value in (("truth", self.truth), ("module", self.module)):
            if value is not None:
                entries[name] = _text(value)
        packed = io.BytesIO()  # no part of what will be sealed may lie on a disk before it is
        np.savez_compressed(packed, **entries)  # type: ignore[arg-type]
        data = packed.getvalue()
        if under is not None:
            data = under.seal(data, str((self.module or {}).get("serial", "")))
        with files.whole(path) as file:
            file.write(data)


def load(path: str | Path, under: Secrets | None = None) -> Recording:
    """Reads a recording; `under` opens those that are sealed.

    Raises RecordingError with one sentence for anything that is not one, and for one that does not open.
    """
    try:
        with zipfile.ZipFile(_opened(Path(path), under)) as archive:
            entries = _entries(archive, path)
    except FileNotFoundError:
        raise RecordingError(f"There is no file {path}: name a recording made by `dermis capture`.") from None
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, ValueError, EOFError):
        raise RecordingError(f"{path} is damaged or no recording: capture it again.") from None
    except (RuntimeError, NotImplementedError):  # what zipfile raises for a password, and for methods it does not know
        raise RecordingError(f"{path} is encrypted or packed in an unknown way: capture it again.") from None
    except OSError as problem:
        raise RecordingError(f"{path} cannot be read: {problem.strerror or problem}.") from None
    missing = [name for name in ("meta", "calibration", "board") if name not in entries]
    if missing:
        raise RecordingError(f"{path} has no {', '.join(missing)}: it is no recording of version 1.")
    texts = {name: _json(entries[name], name, path) for name in TEXTS if name in entries}
    recording = Recording(
        frames={name[len(FRAME) :]: data for name, data in entries.items() if name.startswith(FRAME)},
        calibration=_bytes(entries["calibration"], "calibration", path),
        **texts,
    )
    recording.check(str(path))
    return recording


def _opened(path: Path, under: Secrets | None) -> Path | io.BytesIO:
    """What holds the .npz: the file, or in memory what a sealed one holds. Raises RecordingError, OSError."""
    if not sealed.file_is_sealed(path):
        return path
    try:
        return io.BytesIO((under or sealed.from_environment()).open(path.read_bytes(), str(path)))
    except UsageError as problem:
        raise RecordingError(str(problem)) from None


def _entries(archive: zipfile.ZipFile, path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of a recording's own names; others are left alone. Raises what `load` catches."""
    entries = {}
    for entry in archive.infolist():
        if entry.file_size > LARGEST_ENTRY:
            raise RecordingError(f"{path} has an entry of {entry.file_size} bytes: that is no recording.")
        if entry.compress_type not in PACKED:
            raise NotImplementedError
        name = entry.filename.removesuffix(".npy")
        if name.startswith(FRAME) and name[len(FRAME) :] not in vocabulary.FRAMES:
            raise RecordingError(f"{path} has a frame that version 1 does not know: {name}.")
        if name in ("calibration", *TEXTS) or name.startswith(FRAME):
            entries[name] = _array(archive.read(entry))
    return entries


def _array(data: bytes) -> np.ndarray:
    """The array of an .npy file. NumPy's own reader would make room for whatever the header promises.

    Raises ValueError when it is none, holds objects, or is not as long as its header says.
    """
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    if version not in NPY_HEADERS:
        raise ValueError("an unknown version of .npy")
    try:
        shape, fortran_order, kind = NPY_HEADERS[version](file)
    except NO_HEADER as problem:
        raise ValueError(f"no header of .npy ({problem})") from None
    body = data[file.tell() :]
    if kind.hasobject or min(shape, default=0) < 0 or math.prod(shape) * kind.itemsize != len(body):
        raise ValueError("not the array that its header promises")
    return np.frombuffer(bytearray(body), kind).reshape(shape, order="F" if fortran_order else "C")


def _whole(value: Any, least: int = -LARGEST, most: int = LARGEST) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _wholes(values: Any, **limits: int) -> bool:
    return isinstance(values, list | tuple) and all(_whole(value, **limits) for value in values)


def _check_meta(meta: dict[str, Any], where: str) -> None:
    for key, kind in META_KEYS.items():
        if not isinstance(meta.get(key), kind) or isinstance(meta.get(key), bool):
            raise RecordingError(f"meta of {where} has no {key}, or not as {kind.__name__}: it is no recording.")
        if kind is int and not _whole(meta[key]):
            raise RecordingError(f"{key} of {where} is too large for 32 bits: it is no recording.")
    if meta["format"] != burst.FORMAT:
        raise RecordingError(f"{where} has format {meta['format']}; these tools read version {burst.FORMAT}.")
    if (meta["width"], meta["height"]) != (burst.WIDTH, burst.HEIGHT):
        raise RecordingError(
            f"{where} is {meta['width']}x{meta['height']}; frames must be {burst.WIDTH}x{burst.HEIGHT}."
        )
    if not all(name in vocabulary.FRAMES for name in meta["frames"]):
        raise RecordingError(f"meta of {where} names frames that version 1 does not know.")
    if not all(light in vocabulary.LIGHTS for light in meta["order"]):
        raise RecordingError(f"order of {where} may name these lights: {', '.join(vocabulary.LIGHTS)}.")
    times = meta["time_us"]
    if not set(times) <= set(vocabulary.FRAMES) or not _wholes([*times.values()], least=0, most=LATEST_US):
        raise RecordingError(f"time_us of {where} must give frames the microseconds of their arrival (integers).")
    rows = meta["swir"]
    if len(rows) not in (0, len(vocabulary.SWIR_BANDS)) or not all(_wholes(row) and len(row) == 3 for row in rows):
        raise RecordingError(f"swir of {where} must be empty or five rows of on, off, pairs (integers).")
    for name in ("foreign_frames", "swir_uneven"):
        if not _whole(meta.get(name, 0), least=0):
            raise RecordingError(f"{name} of {where} must be an integer, 0 or more.")
    if not _wholes(meta.get("dark_levels", [])):
        raise RecordingError(f"dark_levels of {where} must be a list of integers.")


def _check_board(board: dict[str, Any], where: str) -> None:
    wrong = [key for key, limits in BOARD_LIMITS.items() if not _whole(board.get(key), *limits)]
    columns = board.get("monitor_columns", [])
    if not _wholes(columns, least=0, most=burst.WIDTH) or len(columns) != 2 or columns[0] >= columns[1]:
        wrong.append("monitor_columns")
    centre = board.get("swir_centre_um", [])
    if not _wholes(centre, least=-FARTHEST_UM, most=FARTHEST_UM) or len(centre) != 2:
        wrong.append("swir_centre_um")
    if not isinstance(board.get("swir"), bool):
        wrong.append("swir")
    if board.get("profile") not in PROFILES:
        wrong.append(f"profile ({', '.join(PROFILES)})")
    if wrong:
        raise RecordingError(f"board of {where} lacks, or has no sensible value for: {', '.join(wrong)}.")


def _text(value: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(json.dumps(value, sort_keys=True).encode(), np.uint8)


def _bytes(entry: np.ndarray, name: str, path: str | Path) -> bytes:
    if entry.dtype != np.uint8 or entry.ndim != 1:
        raise RecordingError(f"{name} of {path} is {entry.dtype} {entry.shape}; it must be uint8 and flat.")
    return entry.tobytes()


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _json(entry: np.ndarray, name: str, path: str | Path) -> dict[str, Any]:
    try:
        value = json.loads(_bytes(entry, name, path).decode(), parse_constant=_no_number)
    except (ValueError, UnicodeDecodeError) as problem:
        raise RecordingError(f"{name} of {path} is not UTF-8 JSON ({problem}): capture it again.") from None
    except RecursionError:
        raise RecordingError(f"{name} of {path} is nested too deeply: it is no recording.") from None
    if not isinstance(value, dict):
        raise RecordingError(f"{name} of {path} must be a JSON object.")
    return value
