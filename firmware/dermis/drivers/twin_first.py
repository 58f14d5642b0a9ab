"""What the first stage needs of the twin; the other drivers come with the firmware that it starts."""

from collections import namedtuple

from dermis.drivers.flash.twin import TwinFlash
from dermis.drivers.storage.twin import MOUNT_POINT, open_storage
from dermis.drivers.system.twin import TwinSystem
from dermis.drivers.twin_channel import open_channel, open_flash_channel

FirstParts = namedtuple("FirstParts", ("flash", "open_storage", "storage_point", "system"))


def parts() -> FirstParts:
    """`open_storage()` mounts the data partition at `storage_point`. Raises SensorFault outside the twin."""
    flash_channel = open_flash_channel()
    return FirstParts(
        TwinFlash(flash_channel), lambda: open_storage(flash_channel), MOUNT_POINT, TwinSystem(open_channel())
    )
