"""Feature shards: what `dermis simulate --features` writes and the trainer reads.

A shard is an `.npz` of arrays with one row a burst:

    maps      int8 (n, 28, 24, 5)    feature tensor, `dermis.core.feature_tensor`
    spectra   int8 (n, 10)
    label     uint8 (n,)             1 bona fide presentation, 0 attack presentation
    species   str (n,)               PAI species, or "bona_fide"
    subject   int32 (n,)             seed of the geometry: `splits` says of which split
    module    int32 (n,)             seed of the module
    tone      float32 (n,)           R700 of the skin shown or worn, NaN without skin
    condition str (n,)               of a bona fide presentation: "beard", "wet", ...; "" for none
    findings  str (n,)               reasons of the physics gates, comma-separated
    distance_mm, temperature_c float32 (n,)

and `unusable`, JSON: "species: why" -> how many bursts gave no features and so no row. Training takes one burst of each
presentation alone (`train.load`), and so may call either count one of presentations.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dermis.core import feature_tensor

# A shard that is being written has another name.
SHARDS = "shard-*.npz"
PLAN = "plan.json"  # says beside them what the folder is to hold
BONA_FIDE = "bona_fide"  # stands where others have their PAI species

FIELDS = (
    "maps",
    "spectra",
    "label",
    "species",
    "subject",
    "module",
    "tone",
    "condition",
    "findings",
    "distance_mm",
    "temperature_c",
)
Data = dict[str, np.ndarray]
# What a reader may stumble over in a shard: flipped bytes ask zipfile for a password or a compression that it has not.
_DAMAGE = (
    AttributeError,
    EOFError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class Row:
    """What is known of a burst beside what the device measured; the fields are those of a shard."""

    bona_fide: bool
    species: str
    subject: int
    module: int
    tone: float
    condition: str
    distance_mm: float
    temperature_c: float


def pack(rows: Sequence[Row], results: Sequence[dict[str, Any]]) -> bytes:
    """The `.npz` of bursts and of what the device's code made of them (`replay` with features_only), none an error."""
    both = list(zip(rows, results, strict=True))
    kept = [(row, result) for row, result in both if result.get("usable")]
    unusable: dict[str, int] = {}
    for row, result in both:
        if not result.get("usable"):
            key = f"{row.species}: {','.join(reason for _, reason in result['findings'])}"
            unusable[key] = unusable.get(key, 0) + 1

    def tensor(name: str, *shape: int) -> np.ndarray:
        data = b"".join(bytes.fromhex(result[name]) for _, result in kept)
        return np.frombuffer(data, np.int8).reshape(-1, *shape)

    def column(name: str, kind: Any) -> np.ndarray:
        return np.array([getattr(row, name) for row, _ in kept], kind)

    file = io.BytesIO()
    np.savez_compressed(
        file,
        maps=tensor("maps", feature_tensor.ROWS, feature_tensor.COLUMNS, feature_tensor.CHANNELS),
        spectra=tensor("spectra", feature_tensor.SPECTRA),
        label=column("bona_fide", np.uint8),
        species=column("species", np.str_),
        subject=column("subject", np.int32),
        module=column("module", np.int32),
        tone=column("tone", np.float32),
        condition=column("condition", np.str_),
        findings=np.array([",".join(reason for _, reason in result["findings"]) for _, result in kept], np.str_),
        distance_mm=column("distance_mm", np.float32),
        temperature_c=column("temperature_c", np.float32),
        unusable=np.array(json.dumps(unusable, sort_keys=True)),
    )
    return file.getvalue()


@dataclass(frozen=True)
class Asked:
    """What a folder is to hold. sources: `sources.digest()` of who simulated it. bursts: of each presentation."""

    sources: str
    presentations: int
    bursts: int


def asked(folder: Path) -> Asked:
    """What `dermis simulate` wrote into the folder before its shards. Raises ValueError for none, or a damaged one."""
    place = folder / PLAN
    if not place.is_file():
        raise ValueError(f"{folder} holds no {PLAN} that says what its shards are of: give `dermis simulate` another.")
    try:
        found = json.loads(place.read_bytes())
        plan = found["plan"]
        return Asked(str(found["sources"]), sum(plan["species"].values()), int(plan["bursts"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError(f"{place} is damaged: remove {folder} and give `dermis simulate` again.") from None


def load(folder: Path) -> Data:
    """All shards of a folder, in the order of their names.

    Raises FileNotFoundError when there is none, ValueError for one that is damaged or of another version.
    """
    paths = sorted(folder.glob(SHARDS))
    if not paths:
        raise FileNotFoundError(f"There are no shards in {folder}: make them with `dermis simulate PLAN --features`.")
    return joined([_read(path)[0] for path in paths])


def _read(path: Path, fields: Sequence[str] = FIELDS) -> tuple[Data, dict[str, int]]:
    """Those fields of a shard, and its `unusable`. Raises ValueError for one that is damaged or of another version."""
    file = io.BytesIO(path.read_bytes())  # what the disk refuses is no damage
    try:
        with np.load(file, allow_pickle=False) as archive:
            if damaged := archive.zip.testzip():  # before NumPy makes sense of it
                raise zipfile.BadZipFile(f"{damaged} has another checksum")
            unusable = {str(what): int(count) for what, count in json.loads(str(archive["unusable"])).items()}
            return {field: archive[field] for field in fields}, unusable
    except _DAMAGE as problem:
        raise ValueError(
            f"{path} is damaged or of another version ({problem}): remove it and give `dermis simulate` again."
        ) from None


def joined(parts: Sequence[Data]) -> Data:
    """The rows of all parts, one after the other."""
    return {field: np.concatenate([part[field] for part in parts]) for field in FIELDS}


def lacking(folder: Path) -> int:
    """Bursts that the folder's plan asks for and no shard holds: of a simulation that was stopped. Below 0 where there
    are more than it asks for. Raises ValueError when plan or shard cannot be read."""
    wanted = asked(folder)
    rows = sum(len(_read(path, ("label",))[0]["label"]) for path in folder.glob(SHARDS))
    return wanted.presentations * wanted.bursts - rows - sum(non_response([folder]).values())


def non_response(folders: Sequence[Path]) -> dict[str, int]:
    """Species -> bursts that gave no features (no face, too bright, ...), over all shards of the folders.

    Raises ValueError when one cannot be read."""
    counts: dict[str, int] = {}
    for path in sorted(path for folder in folders for path in folder.glob(SHARDS)):
        for what, count in _read(path, ())[1].items():
            species = what.partition(":")[0]
            counts[species] = counts.get(species, 0) + count
    return counts


def select(data: Data, mask: np.ndarray) -> Data:
    """The rows where `mask` is true."""
    return {field: data[field][mask] for field in FIELDS}
