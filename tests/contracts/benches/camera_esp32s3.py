"""The imager before the ESP32-S3's drivers, on the simulated chip."""

from __future__ import annotations

from tests.contracts.benches.camera import CameraBench
from tests.contracts.benches.esp32s3_parts import S3Bench, on_the_chip

NUMBER, MISSING_BYTES = "0123456789ab", 320


class S3CameraBench(S3Bench, CameraBench):
    sets_gain = True

    def __init__(self, module):
        super().__init__(module)
        from dermis.drivers.camera.esp32s3 import S3Camera

        self.driver = S3Camera(self.board, self.clock, lambda: NUMBER)
        self.driver.sleep_after_ms = 10_000  # the tests' patience

    def now_us(self) -> int:
        return self.clock.ticks_us()

    async def sleep_ms(self, duration_ms: int) -> None:
        await self.clock.sleep_ms(duration_ms)

    def shine(self, brightness: int) -> None:
        self.module.imager.brightness = brightness

    def running(self) -> bool:
        return self.chip.camera is not None

    def fault(self, what: str, on: bool) -> None:
        imager = self.module.imager
        if what == "short":
            imager.short_bytes = MISSING_BYTES if on else 0
        elif what in ("absent", "silent", "frozen"):
            setattr(imager, what, on)
        else:
            super().fault(what, on)


def bench(**board):
    return on_the_chip(S3CameraBench, **board)
