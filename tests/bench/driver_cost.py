"""What the ESP32-S3's drivers cost in time: their own Python, and the hardware that they wait for.

The drivers themselves run on the simulated chip (tests/fakes/esp32s3): it counts the bits on the I2C bus at the clock
of the board data, and takes a stated time for each call into a peripheral. The Python between is counted in bytecodes
as everywhere (tests/bench/device_cost.py). All of it is an estimate; no board has been met.
"""

from __future__ import annotations

from dataclasses import dataclass

from dermis.core.burst import FRAME_BYTES

from tests.bench.device_cost import CLOCK_MHZ, CYCLES_A_BYTECODE, Counting
from tests.contracts.benches import emitters_esp32s3, swir_esp32s3, thermometer_esp32s3

PAIRS = 64  # enough for what a reading costs before its first pair to be seen apart from what a pair costs
BAND_NM = 1450
LIGHT, LEVEL_Q8, LONGEST_US = "850", 256, 100_000
# From the imager's buffer to ours, both in octal PSRAM at 80 MHz, through the cache: between 20 and 40.
COPIED_MB_S = 25


@dataclass(frozen=True)
class DriverCosts:
    """Microseconds. sample: of the SWIR head, half a pair. before_swir: of a reading, before its first pair. pulse,
    dark: to switch a light on, off. temperature: a reading. frame: to copy one."""

    sample: float
    before_swir: float
    pulse: float
    dark: float
    temperature: float
    frame: float

    def rows(self) -> list[tuple[str, float]]:
        return [
            ("a sample of the SWIR head", self.sample),
            ("a SWIR reading's begin", self.before_swir),
            ("a light on", self.pulse),
            ("lights off", self.dark),
            ("the thermometer", self.temperature),
            ("a frame copied", self.frame),
        ]


def estimate() -> DriverCosts:
    """Of the drivers as they are."""
    few, many = _swir_us(PAIRS), _swir_us(2 * PAIRS)
    pair = (many - few) / PAIRS
    return DriverCosts(
        sample=pair / 2,
        before_swir=few - PAIRS * pair,
        pulse=_light_us(lit=False),
        dark=_light_us(lit=True),
        temperature=_temperature_us(),
        frame=FRAME_BYTES / COPIED_MB_S,
    )


class _Timed:
    """Microseconds of what runs within: the chip's and the bytecodes'."""

    def __init__(self, chip) -> None:
        self._chip, self._counting = chip, Counting()
        self._stage = self._counting.stage("driver")
        self.us = 0.0

    def __enter__(self) -> _Timed:
        self._begun_us = self._chip.now_us
        self._stage.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._stage.__exit__(None, None, None)
        bytecodes = self._counting.costs["driver"].bytecodes
        self.us = self._chip.now_us - self._begun_us + bytecodes * CYCLES_A_BYTECODE / CLOCK_MHZ


def _swir_us(pairs: int) -> float:
    with swir_esp32s3.bench() as bench:
        bench.see({BAND_NM: 20_000}, 1_000, 1.0)
        bench.run(lambda: bench.driver.read(BAND_NM, 1))  # the transmitter is made with the first pulse
        with _Timed(bench.chip) as timed:
            bench.run(lambda: bench.driver.read(BAND_NM, pairs))
        return timed.us


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
