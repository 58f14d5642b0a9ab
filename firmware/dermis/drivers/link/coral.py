"""The console of a Linux board: a tty, as a rule the USB gadget's (/dev/ttyGS0), which a host may leave at any time."""

from __future__ import annotations

from dermis.core.errors import SensorFault
from dermis.drivers.coral_port import Port
from dermis.drivers.link import Link

INTERRUPT = 0x03
POLL_MS = 2
AGAIN_MS = 500  # between attempts to open a tty that is not there
# Who does not read for so long is not there; the module goes on without.
PATIENCE_S = 0.5


class CoralLink(Link):
    """Never gone for good: while there is no tty and no host, what is sent is lost and nothing is read."""

    def __init__(self, port: Port, clock):
        self._port = port
        self._clock = clock
        self._left = b""  # what came after a 0x03
        self._deaf = False  # the host does not read

    async def read(self, buffer) -> int:
        data, self._left = self._left, b""
        while not data:
            try:
                self._port.open()
                data = self._port.take(len(buffer))
            except SensorFault:
                await self._clock.sleep_ms(AGAIN_MS)  # its cable was pulled, or nobody has plugged it in yet
                continue
            if not data:
                await self._clock.sleep_ms(POLL_MS)
        self._deaf = False
        count = min(len(buffer), (data.find(INTERRUPT) + 1) or len(data))
        buffer[:count] = data[:count]
        self._left = data[count:]
        return count

    def write(self, data) -> None:
        try:
            self._port.open()
            # A host that did not read once is waited for no more until it says something.
            self._deaf = self._port.send(data, 0 if self._deaf else PATIENCE_S) < len(data)
        except SensorFault:
            self._deaf = True

    def release(self) -> None:
        """CPython has no prompt for the console; main ends, and systemd starts the module anew."""
        self._port.close()
