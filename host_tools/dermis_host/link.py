"""The port: SMP packets one way and the other, log lines between them."""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import serial

from dermis_host import port_holders, rfc2217_port
from dermis_host.errors import LinkError, NotDermis, UsageError
from dermis_host.wire import CONTINUE, START, Deframer, frame_lines

BAUD = 921600  # the UART's; USB and TCP ignore it
POLL_S = 0.05  # set once: pyserial's RFC 2217 client renegotiates the port at every change of its time-out
# How ports say that somebody else has them; a twin hangs up on a second client.
HELD_BY_ANOTHER = ("exclusive", "busy", "broken pipe", "reset by peer")
LONGEST_LINE = 4096  # a log line is shorter; more without a newline is noise and is handed on in pieces
READ_SIZE = 65536
NEED_HOST_AND_PORT = ("rfc2217", "socket")
TERMIOS_ERROR = re.compile(r"\([0-9]+, '([^']+)'\)$")  # as pyserial quotes it


class Link:
    """A serial port or URL (whatever `serial.serial_for_url` takes), open.

    Raises UsageError for what is no port at all, LinkError with one sentence when it cannot be opened, NotDermis when
    the other end does not speak RFC 2217 on an rfc2217:// URL.
    """

    def __init__(self, port: str, baud: int = BAUD):
        self.port = port
        self._lines = Deframer()
        self._pending = bytearray()
        self._is_socket = port.startswith("socket://")
        self._serial = _open(port, baud, 0 if self._is_socket else POLL_S)

    @property
    def damaged_frames(self) -> int:
        """Frames that came damaged and were dropped."""
        return self._lines.damaged

    def send(self, packet: bytes) -> None:
        """One SMP packet out. Raises LinkError when the port has gone."""
        try:
            self._serial.write(frame_lines(packet))
        except (serial.SerialException, OSError) as problem:
            raise LinkError(_gone(self.port, problem)) from None

    def receive(self, until: float) -> Iterator[bytes | str]:
        """What comes in, in order, to the time `until` (of `time.monotonic`): a packet as bytes, other lines as str.
        With a time that is over, what has come already.

        Raises LinkError when the port has gone.
        """
        while True:
            yield from self._complete_lines()
            over = time.monotonic() >= until
            try:
                data = self._read(0.0 if over else POLL_S)
            except (serial.SerialException, OSError, TypeError) as problem:
                raise LinkError(_gone(self.port, problem)) from None
            self._pending += data
            if over:
                yield from self._complete_lines()
                return

    def close(self) -> None:
        self._serial.close()

    def _read(self, patience_s: float) -> bytes:
        """What is there, or what comes within the patience (on a port that has its own: within POLL_S)."""
        if self._is_socket:
            # Its `in_waiting` knows only whether there is something: wait, then take what is there.
            select.select([self._serial], [], [], patience_s)
            return self._serial.read(READ_SIZE)
        waiting = self._serial.in_waiting
        if not waiting and not patience_s:
            return b""
        first = self._serial.read(1)
        return first + self._serial.read(min(self._serial.in_waiting, READ_SIZE)) if first else first

    def _complete_lines(self) -> Iterator[bytes | str]:
        while True:
            end = self._pending.find(b"\n")
            if end < 0:
                if len(self._pending) < LONGEST_LINE:
                    return
                end = LONGEST_LINE - 1
            line = bytes(self._pending[: end + 1])
            del self._pending[: end + 1]
            # Text that did not end its line may stand before a frame; a console may put CR before LF.
            starts = [at for at in (line.find(START), line.find(CONTINUE)) if at >= 0]
            at = min(starts) if starts else len(line)
            if text := line[:at].decode("utf-8", "replace").strip("\r\n\0"):
                yield text
            if starts:
                packet = self._lines.feed(line[at:].rstrip(b"\r\n") + b"\n")
                if packet is not None:
                    yield packet


def _open(port: str, baud: int, timeout_s: float):
    _check(port)
    try:
        if port.startswith("rfc2217://"):
            return rfc2217_port.open_port(port, baud, timeout_s)
        opened = serial.serial_for_url(port, baudrate=baud, timeout=timeout_s, do_not_open=True)
        if "://" not in port:
            opened.exclusive = True  # two programs on one tty steal each other's bytes
        opened.open()
        return opened
    except ValueError as problem:
        raise UsageError(f"{port!r} is no port that pyserial knows ({problem}).") from None
    except (serial.SerialException, OSError) as problem:
        text = str(problem)
        if "RFC2217" in text:
            raise NotDermis(
                f"Whatever listens at {port} does not speak RFC 2217, or another program holds the module: "
                "close it, or name another port; `dermis devices --probe` looks for modules."
            ) from None
        if any(sign in text.lower() for sign in HELD_BY_ANOTHER):
            raise LinkError(port_holders.busy(port)) from None
        if "ermission" in text:
            raise LinkError(f"You may not open {port}: join the group that owns it (often dialout).") from None
        raise LinkError(
            f"The port {port} cannot be opened ({_reason(problem)}): is the module plugged in, or the twin running? "
            "`dermis devices` lists the ports."
        ) from None


def _check(port: str) -> None:
    """pyserial says what is wrong with a URL in words of Python."""
    scheme, separator, _ = port.partition("://")
    if not separator or scheme not in NEED_HOST_AND_PORT:
        return
    try:
        parts = urlsplit(port)
        whole = parts.hostname and parts.port
    except ValueError:
        whole = None
    if not whole:
        raise UsageError(f"{port!r} is no {scheme} port: write {scheme}://HOST:PORT, PORT from 1 to 65535.")


def _reason(problem: Exception) -> str:
    """The system's words, else the last and plainest part of pyserial's nested messages."""
    if isinstance(problem, OSError) and problem.errno:
        return os.strerror(problem.errno)
    text = str(problem)
    if quoted := TERMIOS_ERROR.search(text):
        return quoted[1]
    return text.rpartition("] ")[2] or text


def _gone(port: str, problem: Exception) -> str:
    return f"The link to {port} broke ({_reason(problem)}): is the module still plugged in, the twin still running?"
