"""The thermometer before the twin's drivers."""

from __future__ import annotations

from dermis.drivers.thermometer.twin import TwinThermometer

from tests.contracts.benches.thermometer import ThermometerBench
from tests.contracts.benches.twin_parts import TwinBench, in_virtual_time


class TwinThermometerBench(TwinBench, ThermometerBench):
    def __init__(self, loop):
        super().__init__(loop)
        self.driver = TwinThermometer(self.channel)

    def warm(self, celsius: float) -> None:
        self.world.forced_temperature_c = celsius


def bench():
    return in_virtual_time(TwinThermometerBench)
