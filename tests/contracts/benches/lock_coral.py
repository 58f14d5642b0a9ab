"""The lock's side before the Coral's driver, on a simulated Linux board. Its Wiegand is refused by design."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from dermis.drivers.coral_i2c import LinuxI2c
from dermis.drivers.dm1_i2c import Expander
from dermis.drivers.lock.coral import lock_of
from dermis_hw.boards import board_file

from tests.contracts.benches.lock import LockBench, Unbreakable
from tests.fakes.coral import Machine, installed


class CoralLockBench(LockBench):
    has_wiegand = False

    def __init__(self, machine: Machine):
        self.machine, self.board = machine, machine.board
        board = self.board
        bus = LinuxI2c(board["devices"]["i2c"], board["i2c"])
        self.driver = lock_of(board, Expander(bus, board["i2c"]["expander"], board["expander"]))

    def run(self, work):
        return asyncio.run(work())

    def relay_closed(self):
        return self.machine.level_of("relay") == 1

    def led(self):
        red, green = (self._bit(name) for name in ("status_red", "status_green"))
        return {(0, 0): "off", (1, 0): "red", (0, 1): "green", (1, 1): "amber"}[red, green]

    def buzzer(self):
        return self._bit("buzzer") == 1

    def lines_high(self):
        return all(self.machine.level_of(name) for name in ("wiegand_d0", "wiegand_d1"))

    def set_input(self, name, active):
        bit, level = self.board["expander"]["tamper" if name == "tampered" else name]
        self.machine.expander.outside[bit] = level if active else 1 - level

    def break_(self, what):
        if what == "expander":
            self.machine.expander.absent = True
        elif what == "relay":
            pin = self.machine.pins[self.machine.numbers["relay"]]
            level = pin.level()
            pin.level = lambda: level  # type: ignore[method-assign]
        else:
            raise Unbreakable(what)

    def _bit(self, name):
        return self.machine.expander.level(self.board["expander"][name][0])


@contextlib.contextmanager
def bench() -> Iterator[CoralLockBench]:
    machine = Machine(board_file("coral"))
    with installed(machine):
        yield CoralLockBench(machine)
