"""The lock's side of the twin: what its wires carry, what its inputs say, and RS-485 on a port of its own.

Both ends of the bus are outside: a control panel opens the TCP port or the pseudo-terminal and finds the raw bytes, as
behind an RS-485 adapter. There is no speed: a panel at another baud rate than the module's is heard as noise.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pty
import select
import socket
import struct
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

from dermis.core import twin_wire as wire

from .errors import TwinError
from .stream import Stream

HOST = "127.0.0.1"
COLOURS = ("off", "red", "green", "amber")  # as `dermis.drivers.lock` has them
LONGEST_WIEGAND = 64
# A UART's buffer: what comes while nobody reads is lost from there on.
INPUT_LIMIT = 4096
FRAMES_KEPT = CLOSURES_KEPT = 16
INPUTS = ("trigger", "tamper", "power")


class LockSide:
    """What the module's lock and bus drivers find, and what `status` shows."""

    def __init__(self, send: Callable[[bytes], None], world_us: Callable[[], int]):
        self._send = send
        self._world_us = world_us
        self.inputs = {"trigger": False, "tamper": False, "power": True}
        self.frames: list[dict] = []  # Wiegand frames, the last of them last
        self.relay_closures: list[list[int | None]] = []  # the last ones: [closed, opened] in us of world time
        self.reset()

    def reset(self) -> None:
        """The module's pins let go: nothing is driven, the bus is closed."""
        if self.relay_closures and self.relay_closures[-1][1] is None:
            self.relay_closures[-1][1] = self._world_us()
        self.relay = self.buzzer = False
        self.led = COLOURS[0]
        self.baud = 0
        self._heard = bytearray()

    @property
    def status(self) -> dict:
        return {
            "relay": "closed" if self.relay else "open",
            "led": self.led,
            "buzzer": self.buzzer,
            "wiegand": self.frames[-1]["bits"] if self.frames else None,
            "inputs": dict(self.inputs),
            "bus_baud": self.baud,
        }

    def hear(self, data: bytes) -> None:
        """Bytes from the panel."""
        if self.baud:
            self._heard += data[: INPUT_LIMIT - len(self._heard)]

    def set(self, now_us: int, payload: bytes) -> bytes:
        output, value = struct.unpack(wire.LOCK_SET_REQUEST, payload)
        if output == wire.LOCK_RELAY and value <= 1:
            if bool(value) != self.relay:
                if value:
                    self.relay_closures = [*self.relay_closures[1 - CLOSURES_KEPT :], [now_us, None]]
                else:
                    self.relay_closures[-1][1] = now_us
            self.relay = bool(value)
        elif output == wire.LOCK_LED and value < len(COLOURS):
            self.led = COLOURS[value]
        elif output == wire.LOCK_BUZZER and value <= 1:
            self.buzzer = bool(value)
        else:
            raise ValueError(f"there is no output {output}, or it cannot be {value}")
        return b""

    def read_inputs(self, _now_us: int, _payload: bytes) -> bytes:
        return struct.pack(wire.LOCK_INPUTS_RESPONSE, *(self.inputs[name] for name in INPUTS))

    def wiegand(self, now_us: int, payload: bytes) -> bytes:
        if not 1 <= len(payload) <= LONGEST_WIEGAND or payload.strip(b"01"):
            raise ValueError(f"a Wiegand frame has 1 to {LONGEST_WIEGAND} bits")
        self.frames = [*self.frames[1 - FRAMES_KEPT :], {"world_us": now_us, "bits": payload.decode()}]
        return b""

    def open(self, _now_us: int, payload: bytes) -> bytes:
        (self.baud,) = struct.unpack(wire.BUS_OPEN_REQUEST, payload)
        self._heard.clear()
        return b""

    def read(self, _now_us: int, payload: bytes) -> bytes:
        (longest,) = struct.unpack(wire.BUS_READ_REQUEST, payload)
        data = bytes(self._heard[:longest])
        del self._heard[:longest]
        return data

    def write(self, _now_us: int, payload: bytes) -> bytes:
        if not self.baud:
            raise ValueError("the bus is closed")
        self._send(payload)
        return b""


class _Panel(Stream):
    def __init__(self, connection: socket.socket, deliver: Callable[[bytes], None]):
        super().__init__(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._deliver = deliver

    def take(self, data: bytes) -> None:
        self._deliver(data)

    def send(self, data: bytes) -> None:
        self._out += data
        self._flush()


class BusPort:
    """RS-485 as a TCP port on loopback. Whoever connects hangs on the bus: all hear the module and each other."""

    def __init__(self, port: int, deliver: Callable[[bytes], None]):
        """`port` 0 takes a free one. Raises TwinError when the port is taken."""
        try:
            self._listener = socket.create_server((HOST, port))
        except (OSError, OverflowError) as problem:
            if isinstance(problem, OSError) and problem.errno == errno.EADDRINUSE:
                raise TwinError(f"port {port} is in use; name another with --bus-port") from problem
            raise TwinError(f"port {port} cannot be opened ({problem}); name another with --bus-port") from problem
        self._listener.setblocking(False)
        self._deliver = deliver
        self._panels: list[_Panel] = []

    @property
    def url(self) -> str:
        return f"socket://{HOST}:{self._listener.getsockname()[1]}"

    def endpoints(self) -> Iterator[BusPort | _Panel]:
        """What the loop is to wait for."""
        self._panels = [panel for panel in self._panels if not panel.closed]
        yield self
        yield from self._panels

    def fileno(self) -> int:
        return self._listener.fileno()

    def wants(self) -> int:
        return select.POLLIN

    def serve(self, _events: int) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            connection, _ = self._listener.accept()
            panel = _Panel(connection, lambda data: self._heard(panel, data))
            self._panels.append(panel)

    def send(self, data: bytes, but: _Panel | None = None) -> None:
        for panel in self._panels:
            if panel is not but and not panel.closed:
                panel.send(data)

    def close(self) -> None:
        for panel in self._panels:
            panel.close()
        self._listener.close()

    def _heard(self, panel: _Panel, data: bytes) -> None:
        self.send(data, panel)
        self._deliver(data)


class BusPty:
    """RS-485 as a pseudo-terminal, for tools that open a serial port by its path."""

    def __init__(self, link: Path, deliver: Callable[[bytes], None]):
        """Raises TwinError when something that is not a link lies there, or none can."""
        if link.exists() and not link.is_symlink():
            raise TwinError(f"{link} exists and is no link; name another path with --bus-pty")
        if not link.parent.is_dir():
            raise TwinError(
                f"there is no folder {link.parent} for the link; make it, or name another path with --bus-pty"
            )
        self._link = link
        self._deliver = deliver
        # Our own end of the terminal stays open, so that it outlives every panel that opens and closes it.
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._target = os.ttyname(self._slave)
        link.unlink(missing_ok=True)
        link.symlink_to(self._target)

    def fileno(self) -> int:
        return self._master

    def wants(self) -> int:
        return select.POLLIN

    def serve(self, _events: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self._deliver(os.read(self._master, INPUT_LIMIT))

    def send(self, data: bytes) -> None:
        """Lost when nobody reads, as on a wire."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._master, data)

    def close(self) -> None:
        os.close(self._master)
        os.close(self._slave)
        if self._link.is_symlink() and os.readlink(self._link) == self._target:
            self._link.unlink()
