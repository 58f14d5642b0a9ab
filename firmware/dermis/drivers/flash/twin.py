"""The twin's flash chip behind its channel."""

from __future__ import annotations

import struct

from dermis.core import twin_wire as wire
from dermis.drivers.flash.partitioned import PartitionedFlash, check_whole_blocks, check_within

LARGEST_READ = 16384  # at once


class TwinFlash(PartitionedFlash):
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
        check_whole_blocks(offset, length)
        self._channel.ask(wire.FLASH_ERASE, struct.pack(wire.FLASH_ERASE_REQUEST, at, length))

    def write(self, partition: str, offset: int, data) -> None:
        at = _place(partition, offset, len(data))
        self._channel.ask(wire.FLASH_WRITE, struct.pack(wire.FLASH_WRITE_REQUEST, at) + bytes(data))


def _place(partition, offset, length):
    """Where that is on the chip. Raises BadInput outside the partition."""
    return check_within(partition, offset, length).offset + offset
