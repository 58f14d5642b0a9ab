"""The module's time. Firmware takes time from here and from nowhere else, so that the twin can own it."""


class Clock:
    def ticks_us(self) -> int:
        """Microseconds since the start of the firmware; never wraps, never goes back."""
        raise NotImplementedError

    async def sleep_ms(self, duration_ms: int) -> None:
        """Let the other tasks run for at least this long."""
        raise NotImplementedError

    def wait_us(self, duration_us: int) -> None:
        """Stand still for at least this long, with a turn for nobody: for what any sleep is too coarse for."""
        until_us = self.ticks_us() + duration_us
        while self.ticks_us() < until_us:
            pass

    def unix_time(self) -> int:
        """Seconds since 1970-01-01 UTC, 0 when the clock was never set."""
        raise NotImplementedError

    def set_unix_time(self, seconds: int) -> None:
        """Set the wall clock. `ticks_us` is not touched."""
        raise NotImplementedError
