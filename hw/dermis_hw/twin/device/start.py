"""On the twin only: what MicroPython's own start does on a board before it runs anything of ours.

It mounts the `boot` partition at the root, read-only, and runs `boot.py` and `main.py` from there. Nothing of the
checkout and nothing of the host's files can be reached afterwards.
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
UNREADABLE = "The boot partition holds no file system that can be read; write it with the flasher."


class BootPartition:
    """It as a block device that is only read, on the flash chip's own channel. Of the modules above nothing stays, so
    that what it needs of them it keeps."""

    def __init__(self, stream):
        self._stream = stream
        self._offset, self._size = partitions.partition("boot")[1:3]
        self._block = partitions.BLOCK_SIZE
        self._read, self._request = wire.FLASH_READ, wire.HEADER + wire.FLASH_READ_REQUEST[1:]
        self._header, self._fine = bytearray(wire.HEADER_SIZE), wire.STATUS_OK

    def readblocks(self, block, buf, offset=0):
        at = self._offset + block * self._block + offset
        body = struct.calcsize(self._request) - len(self._header)
        self._stream.write(struct.pack(self._request, self._read, 0, 0, body, 0, at, len(buf)))
        self._fill(self._header)
        if self._header[1] != self._fine:
            raise OSError(EIO)
        self._fill(buf)

    def ioctl(self, op, _argument):
        return {IOCTL_BLOCK_COUNT: self._size // self._block, IOCTL_BLOCK_SIZE: self._block}.get(op)

    def _fill(self, buffer):
        view, done = memoryview(buffer), 0
        while done < len(buffer):
            count = self._stream.readinto(view[done:])
            if not count:
                raise SystemExit(0)  # the twin has ended
            done += count


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
    device = BootPartition(stream)
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
