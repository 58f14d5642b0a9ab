"""The chip as its own loader shows it: who it is, its registers, its flash's size; and what can be wrong with a board.

Ref: ESP32-S3 and ESP32-C3 Technical Reference Manuals, chapters "eFuse Controller" and "SPI Controller"; JEDEC
manufacturer and device id of the W25Q128 (Winbond).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from dermis.core import partitions

MAC_LENGTH = 6
LOCALLY_ADMINISTERED = 0x02  # IEEE 802: an address that nobody else was given

JEDEC_WINBOND, JEDEC_SPI_NOR = 0xEF, 0x40
READ_JEDEC_ID = 0x9F

# Where the registers that a loader is asked for lie, as offsets
EFUSE_MAC_LOW, EFUSE_MAC_HIGH, EFUSE_VERSION, EFUSE_PSRAM = 0x44, 0x48, 0x50, 0x54
SPI_BASE = 0x60002000
SPI_COMMAND, SPI_USER2, SPI_W0 = SPI_BASE, SPI_BASE + 0x20, SPI_BASE + 0x58
SPI_COMMAND_USER = 1 << 18
CHIP_MAGIC = 0x40001000
UART_CLOCK_DIVIDER = 0x60000014
CRYSTAL_HZ, LOADER_BAUD = 40_000_000, 115_200

REVISION_0_2 = 2 << 18
PSRAM_8_MB = 1 << 3 | 1 << 7


@dataclass(frozen=True)
class ChipModel:
    """What tells one chip from another. `image_id` stands in its images' headers and in its security information."""

    name: str
    image_id: int
    magic: int
    efuse_base: int
    watchdog_config: int
    watchdog_lock: int
    rom: str  # what its ROM calls itself


CHIPS = {
    "esp32s3": ChipModel("esp32s3", 9, 0x9, 0x60007000, 0x60008098, 0x600080B0, "ESP-ROM:esp32s3-20210327"),
    "esp32c3": ChipModel("esp32c3", 5, 0x1B31506F, 0x60008800, 0x60008090, 0x600080A8, "ESP-ROM:esp32c3-api1-20210207"),
}

# How the ROM names what started the chip
RESETS = {
    "power_on": "rst:0x1 (POWERON)",
    "hard_reset": "rst:0x1 (POWERON)",
    "software": "rst:0xc (RTC_SW_CPU_RST)",
    "crash": "rst:0xc (RTC_SW_CPU_RST)",
    "watchdog": "rst:0x8 (TG1WDT_SYS_RST)",
    "nothing_to_boot": "rst:0x10 (RTCWDT_RTC_RST)",
}


@dataclass
class Board:
    """One board, with the faults that only its flashing meets."""

    mac: bytes
    chip: ChipModel = CHIPS["esp32s3"]
    flash_size: int = partitions.FLASH_SIZE
    enters_loader: bool = True
    cable_bytes: int | None = None  # so many more from the host, then the cable is out

    def mend(self) -> None:
        """As it left the line."""
        self.chip, self.flash_size, self.enters_loader, self.cable_bytes = (
            CHIPS["esp32s3"],
            partitions.FLASH_SIZE,
            True,
            None,
        )

    def banner(self, cause: str, *, loader: bool) -> bytes:
        """What the ROM says before anything else runs."""
        mode = "boot:0x0 (DOWNLOAD(USB/UART0))" if loader else "boot:0x8 (SPI_FAST_FLASH_BOOT)"
        lines = [self.chip.rom, f"{RESETS[cause]},{mode}", *(["waiting for download"] if loader else [])]
        return "".join(f"{line}\r\n" for line in lines).encode()


def mac_of(serial: str) -> bytes:
    """A station address of its own for each serial number, in the range that belongs to nobody."""
    return bytes((LOCALLY_ADMINISTERED,)) + hashlib.sha256(serial.encode()).digest()[: MAC_LENGTH - 1]


class Registers:
    """What the loader reads and writes; only what flashing tools ask for has a meaning."""

    def __init__(self, board: Board):
        self._board = board
        self._values = {
            CHIP_MAGIC: board.chip.magic,
            board.chip.efuse_base + EFUSE_MAC_LOW: int.from_bytes(board.mac[2:], "big"),
            board.chip.efuse_base + EFUSE_MAC_HIGH: int.from_bytes(board.mac[:2], "big"),
            board.chip.efuse_base + EFUSE_VERSION: REVISION_0_2,
            board.chip.efuse_base + EFUSE_PSRAM: PSRAM_8_MB,
            UART_CLOCK_DIVIDER: CRYSTAL_HZ // LOADER_BAUD,
        }

    def read(self, address: int) -> int:
        return self._values.get(address, 0)

    def write(self, address: int, value: int, mask: int) -> None:
        self._values[address] = self.read(address) & ~mask | value & mask
        if address == SPI_COMMAND and value & SPI_COMMAND_USER:
            self._values[SPI_COMMAND] = 0  # done
            if self.read(SPI_USER2) & 0xFF == READ_JEDEC_ID:
                capacity = self._board.flash_size.bit_length() - 1  # its third byte is the logarithm of its bytes
                self._values[SPI_W0] = JEDEC_WINBOND | JEDEC_SPI_NOR << 8 | capacity << 16

    def watchdog_bites(self, written: int) -> bool:
        """Whether that write locked a watchdog which was armed: it will reset the chip."""
        chip = self._board.chip
        return written == chip.watchdog_lock and bool(self.read(chip.watchdog_config) >> 31)
