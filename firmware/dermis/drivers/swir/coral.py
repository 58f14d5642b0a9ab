"""The SWIR head on a Linux board: pulse pin, decoder, and an ADC on the I2C bus.

Linux may stop this program between an LED's pulse and its sample, and the one-shot may have ended the pulse by then.
Such a pair is measured and thrown away: a sample counts only when it was taken for certain while the LED burned.
"""

from __future__ import annotations

from dermis.core import vocabulary
from dermis.core.errors import SensorFault
from dermis.drivers.coral_gpio import OutputLine
from dermis.drivers.dm1_i2c import Mcp3221
from dermis.drivers.swir import SwirHead

SELECT = "swir_select_"
IDENTITY = "MCP3221"  # it has no number of its own
PAIRS_AT_ONCE = 8  # between turns of the other tasks; some milliseconds
# A conversion is held from the address byte on (MCP3221, 5.3): two bytes and their acknowledgements come after it.
BITS_AFTER_SAMPLE = 18


class CoralSwirHead(SwirHead):
    """line: of `swir_pulse`. bus: `coral_i2c.LinuxI2c`. expander: `dm1_i2c.Expander`."""

    def __init__(self, board: dict, clock, bus, expander, line: OutputLine):
        self.fitted = bool(board.get("swir", True))
        self._select = board["swir_select"]
        self._sample_us = board["swir_sample_us"]
        self._longest_us = board["one_shots"]["swir_us"] + BITS_AFTER_SAMPLE * 1_000_000 // board["clocks"]["i2c_hz"]
        self._clock = clock
        self._expander = expander
        self._line = line
        self._adc = Mcp3221(bus, board["i2c"]["swir_adc"])

    def identity(self) -> str:
        return IDENTITY if self.fitted else ""

    async def read(self, band_nm: int, pairs: int) -> tuple:
        if band_nm not in vocabulary.SWIR_BANDS or str(band_nm) not in self._select:
            raise ValueError("the SWIR head has no band of %d nm" % band_nm)
        if not self.fitted:
            raise SensorFault("no SWIR head is fitted; use a module that has one")
        on_sum = off_sum = done = late = 0
        while done < pairs:
            if (done + late) % PAIRS_AT_ONCE == 0:
                await self._clock.sleep_ms(0)
                # Each time: whoever had the turn may have set up the expander anew.
                self._expander.select(SELECT, self._select[str(band_nm)])
                self._expander.check()
            on = self._lit_sample()
            off = self._sample_at(self._clock.ticks_us() + self._sample_us)
            if on is None:
                late += 1
                if late > pairs:
                    raise SensorFault("the machine is too busy to read the SWIR head; stop what else runs on it")
                continue
            on_sum += on
            off_sum += off
            done += 1
        return on_sum, off_sum

    def _lit_sample(self):
        """A sample while the LED burned, or None where that is not certain."""
        began_us = self._clock.ticks_us()
        self._line.set(1)
        try:
            sample = self._sample_at(began_us + self._sample_us)
            took_us = self._clock.ticks_us() - began_us
        finally:
            self._line.set(0)
        return sample if took_us <= self._longest_us else None

    def _sample_at(self, at_us):
        while self._clock.ticks_us() < at_us:
            pass  # a sleep would take longer than the pulse lasts
        return self._adc.sample()
