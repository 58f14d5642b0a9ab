"""RS-485: half duplex, 8N1, the direction switched by the transceiver itself."""


class Bus:
    def open(self, baud: int) -> None:
        """From now on receive at that speed. Raises SensorFault, ValueError for a speed that it cannot."""
        raise NotImplementedError

    async def read(self, buffer) -> int:
        """Wait for bytes; put what is there into `buffer` and return how many (at least 1). Raises SensorFault."""
        raise NotImplementedError

    def write(self, data) -> None:
        """Send all of `data`; what is received of it is left out. Raises SensorFault."""
        raise NotImplementedError

    def close(self) -> None:
        """Neither receive nor send."""
        raise NotImplementedError
