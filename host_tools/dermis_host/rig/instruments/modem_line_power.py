"""The module's supply through a transistor or relay on RTS or DTR of a serial adapter, with a line back that sees it.

The line asserted takes the power away: a port that nobody has open lets it go, and the module has power. The system
asserts both lines for a moment whenever it opens a port, so the module may start anew then. A line alone confirms
nothing: the switched supply is wired (through a divider) to an input of the same adapter. Nothing of it has met real
hardware.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import serial

from dermis_host.rig.contract import PowerSwitch, RigError
from dermis_host.rig.keys import Keys
from dermis_host.rig.serial_line import SerialLine

LINES = ("rts", "dtr")
SENSES = ("cts", "dsr", "cd", "ri")
BAUD = 9600  # no byte is ever sent
SETTLE_S = 3.0  # a supply's capacitors must run down; over a network, states come as messages
POLL_S = 0.05


class ModemLinePower(PowerSwitch):
    """Keys: port, line ("rts" or "dtr": asserted takes the power away), sense ("cts", "dsr", "cd" or "ri": asserted
    while the module has power)."""

    def __init__(self, port: str, line: str, sense: str):
        self._line, self._sense = line, sense
        self._port = SerialLine("The power switch", port, BAUD, lines_up=False)

    @classmethod
    def read(cls, keys: Keys) -> Callable[[], ModemLinePower]:
        port, line, sense = keys.port(), keys.choice("line", LINES), keys.choice("sense", SENSES)
        if port.startswith("socket://"):
            raise keys.wrong("port", f"has no modem lines ({port}): name a tty or rfc2217://HOST:PORT")
        return lambda: cls(port, line, sense)

    def identity(self) -> str:
        return f"{self._line} of {self._port.port}, seen on {self._sense}"

    def on(self) -> None:
        self._switch(True)

    def off(self) -> None:
        self._switch(False)

    def close(self) -> None:
        self._port.close()

    def _switch(self, on: bool) -> None:
        until = time.monotonic() + SETTLE_S
        try:
            setattr(self._port.modem, self._line, not on)
            while bool(getattr(self._port.modem, self._sense)) != on:
                if time.monotonic() >= until:
                    raise RigError(
                        f"The power switch on {self._port.port} {'released' if on else 'asserted'} {self._line}, but "
                        f"{self._sense} says that the module has {'no' if on else 'still'} power: look at its wires."
                    )
                time.sleep(POLL_S)
        except (serial.SerialException, OSError) as problem:
            raise self._port.gone(problem) from None
