"""Where things lie in the 16 MiB flash. One table for the firmware, the flasher and the twin.

The runtime is MicroPython's own image and its partition table. `boot` holds the immutable first stage
that picks a slot; `slot0` and `slot1` hold a firmware image each; `data` is LittleFS: calibration,
settings, audit log.
"""

from collections import namedtuple

Partition = namedtuple("Partition", ("name", "offset", "size", "meaning"))

FLASH_SIZE = 16 * 1024 * 1024
BLOCK_SIZE = 4096

PARTITIONS = (
    Partition("runtime", 0x000000, 0x400000, "bootloader, partition table, NVS, MicroPython"),
    Partition("boot", 0x400000, 0x040000, "immutable boot: picks a slot, never updated in the field"),
    Partition("slot0", 0x440000, 0x300000, "firmware image"),
    Partition("slot1", 0x740000, 0x300000, "firmware image"),
    Partition("data", 0xA40000, 0x5C0000, "LittleFS: calibration, settings, audit log"),
)

# LittleFS geometry; littlefs-python and MicroPython's VfsLfs2 agree on these.
LFS_READ_SIZE = 32
LFS_PROG_SIZE = 32
LFS_CACHE_SIZE = 128
LFS_LOOKAHEAD = 32


def partition(name):
    """The partition of that name. Raises KeyError."""
    for entry in PARTITIONS:
        if entry.name == name:
            return entry
    raise KeyError(name)
