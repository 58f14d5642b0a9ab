"""The twin's lock side: `dermis twin status` shows what its wires carry, `dermis twin lock` sets its inputs."""

from __future__ import annotations

import struct

from dermis.core import twin_wire as wire
from dermis.core.errors import SensorFault
from dermis.drivers.lock import COLOURS, LONGEST_WIEGAND, OFF, Inputs, Lock

PERIOD_MS = 2  # of a Wiegand bit


class TwinLock(Lock):
    def __init__(self, channel, clock):
        self._channel = channel
        self._clock = clock

    def relay(self, closed: bool) -> None:
        self._put(wire.LOCK_RELAY, closed)

    async def wiegand(self, bits: str) -> None:
        if not 0 < len(bits) <= LONGEST_WIEGAND or bits.strip("01"):
            raise ValueError("a Wiegand frame has 1 to %d bits, 0 or 1" % LONGEST_WIEGAND)
        self._channel.ask(wire.WIEGAND, bits.encode())
        await self._clock.sleep_ms(len(bits) * PERIOD_MS)

    def led(self, colour: str) -> None:
        if colour not in COLOURS:
            raise ValueError("the status LED is one of: %s" % ", ".join(COLOURS))
        self._put(wire.LOCK_LED, COLOURS.index(colour))

    def buzzer(self, on: bool) -> None:
        self._put(wire.LOCK_BUZZER, on)

    def inputs(self) -> Inputs:
        trigger, tampered, power_good = struct.unpack(wire.LOCK_INPUTS_RESPONSE, self._channel.glance(wire.LOCK_INPUTS))
        return Inputs(bool(trigger), bool(tampered), bool(power_good))

    def safe(self) -> None:
        for output, value in ((wire.LOCK_RELAY, 0), (wire.LOCK_LED, COLOURS.index(OFF)), (wire.LOCK_BUZZER, 0)):
            try:
                self._put(output, value)
            except SensorFault:
                continue  # the others all the more

    def _put(self, output, value):
        self._channel.ask(wire.LOCK_SET, struct.pack(wire.LOCK_SET_REQUEST, output, value))
