"""The SWIR head of DM1 on an ESP32-S3.

Assumed, and not met on hardware: a pulse's start and a read of the ADC take less than the one-shot's time; each sample
in the light is timed, and one that took longer is taken again.
"""

from __future__ import annotations

from machine import unique_id

from dermis.drivers.dm1_swir import Dm1SwirHead
from dermis.drivers.esp32s3_pulse import OneShot


class S3SwirHead(Dm1SwirHead):
    """board: the board file's values. expander: `dm1_i2c.Expander`. bus: `esp32s3_i2c.S3I2c`."""

    def __init__(self, board, expander, bus, clock):
        super().__init__(board, expander, bus, clock)
        self._pulse_us = board["one_shots"]["swir_us"]
        self._shot = OneShot(board["pins"]["swir_pulse"], board["clocks"]["pulse_resolution_hz"])

    def identity(self) -> str:
        """No part of the head has a number of its own: it is named by the controller that it was calibrated with, and
        whoever changes the head must calibrate again."""
        return "mcp3221-" + unique_id().hex() if self.fitted else ""

    def _light(self) -> None:
        self._shot.fire(self._pulse_us)

    def _dark(self) -> None:
        self._shot.end()
