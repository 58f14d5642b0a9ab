"""RS-485 before the ESP32-S3's driver, on the fake chip."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from tests.contracts.benches.bus import BusBench
from tests.fakes.esp32s3.module import Dm1, dm1

UART = 2


class S3BusBench(BusBench):
    def __init__(self, module: Dm1):
        from dermis.drivers.bus.esp32s3 import S3Bus
        from dermis.drivers.clock.esp32s3 import S3Clock

        self.chip = module.chip
        self._wire = self.chip.uarts[UART]  # type: ignore[attr-defined]
        pins = module.board["pins"]
        self.pins = (pins["bus_tx"], pins["bus_rx"])
        self.driver = S3Bus(*self.pins, S3Clock())

    def run(self, work):
        return asyncio.run(work())

    def come(self, data):
        self._wire.come(data)

    def sent(self):
        data = bytes(self._wire.sent)
        self._wire.sent.clear()
        return data

    def baud(self):
        opened = self.driver._uart is not None and self._wire.pins == self.pins
        return self._wire.baud if opened else 0

    def echo(self):
        self._wire.taken = self._wire.come


@contextlib.contextmanager
def bench() -> Iterator[S3BusBench]:
    with dm1() as module:
        yield S3BusBench(module)
