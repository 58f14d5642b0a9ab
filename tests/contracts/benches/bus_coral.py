"""RS-485 before the Coral's driver, on a pseudo-terminal in real time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from dermis.drivers.bus.coral import CoralBus
from dermis.drivers.clock.coral import CoralClock

from tests.contracts.benches.bus import BusBench
from tests.contracts.benches.ptys import OtherSide


class CoralBusBench(BusBench):
    def __init__(self, side: OtherSide):
        self.side = side
        self.driver = CoralBus(side.path, CoralClock())

    def run(self, work):
        return asyncio.run(work())

    def come(self, data):
        self.side.send(data)

    def sent(self):
        return self.side.got()

    def baud(self):
        opened = self.driver._port is not None and self.driver._port.is_open()
        return self.side.speed() if opened else 0

    def echo(self):
        self.side.echoing = True


@contextlib.contextmanager
def bench() -> Iterator[CoralBusBench]:
    side = OtherSide()
    made = CoralBusBench(side)
    try:
        yield made
    finally:
        made.driver.close()
        side.leave()
