"""The module's port as a board has it: RFC 2217 on loopback, one client at a time, DTR and RTS to the reset
circuit; and the same console on a pseudo-terminal for tools that open no URL."""

from __future__ import annotations

import collections
import contextlib
import errno
import os
import pty
import select
import socket
import struct
import time
import tty
from collections.abc import Callable
from pathlib import Path

from serial import rfc2217

from .errors import TwinError
from .stream import Stream

HOST = "127.0.0.1"
# How much may wait for a client that does not read before the module is held back, as USB's flow control does.
OUTPUT_LIMIT = 262144
REFUSAL = b"This port has a client already; a module talks to one at a time.\r\n"
# Connections of refused clients that are kept half open: pyserial's sends before it reads, and would end with a broken
# pipe (miniterm by a traceback, esptool without a word) instead of the sentence that it has for a port that is none.
REFUSED_KEPT = 8

# (DTR, RTS) asserted -> what the two-transistor circuit of every ESP32 board makes of it
RUN, RESET, BOOT0 = "run", "reset", "boot0"
PINS = {(False, False): RUN, (True, True): RUN, (False, True): RESET, (True, False): BOOT0}

Act = Callable[[str], None]


class AutoReset:
    """Turns changes of the lines into "hold", "app" or "loader".

    A client cannot change both lines at once over RFC 2217, so that the way from RESET (0, 1) to BOOT0 (1, 0)
    leads through (1, 1), where the bare circuit would start the application. On a board a capacitor holds the
    chip meanwhile; here the (1, 1) after a RESET holds until the next change decides, or until `settle_s`.
    """

    USB_RESET_S = 0.15  # `--before usb-reset` holds DTR alone for longer than this before it pulls RTS

    def __init__(self, act: Act, settle_s: float = 0.5):
        self.dtr = self.rts = False
        self.deadline: float | None = None
        self._act = act
        self._settle_s = settle_s
        self._held = False
        self._from_usb = False
        self._boot0_since = 0.0
        self._boot0_for = 0.0

    def change(self, dtr: bool | None = None, rts: bool | None = None) -> None:
        lines_before = self.dtr, self.rts
        self.dtr = self.dtr if dtr is None else bool(dtr)
        self.rts = self.rts if rts is None else bool(rts)
        before, pins, now = PINS[lines_before], PINS[self.dtr, self.rts], time.monotonic()
        if pins == BOOT0 and before != BOOT0:
            self._boot0_since = now
        elif before == BOOT0 and pins != BOOT0:
            self._boot0_for = now - self._boot0_since
        if pins == RESET:
            self.deadline = None
            if not self._held:
                self._held = True
                self._from_usb = self._boot0_for > self.USB_RESET_S and lines_before == (True, True)
                self._boot0_for = 0.0
                self._act("hold")
        elif self._held:
            if pins == BOOT0:
                self._release("loader")
            elif not self.dtr and not self.rts:
                self._release("loader" if self._from_usb else "app")
            else:
                self.deadline = now + self._settle_s

    def tick(self) -> None:
        """Time has passed."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self._release("app")

    def _release(self, what: str) -> None:
        self._held, self.deadline = False, None
        self._act(what)


class _Lines:
    """What pyserial's PortManager expects of a serial port."""

    baudrate, bytesize, parity, stopbits = 115200, 8, "N", 1
    xonxoff = rtscts = break_condition = False
    cts = dsr = cd = True
    ri = False

    def __init__(self, circuit: AutoReset):
        self._circuit = circuit

    @property
    def dtr(self) -> bool:
        return self._circuit.dtr

    @dtr.setter
    def dtr(self, value: bool) -> None:
        self._circuit.change(dtr=value)

    @property
    def rts(self) -> bool:
        return self._circuit.rts

    @rts.setter
    def rts(self, value: bool) -> None:
        self._circuit.change(rts=value)

    def reset_input_buffer(self) -> None:
        """Nothing is kept here that could be purged."""

    reset_output_buffer = reset_input_buffer


class _Telnet(rfc2217.PortManager):
    """PortManager that delivers the bytes before a change of lines before that change, and outlives nonsense."""

    def __init__(self, lines: _Lines, connection: PortClient, deliver: Callable[[bytes], None]):
        self._pending = bytearray()
        self._deliver = deliver
        super().__init__(lines, connection)  # pyright: ignore[reportArgumentType] - it needs no more of a port

    def take(self, data: bytes) -> None:
        if self.mode == rfc2217.M_NORMAL and self.suboption is None and b"\xff" not in data:
            self._deliver(data)
            return
        for byte in data:
            try:
                for kept in self.filter(bytes((byte,))):
                    self._pending += kept
            except (struct.error, KeyError, TypeError, ValueError):
                # Not a client of RFC 2217, or noise on the line: start over with the next byte.
                self.mode, self.suboption = rfc2217.M_NORMAL, None
        self._flush()

    def _telnet_process_subnegotiation(self, suboption: bytes) -> None:
        self._flush()
        super()._telnet_process_subnegotiation(suboption)  # pyright: ignore[reportAttributeAccessIssue]

    def _flush(self) -> None:
        if self._pending:
            data = bytes(self._pending)
            self._pending.clear()
            self._deliver(data)


class PortClient(Stream):
    """The one client: bytes in through the telnet filter, bytes out through a buffer."""

    def __init__(self, connection: socket.socket, circuit: AutoReset, deliver: Callable[[bytes], None]):
        super().__init__(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._circuit = circuit
        self.paused = False  # the module cannot take more for now
        self._telnet = _Telnet(_Lines(circuit), self, deliver)

    @property
    def full(self) -> bool:
        return len(self._out) > OUTPUT_LIMIT

    def wants(self) -> int:
        return super().wants() & ~(select.POLLIN if self.paused else 0)

    def take(self, data: bytes) -> None:
        self._telnet.take(data)

    def is_gone(self) -> bool:
        """Whether the client has closed; what it sent before is taken first."""
        while not self.closed and self._receive():
            pass
        return self.closed

    def send(self, data: bytes) -> None:
        self.write(data.replace(b"\xff", b"\xff\xff"))

    def write(self, data: bytes) -> None:
        """Bytes as they are; PortManager sends its own through this."""
        self._out += data
        self._flush()

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._circuit.change(dtr=False, rts=False)  # the host lets go of both lines


class Port:
    """The listening socket. A second client is refused at once and the first one never notices."""

    def __init__(self, port: int, circuit: AutoReset, deliver: Callable[[bytes], None]):
        """`port` 0 takes a free one. Raises TwinError when the port is taken."""
        try:
            self._listener = socket.create_server((HOST, port))
        except (OSError, OverflowError) as problem:
            if isinstance(problem, OSError) and problem.errno == errno.EADDRINUSE:
                raise TwinError(f"port {port} is in use; stop what holds it or name another with --port") from problem
            raise TwinError(f"port {port} cannot be opened ({problem}); name another with --port") from problem
        self._listener.setblocking(False)
        self._circuit = circuit
        self._deliver = deliver
        self.client: PortClient | None = None
        self._refused: collections.deque[socket.socket] = collections.deque()

    @property
    def number(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"rfc2217://{HOST}:{self.number}"

    def fileno(self) -> int:
        return self._listener.fileno()

    def wants(self) -> int:
        return select.POLLIN

    def serve(self, _events: int) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        # A tool that closes and opens again at once is no second client.
        if self.client is not None and not self.client.is_gone():
            self._refuse(connection)
            return
        self.client = PortClient(connection, self._circuit, self._deliver)

    def _refuse(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # whoever is refused may be gone already
            connection.send(REFUSAL)
            connection.shutdown(socket.SHUT_WR)
        self._refused.append(connection)
        if len(self._refused) > REFUSED_KEPT:
            self._refused.popleft().close()

    def send(self, data: bytes) -> None:
        """Bytes to the host; lost when nobody listens, as on a UART."""
        if self.client is not None and not self.client.closed:
            self.client.send(data)

    def close(self) -> None:
        if self.client is not None:
            self.client.close()
        for connection in self._refused:
            connection.close()
        self._listener.close()


class PtyPort:
    """The console on a pseudo-terminal, linked at a path of the user's choice. It has no modem lines."""

    def __init__(self, link: Path, deliver: Callable[[bytes], None]):
        """Raises TwinError when something that is not a link lies there, or none can."""
        if link.exists() and not link.is_symlink():
            raise TwinError(f"{link} exists and is no link; name another path with --pty")
        if not link.parent.is_dir():
            raise TwinError(f"there is no folder {link.parent} for the link; make it, or name another path with --pty")
        self._link = link
        self._deliver = deliver
        self.paused = False  # the module cannot take more for now
        self._plug_in()

    def _plug_in(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self._target = os.ttyname(slave)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(self._target)
        os.close(slave)  # so that the master tells whether anybody has it open
        os.set_blocking(self.master, False)
        self._out = bytearray()
        self._poll = select.poll()
        self._poll.register(self.master, select.POLLIN)

    def replug(self) -> None:
        """Whoever has it open is cut off; under the same link there is a new one."""
        os.close(self.master)
        self._plug_in()

    @property
    def full(self) -> bool:
        return len(self._out) > OUTPUT_LIMIT

    def is_open(self) -> bool:
        """Whether somebody has the other end open."""
        return not any(events & select.POLLHUP for _, events in self._poll.poll(0))

    def fileno(self) -> int:
        return self.master

    def wants(self) -> int:
        return (0 if self.paused else select.POLLIN) | (select.POLLOUT if self._out else 0)

    def serve(self, events: int) -> None:
        if events & select.POLLOUT:
            self._flush()
        if events & select.POLLIN:
            try:
                data = os.read(self.master, 4096)
            except OSError:
                return  # closed between poll and read
            self._deliver(data)

    def send(self, data: bytes) -> None:
        if self.is_open():
            self._out += data
            self._flush()
        else:
            self._out.clear()

    def close(self) -> None:
        os.close(self.master)
        if self._link.is_symlink() and os.readlink(self._link) == self._target:
            self._link.unlink()

    def _flush(self) -> None:
        try:
            del self._out[: os.write(self.master, self._out)]
        except BlockingIOError:
            return
        except OSError:
            self._out.clear()
