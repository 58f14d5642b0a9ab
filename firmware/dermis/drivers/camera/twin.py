"""The twin's imager."""

from __future__ import annotations

import struct

from dermis.core import twin_wire as wire
from dermis.core.errors import SensorFault
from dermis.drivers.camera import Camera

SILENCE_LIMIT_US = 500000  # the contract's half second


class TwinCamera(Camera):
    def __init__(self, channel, clock):
        self._channel = channel
        self._clock = clock

    def identity(self) -> str:
        return self._channel.hello.get("imager", "")

    async def start(self, exposure_us: int, gain_q8: int, buffers: int = 2) -> None:
        self._channel.ask(wire.CAMERA_START, struct.pack(wire.CAMERA_START_REQUEST, exposure_us, gain_q8, buffers))

    async def read(self, pixels) -> int:
        if len(pixels) != self.width * self.height:
            raise ValueError("a frame takes a buffer of %d bytes" % (self.width * self.height))
        give_up_us = self._clock.ticks_us() + SILENCE_LIMIT_US
        head = struct.calcsize(wire.CAMERA_READ_RESPONSE)
        while True:
            answer = await self._channel.ask_async(wire.CAMERA_READ, b"", pixels, head)
            arrived_us = self._channel.answer_time_us
            (again_us,) = struct.unpack(wire.CAMERA_READ_RESPONSE, answer)
            if not again_us:
                if self._channel.answer_filled != len(pixels):
                    raise SensorFault("the imager sent a frame that is not whole; check its cable, then reset")
                return arrived_us
            if again_us > give_up_us:
                await self._clock.until_us(give_up_us)
                raise SensorFault("the imager sent no frame for half a second; check its cable, then reset")
            await self._clock.until_us(again_us)

    async def stop(self) -> None:
        self._channel.ask(wire.CAMERA_STOP)
