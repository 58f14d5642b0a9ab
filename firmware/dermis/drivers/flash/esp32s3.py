"""The ESP32-S3's flash by the labels of its partition table.

Ref: MicroPython 1.29, class `esp32.Partition` (docs/library/esp32.rst) and ports/esp32/esp32_partition.c: reads and
writes may lie anywhere, `writeblocks` with an offset erases nothing, `ioctl` 6 erases one block. No board has shown it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import esp32

from dermis.core import partitions
from dermis.core.errors import SensorFault
from dermis.drivers.flash.partitioned import IOCTL_BLOCK_ERASE, PartitionedFlash, check_whole_blocks, check_within

if TYPE_CHECKING:
    from typing import Any

# MicroPython's frozen start mounts the partition of this label, so the flasher gave it to `boot`.
BOOT_LABEL = "vfs"
ADDRESS, SIZE = 2, 3  # in what `Partition.info` gives


class S3Flash(PartitionedFlash):
    def __init__(self):
        self._partitions = {}  # name -> esp32.Partition, of those that were asked for

    def device(self, name: str) -> Any:
        """The partition of that name of `core.partitions`: a block device. Raises SensorFault when the chip's table
        has it not, or elsewhere."""
        if name not in self._partitions:
            entry = partitions.partition(name)
            label = BOOT_LABEL if name == "boot" else name
            found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label=label)
            if not found or found[0].info()[ADDRESS : SIZE + 1] != (entry.offset, entry.size):
                raise SensorFault(
                    "the partition table has no %s where it should be; flash the module anew with `dermis flash`"
                    % label
                )
            self._partitions[name] = found[0]
        return self._partitions[name]

    def read_at(self, partition: str, offset: int, buffer) -> None:
        check_within(partition, offset, len(buffer))
        block, rest = divmod(offset, partitions.BLOCK_SIZE)
        self._ask(self.device(partition).readblocks, block, buffer, rest)

    def erase(self, partition: str, offset: int, length: int) -> None:
        check_within(partition, offset, length)
        check_whole_blocks(offset, length)
        erase = self.device(partition).ioctl
        for block in range(offset // partitions.BLOCK_SIZE, (offset + length) // partitions.BLOCK_SIZE):
            self._ask(erase, IOCTL_BLOCK_ERASE, block)

    def write(self, partition: str, offset: int, data) -> None:
        check_within(partition, offset, len(data))
        block, rest = divmod(offset, partitions.BLOCK_SIZE)
        self._ask(self.device(partition).writeblocks, block, data, rest)

    def _ask(self, what, *arguments):
        try:
            what(*arguments)
        except OSError as error:
            raise SensorFault("the flash does not do what it is told (error %s); have it replaced" % error.args[0])
