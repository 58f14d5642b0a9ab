"""The imager before the Coral's drivers, on a simulated Linux board."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from dermis.drivers.camera.coral import CoralCamera
from dermis.drivers.clock.coral import CoralClock

from tests.contracts.benches.camera import CameraBench
from tests.fakes.coral import run
from tests.fakes.coral.module import Dm1, dm1

MISSING_BYTES = 700
NUMBER = "0123456789ab"


class CoralCameraBench(CameraBench):
    def __init__(self, module: Dm1, camera=CoralCamera):
        self.module, self.machine, self.board = module, module.machine, module.board
        self.clock = CoralClock()
        self.driver = camera(self.board, self.clock, lambda: NUMBER)
        self._turns: list[int] = []

    def run(self, work):
        self._turns = []
        return run(self.machine, work, self._turns)

    def now_us(self) -> int:
        return self.clock.ticks_us()

    async def sleep_ms(self, duration_ms: int) -> None:
        await self.clock.sleep_ms(duration_ms)

    def longest_turn_us(self) -> int:
        return max(self._turns, default=0)

    def shine(self, brightness: int) -> None:
        self.module.imager.brightness = brightness

    def running(self) -> bool:
        return self.module.video.streaming

    def break_(self, what: str) -> None:
        self._fault(what, True)

    def mend(self, what: str) -> None:
        self._fault(what, False)

    def _fault(self, what: str, on: bool) -> None:
        video = self.module.video
        if what == "short":
            video.short = MISSING_BYTES if on else 0
        elif what in ("absent", "silent", "frozen"):
            setattr(video, what, on)
        else:
            raise KeyError(what)


@contextlib.contextmanager
def bench(camera=CoralCamera) -> Iterator[CoralCameraBench]:
    with dm1() as module:
        yield CoralCameraBench(module, camera)
