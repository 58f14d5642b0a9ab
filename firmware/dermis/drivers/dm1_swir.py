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
# Of a sample's transfer: a byte with its acknowledge before the input is sampled, two after it.
BITS_BEFORE_SAMPLE, BITS_AFTER_SAMPLE = 9, 18
ONE_SHOT_LEAST_PERCENT = 90  # of its time, which a resistor and a capacitor make
# So many pairs without the least difference: noise is about a step of the ADC, and the window sends back a part of
# every LED's light.
STUCK_PAIRS = 8
LATE = "the SWIR head's samples come later than its LEDs burn; check the I2C bus, then reset"
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
        hz = board["clocks"]["i2c_hz"]
        # Assumed, and not met on hardware: the photodiode's amplifier settles within `swir_sample_us`, to a light that
        # comes on as to one that goes. The transfer's address is part of that time.
        self._settle_us = board["swir_sample_us"] - BITS_BEFORE_SAMPLE * 1_000_000 // hz
        surely_us = board["one_shots"]["swir_us"] * ONE_SHOT_LEAST_PERCENT // 100
        self._latest_us = surely_us + BITS_AFTER_SAMPLE * 1_000_000 // hz
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
        # Each step of this loop is some us of every sample: no method is looked up within it.
        ticks_us, wait_us, sample = self._clock.ticks_us, self._clock.wait_us, self._adc.sample
        settle_us, latest_us = self._settle_us, self._latest_us
        on = off = late = turn_us = 0
        changes = first = -1
        same = True
        left = pairs
        try:
            while left:
                begun_us = ticks_us()
                if begun_us >= turn_us:
                    if turn_us:
                        await self._clock.sleep_ms(0)
                    changes = self._selected(number, changes)
                    begun_us = ticks_us()
                    turn_us = begun_us + TURN_US
                self._light()
                wait_us(settle_us)
                lit = sample()
                took_us = ticks_us() - begun_us
                self._dark()
                if took_us > latest_us:
                    late += 1
                    if late == self.tries:
                        raise SensorFault(LATE)
                    continue
                wait_us(settle_us)
                dark = sample()
                on += lit
                off += dark
                left -= 1
                late = 0
                if same:
                    if first < 0:
                        first = lit
                    same = lit == dark == first
        finally:
            self._dark()
        if pairs >= STUCK_PAIRS and same and first != FULL_SCALE:
            raise SensorFault("the SWIR head's ADC gives the same value again and again; check its plug, then reset")
        return on, off

    def _selected(self, number, changes):
        """The decoder stands at that number, looked at. changes: of the expander when it was put there; returns them.
        Whoever had the turn may have moved it."""
        expander = self._expander
        if expander.changes != changes:
            expander.select(SELECT, number)
        expander.check()
        return expander.changes
