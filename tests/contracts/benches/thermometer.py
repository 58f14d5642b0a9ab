"""What a bench of the thermometer can do."""

from __future__ import annotations

from dermis.drivers.thermometer import Thermometer

# What `break_` takes. absent: it does not answer. i2c_low: somebody holds the bus low. not_ready: it has not measured
# yet. out_of_range: it says what it cannot measure. other_part: another part answers at its address.
BREAKS = ("absent", "i2c_low", "not_ready", "out_of_range", "other_part")


class ThermometerBench:
    """driver: what is tested."""

    driver: Thermometer

    def warm(self, celsius: float) -> None:
        """It is that warm now."""
        raise NotImplementedError

    def break_(self, what: str) -> None:
        """From now on this is broken. Raises emitters.Unbreakable."""
        raise NotImplementedError

    def mend(self, what: str) -> None:
        raise NotImplementedError
