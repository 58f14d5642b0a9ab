"""The SWIR head before the twin's drivers."""

from __future__ import annotations

import dataclasses

from dermis.core import vocabulary
from dermis.drivers.swir.twin import TwinSwirHead
from dermis_hw.optics import DM1
from dermis_hw.twin.synthetic import plane_at

from tests.contracts.benches.swir import SwirBench
from tests.contracts.benches.twin_parts import CARD_MM, TwinBench, in_virtual_time

STUCK = 1232


class TwinSwirBench(TwinBench, SwirBench):
    def __init__(self, loop, swir=True):
        super().__init__(loop, swir)
        self.driver = TwinSwirHead(self.channel, self.clock, self.board["swir"])

    def see(self, levels, ambient, drift_per_ms=0.0):
        # Offset and window are the head's own; what is left of a level is the scene's.
        scene = {band: (levels[band] - DM1.swir_tab_counts) / DM1.swir_counts for band in vocabulary.SWIR_BANDS}
        klux = (ambient - DM1.swir_offset_counts) / DM1.swir_ambient_counts_per_klux
        field = dataclasses.replace(plane_at(CARD_MM), swir=scene, klux_sun=klux)
        self.world.show(lambda _seconds: field)

    def burning(self) -> str:
        return ""

    def fault(self, what: str, on: bool) -> None:
        if what == "stuck":
            self.peripherals.stuck_adc = STUCK if on else None
        else:
            super().fault(what, on)


def bench(swir=True):
    return in_virtual_time(lambda loop: TwinSwirBench(loop, swir))
