"""The Coral's machine: files and sockets of this computer, before a systemd that only keeps time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dermis.drivers import coral_stopped
from dermis.drivers.clock.coral import CoralClock
from dermis.drivers.coral_port import Port
from dermis.drivers.link.coral import CoralLink
from dermis.drivers.storage.coral import open_folder
from dermis.drivers.system import coral as system
from dermis_hw.boards import board_file

from tests.contracts.benches import machine
from tests.contracts.benches.ptys import OtherSide
from tests.fakes.coral import run
from tests.fakes.coral.module import dm1

SERIAL = b"1a2b3c4d5e6f\0"  # as the device tree has it
# How a start came about -> SERVICE_RESULT and EXIT_STATUS of the stop before it.
STOPS = {"panic": ("exit-code", "1"), "watchdog": ("watchdog", "ABRT")}


class _Clock(machine.ClockBench):
    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, module: Any):
        self._machine = module.machine
        self.driver = CoralClock()

    def run(self, work):
        return run(self._machine, work)

    def pass_s(self, seconds):
        self._machine.run(seconds * 1_000_000)


class _System(machine.SystemBench):
    """systemd's side of `Type=notify` and `WatchdogSec=`."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, module: Any):
        self._patch = patch
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(str(folder / "notify"))
        (folder / "serial").write_bytes(SERIAL)
        (folder / "board.json").write_text("{}")  # its lines are another test's
        patch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
        patch.setenv("DERMIS_BOARD", str(folder / "board.json"))
        patch.setattr(system, "SERIALS", (str(folder / "missing"), str(folder / "serial")))
        patch.setattr(system, "BOOT_STATUS", str(folder / "bootstatus"))
        patch.setattr(coral_stopped, "NOTE", str(folder / "stopped"))
        patch.setattr(coral_stopped, "IDLE", {})
        self.restart("power")

    def pass_ms(self, duration_ms):
        self._hear()
        self._silent_ms += duration_ms
        return "watchdog" if self._limit_ms and self._silent_ms > self._limit_ms else ""

    def restart(self, why):
        if why in ("power", "brown_out"):
            Path(coral_stopped.NOTE).unlink(missing_ok=True)  # /run is empty
        elif why in STOPS:
            self._stop(*STOPS[why])
        else:
            raise machine.Unbreakable(why)
        self._limit_ms = self._silent_ms = 0
        self._hear()
        self.driver = system.CoralSystem(board_file("coral"))

    def reset(self):
        try:
            self.driver.reset()
        except SystemExit as ended:
            self._stop("exit-code", str(ended.code))
            self.driver = system.CoralSystem(board_file("coral"))
            return True
        return False

    def close(self):
        self._socket.close()

    def _stop(self, result: str, status: str) -> None:
        self._patch.setenv("SERVICE_RESULT", result)
        self._patch.setenv("EXIT_STATUS", status)
        assert coral_stopped.main() == 0

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                for line in self._socket.recv(4096).decode().splitlines():
                    name, _, value = line.partition("=")
                    if name == "WATCHDOG_USEC":
                        self._limit_ms = int(value) // 1000
                        self._silent_ms = 0
                    elif name == "WATCHDOG":
                        self._silent_ms = 0


class _Link(machine.LinkBench):
    """A pseudo-terminal in real time."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, module: Any):
        self.side = OtherSide()
        self.driver = CoralLink(Port(self.side.path, 115_200), _RealClock())
        self.driver.write(b"")  # opens it
        self.chip = SimpleNamespace(run=lambda _us: None)  # time that this bench needs not to pass

    def come(self, data):
        self.side.send(data)

    def read(self, size=256):
        buffer = bytearray(size)
        return bytes(buffer[: asyncio.run(self.driver.read(buffer))])

    def got(self):
        return self.side.got()

    def host(self, *, reads, opened=True):
        self.side.reading = reads
        if not opened:
            self.side.leave()

    def took_ms(self, work):
        before = time.monotonic()
        work()
        return int((time.monotonic() - before) * 1000)

    def interrupts(self):
        return False

    def close(self):
        self.side.leave()


class _RealClock:
    async def sleep_ms(self, duration_ms: int) -> None:
        await asyncio.sleep(duration_ms / 1000)


class _Storage(machine.StorageBench):
    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, module: Any):
        self._folder = folder / "data"
        self.restart()

    def restart(self):
        self.driver = open_folder(str(self._folder))

    def break_(self, what):
        if what != "broken":
            raise machine.Unbreakable(what)
        self._folder.rename(self._folder.with_name("away"))
        self._folder.touch()  # no folder


PARTS: dict[str, Any] = {"clock": _Clock, "system": _System, "tty_link": _Link, "storage": _Storage}


@contextlib.contextmanager
def bench(part: str) -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch, dm1() as module:
        made = PARTS[part](Path(folder), patch, module)
        try:
            yield made
        finally:
            if hasattr(made, "close"):
                made.close()
