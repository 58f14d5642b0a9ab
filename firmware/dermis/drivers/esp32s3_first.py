"""What the first stage needs of the ESP32-S3."""

from dermis.drivers.clock.esp32s3 import S3Clock
from dermis.drivers.first_parts import FirstParts
from dermis.drivers.flash.esp32s3 import S3Flash
from dermis.drivers.storage.esp32s3 import open_storage
from dermis.drivers.storage.little import MOUNT_POINT
from dermis.drivers.system.esp32s3 import S3System


def parts() -> FirstParts:
    """Touches nothing yet; what it gives raises SensorFault."""
    flash = S3Flash()
    return FirstParts(flash, lambda: open_storage(flash), MOUNT_POINT, S3System(S3Clock()))
