"""What the ESP32-S3's drivers cost in time: their own Python, and the hardware that they wait for.

The drivers themselves run on the simulated chip (tests/fakes/esp32s3): it counts the bits on the I2C bus at the clock
of the board data, and takes a stated time for each call into a peripheral; each bytecode of ours takes its time there,
too (tests/bench/device_cost.py). All of it is an estimate; no board has been met.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from dermis.core.burst import FRAME_BYTES
from dermis_hw.boards import board_file

from tests.bench.device_cost import CLOCK_MHZ, CYCLES_A_BYTECODE
from tests.contracts.benches import emitters_esp32s3, swir_esp32s3, thermometer_esp32s3
from tests.fakes.esp32s3 import Chip

PAIRS = 64  # enough for what a reading costs before its first pair to be seen apart from what a pair costs
BAND_NM = 1450
LIGHT, LEVEL_Q8, LONGEST_US = "850", 256, 100_000
# From the imager's buffer to ours, both in octal PSRAM at 80 MHz, through the cache: between 20 and 40.
COPIED_MB_S = 25
LONG_ENOUGH_US = 1000  # a one-shot that never makes the driver take a sample again


@dataclass(frozen=True)
class DriverCosts:
    """Microseconds. sample: of the SWIR head, half a pair. before_swir: of a reading, before its first pair. pulse,
    dark: to switch a light on, off. temperature: a reading. frame: to copy one. lit, lit_allowed: from a pulse of a
    SWIR LED to the end of its sample, and what one-shot and driver let that take at most (0: not asked).
    """

    sample: float
    before_swir: float
    pulse: float
    dark: float
    temperature: float
    frame: float
    lit: float = 0.0
    lit_allowed: float = 0.0

    def rows(self) -> list[tuple[str, float]]:
        return [
            ("a sample of the SWIR head", self.sample),
            ("a SWIR reading's begin", self.before_swir),
            ("a light on", self.pulse),
            ("lights off", self.dark),
            ("the thermometer", self.temperature),
            ("a frame copied", self.frame),
            ("SWIR pulse to its sample's end", self.lit),
            ("  one-shot and driver allow", self.lit_allowed),
        ]


def estimate() -> DriverCosts:
    """Of the drivers as they are."""
    few, many = _swir_us(PAIRS), _swir_us(2 * PAIRS)
    pair = (many - few) / PAIRS
    lit, allowed = _lit_us()
    return DriverCosts(
        sample=pair / 2,
        before_swir=few - PAIRS * pair,
        pulse=_light_us(lit=False),
        dark=_light_us(lit=True),
        temperature=_temperature_us(),
        frame=FRAME_BYTES / COPIED_MB_S,
        lit=lit,
        lit_allowed=allowed,
    )


class _Timed:
    """Microseconds of what runs within: the chip's, in which every bytecode of the firmware takes its time."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._owed_us = 0.0
        self._before: Any = None
        self.us = 0.0

    def __enter__(self) -> _Timed:
        self._begun_us = self._chip.now_us
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)
        self.us = self._chip.now_us - self._begun_us + self._owed_us

    def _trace(self, frame: FrameType, _event: str, _argument: Any) -> Callable | None:
        if "/dermis/" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._take_time

    def _take_time(self, _frame: FrameType, event: str, _argument: Any) -> Callable:
        if event == "opcode":
            self._owed_us += CYCLES_A_BYTECODE / CLOCK_MHZ
            whole_us = int(self._owed_us)
            if whole_us:
                self._owed_us -= whole_us
                self._chip.run(whole_us)
        return self._take_time


def _patient_head():
    return swir_esp32s3.bench(one_shots=board_file("esp32s3")["one_shots"] | {"swir_us": LONG_ENOUGH_US})


def _swir_us(pairs: int) -> float:
    with _patient_head() as bench:
        bench.see({BAND_NM: 20_000}, 1_000, 1.0)
        asyncio.run(bench.driver.read(BAND_NM, 1))  # the transmitter is made with the first pulse
        with _Timed(bench.chip) as timed:
            asyncio.run(bench.driver.read(BAND_NM, pairs))
        return timed.us


def _lit_us() -> tuple[float, float]:
    with swir_esp32s3.bench() as bench:
        allowed_us = bench.driver._latest_us
    with _patient_head() as bench:
        asyncio.run(bench.driver.read(BAND_NM, 1))
        with _Timed(bench.chip):
            asyncio.run(bench.driver.read(BAND_NM, 1))
        pulse = bench.module.swir.burns[-1]
        return pulse.off_us - pulse.on_us, allowed_us


def _light_us(lit: bool) -> float:
    with emitters_esp32s3.bench() as bench:
        bench.driver.pulse(LIGHT, LEVEL_Q8, LONGEST_US)
        if not lit:
            bench.driver.dark()
        with _Timed(bench.chip) as timed:
            if lit:
                bench.driver.dark()
            else:
                bench.driver.pulse(LIGHT, LEVEL_Q8, LONGEST_US)
        return timed.us


def _temperature_us() -> float:
    with thermometer_esp32s3.bench() as bench:
        bench.driver.centi_celsius()
        with _Timed(bench.chip) as timed:
            bench.driver.centi_celsius()
        return timed.us


if __name__ == "__main__":
    for what, us in estimate().rows():
        print(f"{what:28} {us:8.0f} us")
