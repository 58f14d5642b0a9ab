"""The twin's RS-485: `dermis twin --bus-port` or `--bus-pty`."""

from __future__ import annotations

import struct

from dermis.core import twin_wire as wire
from dermis.drivers.bus import Bus
from dermis.drivers.twin_channel import pause_ms

SLOWEST, FASTEST = 1200, 1_000_000
POLL_PAUSE_MS = 4  # in real time, because the panel is


class TwinBus(Bus):
    def __init__(self, channel):
        self._channel = channel

    def open(self, baud: int) -> None:
        if not SLOWEST <= baud <= FASTEST:
            raise ValueError("the bus runs at %d to %d baud" % (SLOWEST, FASTEST))
        self._set(baud)

    async def read(self, buffer) -> int:
        longest = struct.pack(wire.BUS_READ_REQUEST, len(buffer))
        while True:
            data = self._channel.glance(wire.BUS_READ, longest)
            if data:
                buffer[: len(data)] = data
                return len(data)
            await pause_ms(POLL_PAUSE_MS)

    def write(self, data) -> None:
        self._channel.ask(wire.BUS_WRITE, data)

    def close(self) -> None:
        self._set(0)

    def _set(self, baud):
        self._channel.ask(wire.BUS_OPEN, struct.pack(wire.BUS_OPEN_REQUEST, baud))
