"""What the first stage needs of the twin."""

from dermis.drivers.first_parts import FirstParts
from dermis.drivers.flash.twin import TwinFlash
from dermis.drivers.storage.little import MOUNT_POINT
from dermis.drivers.storage.twin import open_storage
from dermis.drivers.system.twin import TwinSystem
from dermis.drivers.twin_channel import open_channel, open_flash_channel


def parts() -> FirstParts:
    """Raises SensorFault outside the twin."""
    flash_channel = open_flash_channel()
    return FirstParts(
        TwinFlash(flash_channel), lambda: open_storage(flash_channel), MOUNT_POINT, TwinSystem(open_channel())
    )
