"""The thermometer before the ESP32-S3's drivers, on the simulated chip."""

from __future__ import annotations

from tests.contracts.benches.esp32s3_parts import OTHER_PART, S3Bench, on_the_chip
from tests.contracts.benches.thermometer import ThermometerBench

TOO_HOT = 160 * 128


class S3ThermometerBench(S3Bench, ThermometerBench):
    def __init__(self, module):
        super().__init__(module)
        from dermis.drivers.thermometer.dm1 import Dm1Thermometer

        self.chip.run(1_000_000)  # it has measured since power came
        self.driver = Dm1Thermometer(self.bus, self.board["i2c"]["thermometer"])

    def warm(self, celsius: float) -> None:
        self.module.thermometer.celsius = celsius

    def fault(self, what: str, on: bool) -> None:
        part = self.module.thermometer
        if what == "absent":
            part.absent = on
        elif what == "not_ready":
            part.ready_us = self.chip.now_us + 1_000_000 if on else 0
        elif what == "out_of_range":
            part.raw = TOO_HOT if on else None
        elif what == "other_part":
            part.id = OTHER_PART if on else part.ID
        else:
            super().fault(what, on)


def bench():
    return on_the_chip(S3ThermometerBench)
