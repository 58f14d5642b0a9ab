"""RS-485 before the twin's driver and what it finds in the twin, with no process between them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from dermis.drivers.bus.twin import TwinBus

from tests.contracts.benches.bus import BusBench
from tests.contracts.benches.lock_twin import LockChannel


class TwinBusBench(BusBench):
    echoes = False

    def __init__(self):
        self._channel = LockChannel()
        self.driver = TwinBus(self._channel)

    def run(self, work):
        return asyncio.run(work())

    def come(self, data):
        self._channel.side.hear(data)

    def sent(self):
        data = bytes(self._channel.sent)
        self._channel.sent.clear()
        return data

    def baud(self):
        return self._channel.side.baud


@contextlib.contextmanager
def bench() -> Iterator[TwinBusBench]:
    yield TwinBusBench()
