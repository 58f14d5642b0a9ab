"""The SWIR head before the ESP32-S3's drivers, on the simulated chip."""

from __future__ import annotations

from tests.contracts.benches.esp32s3_parts import S3Bench, on_the_chip
from tests.contracts.benches.swir import SwirBench

STUCK = 77


class S3SwirBench(S3Bench, SwirBench):
    def __init__(self, module):
        super().__init__(module)
        from dermis.drivers.swir.esp32s3 import S3SwirHead

        self.driver = S3SwirHead(self.board, self.expander, self.bus, self.clock)

    def see(self, levels, ambient, drift_per_ms=0.0):
        self.module.swir_levels = {str(band): level for band, level in levels.items()}
        self.module.swir_drift = drift_per_ms
        self.module.swir_dark = ambient - drift_per_ms * self.chip.now_us / 1000

    def burning(self) -> str:
        return self.module.swir.burning()

    def fault(self, what: str, on: bool) -> None:
        if what == "adc":
            self.module.adc.absent = on
        elif what == "stuck":
            self.module.adc.stuck = STUCK if on else None
        elif what == "decoder":
            self.module.expander.shorted = {self.board["expander"]["swir_select_0"][0]: 0} if on else {}
        else:
            super().fault(what, on)


def bench(**board):
    return on_the_chip(S3SwirBench, **board)
