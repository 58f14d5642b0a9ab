"""The ESP32-S3's data partition: LittleFS on `esp32.Partition`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core.errors import SensorFault
from dermis.drivers.storage.little import BrokenStorage, open_little

if TYPE_CHECKING:
    from dermis.drivers.flash.esp32s3 import S3Flash
    from dermis.drivers.storage import Storage


def open_storage(flash: S3Flash) -> Storage:
    """The data partition, mounted; formatted first if it never was. Where the chip has no such partition or does not
    read it, one that says so whenever it is asked, so that the module answers."""
    try:
        return open_little(flash.device("data"))
    except (SensorFault, OSError):
        return BrokenStorage()
