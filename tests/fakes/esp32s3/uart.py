"""Consoles: USB CDC as standard input and output, UARTs, who gets Ctrl-C, and `select` over them.

Ref: MicroPython 1.29, shared/tinyusb/mp_usbd_cdc.c (a host with the port open that does not read is waited for 500 ms
a piece of 64 bytes, then the rest is dropped; without a host nothing waits), ports/esp32/mphalport.c (what is printed
goes to UART 0 too, and its count is told where USB took nothing), machine_uart.c (UART 0 keeps its buffers; 256 bytes
each else; `read` gives None where nothing is there), modselect.c.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any

from tests.fakes.esp32s3.chip import CALL_US, Chip
from tests.fakes.esp32s3.pins import check_pin

PIECE, WAIT_US, FIFO = 64, 500_000, 512
INTERRUPT = 0x03
UARTS = 3
PROMPT_UART = 0
DEFAULT_BAUD, FASTEST_BAUD = 115_200, 5_000_000
BITS = 10  # of a byte on a wire


class Stream:
    """Bytes that came and were not read. outside: () -> bytes, asked for more where a test wires a host to it."""

    def __init__(self, chip: Chip):
        self._chip = chip
        self.waiting = bytearray()
        self.outside: Callable[[], bytes] | None = None
        self.ended = False

    def readable(self) -> bool:
        if not self.waiting and self.outside is not None:
            self.arrive(self.outside())
        return bool(self.waiting) or self.ended

    def arrive(self, data: bytes) -> None:
        self.waiting += data

    def read(self, count: int) -> bytes | None:
        self._chip.run(CALL_US)
        if not self.readable():
            return None
        taken = bytes(self.waiting[:count])
        del self.waiting[:count]
        return taken


class Usb(Stream):
    """The chip's own USB. open_, reading: what the host does. sent: what it got. lost: bytes dropped. interrupts: how
    often Ctrl-C was taken for one. prompt_uart: whether the build prints to UART 0 as well."""

    def __init__(self, chip: Chip):
        super().__init__(chip)
        self.interrupt = INTERRUPT  # as the prompt leaves it
        self.open_ = self.reading = True
        self.sent = bytearray()
        self.taken: Callable[[bytes], None] | None = None  # a host that a test wires to it
        self.lost = 0
        self.interrupts = 0
        self.prompt_uart = True
        self.prompt_baud = DEFAULT_BAUD
        self._fifo = 0
        self.buffer = self  # `sys.stdin.buffer`

    def arrive(self, data: bytes) -> None:
        """Nothing is lost: USB waits until there is room."""
        for byte in data:
            if byte == self.interrupt:
                self.waiting.clear()
                self.interrupts += 1
            else:
                self.waiting.append(byte)

    def write(self, data) -> int:
        data = bytes(data)
        if self.prompt_uart:
            self._chip.run(len(data) * BITS * 1_000_000 // self.prompt_baud)
        done = 0
        while done < len(data):
            piece = data[done : done + PIECE]
            if self.open_ and not self.reading:
                room = FIFO - self._fifo
                if room < len(piece):
                    self._chip.run(WAIT_US)
                    piece = piece[:room]
                    if not piece:
                        break
                self._fifo += len(piece)
            elif self.open_:
                self._fifo = 0
                self.sent += piece
                if self.taken:
                    self.taken(piece)
            done += len(piece)
        self.lost += len(data) - done
        return len(data) if not done and self.prompt_uart else done

    def flush(self) -> None:
        """`print` of a test's own interpreter."""


class Uart(Stream):
    """A UART's wires. sent: what went out. overrun: bytes that found no room."""

    def __init__(self, chip: Chip, number: int):
        super().__init__(chip)
        self.number = number
        self.baud = DEFAULT_BAUD
        self.room, self.txbuf = 256, 256
        self.pins: tuple[int, int] | None = None
        self.sent = bytearray()
        self.taken: Callable[[bytes], None] | None = None
        self.overrun = 0
        self._sends_until_us = 0

    def arrive(self, data: bytes) -> None:
        free = self.room - len(self.waiting)
        self.waiting += data[:free]
        self.overrun += max(0, len(data) - free)

    def come(self, data: bytes) -> None:
        """Somebody sends that, from now on, at the UART's speed."""
        for index, byte in enumerate(data):
            at = self._chip.now_us + (index + 1) * BITS * 1_000_000 // self.baud
            self._chip.at(at, lambda byte=byte: self.arrive(bytes((byte,))))

    def send(self, data: bytes) -> None:
        """Returns when the rest fits the buffer."""
        begins = max(self._chip.now_us, self._sends_until_us)
        self._sends_until_us = begins + len(data) * BITS * 1_000_000 // self.baud
        held_us = self.txbuf * BITS * 1_000_000 // self.baud
        self._chip.run(max(0, self._sends_until_us - held_us - self._chip.now_us))
        self.sent += data
        if self.taken:
            self.taken(data)


def members(chip: Chip) -> dict[str, dict[str, Any]]:
    usb = chip.usb = chip.usb or Usb(chip)
    uarts = chip.uarts = chip.uarts or {number: Uart(chip, number) for number in range(UARTS)}

    class UART:
        INV_TX, INV_RX = 4, 8

        def __init__(
            self, id, baudrate=0, bits=8, parity=None, stop=1, *, tx=None, rx=None, rxbuf=-1, txbuf=-1, **more
        ):
            chip.run(CALL_US)
            if not 0 <= id < UARTS:
                raise ValueError(f"UART({id}) does not exist")
            unknown = set(more) - {"rts", "cts", "timeout", "timeout_char", "invert", "flow"}
            if unknown:
                raise TypeError(f"extra keyword arguments given: {unknown}")
            if not 0 <= baudrate <= FASTEST_BAUD:
                raise OSError(-258, "ESP_ERR_INVALID_ARG")
            if bits not in (5, 6, 7, 8) or stop not in (1, 2):
                raise ValueError("invalid data bits")
            uart = uarts[id]
            if id == PROMPT_UART:
                if rxbuf >= 0 or txbuf >= 0:
                    raise ValueError("UART buffer size is fixed")
                usb.prompt_baud = baudrate or usb.prompt_baud
            elif tx is None or rx is None:
                raise AssertionError("its usual pins lead elsewhere on this board")
            else:
                uart.pins = check_pin(chip, tx), check_pin(chip, rx)
                chip.drive(uart.pins[0], "uart", 1)
            if 0 < rxbuf <= 128:
                raise OSError(-258, "ESP_ERR_INVALID_ARG")
            uart.baud = baudrate or uart.baud
            uart.room, uart.txbuf = (rxbuf if rxbuf > 0 else 256), (txbuf if txbuf >= 0 else 256)
            self.wire = uart

        def any(self):
            return len(self.wire.waiting) if self.wire.readable() else 0

        def read(self, count=-1):
            return self.wire.read(len(self.wire.waiting) if count < 0 else count)

        def readinto(self, buffer, count=-1):
            taken = self.wire.read(len(buffer) if count < 0 else min(count, len(buffer)))
            if taken is None:
                return None
            buffer[: len(taken)] = taken
            return len(taken)

        def readable(self):
            return self.wire.readable()

        def write(self, data):
            self.wire.send(bytes(data))
            return len(data)

        def deinit(self):
            if self.wire.pins:
                chip.drive(self.wire.pins[0], "", 0)

    def kbd_intr(character):
        usb.interrupt = character

    return {
        "machine": {"UART": UART},
        "micropython": {
            "kbd_intr": kbd_intr,
            "viper": lambda function: function,
            "native": lambda function: function,
            "const": lambda value: value,
        },
        "select": {**_select(chip)},
    }


def _select(chip: Chip) -> dict[str, Any]:
    """The real one, but for `poll` over the chip's streams."""

    class Poll:
        def __init__(self) -> None:
            self._streams: list[Any] = []

        def register(self, stream, events=select.POLLIN):
            if events != select.POLLIN:
                raise AssertionError("this port says of every stream that it can be written to")
            self._streams.append(stream)

        def poll(self, timeout=-1):
            chip.run(CALL_US)
            return [(stream, select.POLLIN) for stream in self._streams if stream.readable()]

    return {**{name: getattr(select, name) for name in dir(select) if not name.startswith("__")}, "poll": Poll}
