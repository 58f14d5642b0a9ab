"""The SWIR head: one InGaAs photodiode, five LEDs, lock-in by on/off pairs."""


class SwirHead:
    fitted = True

    def identity(self) -> str:
        """What names this head among its kind, at most 40 characters; empty when none is fitted."""
        raise NotImplementedError

    async def read(self, band_nm: int, pairs: int) -> tuple:
        """(on, off): sums of `pairs` ADC samples with the LED of that band (nm) on and off, interleaved.

        Raises SensorFault when the ADC does not answer; ValueError for a band it has not.
        """
        raise NotImplementedError
