"""The SWIR head on a Linux board. Linux may stop this program between an LED's pulse and its sample; such a sample is
known by the time that it took, and taken again."""

from __future__ import annotations

from dermis.drivers.coral_gpio import OutputLine
from dermis.drivers.dm1_swir import Dm1SwirHead

LONGEST_IDENTITY = 40  # the contract's


class CoralSwirHead(Dm1SwirHead):
    """line: of `swir_pulse`. serial: () -> the module's serial number."""

    tries = 16  # other programs run here too

    def __init__(self, board: dict, expander, bus, clock, line: OutputLine, serial):
        super().__init__(board, expander, bus, clock)
        self._line = line
        self._serial = serial

    def identity(self) -> str:
        """No part of the head has a number of its own: it is named by the controller that it was calibrated with, and
        whoever changes the head must calibrate again."""
        return ("mcp3221-" + self._serial())[:LONGEST_IDENTITY] if self.fitted else ""

    def _light(self) -> None:
        self._line.set(1)

    def _dark(self) -> None:
        self._line.set(0)
