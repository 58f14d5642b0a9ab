"""The SWIR head of DM1 on an ESP32-S3: a pulse for each sample in the light, its ADC on I2C.

Ref: MCP3221 (DS20001732) 5.4: the input is sampled at the falling edge that ends the address byte, two bytes before the
transfer is over. Assumed, and not met on hardware: a pulse's start and a read of the ADC take less than the one-shot's
time; each sample in the light is timed, and one that took longer is taken again.
"""

from __future__ import annotations

from machine import unique_id  # type: ignore[attr-defined] # the main check's stubs are the Unix port's

from dermis.core.errors import SensorFault
from dermis.drivers.dm1_i2c import Mcp3221
from dermis.drivers.esp32s3_pulse import OneShot
from dermis.drivers.swir import SwirHead

SELECT = "swir_select_"
MOST_PAIRS = 4096  # their sums stay small integers (31 bits)
# A frame comes every 40 ms and is the newest one until the next: a turn in this time loses none.
TURN_US = 4000
TRIES = 4  # of one sample in the light: an interrupt may come between its pulse and it
BITS_AFTER_SAMPLE = 18  # two bytes with their acknowledges
# So many pairs without the least difference: noise is about a step of the ADC, and the window sends back a part of
# every LED's light.
STUCK_PAIRS = 8
FULL_SCALE = 65520  # that of a photodiode in the sun, which is no fault of the ADC's


class S3SwirHead(SwirHead):
    """board: the board file's values. expander: `dm1_i2c.Expander`. bus: `esp32s3_i2c.S3I2c`."""

    def __init__(self, board, expander, bus, clock):
        self.fitted = bool(board["swir"])
        self._expander = expander
        self._clock = clock
        self._select = board["swir_select"]
        self._adc = Mcp3221(bus, board["i2c"]["swir_adc"])
        self._pulse_us = board["one_shots"]["swir_us"]
        self._shot = OneShot(board["pins"]["swir_pulse"], board["clocks"]["pulse_resolution_hz"])
        self._latest_us = self._pulse_us + BITS_AFTER_SAMPLE * 1_000_000 // board["clocks"]["i2c_hz"]

    def identity(self) -> str:
        """No part of the head has a number of its own: it is named by the controller that it was calibrated with, and
        whoever changes the head must calibrate again."""
        return "mcp3221-" + unique_id().hex() if self.fitted else ""

    async def read(self, band_nm: int, pairs: int) -> tuple:
        number = self._select.get(str(band_nm))
        if number is None or not 1 <= pairs <= MOST_PAIRS:
            raise ValueError("the SWIR head has no band of %d nm, or takes no %d pairs" % (band_nm, pairs))
        if not self.fitted:
            raise SensorFault("no SWIR head is fitted; use a module that has one")
        on = off = highest = 0
        lowest = FULL_SCALE
        turn_us = 0
        try:
            for _ in range(pairs):
                now_us = self._clock.ticks_us()
                if not turn_us or now_us - turn_us >= TURN_US:
                    if turn_us:
                        await self._clock.sleep_ms(0)
                    # Whoever had the turn may have set up the expander anew.
                    self._expander.select(SELECT, number)
                    self._expander.check()
                    turn_us = self._clock.ticks_us()
                lit, dark = self._lit_sample(), self._adc.sample()
                on += lit
                off += dark
                lowest, highest = min(lowest, lit, dark), max(highest, lit, dark)
        finally:
            self._shot.end()
        if pairs >= STUCK_PAIRS and lowest == highest != FULL_SCALE:
            raise SensorFault("the SWIR head's ADC gives the same value again and again; check its plug, then reset")
        return on, off

    def _lit_sample(self):
        clock = self._clock
        for _ in range(TRIES):
            begun_us = clock.ticks_us()
            self._shot.fire(self._pulse_us)
            counts = self._adc.sample()
            took_us = clock.ticks_us() - begun_us
            self._shot.end()
            if took_us <= self._latest_us:
                return counts
        raise SensorFault("the SWIR head's samples come later than its LEDs burn; check the I2C bus, then reset")
