"""The console: bytes from and to the host."""


class Link:
    async def read(self, buffer) -> int:
        """Wait for bytes; put what is there into `buffer` and return how many (at least 1). Raises EOFError
        when the other side is gone for good."""
        raise NotImplementedError

    def write(self, data) -> None:
        """Send all of `data`."""
        raise NotImplementedError
