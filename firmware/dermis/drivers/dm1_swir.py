"""The SWIR head of DM1: a pulse for each sample in the light, its ADC on I2C. The boards bring the pulse.

A sample in the light counts only when it was taken for certain while the LED burned: the one-shot ends a pulse whether
or not the program has come to its sample. Ref: MCP3221 (DS20001732) 5.4: the input is sampled at the falling edge that
ends the address byte, two bytes before the transfer is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core.errors import SensorFault
from dermis.drivers.dm1_i2c import Mcp3221
from dermis.drivers.swir import SwirHead

if TYPE_CHECKING:
    from dermis.drivers.clock import Clock

SELECT = "swir_select_"
MOST_PAIRS = 4096  # their sums stay small integers (31 bits)
# A frame comes every 40 ms and is the newest one until the next: a turn in this time loses none.
TURN_US = 4000
BITS_AFTER_SAMPLE = 18  # two bytes with their acknowledges
# So many pairs without the least difference: noise is about a step of the ADC, and the window sends back a part of
# every LED's light.
STUCK_PAIRS = 8
FULL_SCALE = 65520  # that of a photodiode in the sun, which is no fault of the ADC's


class Dm1SwirHead(SwirHead):
    """board: the board file's values. expander: `dm1_i2c.Expander`. bus: as `dm1_i2c` wants it.

    tries: of one sample in the light, before the bus is called too slow.
    """

    tries = 4

    def __init__(self, board, expander, bus, clock: Clock):
        self.fitted = bool(board.get("swir", True))
        self._expander = expander
        self._clock = clock
        self._select = board["swir_select"]
        self._sample_us = board["swir_sample_us"]
        self._latest_us = board["one_shots"]["swir_us"] + BITS_AFTER_SAMPLE * 1_000_000 // board["clocks"]["i2c_hz"]
        self._adc = Mcp3221(bus, board["i2c"]["swir_adc"])

    def _light(self) -> None:
        """The pulse pin high; the LED burns until `_dark`, or until the one-shot's time is over. Raises SensorFault."""
        raise NotImplementedError

    def _dark(self) -> None:
        """The pulse pin low."""
        raise NotImplementedError

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
                lit = self._lit_sample()
                dark = self._sample_at(self._clock.ticks_us() + self._sample_us)
                on += lit
                off += dark
                lowest, highest = min(lowest, lit, dark), max(highest, lit, dark)
        finally:
            self._dark()
        if pairs >= STUCK_PAIRS and lowest == highest != FULL_SCALE:
            raise SensorFault("the SWIR head's ADC gives the same value again and again; check its plug, then reset")
        return on, off

    def _lit_sample(self):
        for _ in range(self.tries):
            begun_us = self._clock.ticks_us()
            try:
                self._light()
                counts = self._sample_at(begun_us + self._sample_us)
                took_us = self._clock.ticks_us() - begun_us
            finally:
                self._dark()
            if took_us <= self._latest_us:
                return counts
        raise SensorFault("the SWIR head's samples come later than its LEDs burn; check the I2C bus, then reset")

    def _sample_at(self, at_us):
        while self._clock.ticks_us() < at_us:
            pass  # a sleep would take longer than the pulse lasts
        return self._adc.sample()
