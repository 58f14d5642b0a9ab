"""The twin's end of the channel: takes requests, has them answered, sends the answers without ever waiting."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from dermis.core import twin_wire as wire

from .stream import Stream

# Nothing the firmware may ask is longer: a flash sector and its offset.
LONGEST_REQUEST = 8192

Answer = tuple[int, int, bytes]  # status, module time in us, payload
Handler = Callable[[int, int, bytes], Answer]  # op, module time in us, payload


class ChannelServer(Stream):
    """Serves one module process. `handler` may raise whatever ends the process; nothing is answered then."""

    def __init__(self, connection: socket.socket, handler: Handler, log: Callable[[str], None]):
        super().__init__(connection)
        self._handler = handler
        self._log = log
        self._in = bytearray()

    def take(self, data: bytes) -> None:
        self._in += data
        self._answer_all()

    def _answer_all(self) -> None:
        while len(self._in) >= wire.HEADER_SIZE and not self.closed:
            op, _, seq, length, time_us = struct.unpack_from(wire.HEADER, self._in)
            if length > LONGEST_REQUEST:
                self._log(f"the firmware sent a request of {length} bytes; its channel is closed")
                self.close()
                return
            end = wire.HEADER_SIZE + length
            if len(self._in) < end:
                return
            payload = bytes(self._in[wire.HEADER_SIZE : end])
            del self._in[:end]
            status, answer_us, answer = self._handler(op, time_us, payload)
            self._out += struct.pack(wire.HEADER, op, status, seq, len(answer), answer_us) + answer
            self._flush()
