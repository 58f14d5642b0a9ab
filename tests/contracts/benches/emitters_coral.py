"""The lights before the Coral's drivers, on a simulated Linux board."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from dermis.drivers.clock.coral import CoralClock
from dermis.drivers.coral_gpio import output
from dermis.drivers.coral_i2c import LinuxI2c
from dermis.drivers.coral_pwm import LinuxPwm
from dermis.drivers.dm1_i2c import Expander
from dermis.drivers.emitters.coral import CoralEmitters
from dermis_hw.boards import board_file

from tests.contracts.benches.emitters import EmittersBench
from tests.fakes.coral import Machine, installed
from tests.fakes.coral.pwm import Pwm


class CoralEmittersBench(EmittersBench):
    def __init__(self, machine: Machine, pwm: Pwm, emitters=CoralEmitters):
        self.board = board = machine.board
        self.machine, self.pwm = machine, pwm
        self.clock = CoralClock()
        expander = Expander(
            LinuxI2c(board["devices"]["i2c"], board["i2c"]), board["i2c"]["expander"], board["expander"]
        )
        current = LinuxPwm(board["devices"]["current_pwm"], board["clocks"]["current_pwm_hz"])
        self.driver = emitters(board, expander, self.clock, output(board, "light_pulse", 0), current)

    def burning(self) -> str:
        return self.machine.lights.burning()

    def burned_us(self, light: str, within_us: int) -> int:
        lights, now_us = self.machine.lights, self.machine.now_us
        spans = [(max(each.on_us, now_us - within_us), each.off_us) for each in lights.burns if each.light == light]
        return sum(max(0, (now_us if off_us is None else off_us) - on_us) for on_us, off_us in spans)

    def level(self) -> float:
        return self.machine.lights.level()

    def advance_us(self, duration_us: int) -> None:
        self.machine.run(duration_us)

    def hang(self, duration_us: int) -> None:
        with self.machine.standing_still():
            self.machine.run(duration_us)

    def break_(self, what: str) -> None:
        self._fault(what, True)

    def mend(self, what: str) -> None:
        self._fault(what, False)

    def _fault(self, what: str, on: bool) -> None:
        expander, bits = self.machine.expander, self.board["expander"]
        if what == "i2c_low":
            self.machine.held_low = on
        elif what == "expander":
            expander.absent = on
        elif what == "decoder":
            expander.shorted = {bits["light_select_0"][0]: 1, bits["light_select_1"][0]: 1} if on else {}
        elif what in ("light_fault", "interlock"):
            bit, active = bits[what]
            expander.outside[bit] = active if on == (what == "light_fault") else 1 - active
        elif what == "current":
            self.pwm.broken = on
        else:
            raise KeyError(what)


@contextlib.contextmanager
def bench(emitters=CoralEmitters) -> Iterator[CoralEmittersBench]:
    machine = Machine(board_file("coral"))
    with installed(machine) as pwm:
        yield CoralEmittersBench(machine, pwm, emitters)
