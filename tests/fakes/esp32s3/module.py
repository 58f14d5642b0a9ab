"""DM1 on the chip: the parts of its board, wired by the board file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from dermis_hw.boards import board_file

from tests.fakes.esp32s3.chip import Chip
from tests.fakes.esp32s3.i2c import Hold
from tests.fakes.esp32s3.imager import Imager
from tests.fakes.esp32s3.install import installed
from tests.fakes.esp32s3.lights import Bank
from tests.fakes.esp32s3.parts import parts_of

# Counts of 65,536 that the SWIR LEDs give the ADC with a face before the module, and what it sees anyway.
SWIR_LEVELS = {"1050": 6000.0, "1200": 5200.0, "1300": 4800.0, "1450": 900.0, "1550": 1500.0}
SWIR_DARK, SWIR_NOISE = 720.0, 12.0


class Dm1:
    """chip and what hangs on it. What the photodiode sees, changed by tests: swir_levels with an LED on, swir_dark
    anyway, swir_drift by how much more each ms."""

    def __init__(self, board: dict[str, Any], seed: int = 1):
        self.board = board
        self.chip = Chip(seed)
        self.swir_levels = dict(SWIR_LEVELS)
        self.swir_dark = SWIR_DARK
        self.swir_drift = 0.0
        self._noise = 0
        self.expander, self.thermometer, self.adc = parts_of(self.chip, board, self._photodiode)
        self.lights = Bank(self.chip, board, self.expander, "light")
        self.swir = Bank(self.chip, board, self.expander, "swir")
        self.imager = Imager(self.chip, board, self.lights)
        self.chip.imager = self.imager
        pins = board["pins"]
        self.hold = Hold(self.chip, pins["i2c_sda"], pins["i2c_scl"])

    def _photodiode(self) -> float:
        self._noise = (self._noise * 1103515245 + 12345) & 0x7FFFFFFF
        noise = SWIR_NOISE * ((self._noise >> 16) % 7 - 3)
        dark = self.swir_dark + self.swir_drift * self.chip.now_us / 1000
        return dark + self.swir_levels.get(self.swir.burning(), 0.0) + noise


@contextlib.contextmanager
def dm1(board: dict[str, Any] | None = None, seed: int = 1) -> Iterator[Dm1]:
    """A module, its chip installed: drivers that are imported within run on it."""
    module = Dm1(board or board_file("esp32s3"), seed)
    with installed(module.chip):
        yield module
