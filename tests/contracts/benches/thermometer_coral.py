"""The thermometer before the Coral's drivers, on a simulated Linux board."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from dermis.drivers.coral_i2c import LinuxI2c
from dermis.drivers.thermometer.dm1 import Dm1Thermometer

from tests.contracts.benches.thermometer import ThermometerBench
from tests.fakes.coral.module import Dm1, dm1

TOO_COLD, OTHER_ID = -60 * 128, 0x0190  # the TMP116's neighbour in the catalogue


class CoralThermometerBench(ThermometerBench):
    def __init__(self, module: Dm1):
        self.machine, board = module.machine, module.board
        bus = LinuxI2c(board["devices"]["i2c"], board["i2c"])
        self.driver = Dm1Thermometer(bus, board["i2c"]["thermometer"])

    def warm(self, celsius: float) -> None:
        self.machine.thermometer.celsius = celsius

    def break_(self, what: str) -> None:
        self._fault(what, True)

    def mend(self, what: str) -> None:
        self._fault(what, False)

    def _fault(self, what: str, on: bool) -> None:
        part = self.machine.thermometer
        if what == "absent":
            part.absent = on
        elif what == "i2c_low":
            self.machine.held_low = on
        elif what == "not_ready":
            part.ready_us = self.machine.now_us + 10_000_000 if on else 0
        elif what == "out_of_range":
            part.raw = TOO_COLD if on else None
        elif what == "other_part":
            part.id = OTHER_ID if on else part.ID
        else:
            raise KeyError(what)


@contextlib.contextmanager
def bench() -> Iterator[CoralThermometerBench]:
    with dm1() as module:
        yield CoralThermometerBench(module)
