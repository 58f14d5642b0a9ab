"""A connected socket in the twin's event loop: it never waits, and what cannot be sent yet is kept."""

from __future__ import annotations

import select
import socket

PIECE = 65536  # bytes taken at once


class Stream:
    """Bytes in through `take`, which a child defines; bytes out through `_out` and `_flush`."""

    def __init__(self, connection: socket.socket):
        connection.setblocking(False)
        self._socket = connection
        self._out = bytearray()
        self.closed = False

    def take(self, data: bytes) -> None:
        """What to do with bytes that came."""
        raise NotImplementedError

    def fileno(self) -> int:
        return self._socket.fileno()

    def wants(self) -> int:
        return select.POLLIN | (select.POLLOUT if self._out else 0)

    def serve(self, events: int) -> None:
        if events & select.POLLOUT:
            self._flush()
        if events & (select.POLLIN | select.POLLHUP | select.POLLERR) and not self.closed:
            self._receive()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._socket.close()

    def _receive(self) -> bool:
        """Take one piece; False when there is nothing more for now."""
        try:
            data = self._socket.recv(PIECE)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.close()
            return False
        self.take(data)
        return True

    def _flush(self) -> None:
        if self.closed or not self._out:
            return
        try:
            del self._out[: self._socket.send(self._out)]
        except BlockingIOError:
            return
        except OSError:
            self.close()
