"""What the twin's benches share: its drivers before its peripherals, in virtual time and without a process between."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from dermis_hw.boards import board_file
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1
from dermis_hw.twin.imager import Imager
from dermis_hw.twin.peripherals import Peripherals
from dermis_hw.twin.synthetic import plane_at
from dermis_hw.twin.world import World

from tests.bench.burst_rig import DirectChannel, LoopClock, VirtualLoop
from tests.contracts.benches.emitters import Unbreakable

SEED, CARD_MM = 1, 450.0
IDENTITIES = {"imager": "twin-imager-1", "swir_head": "twin-head-1"}


class TwinBench:
    """The world's clock is the loop's."""

    def __init__(self, loop: VirtualLoop, swir: bool = True):
        self.loop, self.board = loop, board_file("twin")
        self.world = World(DM1, virtual=True)
        self.world.show(lambda _seconds: plane_at(CARD_MM))
        self.imager = Imager(DM1, ModuleInstance(), self.world, SEED)
        self.peripherals = Peripherals(
            self.world,
            self.imager,
            None,  # type: ignore[arg-type] # nothing here touches the flash
            optics=DM1,
            module=ModuleInstance(),
            swir_fitted=swir,
            virtual=True,
            seed=SEED,
            on_console=lambda _ours: None,
        )
        self.peripherals.started("power_on")
        self.clock = LoopClock(loop, lambda: 0.0)
        self.channel: Any = DirectChannel(self.peripherals, self.clock)
        self.channel.hello = {"swir": swir, **IDENTITIES}

    def now_us(self) -> int:
        return self.clock.ticks_us()

    async def sleep_ms(self, duration_ms: int) -> None:
        await self.clock.sleep_ms(duration_ms)

    def run(self, work: Callable[[], Any]) -> Any:
        return self.loop.run_until_complete(work())

    def longest_turn_us(self) -> int:
        return 0  # an answer takes no time here

    def break_(self, what: str) -> None:
        self.fault(what, True)

    def mend(self, what: str) -> None:
        self.fault(what, False)

    def fault(self, what: str, on: bool) -> None:
        raise Unbreakable(what)


@contextlib.contextmanager
def in_virtual_time(make: Callable[[VirtualLoop], Any]) -> Iterator[Any]:
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        yield make(loop)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
