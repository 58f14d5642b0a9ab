"""The ESP32-S3's console: its own USB, or a UART.

Ref: MicroPython 1.29, ports/esp32/mphalport.c and shared/tinyusb/mp_usbd_cdc.c: what is written to a host that has the
port open and does not read waits half a second, then it is dropped; a host that has not opened it holds nothing up.
What is printed goes to UART 0 too where the build has a prompt there, and is waited for; machine_uart.c: that UART
keeps its small buffer, the others have theirs. No board has shown any of it yet.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import machine
import micropython

from dermis.drivers.link.stream import INTERRUPT, StreamLink

if TYPE_CHECKING:
    from typing import Any

    from dermis.drivers.clock import Clock

UART, UART_OF_PROMPT = 1, 0
# The largest packet as lines of base64 are 5.6 kB, and Python may be busy while they come.
UART_RECEIVES = 8192
# A piece that took this long met a host that does not read: the port gives up after 500 ms.
DEAF_AFTER_US = 400_000
TRY_AGAIN_US = 10_000_000


class UsbLink(StreamLink):
    """A host that holds the port open without reading costs half a second in ten: what is written meanwhile is lost,
    until it sends something or reads again. slow: whatever goes out waits for the prompt's UART at its usual speed."""

    slow = False

    def __init__(self, clock: Clock, baud: int):
        super().__init__(sys.stdin.buffer)
        self._clock = clock
        self._sink: Any = sys.stdout.buffer
        self._deaf_until = 0
        try:  # at its usual 115200 the prompt's UART would hold USB down to 11 kB/s
            machine.UART(UART_OF_PROMPT, baudrate=baud)
        except (ValueError, OSError):
            self.slow = True  # this build keeps it to itself
        micropython.kbd_intr(-1)

    def heard(self):
        self._deaf_until = 0

    def write(self, data) -> None:
        started = self._clock.ticks_us()
        if started < self._deaf_until:
            return
        taken = self._sink.write(data)
        ended = self._clock.ticks_us()
        deaf = ended - started >= DEAF_AFTER_US or (taken is not None and taken < len(data))
        self._deaf_until = ended + TRY_AGAIN_US if deaf else 0

    def release(self) -> None:
        micropython.kbd_intr(INTERRUPT)


class UartLink(StreamLink):
    """Nobody can hold it up: it has no flow control, so that it sends whether anybody reads or not."""

    def __init__(self, baud: int, tx: int, rx: int):
        uart = machine.UART(UART, baudrate=baud, tx=tx, rx=rx, rxbuf=UART_RECEIVES)
        super().__init__(uart)
        micropython.kbd_intr(-1)

    def write(self, data) -> None:
        view, done = memoryview(data), 0
        while done < len(view):
            sent = self._source.write(view[done:])
            if not sent:
                return
            done += sent

    def release(self) -> None:
        import os  # rarely: who asks for the prompt

        os.dupterm(self._source)
        micropython.kbd_intr(INTERRUPT)


def open_link(board: dict, clock: Clock) -> StreamLink:
    """The console that the board file asks for: `link` is "usb" or "uart"."""
    baud = board["clocks"]["uart_baud"]
    if board["link"] == "uart":
        return UartLink(baud, board["pins"]["uart_tx"], board["pins"]["uart_rx"])
    return UsbLink(clock, baud)
