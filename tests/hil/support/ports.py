"""Who has the port: pytest-embedded, or our client while it talks SMP. One at a time, as the port itself demands."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import serial as pyserial
from dermis_host import Module
from pytest_embedded_serial import Serial, SerialDut

# From a reset to the line of a firmware that is up. Generous: a board checks its image's signature on the way, and a
# twin shares its computer; a module that needs longer does not start.
START_S = 60.0
RESET_HELD_S = 0.1  # with EN low, as esptool holds it
NO_MODEM_LINES = "socket://"
BOOT_LINE = rb'(\{"t_ms": [^\n]*"event": "boot"[^\n]*\})\r?\n'


class ModuleSerial(Serial):
    """pytest-embedded's serial, whose port can be lent."""

    proc: pyserial.Serial

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """The port is closed meanwhile, and free for somebody else.

        pytest-embedded's own `disable_redirect_thread` leaves it closed after an exception.
        """
        self.stop_redirect_thread()
        self.proc.close()
        try:
            yield
        finally:
            self.proc.open()
            self.start_redirect_thread()


class ModuleDut(SerialDut):
    """pytest-embedded's device under test, with `module()`.

    rig: whose module it is; told: hears every line that our client hears.
    """

    serial: ModuleSerial

    def attach(self, rig: Any, told: Callable[[str], None]) -> None:
        """Which module it is."""
        self._rig, self._told = rig, told

    def press_reset(self, boot_button: bool = False) -> None:
        """The reset button, by the port's lines: RTS pulls EN, DTR the BOOT button, which leads to the loader.

        On a port without these lines the test is skipped.
        """
        if self._rig.port.startswith(NO_MODEM_LINES):
            pytest.skip(f"{self._rig.port} has no line that resets a module.")
        port = self.serial.proc
        port.dtr = False
        port.rts = True
        time.sleep(RESET_HELD_S)
        if boot_button:
            port.dtr = True
        port.rts = False
        if boot_button:
            time.sleep(RESET_HELD_S)
            port.dtr = False

    def expect_boot(self) -> dict[str, Any]:
        """The event with which the firmware says that it is up, once it comes."""
        return json.loads(self.expect(BOOT_LINE, timeout=START_S).group(1))

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
