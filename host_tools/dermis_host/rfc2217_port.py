"""pyserial's RFC 2217 client, reading by the chunk and negotiating only what changed.

pyserial hands every byte through a queue of its own, which bounds the link at about 150 kB/s and makes a burst take
three seconds; a chunk at a time it takes a fifth of one. It also negotiates all settings of the port, and sleeps a
tenth of a second, whenever the time-out changes, of which no other end ever hears: esptool changes it twice a command.
Negotiation and everything else stay pyserial's.
"""

from __future__ import annotations

import queue
import socket
import time
from typing import Any

from serial import SerialException, rfc2217
from serial.rfc2217 import DO, DONT, IAC, SB, SE, WILL, WONT

CHUNK = 65536
MOST_CHUNKS = 512  # read and not yet asked for: 32 MB, after which the sender must wait
PAUSE_S = 0.01
LONGEST_COMMAND = 4096  # bytes; one without an end is no telnet


class Rfc2217Port(rfc2217.Serial):
    """As `serial.rfc2217.Serial`; `read` returns what is there, at most `size` bytes, waiting for the first of them."""

    _read_buffer: queue.Queue[bytes | None]
    _socket: socket.socket

    def __init__(self, *given: Any, **named: Any) -> None:
        self._chunk = b""
        self._agreed: tuple[Any, ...] = ()
        super().__init__(*given, **named)

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once; there may be more."""
        if not self._chunk and not self._read_buffer.empty():
            self._take_chunk(self._read_buffer.get())
        return len(self._chunk)

    def read(self, size: int = 1) -> bytes:
        """Raises SerialException when the other end has gone."""
        if not self._chunk:
            try:
                self._take_chunk(self._read_buffer.get(True, self.timeout))
            except queue.Empty:
                return b""
        taken, self._chunk = self._chunk[:size], self._chunk[size:]
        return taken

    def _reconfigure_port(self) -> None:
        pyserial: Any = self  # its type stubs leave out what is private
        settings = (self.baudrate, self.bytesize, self.parity, self.stopbits, self.xonxoff, self.rtscts)
        wanted = (pyserial._socket, self.write_timeout, *settings)
        if wanted != self._agreed:
            pyserial_settings: Any = super()
            pyserial_settings._reconfigure_port()
            self._agreed = wanted

    def _take_chunk(self, chunk: bytes | None) -> None:
        if chunk is None:
            self._read_buffer.put(None)  # whoever asks next must hear it too
            raise SerialException("the other end closed the connection")
        self._chunk = chunk

    def reset_input_buffer(self) -> None:
        self._chunk = b""
        super().reset_input_buffer()

    def _telnet_read_loop(self) -> None:
        left = b""
        try:
            while self.is_open:
                if self._read_buffer.qsize() >= MOST_CHUNKS:
                    time.sleep(PAUSE_S)
                    continue
                try:
                    data = self._socket.recv(CHUNK)
                except TimeoutError:
                    continue  # only to look whether the port is still open
                if not data:
                    return
                left = self._sort(left + data)
                if len(left) > LONGEST_COMMAND:
                    return
        except OSError:
            return  # the connection broke; whoever reads hears it from the end mark
        finally:
            self._read_buffer.put(None)

    def _sort(self, data: bytes) -> bytes:
        """Data to the reader, telnet commands to pyserial; returns a command that is not yet whole."""
        pyserial: Any = self  # its type stubs leave out what is private
        plain = bytearray()
        at = 0
        while (command := data.find(IAC, at)) >= 0:
            plain += data[at:command]
            kind = data[command + 1 : command + 2]
            if kind == IAC:
                plain += IAC
                at = command + 2
            elif kind == SB:
                end = _suboption_end(data, command + 2)
                if end < 0:
                    break
                pyserial._telnet_process_subnegotiation(data[command + 2 : end].replace(IAC + IAC, IAC))
                at = end + 2
            elif kind in (DO, DONT, WILL, WONT) and len(data) > command + 2:
                pyserial._telnet_negotiate_option(kind, data[command + 2 : command + 3])
                at = command + 3
            elif not kind or kind in (DO, DONT, WILL, WONT):
                break
            else:
                pyserial._telnet_process_command(kind)
                at = command + 2
        left = b"" if command < 0 else data[command:]
        plain += data[at:] if command < 0 else b""
        if plain:
            self._read_buffer.put(bytes(plain))
        return left


def _suboption_end(data: bytes, start: int) -> int:
    """Where its closing IAC SE stands, or -1. A doubled IAC inside is data."""
    at = start
    while (at := data.find(IAC, at)) >= 0:
        if data[at + 1 : at + 2] == SE:
            return at
        at += 2
    return -1


def open_port(url: str, baud: int, timeout_s: float) -> Rfc2217Port:
    """Opened and negotiated. Raises SerialException."""
    port = Rfc2217Port()
    port.baudrate, port.timeout = baud, timeout_s
    port.port = url
    port.open()
    return port
