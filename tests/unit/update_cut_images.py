"""Small signed images whose body tells which one it is: what `update_cuts.py` updates a module with."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from dermis.core import manifest, mcuboot, release
from dermis_host.building import littlefs_image, signing

# Bytes beside the version in each body: the last one is noted on its way (app.upload.NOTE_EVERY).
SIZES = {"0.1.0": 100, "0.2.0": 3000, "0.3.0": 100, "0.4.0": 70_000}
COUNTERS = {"0.1.0": 1, "0.2.0": 2, "0.3.0": 2, "0.4.0": 2}


def write(folder: Path) -> None:
    """One file a version, named after it."""
    for version, size in SIZES.items():
        files = {PurePosixPath("version"): version.encode(), PurePosixPath("more"): version[2].encode() * size}
        fields = {
            "version": version,
            "released": release.RELEASED,
            "board": "twin",
            "hardware": release.HARDWARE,
            "runtime": release.RUNTIME,
            "mpy_abi": 0,
            "schemas": release.SCHEMAS,
            "model_hash": "",
            "source_hash": bytes(32),
            "files": len(files),
        }
        body = littlefs_image.smallest(files, mcuboot.LARGEST)
        key = signing.development_key()
        data = signing.signed(body, manifest.encode(fields), COUNTERS[version], version + "+0", key)
        (folder / version).write_bytes(data)
