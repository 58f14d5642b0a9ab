"""The twin's thermometer."""

from __future__ import annotations

import struct

from dermis.core import twin_wire as wire
from dermis.drivers.thermometer import Thermometer


class TwinThermometer(Thermometer):
    def __init__(self, channel):
        self._channel = channel

    def centi_celsius(self) -> int:
        return struct.unpack(wire.TEMPERATURE_RESPONSE, self._channel.ask(wire.TEMPERATURE))[0]
