"""Who has the port: pytest-embedded, or our client while it talks SMP. One at a time, as the port itself demands."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import serial as pyserial
from dermis_host import Module
from pytest_embedded_serial import Serial, SerialDut


class ModuleSerial(Serial):
    """pytest-embedded's serial, whose port can be lent."""

    proc: pyserial.Serial

    def _start(self) -> None:
        if not self.proc.is_open:
            self.proc.open()

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """The port is closed meanwhile, and free for somebody else."""
        lending: Any = self.disable_redirect_thread(kill_port=True)  # its annotation forgets the context manager
        with lending:
            yield


class ModuleDut(SerialDut):
    """pytest-embedded's device under test, with `module()`.

    rig: whose module it is; told: hears every line that our client hears.
    """

    serial: ModuleSerial

    def attach(self, rig: Any, told: Callable[[str], None]) -> None:
        """Which module it is."""
        self._rig, self._told = rig, told

    @contextlib.contextmanager
    def module(self, **options: Any) -> Iterator[Module]:
        """Our client on the same port; what the module says meanwhile goes on to `expect`.

        with dut.module() as module:
            module.selftest()
        dut.expect_exact("boot")
        """

        def heard(line: str) -> None:
            self._told(line)
            self._q.put(f"{line}\n")

        with self.serial.lent(), self._rig.module(on_log=heard, **options) as module:
            yield module
