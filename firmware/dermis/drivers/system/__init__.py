"""The machine itself."""


class System:
    board = "?"

    def serial(self) -> str:
        """The module's serial number."""
        raise NotImplementedError

    def reset(self) -> None:
        """Restart; does not return."""
        raise NotImplementedError

    def random(self, count: int) -> bytes:
        """Random bytes from the platform; feed a DRBG where the platform is weak (drivers say so)."""
        raise NotImplementedError
