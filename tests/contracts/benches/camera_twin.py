"""The imager before the twin's drivers."""

from __future__ import annotations

import dataclasses

import numpy as np
from dermis.drivers.camera.twin import TwinCamera
from dermis_hw.twin.synthetic import plane_at

from tests.contracts.benches.camera import CameraBench
from tests.contracts.benches.twin_parts import CARD_MM, TwinBench, in_virtual_time

MISSING_BYTES = 320
AMBIENT_PER_CODE = 0.2  # so that the tests' codes lie within the imager's range


class TwinCameraBench(TwinBench, CameraBench):
    sets_gain = True

    def __init__(self, loop):
        super().__init__(loop)
        self.driver = TwinCamera(self.channel, self.clock)

    def shine(self, brightness: int) -> None:
        card = plane_at(CARD_MM)
        ambient = np.full_like(card.ambient, brightness * AMBIENT_PER_CODE)
        self.world.hear(self.now_us())
        self.world.show(lambda _seconds: dataclasses.replace(card, ambient=ambient))

    def running(self) -> bool:
        return self.imager._running

    def fault(self, what: str, on: bool) -> None:
        if what == "short":
            self.imager.short_bytes = MISSING_BYTES if on else 0
        elif what in ("silent", "frozen"):
            setattr(self.imager, what, on)
        else:
            super().fault(what, on)


def bench():
    return in_virtual_time(TwinCameraBench)
