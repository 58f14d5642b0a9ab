"""Small images and first stages in the formats of real ones, for tests that start nothing of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Any

from dermis.core import manifest, partitions, release
from dermis_host.building import development_key, littlefs_image, signed, signing
from dermis_host.building.signing import SigningKey
from dermis_hw import boards

TWIN_ABI = 0x0A06 | 1 << 9  # x64; what it is matters to no test here, only that two are alike or not


def fields(**other: Any) -> dict[str, Any]:
    """A manifest's fields, with others in place of the usual."""
    return {
        "version": "0.2.0",
        "released": "2026-12-01",
        "board": "twin",
        "hardware": [1, 1],
        "runtime": list(release.RUNTIME),
        "mpy_abi": TWIN_ABI,
        "schemas": {kind: list(bounds) for kind, bounds in release.SCHEMAS.items()},
        "model_hash": "ab" * 8,
        "source_hash": bytes(32),
        "files": 1,
        **other,
    }


def image(counter: int = 1, body: bytes = b"", key: SigningKey | None = None, **other: Any) -> bytes:
    """A signed image of a few blocks, or with that body."""
    told = fields(**other)
    version = told["version"] if "+" in told["version"] else told["version"] + "+0"
    block = partitions.BLOCK_SIZE
    whole = (body or told["version"].encode() * 100).ljust(-(-max(1, len(body)) // block) * block, b"\xff")
    return signed(whole, manifest.encode(told), counter, version, key or development_key())


def boot(board: str = "twin", revision: int | None = None) -> bytes:
    """A boot partition that says which hardware it is for, and starts nothing."""
    files = {PurePosixPath("hardware.json"): boards.hardware_json(board, revision)}
    return littlefs_image.of_size(files, 8 * partitions.BLOCK_SIZE)


def image_hash(built: Path) -> bytes:
    """Of the image in such a folder."""
    return signing.file_image((built / "d.img").read_bytes()).hash


def folder(path: Path, **other: Any) -> Path:
    """A folder as `dermis build` leaves it, as far as the flasher looks."""
    path.mkdir(parents=True, exist_ok=True)
    parts = []
    for name, file, data in (("boot", "d-boot.bin", boot()), ("slot0", "d.img", image(**other))):
        (path / file).write_bytes(data)
        parts.append({"partition": name, "file": file, "sha256": hashlib.sha256(data).hexdigest()})
    (path / "d-flash.json").write_text(json.dumps({"format": 1, "parts": parts}))
    return path
