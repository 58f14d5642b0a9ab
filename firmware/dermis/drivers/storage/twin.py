"""The twin's data partition: LittleFS on the flash chip behind the channel.

CPython has no LittleFS; there, files lie in a folder that the twin names (`DERMIS_STORAGE`).
"""

from __future__ import annotations

import os
import struct

from dermis.core import partitions
from dermis.core import twin_wire as wire
from dermis.core.errors import SensorFault
from dermis.drivers.storage import EIO
from dermis.drivers.storage.little import BrokenStorage, FolderStorage, open_little
from dermis.drivers.twin_channel import IS_MICROPYTHON

# ioctl of MicroPython's block devices
IOCTL_BLOCK_COUNT, IOCTL_BLOCK_SIZE, IOCTL_BLOCK_ERASE = 4, 5, 6


class FlashPartition:
    """A partition as a MicroPython block device (extended interface): erase 4096 bytes, then program."""

    def __init__(self, channel, name):
        self._channel = channel
        self._entry = partitions.partition(name)

    def readblocks(self, block, buf, offset=0):
        at = self._at(block, offset)
        self._ask(wire.FLASH_READ, struct.pack(wire.FLASH_READ_REQUEST, at, len(buf)), buf)

    def writeblocks(self, block, buf, offset=None):
        if offset is None:  # the simple interface erases by itself
            self.ioctl(IOCTL_BLOCK_ERASE, block)
            offset = 0
        self._ask(wire.FLASH_WRITE, struct.pack(wire.FLASH_WRITE_REQUEST, self._at(block, offset)) + buf)

    def ioctl(self, op, arg):
        if op == IOCTL_BLOCK_COUNT:
            return self._entry.size // partitions.BLOCK_SIZE
        if op == IOCTL_BLOCK_SIZE:
            return partitions.BLOCK_SIZE
        if op == IOCTL_BLOCK_ERASE:
            request = struct.pack(wire.FLASH_ERASE_REQUEST, self._at(arg, 0), partitions.BLOCK_SIZE)
            self._ask(wire.FLASH_ERASE, request)
            return 0
        return None

    def _ask(self, op, request, into=None):
        """Raises OSError, which is what a file system expects of a block device, where the chip does not answer."""
        try:
            self._channel.ask(op, request, into)
        except SensorFault as fault:
            raise OSError(EIO, str(fault))

    def _at(self, block, offset):
        return self._entry.offset + block * partitions.BLOCK_SIZE + offset


def open_storage(channel):
    """The data partition, mounted; formatted first if it never was."""
    if not IS_MICROPYTHON:
        root = os.environ["DERMIS_STORAGE"]
        os.makedirs(root, exist_ok=True)
        return FolderStorage(root, partitions.partition("data").size)
    try:
        return open_little(FlashPartition(channel, "data"))
    except OSError:  # the chip does not answer: a module that says so is more than one that does not start
        return BrokenStorage()
