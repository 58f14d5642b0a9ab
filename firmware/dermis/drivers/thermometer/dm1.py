"""The TMP117 beside the imager."""

from dermis.drivers.dm1_i2c import Tmp117
from dermis.drivers.thermometer import Thermometer


class Dm1Thermometer(Thermometer):
    """bus: as `dm1_i2c` wants it."""

    def __init__(self, bus, address):
        self._chip = Tmp117(bus, address)

    def centi_celsius(self) -> int:
        return self._chip.centi_celsius()

    def number(self) -> str:
        """The part's own number, 12 hexadecimal digits. Raises SensorFault."""
        return self._chip.number()
