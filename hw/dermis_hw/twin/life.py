"""What the chip does from one reset to the next: held, in its loader, running a program, or without power."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from dermis.core import partitions
from dermis.core.twin_wire import RESET_STATUS

from .channel import ChannelServer, Handler
from .chip import Board
from .console import Console
from .flash import Flash
from .module_process import ModuleProcess
from .peripherals import Peripherals
from .rom import Loader
from .world import World

POWER_OFF_S = 0.05  # how long the module is without power after a cut
# A firmware that ends with an error within this time would otherwise restart as fast as it can.
SHORT_LIFE_S, PAUSE_S = 1.0, 1.0
# How soon the ROM tries again when there is nothing to boot.
EMPTY_PAUSE_S = 1.0

RUNNING, HELD, DEAD, WAITING, LOADER, EMPTY = "running", "held", "dead", "waiting", "loader", "empty"
OFF = "off"  # somebody switched the supply off

IMAGE_MAGIC = 0xE9  # the first byte of whatever the chip's ROM starts
RUNTIME = partitions.partition("runtime")


class Life:
    """One chip. `sources`: whether the firmware's sources stand in for a flash in which nothing can be started."""

    def __init__(
        self,
        *,
        board: Board,
        flash: Flash,
        module: ModuleProcess,
        peripherals: Peripherals,
        world: World,
        sources: bool,
        to_host: Callable[[bytes], None],
        log: Callable[[str], None],
    ):
        self._board = board
        self._flash = flash
        self._module = module
        self._peripherals = peripherals
        self._world = world
        self._sources = sources
        self._to_host = to_host
        self._log = log
        self.console = Console(self._to_module)
        self.loader = Loader(flash, board, to_host, lambda: self.act("app"))
        self.channels: list[ChannelServer] = []
        self.state = HELD
        self.from_flash = False  # whether what runs, or ran last, came from there
        self._was_on = False
        self._told = False  # what stands in for the runtime, once
        self._started_at = 0.0
        self._again_at: float | None = None
        self._again_cause = ""
        self._watchdog_at: float | None = None

    # --- what happens to it

    def act(self, what: str) -> None:
        """What the reset circuit says: hold, app or loader. Without power nobody hears it."""
        if self.state == OFF:
            return
        if what == "loader" and not self._board.enters_loader:
            what = "app"
        self._log({"hold": "reset: held", "app": "reset: the firmware starts", "loader": "reset: ROM loader"}[what])
        if what == "hold":
            self.end(HELD)
        elif what == "loader":
            self.end(LOADER)
            self.loader.reset()
            self._to_host(self._board.banner("hard_reset" if self._was_on else "power_on", loader=True))
        else:
            self._boot("hard_reset" if self._was_on else "power_on")

    def lose_power(self) -> None:
        """Every light goes out; the power comes back soon after."""
        if self.state == OFF:
            return
        self._log("the power was cut")
        self._world.dark(self._world.now_us())
        self.end(WAITING)
        self._again(POWER_OFF_S, "power_on")

    def switch(self, on: bool) -> None:
        """Somebody switches the module's supply; off, it stays dark and silent until it is on again."""
        if on == (self.state != OFF):
            return
        self._log(f"the supply was switched {'on' if on else 'off'}")
        if on:
            self._boot("power_on")
        else:
            self._world.dark(self._world.now_us())
            self.end(OFF)

    def without_power(self, work: Callable[[], None]) -> None:
        """Does that while the module is off, then switches it on again; where it was off it stays so."""
        was_on = self.state != OFF
        self.switch(False)
        try:
            work()
        finally:
            if was_on:
                self.switch(True)

    def kill(self) -> None:
        """The program is over; the chip does nothing more until a reset."""
        if self.state != OFF:
            self.end(DEAD)

    def feed_watchdog(self, limit_s: float) -> None:
        """It bites when it is not fed again in time, as long as this program runs."""
        self._watchdog_at = time.monotonic() + limit_s

    def program_ended(self) -> None:
        """By itself: a reset that it asked for, a soft reset at the prompt, or a crash."""
        lived_s = time.monotonic() - self._started_at
        self.end(HELD)
        status = self._module.status
        if status == RESET_STATUS:
            self._log("the firmware asked for a reset")
            self._boot("software")
        elif status == 0:
            self._to_host(b"soft reboot\r\n")
            self._start("soft_reset", main=not self.console.raw_prompt)
        else:
            self._log(f"the firmware's process ended with status {status}")
            self.end(WAITING)
            self._again(PAUSE_S if lived_s < SHORT_LIFE_S else 0.0, "crash")

    def end(self, state: str) -> None:
        """Whatever runs is over, without a word to it."""
        if self._module.running:
            self._module.stop()
            self._world.module_ended()
            self._peripherals.lock.reset()
        for channel in self.channels:
            channel.close()
        self.channels = []
        self.state = state
        self._again_at = self._watchdog_at = None

    # --- time

    @property
    def deadlines(self) -> list[float]:
        """When to look again, as `time.monotonic` counts."""
        times = (self._again_at, self._watchdog_at, self.console.deadline)
        return [at for at in times if at is not None]

    def tick(self) -> None:
        """Time has passed."""
        self.console.tick()
        now = time.monotonic()
        if self._watchdog_at is not None and now >= self._watchdog_at:
            self._log("the watchdog was not fed in time: reset")
            self._boot("watchdog")
        elif self._again_at is not None and now >= self._again_at:
            self._boot(self._again_cause)

    # --- bytes

    def from_host(self, data: bytes) -> None:
        if self.state == LOADER:
            self.loader.feed(data)
        elif self._module.running:
            self.console.from_host(data)

    def console_taken(self, by_firmware: bool) -> None:
        """The firmware took the console, or let go of it."""
        self.console.taken(by_firmware)
        self._module.firmware_reads_console(by_firmware)

    def _to_module(self, data: bytes) -> None:
        self._module.send(data)
        self._module.flush()

    # --- starting

    def _again(self, pause_s: float, cause: str) -> None:
        self._again_at, self._again_cause = time.monotonic() + pause_s, cause

    def _boot(self, cause: str) -> None:
        """The ROM starts what lies at the beginning of the flash."""
        self.end(HELD)
        self._was_on = True
        self.from_flash = self._flash.read(RUNTIME.offset, 1)[0] == IMAGE_MAGIC
        if self.from_flash:
            self._sources = False  # from now on it is a board, also when its flash is erased
        if not (self._sources and self._board.enters_loader):
            self._to_host(self._board.banner(cause, loader=False))
        if self._sources:
            self._start(cause)
        elif not self.from_flash:
            self._to_host(b"invalid header: 0x%s\r\n" % self._flash.read(RUNTIME.offset, 4)[::-1].hex().encode())
            self.state = EMPTY
            self._again(EMPTY_PAUSE_S, "nothing_to_boot")
        elif self._module.kind != "micropython":
            self._log("the runtime in flash needs a MicroPython to stand in for it; install one and reset the module")
        else:
            if not self._told:
                self._log("a runtime lies in flash: the twin's own MicroPython stands in for it")
                self._told = True
            self._start(cause)

    def _start(self, cause: str, *, main: bool = True) -> None:
        self._peripherals.started(cause)
        channel, flash = self._module.start(main=main, from_flash=self.from_flash)
        self.channels = [
            self._serve(channel, self._peripherals.answer),
            self._serve(flash, self._peripherals.answer_flash),
        ]
        self.state, self._started_at = RUNNING, time.monotonic()
        self.console.restart(main=main)
        if not main:
            self._module.send(b"\r\x01")  # back to the raw prompt that it came from

    def _serve(self, connection: socket.socket, answer: Handler) -> ChannelServer:
        return ChannelServer(connection, answer, self._log)
