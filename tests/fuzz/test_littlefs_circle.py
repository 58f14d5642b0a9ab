"""A folder's blocks that lead back to themselves: LittleFS looks for that where it mounts, and not below a folder."""

from __future__ import annotations

import struct

import pytest
from dermis.core import partitions
from dermis_host.building import littlefs_image
from dermis_host.errors import HostError

from tests.fuzz import host_littlefs

# Ref: littlefs SPEC.md, "Metadata tags".
CREATE, SUPERBLOCK, FOLDER, FOLDER_S_PLACE, INLINE, HARD_TAIL, CHECK_SUM = (
    0x401,
    0x0FF,
    0x002,
    0x200,
    0x201,
    0x601,
    0x500,
)
NO_ENTRY = 0x3FF
HERE = struct.pack("<II", 2, 3)  # the folder's pair of blocks


def block(*tags: tuple[int, int, bytes]) -> bytes:
    """Metadata of (kind, entry, data), with their check sum, in the first block of a pair."""
    data, before = struct.pack("<I", 1), host_littlefs.START
    for kind, entry, value in (*tags, (CHECK_SUM, NO_ENTRY, bytes(4))):
        tag = kind << 20 | entry << 10 | len(value)
        data += struct.pack(">I", tag ^ before) + value
        before = tag
    return host_littlefs.summed(data) + b"\xff" * partitions.BLOCK_SIZE


def image(*folder: tuple[int, int, bytes]) -> bytes:
    """One whose root holds a folder of that metadata."""
    limits = struct.pack("<6I", 0x20001, partitions.BLOCK_SIZE, 4, 255, (1 << 31) - 1, 1022)
    root = ((CREATE, 0, b""), (SUPERBLOCK, 0, b"littlefs"), (INLINE, 0, limits))
    return block(*root, (CREATE, 1, b""), (FOLDER, 1, b"a"), (FOLDER_S_PLACE, 1, HERE)) + block(*folder)


def test_blocks_that_lead_back_to_themselves_are_no_image():
    assert littlefs_image.contents(image()) == {}
    nameless = (CREATE, 0, b"")
    assert littlefs_image.contents(image(nameless)) == {}
    for folder in ((HARD_TAIL, NO_ENTRY, HERE),), (nameless, (HARD_TAIL, NO_ENTRY, HERE)):
        with pytest.raises(HostError, match="This is no LittleFS image"):
            littlefs_image.contents(image(*folder))


def test_what_is_read_for_a_sound_image_is_far_from_too_much(monkeypatch):
    monkeypatch.setattr(littlefs_image, "MOST_READ", littlefs_image.MOST_READ // 2)
    files = {littlefs_image.PurePosixPath(f"lib/{number}.mpy"): bytes(number) for number in range(200)}
    assert littlefs_image.contents(littlefs_image.of_size(files, 1 << 19)) == files
    monkeypatch.setattr(littlefs_image, "MOST_READ", 0)
    with pytest.raises(HostError, match="This is no LittleFS image"):
        littlefs_image.contents(host_littlefs.sound())
