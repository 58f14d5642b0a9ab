"""The SWIR head before the Coral's drivers, on a simulated Linux board."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from dermis.drivers.clock.coral import CoralClock
from dermis.drivers.coral_gpio import output
from dermis.drivers.coral_i2c import LinuxI2c
from dermis.drivers.dm1_i2c import Expander
from dermis.drivers.swir.coral import CoralSwirHead
from dermis_hw.boards import board_file

from tests.contracts.benches.swir import SwirBench
from tests.fakes.coral import run
from tests.fakes.coral.module import Dm1, dm1

STUCK = 1234


class CoralSwirBench(SwirBench):
    def __init__(self, module: Dm1, head=CoralSwirHead):
        self.module, self.machine, self.board = module, module.machine, module.board
        board = self.board
        bus = LinuxI2c(board["devices"]["i2c"], board["i2c"])
        expander = Expander(bus, board["i2c"]["expander"], board["expander"])
        line = output(board, "swir_pulse", 0)
        self.driver = head(board, expander, bus, CoralClock(), line, lambda: "SERIAL")
        self._turns: list[int] = []

    def see(self, levels, ambient, drift_per_ms=0.0):
        self.module.swir_levels = {str(band): level for band, level in levels.items()}
        self.module.swir_dark = ambient

    def run(self, work):
        self._turns = []
        return run(self.machine, work, self._turns)

    def longest_turn_us(self) -> int:
        return max(self._turns, default=0)

    def burning(self) -> str:
        return self.machine.swir_leds.burning()

    def break_(self, what: str) -> None:
        self._fault(what, True)

    def mend(self, what: str) -> None:
        self._fault(what, False)

    def _fault(self, what: str, on: bool) -> None:
        machine, bits = self.machine, self.board["expander"]
        if what == "adc":
            machine.adc.absent = on
        elif what == "stuck":
            machine.adc.stuck = STUCK if on else None
        elif what == "i2c_low":
            machine.held_low = on
        elif what == "decoder":
            machine.expander.shorted = {bits["swir_select_0"][0]: 0} if on else {}
        else:
            raise KeyError(what)


@contextlib.contextmanager
def bench(head=CoralSwirHead, **board) -> Iterator[CoralSwirBench]:
    with dm1(board_file("coral") | board) as module:
        yield CoralSwirBench(module, head)
