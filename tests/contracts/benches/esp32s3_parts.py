"""What the ESP32-S3's benches share: the drivers, composed as on the board, on the simulated chip."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from tests.contracts.benches.emitters import Unbreakable
from tests.contracts.benches.turns import measured
from tests.fakes.esp32s3.module import Dm1, dm1

OTHER_PART = 0x0275


class S3Bench:
    """module: the simulated board. What breaks on I2C is broken here for every peripheral."""

    def __init__(self, module: Dm1):
        from dermis.drivers.clock.esp32s3 import S3Clock
        from dermis.drivers.dm1_i2c import Expander
        from dermis.drivers.esp32s3_i2c import S3I2c

        self.module, self.chip, self.board = module, module.chip, module.board
        self.clock = S3Clock()
        self.bus = S3I2c(self.board, self.clock)
        self.expander = Expander(self.bus, self.board["i2c"]["expander"], self.board["expander"])
        self._turns: list[int] = []

    def run(self, work):
        self._turns = []
        return asyncio.run(measured(work, lambda: self.chip.now_us, self._turns))

    def longest_turn_us(self) -> int:
        return max(self._turns, default=0)

    def break_(self, what: str) -> None:
        self.fault(what, True)

    def mend(self, what: str) -> None:
        self.fault(what, False)

    def fault(self, what: str, on: bool) -> None:
        if what != "i2c_low":
            raise Unbreakable(what)
        if on:
            self.module.hold.begin("sda")
        else:
            self.module.hold.end()


@contextlib.contextmanager
def on_the_chip(make: Any, **board: Any) -> Iterator[Any]:
    """make: module -> bench. board: values that differ from the board file's."""
    with dm1() as module:
        module.board.update(board)
        yield make(module)
