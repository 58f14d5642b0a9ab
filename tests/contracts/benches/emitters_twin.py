"""The lights before the twin's drivers."""

from __future__ import annotations

from dermis.drivers.emitters.twin import TwinEmitters

from tests.contracts.benches.emitters import EmittersBench
from tests.contracts.benches.twin_parts import TwinBench, in_virtual_time


class TwinEmittersBench(TwinBench, EmittersBench):
    ends_itself = True

    def __init__(self, loop):
        super().__init__(loop)
        self.driver = TwinEmitters(self.channel)

    def burning(self) -> str:
        self.world.hear(self.now_us())
        burning = [light for light, entry in self.world.lights()["lights"].items() if entry["on"]]
        assert len(burning) <= 1, burning
        return burning[0] if burning else ""

    def burned_us(self, light: str, within_us: int) -> int:
        now_us = self.world.hear(self.now_us())
        pulses = [pulse for pulse in self.world._pulses if pulse.light == light]
        return sum(max(0, min(pulse.off_us, now_us) - max(pulse.on_us, now_us - within_us)) for pulse in pulses)

    def level(self) -> float:
        light = self.burning()
        return self.world.lights()["lights"][light]["level"] if light else 0.0

    def advance_us(self, duration_us: int) -> None:
        self.loop.now_us += duration_us

    def hang(self, duration_us: int) -> None:
        self.advance_us(duration_us)

    def fault(self, what: str, on: bool) -> None:
        if what == "interlock":
            self.world.interlock_closed = not on
        else:
            super().fault(what, on)


def bench():
    return in_virtual_time(TwinEmittersBench)
