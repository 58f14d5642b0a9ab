"""The serial port of an instrument: lines or bytes there and back, each with a limit of time."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

import serial

from dermis_host import port_holders, rfc2217_port
from dermis_host.rig.contract import RigError

POLL_S = 0.05
WRITE_S = 2.0  # an instrument that takes no byte for so long is gone, or held up by its flow control
LONGEST_LINE = 4096  # an answer is shorter; more without an end is another device, or another baud rate
SHOWN = 60  # characters of an answer in a sentence
HELD = ("exclusive", "busy", "reset by peer")


class SerialLine:
    """An open port (whatever `serial.serial_for_url` takes).

    what: the instrument, as it stands in sentences ("The power supply"). ending: of a line that is sent; those that
    come end with LF, and a CR beside it does not count. lines_up: whether DTR and RTS are asserted; boards that reset
    at DTR restart when the port is opened, whatever it says.

    Raises RigError, here and in every method, with one sentence.
    """

    def __init__(self, what: str, port: str, baud: int, *, ending: bytes = b"\n", lines_up: bool = True):
        self.what = what
        self.port = port
        self._baud = baud
        self._ending = ending
        self._pending = bytearray()
        self._serial: Any = self._open(lines_up)

    @property
    def modem(self) -> Any:
        """pyserial's own port, for what has no bytes: the modem lines."""
        return self._serial

    def send(self, text: str) -> None:
        """A line out."""
        self.write(text.encode("ascii") + self._ending)

    def write(self, data: bytes) -> None:
        """Bytes out."""
        try:
            self._serial.write(data)
        except (serial.SerialException, OSError) as problem:
            raise self.gone(problem) from None

    def line(self, awaited: str, limit_s: float) -> str:
        """The next line that comes, without its end; `awaited` says for the sentence what it answers."""
        until = time.monotonic() + limit_s
        while (end := self._pending.find(b"\n")) < 0:
            if len(self._pending) > LONGEST_LINE:
                raise self.nonsense(awaited, bytes(self._pending))
            self._more(until, awaited, limit_s)
        data = bytes(self._pending[:end])
        del self._pending[: end + 1]
        text = data.strip(b"\r\0 ")
        if not text.isascii() or not text.decode().isprintable():
            raise self.nonsense(awaited, data)
        return text.decode()

    def take(self, count: int, awaited: str, limit_s: float) -> bytes:
        """The next bytes that come, so many."""
        until = time.monotonic() + limit_s
        while len(self._pending) < count:
            self._more(until, awaited, limit_s)
        data = bytes(self._pending[:count])
        del self._pending[:count]
        return data

    def drop_input(self) -> None:
        """What came and nobody asked for."""
        self._pending.clear()
        try:
            while self._serial.in_waiting and self._serial.read(LONGEST_LINE):
                pass
        except (serial.SerialException, OSError) as problem:
            raise self.gone(problem) from None

    def close(self) -> None:
        """Gives the port back; may be called more than once."""
        with contextlib.suppress(serial.SerialException, OSError):  # of a port that has gone there is nothing to give
            self._serial.close()

    # --- sentences

    def silent(self, awaited: str, limit_s: float) -> RigError:
        """It did not answer."""
        return RigError(
            f"{self.what} on {self.port} did not answer {awaited} within {limit_s:g} s: is it switched on, is it this "
            f"port, and does it speak at {self._baud} baud?"
        )

    def nonsense(self, awaited: str, data: bytes | str) -> RigError:
        """It answered what is no answer."""
        return RigError(
            f"{self.what} on {self.port} answered {awaited} with {data[:SHOWN]!r}, which is no answer to that: is it "
            "this port, this kind, this baud rate?"
        )

    def gone(self, problem: Exception) -> RigError:
        """The port broke."""
        return RigError(f"{self.what} on {self.port} is gone ({_reason(problem)}): plug it in again.")

    # --- the port

    def _more(self, until: float, awaited: str, limit_s: float) -> None:
        try:
            data = self._serial.read(1)
            if data and (waiting := self._serial.in_waiting):
                data += self._serial.read(waiting)
        except (serial.SerialException, OSError, TypeError) as problem:  # pyserial's own, when a port closes under it
            raise self.gone(problem) from None
        self._pending += data
        if not data and time.monotonic() >= until:
            raise self.silent(awaited, limit_s)

    def _open(self, lines_up: bool) -> Any:
        try:
            if self.port.startswith("rfc2217://"):
                port = rfc2217_port.open_port(self.port, self._baud, POLL_S)
                port.dtr = port.rts = lines_up
                return port
            port = serial.serial_for_url(
                self.port, baudrate=self._baud, timeout=POLL_S, write_timeout=WRITE_S, do_not_open=True
            )
            if "://" not in self.port:
                port.exclusive = True  # two programs on one port steal each other's answers
                port.dtr = port.rts = lines_up
            port.open()
            return port
        except ValueError as problem:
            raise RigError(f"{self.what}: {self.port!r} is no port that pyserial knows ({problem}).") from None
        except (serial.SerialException, OSError) as problem:
            if any(sign in str(problem).lower() for sign in HELD):
                raise RigError(f"{self.what}: {port_holders.busy(self.port)}") from None
            raise RigError(
                f"{self.what}: the port {self.port} cannot be opened ({_reason(problem)}): is it plugged in, is it "
                "spelt so? `dermis devices` lists the ports."
            ) from None


def _reason(problem: Exception) -> str:
    if isinstance(problem, OSError) and problem.errno:
        return os.strerror(problem.errno)
    return str(problem).rpartition("] ")[2].rstrip(".") or type(problem).__name__
