"""The lock's side before the ESP32-S3's driver, on the fake chip."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from tests.contracts.benches.lock import LockBench, Unbreakable
from tests.fakes.esp32s3.module import Dm1, dm1

# What common readers' hosts take for a pulse, the least time between two, and after which they forget a bit that no
# other one follows.
SHORTEST_US, LONGEST_US, GAP_US, FORGET_US = 20, 100, 200, 200_000


class S3LockBench(LockBench):
    def __init__(self, module: Dm1):
        self.module = module
        self.chip = module.chip
        self.pins = module.board["pins"]
        self.make()

    def make(self, lock=None) -> None:
        from dermis.drivers.clock.esp32s3 import S3Clock
        from dermis.drivers.dm1_i2c import Expander
        from dermis.drivers.esp32s3_i2c import S3I2c
        from dermis.drivers.lock.esp32s3 import S3Lock

        board, clock = self.module.board, S3Clock()
        expander = Expander(S3I2c(board, clock), board["i2c"]["expander"], board["expander"])
        self.driver = (lock or S3Lock)(board, expander, clock)
        self.clock = clock

    def run(self, work):
        return asyncio.run(work())

    def relay_closed(self):
        return self.chip.level(self.pins["relay"]) == 1

    def led(self):
        red, green = (self._bit(name) for name in ("status_red", "status_green"))
        return {(0, 0): "off", (1, 0): "red", (0, 1): "green", (1, 1): "amber"}[red, green]

    def buzzer(self):
        return self._bit("buzzer") == 1

    def heard(self):
        """Each low pulse is a bit, when it is as long as a reader takes and far enough from the last. What a new
        transmitter does to its line is one too, and is forgotten."""
        lines = {self.pins["wiegand_d0"]: "0", self.pins["wiegand_d1"]: "1"}
        bits, fell = "", {}
        last_us, forgotten_us = -GAP_US, -FORGET_US
        for at_us, gpio, level in self.chip.log:
            if gpio not in lines:
                continue
            if not level and (at_us, gpio) in self.chip.pulled_low:
                forgotten_us = at_us
            elif not level:
                assert at_us - last_us >= GAP_US, "two bits at once"
                assert at_us - forgotten_us >= FORGET_US, "the making of a transmitter is a frame's first bit"
                fell[gpio] = last_us = at_us
                continue
            if gpio in fell:
                assert SHORTEST_US <= at_us - fell.pop(gpio) <= LONGEST_US, "no pulse that a reader takes"
                bits += lines[gpio]
        assert not fell, "a line was left low"
        return bits

    def lines_high(self):
        return all(self.chip.level(self.pins[name]) for name in ("wiegand_d0", "wiegand_d1"))

    def stall(self, duration_us):
        second = self.driver._senders[1]  # pyright: ignore[reportAttributeAccessIssue]
        real = second.write_pulses

        def late(*args):
            self.chip.run(duration_us)
            second.write_pulses = real
            real(*args)

        second.write_pulses = late

    def set_input(self, name, active):
        bit, level = self.module.board["expander"]["tamper" if name == "tampered" else name]
        self.module.expander.outside[bit] = level if active else 1 - level

    def break_(self, what):
        if what == "expander":
            self.module.expander.absent = True
        elif what == "relay":
            # A shorted output: the register says one thing and the pin another.
            pin = self.chip.pin(self.pins["relay"])
            level = pin.level()
            pin.level = lambda: level  # type: ignore[method-assign]
        else:
            raise Unbreakable(what)

    def restart(self):
        raise Unbreakable("the board's pulls hold the lines then")

    def _bit(self, name):
        return self.module.expander.level(self.module.board["expander"][name][0])


@contextlib.contextmanager
def bench() -> Iterator[S3LockBench]:
    with dm1() as module:
        yield S3LockBench(module)
