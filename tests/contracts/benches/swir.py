"""What a bench of the SWIR head can do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dermis.drivers.swir import SwirHead

# What `break_` takes. adc: it does not answer. stuck: it gives the same value again and again. absent: no head is
# fitted (before the driver is made: an option of `bench`). i2c_low: somebody holds the bus low. led: the LED is dead.
BREAKS = ("adc", "stuck", "i2c_low", "decoder")


class SwirBench:
    """driver: what is tested. board: the board file's values. levels: band -> counts (of 65,536) that its LED gives
    the ADC; ambient: what it sees anyway."""

    driver: SwirHead
    board: dict

    def run(self, work: Callable[[], Awaitable]) -> object:
        """Run a coroutine function under the bench's event loop; returns its result."""
        raise NotImplementedError

    def longest_turn_us(self) -> int:
        """The longest that another task had to wait for its turn in the last `run`; 0 where the bench cannot tell."""
        raise NotImplementedError

    def burning(self) -> str:
        """The SWIR LED that burns now ("1450"), "" for none; also where the bench cannot tell."""
        raise NotImplementedError

    def break_(self, what: str) -> None:
        """From now on this is broken. Raises emitters.Unbreakable."""
        raise NotImplementedError

    def mend(self, what: str) -> None:
        raise NotImplementedError
