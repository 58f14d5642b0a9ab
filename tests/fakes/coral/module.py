"""DM1 on the simulated Linux board: its imager before a grey scene, a face before its SWIR head."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Any

from dermis_hw.boards import board_file
from linuxpy.video import raw

from tests.fakes.coral.install import installed
from tests.fakes.coral.machine import Machine
from tests.fakes.coral.pwm import Pwm
from tests.fakes.coral.video import NOMINAL_GAIN_Q8, Control, Video, usual_controls
from tests.fakes.esp32s3.imager import AUTOMATIC, HEIGHT, SENSOR_LINES, Imager
from tests.fakes.esp32s3.module import SWIR_DARK, SWIR_LEVELS, SWIR_NOISE


class Stream:
    """Frames of `Imager` one after another, each some ms after its last row; no more than the buffers hold wait."""

    def __init__(self, machine: Machine, controls: dict[int, Control]):
        self._machine, self._controls = machine, controls
        self.imager = Imager(machine, machine.board, machine.lights)
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._running = False

    def start(self, now_us: int, exposure_us: int, gain_q8: int, buffers: int) -> None:
        assert gain_q8 == NOMINAL_GAIN_Q8
        board, imager = self._machine.board, self.imager
        automatic = self._controls[raw.ControlID.EXPOSURE_AUTO].value != 1
        lines = exposure_us * SENSOR_LINES // (board["row_time_us"] * HEIGHT)
        imager.settings = dict.fromkeys(AUTOMATIC, False) | {"exposure_ctrl": automatic, "aec_value": lines}
        imager.settings["agc_gain"] = 0
        self._exposure_us = exposure_us
        self._period_us = board["frame_period_us"] * (1 if buffers > 1 else 2)
        self._next_us = now_us + self._period_us // 3
        self._room = buffers
        self._running = True
        self._waiting.clear()

    def stop(self) -> None:
        self._running = False

    def read(self, now_us: int) -> tuple[int, int, bytes]:
        assert self._running
        while True:
            took_us = self._exposure_us + HEIGHT * self._machine.board["row_time_us"]
            arrives_us = self._next_us + took_us + self.imager.latency_us()
            if arrives_us > now_us:
                break
            if len(self._waiting) < self._room:  # a driver without a free buffer drops the new frame, not the old one
                self._waiting.append((arrives_us, self.imager.pixels(self._next_us)))
            self._next_us += self._period_us
        if not self._waiting:
            return arrives_us, now_us, b""
        arrived_us, pixels = self._waiting.popleft()
        return 0, arrived_us, pixels


class Dm1:
    """machine and what hangs on it. swir_levels, swir_dark: what the photodiode sees, changed by tests."""

    def __init__(self, board: dict[str, Any]):
        self.board = board
        self.machine = Machine(board, self._photodiode)
        self.swir_levels = dict(SWIR_LEVELS)
        self.swir_dark = SWIR_DARK
        self._noise = 0
        controls = usual_controls()
        self.stream = Stream(self.machine, controls)
        self.imager = self.stream.imager
        self.video = Video(self.machine, self.stream, controls)
        self.pwm: Pwm

    def _photodiode(self) -> float:
        self._noise = (self._noise * 1103515245 + 12345) & 0x7FFFFFFF
        noise = SWIR_NOISE * ((self._noise >> 16) % 7 - 3)
        return self.swir_dark + self.swir_levels.get(self.machine.swir_leds.burning(), 0.0) + noise


@contextlib.contextmanager
def dm1(board: dict[str, Any] | None = None) -> Iterator[Dm1]:
    """A module; drivers that are made within run on it."""
    module = Dm1(board or board_file("coral"))
    with installed(module.machine, module.video) as module.pwm:
        module.machine.run(Machine.STARTED_US)
        yield module
