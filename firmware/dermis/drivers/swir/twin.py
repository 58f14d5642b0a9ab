"""The twin's SWIR head."""

from __future__ import annotations

import struct

from dermis.core import twin_wire as wire
from dermis.core import vocabulary
from dermis.core.errors import SensorFault
from dermis.drivers.swir import SwirHead


class TwinSwirHead(SwirHead):
    def __init__(self, channel, clock, fitted):
        self._channel = channel
        self._clock = clock
        self.fitted = bool(fitted and channel.hello.get("swir"))

    def identity(self) -> str:
        return self._channel.hello.get("swir_head", "") if self.fitted else ""

    async def read(self, band_nm: int, pairs: int) -> tuple:
        if band_nm not in vocabulary.SWIR_BANDS:
            raise ValueError("the SWIR head has no band of %d nm" % band_nm)
        if not self.fitted:
            raise SensorFault("no SWIR head is fitted; use a module that has one")
        request = struct.pack(wire.SWIR_READ_REQUEST, vocabulary.SWIR_BANDS.index(band_nm), pairs)
        started_us = self._clock.ticks_us()
        answer = await self._channel.ask_async(wire.SWIR_READ, request)
        on, off, took_us = struct.unpack(wire.SWIR_READ_RESPONSE, answer)
        await self._clock.until_us(started_us + took_us)
        return on, off
