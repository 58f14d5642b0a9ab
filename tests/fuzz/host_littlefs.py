"""A first stage's LittleFS as the host reads it, with right check sums: they alone refuse most damage."""

from __future__ import annotations

import functools
import struct
import zlib
from pathlib import PurePosixPath

from dermis.core import partitions
from dermis_host.building import littlefs_image
from dermis_host.errors import HostError

from tests.fuzz.promises import Broken, must

FILES = {
    PurePosixPath("hardware.json"): b'{"board": "esp32s3", "revision": 1}',
    PurePosixPath("lib/a.mpy"): b"x" * 5000,
}
ROOM = 1 << 20
START = (
    0xFFFFFFFF  # of LittleFS's check sum, and of the tags, each of which is told as what it differs from the one before
)
REVISION, TAG = 4, 4  # bytes
INVALID, CHECK_SUM, DELETED = 0x8000_0000, 0x500, 0x3FF


@functools.cache
def sound() -> bytes:
    """An image as `dermis build` makes them, small."""
    return littlefs_image.smallest(FILES, ROOM)


def root() -> bytes:
    """The root folder's entries in it: the later of its two blocks, as far as it is written."""
    pair = [sound()[at : at + partitions.BLOCK_SIZE] for at in (0, partitions.BLOCK_SIZE)]
    return max(pair, key=lambda block: struct.unpack_from("<I", block)).rstrip(b"\xff")


def image_around(data: bytes) -> bytes:
    """That image with the root folder's blocks exchanged for one with the input, and right check sums in it.

    Ref: littlefs SPEC.md, "Metadata pairs" and "0x5xx LFS_TYPE_CRC".
    """
    size = partitions.BLOCK_SIZE
    return summed(data) + b"\xff" * size + sound()[2 * size :]


def summed(data: bytes) -> bytes:
    """A block of these metadata with right check sums."""
    size = partitions.BLOCK_SIZE
    block = bytearray(data[:size].ljust(size, b"\xff"))
    at, before, total = REVISION, START, _summed(block[:REVISION], START)
    while at + TAG <= size:
        tag = struct.unpack_from(">I", block, at)[0] ^ before
        kind, length = tag >> 20 & 0x7FF, tag & 0x3FF
        length = 0 if length == DELETED else length
        if tag & INVALID or at + TAG + length > size:
            break
        total = _summed(block[at : at + TAG], total)
        before = tag
        if kind & 0x780 == CHECK_SUM and length >= 4:
            struct.pack_into("<I", block, at + TAG, total)
            before, total = tag ^ (kind & 1) << 31, START
        else:
            total = _summed(block[at + TAG : at + TAG + length], total)
        at += TAG + length
    return bytes(block)


def _summed(data: bytes | bytearray, total: int) -> int:
    """LittleFS's CRC-32, which is not inverted at its end."""
    return zlib.crc32(data, total ^ START) ^ START


def contents(image: bytes) -> None:
    """The files of an image, which are the same after they were written."""
    files = littlefs_image.contents(image)
    must(sum(map(len, files.values())) <= len(image), "more is read than there is")
    if files:
        try:
            again = littlefs_image.contents(littlefs_image.smallest(files, ROOM))
        except HostError as problem:
            raise Broken(f"what was read cannot be written: {problem}") from problem
        must(again == files, "the files are others when written")
