"""RS-485 on a UART of Linux. The transceiver switches its direction by itself."""

from __future__ import annotations

from dermis.core.errors import SensorFault
from dermis.drivers.bus import Bus
from dermis.drivers.bus.echo import Echo, check_speed
from dermis.drivers.coral_port import Port

POLL_MS = 1
SEND_LIMIT_S = 1.0


class CoralBus(Bus):
    """new_port: (path, baud) -> `coral_port.Port`."""

    def __init__(self, path: str, clock, new_port=Port):
        self._path = path
        self._clock = clock
        self._new_port = new_port
        self._port: Port | None = None
        self._echo = Echo()

    def open(self, baud: int) -> None:
        check_speed(baud)
        if self._port is not None:
            self._port.drain()  # what was sent at the speed before leaves at it
        self.close()
        self._port = self._new_port(self._path, baud)
        self._port.open()

    async def read(self, buffer) -> int:
        while True:
            port = self._opened()
            port.open()  # again, after a fault
            count = self._echo.into(buffer, port.take(len(buffer)))
            if count:
                return count
            await self._clock.sleep_ms(POLL_MS)

    def write(self, data) -> None:
        port = self._opened()
        port.open()
        self._echo.sent(data)
        if port.send(data, SEND_LIMIT_S) < len(data):
            port.close()
            raise SensorFault("%s takes nothing more; check its wires, then reset" % self._path)

    def close(self) -> None:
        port, self._port = self._port, None
        self._echo.forget()
        if port is not None:
            port.close()

    def _opened(self):
        if self._port is None:
            raise SensorFault("RS-485 is not open; open it first")
        return self._port
