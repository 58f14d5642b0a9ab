"""The twin's flash chip behind its channel."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from dermis.core import partitions
from dermis.core import twin_wire as wire
from dermis.core.errors import BadInput
from dermis.drivers.flash import Flash

if TYPE_CHECKING:
    from typing import Any

LARGEST_READ = 16384  # at once
# What LittleFS reads at once; its cache, and each open file's, is four times that. With its usual 32 bytes the start of
# an image takes 72,000 reads and most of the time until the firmware runs.
READ_SIZE = 256

# ioctl of MicroPython's block devices
IOCTL_BLOCK_COUNT, IOCTL_BLOCK_SIZE, IOCTL_BLOCK_ERASE = 4, 5, 6
EROFS = 30


class TwinFlash(Flash):
    def __init__(self, channel):
        self._channel = channel

    def read_at(self, partition: str, offset: int, buffer) -> None:
        at = _place(partition, offset, len(buffer))
        view = memoryview(buffer)
        done = 0
        while done < len(buffer):
            part = view[done : done + LARGEST_READ]
            self._channel.ask(wire.FLASH_READ, struct.pack(wire.FLASH_READ_REQUEST, at + done, len(part)), part)
            done += len(part)

    def erase(self, partition: str, offset: int, length: int) -> None:
        at = _place(partition, offset, length)
        if offset % partitions.BLOCK_SIZE or length % partitions.BLOCK_SIZE:
            raise BadInput("flash is erased in blocks of %d bytes" % partitions.BLOCK_SIZE)
        self._channel.ask(wire.FLASH_ERASE, struct.pack(wire.FLASH_ERASE_REQUEST, at, length))

    def write(self, partition: str, offset: int, data) -> None:
        at = _place(partition, offset, len(data))
        self._channel.ask(wire.FLASH_WRITE, struct.pack(wire.FLASH_WRITE_REQUEST, at) + bytes(data))

    def mount(self, partition: str, offset: int, size: int, point: str) -> None:
        import vfs  # type: ignore[import-not-found]

        _place(partition, offset, size)
        try:
            device: Any = ReadOnlyBlocks(self, partition, offset, size)
            vfs.mount(vfs.VfsLfs2(device, readsize=READ_SIZE), point, readonly=True)
        except OSError as error:
            raise BadInput("no file system can be read at %d of %s (error %s)" % (offset, partition, error.args[0]))


class ReadOnlyBlocks:
    """A piece of a partition as a MicroPython block device that refuses to be written."""

    def __init__(self, flash, partition, offset, size):
        self._flash = flash
        self._partition = partition
        self._offset = offset
        self._size = size

    def readblocks(self, block, buf, offset=0):
        self._flash.read_at(self._partition, self._offset + block * partitions.BLOCK_SIZE + offset, buf)

    def writeblocks(self, _block, _buf, _offset=0) -> Any:
        return -EROFS

    def ioctl(self, op, _arg):
        if op == IOCTL_BLOCK_COUNT:
            return self._size // partitions.BLOCK_SIZE
        if op == IOCTL_BLOCK_SIZE:
            return partitions.BLOCK_SIZE
        if op == IOCTL_BLOCK_ERASE:
            return -EROFS
        return None


def _place(partition, offset, length):
    """Where that is on the chip. Raises BadInput outside the partition."""
    entry = partitions.partition(partition)
    if offset < 0 or length < 0 or offset + length > entry.size:
        raise BadInput("%d bytes at %d lie outside of %s" % (length, offset, partition))
    return entry.offset + offset
