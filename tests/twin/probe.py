"""Talks to `firmware/driver_probe.py` on a twin."""

from __future__ import annotations

import json
import re
import socket
import time
from pathlib import Path
from typing import Any

from dermis_hw.twin import Twin

# The port's offers to negotiate: three bytes each, to which nobody has to answer. JSON has no 0xFF.
OFFERS = re.compile(rb"\xff[\xfb-\xfe].", re.DOTALL)
ENTRY = f"{Path(__file__).parent / 'firmware'}:driver_probe"


class Probe:
    def __init__(self, twin: Twin):
        host, _, port = twin.url.removeprefix("rfc2217://").partition(":")
        self._port = socket.create_connection((host, int(port)), timeout=0.2)
        self._buffer = b""

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *_: object) -> None:
        self._port.close()

    def send(self, do: str, **arguments: Any) -> None:
        self._port.sendall(json.dumps({"do": do, **arguments}).encode() + b"\n")

    def ask(self, do: str, **arguments: Any) -> dict:
        self.send(do, **arguments)
        return self.answer()

    def answer(self, limit_s: float = 20.0) -> dict:
        """The next line of JSON; what is no JSON (the interpreter's own words) fails the test."""
        until = time.monotonic() + limit_s
        while b"\n" not in self._buffer:
            if time.monotonic() > until:
                raise AssertionError(f"no answer in {limit_s} s; heard {self._buffer!r}")
            try:
                heard = self._port.recv(65536)
            except TimeoutError:
                continue
            assert heard, "the twin closed the port"
            self._buffer = OFFERS.sub(b"", self._buffer + heard)
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def greet(self) -> None:
        """Wait until the firmware answers, whether or not its first words were heard."""
        self.send("free")
        while "free" not in self.answer():
            pass
