"""The TMP117 beside the imager, on an ESP32-S3."""

from dermis.drivers.dm1_i2c import Tmp117
from dermis.drivers.thermometer import Thermometer


class S3Thermometer(Thermometer):
    """bus: `esp32s3_i2c.S3I2c`."""

    def __init__(self, bus, address):
        self._chip = Tmp117(bus, address)

    def centi_celsius(self) -> int:
        return self._chip.centi_celsius()

    def number(self) -> str:
        """The part's own number, 12 hexadecimal digits. Raises SensorFault."""
        return self._chip.number()
