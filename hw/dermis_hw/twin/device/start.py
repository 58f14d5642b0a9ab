"""On the twin only: what MicroPython's own start does on a board before it runs anything of ours.

It mounts the partition that the flashed table calls `vfs` (our `boot`) at the root, read-only, and runs `boot.py` and
`main.py` from there. Nothing of the checkout and nothing of the host's files can be reached afterwards.
Ref: ESP-IDF Programming Guide, Partition Tables; ports/esp32/modules/_boot.py of MicroPython.
"""

from __future__ import annotations

import gc
import os
import struct
import sys
from typing import TYPE_CHECKING

# A board has it built in, with the reset; it stays loaded.
import machine  # type: ignore[import-not-found]  # noqa: F401
import vfs  # type: ignore[import-not-found]
from dermis.core import partitions
from dermis.core import twin_wire as wire

if TYPE_CHECKING:
    from typing import Any

BOARD_PATH = ("", ".frozen", "/lib")  # where a board looks for modules
EIO = 5
READ_SIZE = 256  # bytes that LittleFS reads at once; nothing is written with it
IOCTL_BLOCK_COUNT, IOCTL_BLOCK_SIZE = 4, 5
BLOCK_SIZE = partitions.BLOCK_SIZE

TABLE_BLOCK = 8  # the table lies at 0x8000
TABLE_ENTRY = "<2sBBII16sI"  # magic, type, subtype, offset, size, label, flags
TABLE_MAGIC = b"\xaa\x50"
LABEL = b"vfs"

NO_PARTITION = "The partition table in flash names no partition vfs; write the runtime with the flasher."
UNREADABLE = "The boot partition holds no file system that can be read; write it with the flasher."


class Blocks:
    """A part of the flash chip as a block device that is only read, on the chip's own channel. Of the firmware's
    modules nothing stays, so that what it needs of them it keeps."""

    def __init__(self, stream, offset=0, size=partitions.FLASH_SIZE):
        self._stream = stream
        self._offset, self._size = offset, size
        self._read, self._request = wire.FLASH_READ, wire.HEADER + wire.FLASH_READ_REQUEST[1:]
        self._header, self._fine = bytearray(wire.HEADER_SIZE), wire.STATUS_OK

    def readblocks(self, block, buf, offset=0):
        at = self._offset + block * BLOCK_SIZE + offset
        body = struct.calcsize(self._request) - len(self._header)
        self._stream.write(struct.pack(self._request, self._read, 0, 0, body, 0, at, len(buf)))
        self._fill(self._header)
        if self._header[1] != self._fine:
            raise OSError(EIO)
        self._fill(buf)

    def ioctl(self, op, _argument):
        return {IOCTL_BLOCK_COUNT: self._size // BLOCK_SIZE, IOCTL_BLOCK_SIZE: BLOCK_SIZE}.get(op)

    def _fill(self, buffer):
        view, done = memoryview(buffer), 0
        while done < len(buffer):
            count = self._stream.readinto(view[done:])
            if not count:
                raise SystemExit(0)  # the twin has ended
            done += count


def boot_partition(stream):
    """The partition that MicroPython mounts, as the table in flash has it; None when it names none."""
    table = bytearray(BLOCK_SIZE)
    Blocks(stream).readblocks(TABLE_BLOCK, table)
    for at in range(0, BLOCK_SIZE, struct.calcsize(TABLE_ENTRY)):
        magic, _type, _subtype, offset, size, label, _flags = struct.unpack_from(TABLE_ENTRY, table, at)
        if magic != TABLE_MAGIC:
            break
        if label.rstrip(b"\0") == LABEL:
            return Blocks(stream, offset, size)
    return None


def run(main, namespace):
    """Run `boot.py` and, with `main`, `main.py`, where they are. Exits when there is no file system."""
    # Kept where the firmware's own drivers look for it: see dermis.drivers.twin_channel.
    stream = open(int(os.getenv(wire.FLASH_VARIABLE, "")), "r+b", buffering=0)
    loaded: Any = sys.modules
    loaded[wire.FLASH_VARIABLE] = stream
    geometry: dict[str, Any] = {
        "readsize": READ_SIZE,
        "progsize": partitions.LFS_PROG_SIZE,
        "lookahead": partitions.LFS_LOOKAHEAD,
    }
    device = boot_partition(stream)
    if device is None:
        print(NO_PARTITION)
        sys.exit(1)
    try:
        files = vfs.VfsLfs2(device, **geometry)
    except OSError:
        print(UNREADABLE)
        sys.exit(1)
    vfs.umount("/")
    vfs.mount(files, "/", readonly=True)
    os.chdir("/")
    for name in [name for name in sys.modules if name.partition(".")[0] == "dermis"]:
        del sys.modules[name]
    sys.path[:] = BOARD_PATH
    gc.collect()
    for name in ("boot.py", "main.py") if main else ("boot.py",):
        if name in os.listdir():
            with open(name) as file:
                exec(compile(file.read(), name, "exec"), namespace)
