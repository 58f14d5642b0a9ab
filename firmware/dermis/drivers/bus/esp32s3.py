"""RS-485 on a UART of the ESP32-S3. The transceiver switches its direction by itself.

Ref: MicroPython 1.29, docs/library/machine.UART.rst and ports/esp32/machine_uart.c: what comes waits in a buffer that
an interrupt fills, so that nothing is lost while Python is busy; `write` returns when the rest fits the buffer for
sending. No board has shown any of it yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import machine

from dermis.core.errors import SensorFault
from dermis.drivers.bus import Bus
from dermis.drivers.bus.echo import Echo, check_speed

if TYPE_CHECKING:
    from typing import Any

    from dermis.drivers.clock import Clock

UART = 2  # 0 is the prompt's, 1 the service header's
RECEIVES, SENDS = 1024, 512  # bytes: a packet has 256 at most, and Python may be busy while they come
BITS = 10  # of a byte on the wire
POLL_MS = 2  # a panel waits 200 ms


class S3Bus(Bus):
    """tx, rx: gpios."""

    def __init__(self, tx: int, rx: int, clock: Clock):
        self._pins = (tx, rx)
        self._clock = clock
        self._uart: Any = None
        self._baud = 0
        self._echo = Echo()
        self._sent_until_us = 0

    def open(self, baud: int) -> None:
        check_speed(baud)
        self._drain()
        self.close()
        tx, rx = self._pins
        try:
            self._uart = machine.UART(UART, baudrate=baud, tx=tx, rx=rx, rxbuf=RECEIVES, txbuf=SENDS)
        except (OSError, ValueError) as error:
            raise SensorFault("the UART of RS-485 cannot be set up (%s); reset the module" % error)
        self._baud = baud

    async def read(self, buffer) -> int:
        while True:
            uart = self._opened()
            waiting = min(uart.any(), len(buffer))
            count = self._echo.into(buffer, uart.read(waiting) or b"" if waiting else b"")
            if count:
                return count
            await self._clock.sleep_ms(POLL_MS)

    def write(self, data) -> None:
        uart = self._opened()
        self._echo.sent(data)
        begins = max(self._clock.ticks_us(), self._sent_until_us)
        self._sent_until_us = begins + len(data) * BITS * 1_000_000 // self._baud
        if uart.write(data) != len(data):
            raise SensorFault("the UART of RS-485 takes nothing more; check its wires, then reset")

    def close(self) -> None:
        uart, self._uart = self._uart, None
        self._echo.forget()
        if uart is not None:
            uart.deinit()

    def _opened(self):
        if self._uart is None:
            raise SensorFault("RS-485 is not open; open it first")
        return self._uart

    def _drain(self):
        """A new speed waits until what was sent at the old one has left: a reply of some bytes, milliseconds."""
        while self._uart is not None and self._clock.ticks_us() < self._sent_until_us:
            pass
