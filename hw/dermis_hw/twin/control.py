"""The control socket: what a host may ask of the twin that no module could be asked.

`control.sock` in the state folder takes one JSON object a line and answers each with one. A request has
`do` and its arguments; an answer has `ok`, and `error` (one sentence) when that is false.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from .errors import TwinError
from .stream import Stream

NAME = "control.sock"
LONGEST_LINE = 65536
LONGEST_SOCKET_PATH = 100  # of the 108 bytes that the system takes

Reply = Callable[[dict], None]
Handler = Callable[[dict, Reply], None]


@contextlib.contextmanager
def _address(state_dir: Path) -> Iterator[str]:
    """A path to the socket that is short enough for the system, however deep the state folder lies."""
    path = str(state_dir / NAME)
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        yield path
    elif sys.platform == "linux":
        folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{folder}/{NAME}"
        finally:
            os.close(folder)
    else:
        raise TwinError(f"the path of {state_dir} is too long for a socket; name a shorter state folder")


def request(state_dir: str | os.PathLike, message: dict, timeout_s: float = 120.0) -> dict:
    """Ask the twin that runs in that state folder; returns its answer without `ok`.

    Raises TwinError when none runs there, when it refuses (its sentence), or when it does not answer in time.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    with connection:
        try:
            with _address(Path(state_dir)) as address:
                connection.connect(address)
            connection.sendall(json.dumps(message).encode() + b"\n")
            with connection.makefile("rb") as lines:
                line = lines.readline()
        except (FileNotFoundError, ConnectionRefusedError):
            raise TwinError(f"no twin runs in {state_dir}; start one with `dermis twin`") from None
        except TimeoutError:
            raise TwinError(f"the twin in {state_dir} does not answer; restart it") from None
        except OSError as problem:
            raise TwinError(f"the twin in {state_dir} cannot be reached: {problem.strerror}") from None
    if not line:
        raise TwinError(f"the twin in {state_dir} ended before it answered; start it again")
    answer = json.loads(line)
    if not answer.pop("ok"):
        raise TwinError(answer["error"])
    return answer


class _Client(Stream):
    def __init__(self, connection: socket.socket, handler: Handler):
        super().__init__(connection)
        self._handler = handler
        self._in = bytearray()

    def take(self, data: bytes) -> None:
        self._in += data
        if len(self._in) > LONGEST_LINE:
            self.close()
            return
        while b"\n" in self._in and not self.closed:
            line, _, rest = bytes(self._in).partition(b"\n")
            self._in[:] = rest
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                message = None
            if isinstance(message, dict):
                self._handler(message, self.reply)
            else:
                self.reply({"ok": False, "error": "a request is one JSON object a line"})

    def reply(self, answer: dict) -> None:
        self._out += json.dumps(answer).encode() + b"\n"
        self._flush()


class ControlServer:
    """The listening socket, mode 0600. The caller holds the state folder's lock, so that a socket that lies
    there is nobody's."""

    def __init__(self, state_dir: Path, handler: Handler):
        self._path = state_dir / NAME
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            with _address(state_dir) as address:
                self._listener.bind(address)
        finally:
            os.umask(before)
        self._listener.listen()
        self._listener.setblocking(False)
        self._handler = handler
        self._clients: list[_Client] = []

    @property
    def clients(self) -> list[_Client]:
        self._clients = [client for client in self._clients if not client.closed]
        return self._clients

    def fileno(self) -> int:
        return self._listener.fileno()

    def wants(self) -> int:
        return select.POLLIN

    def serve(self, _events: int) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self._clients.append(_Client(connection, self._handler))

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self._listener.close()
        self._path.unlink(missing_ok=True)
