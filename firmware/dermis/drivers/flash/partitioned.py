"""What the boards' flash drivers share: where a partition ends, and the file system in a piece of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core import partitions
from dermis.core.errors import BadInput
from dermis.drivers.flash import Flash

if TYPE_CHECKING:
    from typing import Any

# What LittleFS reads at once; its cache, and each open file's, is four times that. With its usual 32 bytes the start of
# an image takes 72,000 reads and most of the time until the firmware runs.
READ_SIZE = 256

# ioctl of MicroPython's block devices
IOCTL_BLOCK_COUNT, IOCTL_BLOCK_SIZE, IOCTL_BLOCK_ERASE = 4, 5, 6
EROFS = 30


class PartitionedFlash(Flash):
    def mount(self, partition: str, offset: int, size: int, point: str) -> None:
        check_within(partition, offset, size)
        import vfs  # type: ignore[import-not-found]

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


def check_within(partition: str, offset: int, length: int) -> partitions.Partition:
    """The partition. Raises BadInput where so many bytes from there on are not all of it."""
    entry = partitions.partition(partition)
    if offset < 0 or length < 0 or offset + length > entry.size:
        raise BadInput("%d bytes at %d lie outside of %s" % (length, offset, partition))
    return entry


def check_whole_blocks(offset: int, length: int) -> None:
    """Raises BadInput for what is not made of blocks."""
    if offset % partitions.BLOCK_SIZE or length % partitions.BLOCK_SIZE:
        raise BadInput("flash is erased in blocks of %d bytes" % partitions.BLOCK_SIZE)
