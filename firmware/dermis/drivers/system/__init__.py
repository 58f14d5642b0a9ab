"""The machine itself."""


class System:
    board = "?"

    def serial(self) -> str:
        """The module's serial number."""
        raise NotImplementedError

    def reset(self) -> None:
        """Restart; does not return."""
        raise NotImplementedError

    def reset_cause(self) -> str:
        """What led to this start: power_on, hard_reset, software, soft_reset, watchdog or crash."""
        raise NotImplementedError

    def start_watchdog(self, limit_ms: int) -> None:
        """From now on, restart unless `feed` is called within that time, again and again; it cannot be stopped."""
        raise NotImplementedError

    def feed(self) -> None:
        """Tell the watchdog that all is well; nothing happens before it was started."""
        raise NotImplementedError

    def random(self, count: int) -> bytes:
        """Random bytes from the platform; feed a DRBG where the platform is weak (drivers say so)."""
        raise NotImplementedError
