"""A file in the place of a runtime, for the twin: its own interpreter runs, whatever lies in the runtime's partition.

It has what the flasher and a bootloader look at (header, partition table, the application's description) and no code:
a board that is given it does not start.
"""

from __future__ import annotations

from dermis.core import release

from dermis_host.flashing import partition_table, runtime
from dermis_host.flashing.partition_table import APP, DATA, Entry

WORD = "stand-in"  # what `--runtime` takes instead of a file
VERSION = release.RUNTIME[1]
TEXT = b"The twin's stand-in for a runtime: no code."
APP_AT = 0x10000
# As MicroPython's builds for 4 MiB of flash lay it out.
TABLE = (
    Entry(DATA, 0x02, 0x9000, 0x6000, "nvs"),
    Entry(DATA, 0x01, 0xF000, 0x1000, "phy_init"),
    Entry(APP, 0x00, APP_AT, 0x1F0000, "factory"),
    Entry(DATA, 0x81, 0x200000, 0x200000, "vfs"),
)


def stand_in() -> bytes:
    """The file's bytes, always the same."""
    chip = next(number for number, name in runtime.CHIPS.items() if name == runtime.CHIP)
    header = bytearray(runtime.HEADER_BYTES)
    header[0] = runtime.IMAGE_MAGIC
    header[runtime.CHIP_AT] = chip
    description = runtime.DESCRIPTION.pack(
        runtime.DESCRIPTION_MAGIC, 0, b"", f"v{VERSION}".encode(), runtime.NAME.encode(), b"", b"", b""
    )
    app = bytes(header).ljust(runtime.DESCRIPTION_AT, b"\xff") + description
    whole = (bytes(header) + TEXT).ljust(partition_table.OFFSET, b"\xff") + partition_table.encode(TABLE)
    return whole.ljust(APP_AT, b"\xff") + app
