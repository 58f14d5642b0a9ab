"""What a bench of the SWIR head can do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dermis.drivers.swir import SwirHead

# What `break_` takes. adc: it does not answer. stuck: it gives the same value again and again. i2c_low: somebody holds
# the bus low. decoder: its inputs do not follow the expander.
BREAKS = ("adc", "stuck", "i2c_low", "decoder")


class SwirBench:
    """driver: what is tested. board: the board file's values. `bench(swir=False)`: of a module without a head."""

    driver: SwirHead
    board: dict

    def see(self, levels: dict[int, float], ambient: float, drift_per_ms: float = 0.0) -> None:
        """levels: band (nm) -> counts of 65,536 that its LED gives the ADC. ambient: what that sees anyway, and by how
        much more each ms; a bench that knows no drift leaves it out."""
        raise NotImplementedError

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
