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

EXPOSURE_MANUAL = 1


class Stream:
    """Frames of `Imager` one after another, each some ms after its last row. Where no buffer is free the new frame is
    lost, and the old ones wait on."""

    def __init__(self, machine: Machine, controls: dict[int, Control], imager: type[Imager] = Imager):
        self._machine, self._controls = machine, controls
        self.imager = imager(machine, machine.board, machine.lights)
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._starts = 0
        self._running = False

    def start(self, now_us: int, exposure_us: int, gain_q8: int, buffers: int) -> None:
        board, imager = self._machine.board, self.imager
        automatic = self._controls[raw.ControlID.EXPOSURE_AUTO].value != EXPOSURE_MANUAL
        lines = round(exposure_us * SENSOR_LINES / (board["row_time_us"] * HEIGHT))
        imager.settings = dict.fromkeys(AUTOMATIC, False) | {
            "raw_gma": True,
            "exposure_ctrl": automatic,
            "aec_value": lines,
        }
        imager.settings["agc_gain"] = gain_q8 / NOMINAL_GAIN_Q8 - 1
        self._took_us = exposure_us + HEIGHT * board["row_time_us"]
        self._period_us = board["frame_period_us"] * (1 if buffers > 1 else 2)
        self._room = max(2, buffers)  # no driver streams into one
        self._starts += 1
        self._running = True
        self._waiting.clear()
        self._expose(now_us + self._period_us // 3, self._starts)

    def stop(self) -> None:
        self._running = False

    def read(self, now_us: int) -> tuple[int, int, bytes]:
        assert self._running
        if not self._waiting:
            return now_us + self._period_us, now_us, b""
        arrived_us, pixels = self._waiting.popleft()
        return 0, arrived_us, pixels

    def _expose(self, begun_us: int, start: int) -> None:
        arrives_us = begun_us + self._took_us + self.imager.latency_us()
        self._machine.at(arrives_us, lambda: self._arrive(begun_us, arrives_us, start))
        self._machine.at(begun_us + self._period_us, lambda: self._again(begun_us + self._period_us, start))

    def _again(self, begun_us: int, start: int) -> None:
        if self._running and start == self._starts:
            self._expose(begun_us, start)

    def _arrive(self, begun_us: int, arrives_us: int, start: int) -> None:
        if self._running and start == self._starts and len(self._waiting) < self._room:
            self._waiting.append((arrives_us, self.imager.pixels(begun_us)))


class Dm1:
    """machine and what hangs on it. swir_levels, swir_dark: what the photodiode sees, changed by tests."""

    def __init__(self, board: dict[str, Any], imager: type[Imager] = Imager):
        self.board = board
        self.machine = Machine(board, self._photodiode)
        self.swir_levels = dict(SWIR_LEVELS)
        self.swir_dark = SWIR_DARK
        self._noise = 0
        controls = usual_controls()
        self.stream = Stream(self.machine, controls, imager)
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
