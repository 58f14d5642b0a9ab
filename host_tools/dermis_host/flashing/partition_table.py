"""The partition table of an ESP32, as its second-stage bootloader reads it: parsed, and made anew with our partitions.

Ref: ESP-IDF Programming Guide, Partition Tables. At 0x8000 lie up to 95 entries of 32 bytes: magic AA 50, type u8,
subtype u8, offset u32, size u32, label of 16 bytes, flags u32, little-endian; then an entry of magic EB EB whose last
16 bytes are the MD5 of those before it; then erased flash to the end of the sector.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import NamedTuple

from dermis.core import partitions

from dermis_host.errors import UsageError

OFFSET = 0x8000
SIZE = 0x1000  # the sector that holds it
ENTRY = struct.Struct("<2sBBII16sI")
MAGIC, MD5_MAGIC = b"\xaa\x50", b"\xeb\xeb"
MOST_ENTRIES = 95
APP, DATA = 0x00, 0x01
UNDEFINED = 0x06  # the subtype of data that only the application knows
# MicroPython's frozen start mounts the data partition of this label and runs what lies there: our first stage.
MOUNTED_AT_START = "vfs"
FILE_SYSTEMS = (MOUNTED_AT_START, "ffat")  # labels that MicroPython looks for, the second one last


class Entry(NamedTuple):
    """One partition; offset and size in bytes."""

    kind: int
    subtype: int
    offset: int
    size: int
    label: str
    flags: int = 0

    @property
    def end(self) -> int:
        return self.offset + self.size


def parse(table: bytes) -> list[Entry]:
    """The entries of a table.

    Raises ValueError with what is wrong; an MD5 is checked where there is one.
    """
    entries: list[Entry] = []
    for at in range(0, len(table) - ENTRY.size + 1, ENTRY.size):
        magic, kind, subtype, offset, size, label, flags = ENTRY.unpack_from(table, at)
        if magic == MAGIC:
            try:
                text = label.rstrip(b"\0").decode()
            except UnicodeDecodeError:
                raise ValueError(f"the label of entry {len(entries) + 1} is no text") from None
            entries.append(Entry(kind, subtype, offset, size, text, flags))
        elif magic == MD5_MAGIC:
            if table[at + 16 : at + ENTRY.size] != hashlib.md5(table[:at]).digest():
                raise ValueError("its MD5 does not fit its entries")
            return entries
        elif magic == b"\xff\xff":
            return entries
        else:
            break
    raise ValueError("it does not end" if entries else "there is none")


def encode(entries: Sequence[Entry]) -> bytes:
    """The sector of a table, `SIZE` bytes. Raises ValueError for more entries than a bootloader reads."""
    if len(entries) > MOST_ENTRIES:
        raise ValueError(f"{len(entries)} partitions are more than {MOST_ENTRIES}")
    packed = b"".join(
        ENTRY.pack(MAGIC, entry.kind, entry.subtype, entry.offset, entry.size, entry.label.encode(), entry.flags)
        for entry in entries
    )
    md5 = MD5_MAGIC + b"\xff" * 14 + hashlib.md5(packed).digest()
    return (packed + md5).ljust(SIZE, b"\xff")


def with_ours(runtimes: Sequence[Entry]) -> list[Entry]:
    """What a runtime brought (its application, its NVS), without its file system, and our partitions behind it.

    Raises UsageError when the runtime's application reaches beyond the partition that is its own.
    """
    room = partitions.partition("runtime")
    kept = [entry for entry in runtimes if entry.kind == APP or entry.end <= room.offset + room.size]
    kept = [entry for entry in kept if not (entry.kind == DATA and entry.label in FILE_SYSTEMS)]
    if not any(entry.kind == APP for entry in kept):
        raise UsageError("The runtime's partition table names no application: name a whole MicroPython image.")
    for entry in kept:
        if entry.end > room.offset + room.size:
            raise UsageError(
                f"The runtime's application {entry.label} ends at {entry.end:#x}, beyond the {room.size >> 20} MiB "
                "that are its own: name a build with a smaller one."
            )
    ours = [
        Entry(DATA, UNDEFINED, part.offset, part.size, MOUNTED_AT_START if part.name == "boot" else part.name)
        for part in partitions.PARTITIONS
        if part is not room
    ]
    return kept + ours
