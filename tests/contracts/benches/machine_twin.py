"""The twin's machine: its drivers before its peripherals, with no process between them.

Its console is a process's standard input and output; `tests/twin/test_hostile.py` has that one. LittleFS is
MicroPython's alone, so that a storage of CPython's lies in a folder here; `tests/unit/test_*_cuts.py` have the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dermis.core import partitions
from dermis.drivers.clock.twin import TwinClock
from dermis.drivers.flash.twin import TwinFlash
from dermis.drivers.storage.little import FolderStorage
from dermis.drivers.system.twin import TwinSystem
from dermis_hw.module_instance import draw
from dermis_hw.optics import DM1
from dermis_hw.twin.flash import Flash
from dermis_hw.twin.imager import Imager
from dermis_hw.twin.peripherals import Peripherals
from dermis_hw.twin.world import World

from tests.bench.burst_rig import DirectChannel
from tests.contracts.benches import machine

SEED = 1
CAUSES = {"power": "power_on", "reset": "software", "watchdog": "watchdog", "panic": "crash", "host": "hard_reset"}


class _Twin:
    def __init__(self, folder: Path):
        world, module = World(DM1, virtual=True), draw(SEED)
        self.flash = Flash(folder / "flash")
        self.consoles: list[bool] = []
        self.bites: list[float] = []
        self.peripherals = Peripherals(
            world,
            Imager(DM1, module, world, SEED),
            self.flash,
            optics=DM1,
            module=module,
            swir_fitted=True,
            virtual=True,
            seed=SEED,
            on_console=self.consoles.append,
            on_watchdog=self.bites.append,
        )
        self.channel = self.start("power_on")

    def start(self, cause: str) -> Any:
        import json
        import struct

        from dermis.core import twin_wire as wire

        self.peripherals.started(cause)
        self.channel = DirectChannel(self.peripherals, _Still())  # type: ignore[arg-type]
        request = struct.pack(wire.HELLO_REQUEST, wire.VERSION)
        self.channel.hello = json.loads(self.channel.ask(wire.HELLO, request))
        return self.channel


class _Still:
    activity = 0

    def ticks_us(self) -> int:
        return 0


class _Clock(machine.ClockBench):
    def __init__(self, twin):
        twin.channel.hello["unix_time"] = 0
        self.driver = TwinClock(twin.channel)

    def run(self, work):
        return asyncio.run(work())  # type: ignore[arg-type]

    def pass_s(self, seconds):
        asyncio.run(self.driver.sleep_ms(seconds * 1000))


class _System(machine.SystemBench):
    def __init__(self, twin):
        self._twin = twin
        self.driver = TwinSystem(twin.channel)

    def pass_ms(self, duration_ms):
        """The twin's server keeps the time; what it was told of the limit is what is seen here."""
        limit_s = self._twin.bites[-1] if self._twin.bites else 0
        return "watchdog" if limit_s and duration_ms > limit_s * 1000 else ""

    def restart(self, why):
        if why not in CAUSES:
            raise machine.Unbreakable(why)
        self.driver = TwinSystem(self._twin.start(CAUSES[why]))

    def reset(self):
        try:
            self.driver.reset()
        except SystemExit:
            self.restart("reset")
            return True
        return False


class _Flash(machine.FlashBench):
    def __init__(self, twin):
        self._chip = twin.flash
        self.driver = TwinFlash(twin.channel)

    def content(self, partition, offset, length):
        return self._chip.read(partitions.partition(partition).offset + offset, length)

    def put(self, partition, offset, data):
        self._chip.program(partitions.partition(partition).offset + offset, data)

    def break_(self, what):
        raise machine.Unbreakable(what)


class _Storage(machine.StorageBench):
    def __init__(self, folder):
        self._folder = folder
        self.restart()

    def restart(self):
        self.driver = FolderStorage(str(self._folder), partitions.partition("data").size)

    def break_(self, what):
        raise machine.Unbreakable(what)


@contextlib.contextmanager
def bench(part: str) -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        if part == "storage":
            yield _Storage(Path(folder))
            return
        twin = _Twin(Path(folder))
        try:
            yield {"clock": _Clock, "system": _System, "flash": _Flash}[part](twin)
        finally:
            twin.flash.close()
