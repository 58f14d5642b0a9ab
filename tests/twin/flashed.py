"""Flash chips of twins, written as a flasher would leave them: for tests that begin with a flashed module."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from dermis.core import partitions
from dermis_host.building import Built, littlefs_image
from dermis_host.flashing import partition_table
from dermis_host.flashing.stand_in import stand_in
from dermis_hw.twin.flash import Flash


def write_parts(state_dir: Path, parts: Mapping[str, bytes]) -> None:
    """The flash of the twin that will run in that folder, each partition's bytes from its start; the rest is kept."""
    state_dir.mkdir(parents=True, exist_ok=True)
    chip = Flash(state_dir / "flash.bin")
    for name, data in parts.items():
        place = partitions.partition(name)
        chip.erase(place.offset, place.size)
        chip.program(place.offset, data)
    chip.close()


def runtime() -> bytes:
    """The stand-in for a runtime as `dermis flash` writes it: with our partition table."""
    table = slice(partition_table.OFFSET, partition_table.OFFSET + partition_table.SIZE)
    data = bytearray(stand_in())
    data[table] = partition_table.encode(partition_table.with_ours(partition_table.parse(bytes(data[table]))))
    return bytes(data)


def write_built(state_dir: Path, built: Built) -> None:
    """A build in slot 0, its first stage, and the stand-in for a runtime: what `dermis flash` does, at once."""
    parts = {"runtime": runtime(), "boot": built.boot.read_bytes(), "slot0": built.image.read_bytes()}
    write_parts(state_dir, parts)


def boot_partition(files: Mapping[str, str]) -> bytes:
    """A boot partition of those sources."""
    places = {PurePosixPath(name): text.encode() for name, text in files.items()}
    return littlefs_image.of_size(places, partitions.partition("boot").size)
