"""The I2C bus of a Linux board, by smbus2. The kernel gives up on a bus that is held low, and frees it where it can."""

from __future__ import annotations

from dermis.core.errors import SensorFault


class LinuxI2c:
    """path: such as /dev/i2c-1. addresses: the board file's `i2c`. Opened when it is first used, and again after a
    fault.

    Raises SensorFault in everything that it does.
    """

    def __init__(self, path: str, addresses: dict):
        self._path = path
        self._names = {address: name.replace("_", " ") for name, address in addresses.items()}
        self._bus = None

    def write(self, address: int, data: bytes) -> None:
        """All of `data` in one go."""
        smbus2 = _smbus2()
        self._transfer(address, smbus2.i2c_msg.write(address, data))

    def write_read(self, address: int, data: bytes, buffer) -> None:
        """`data`, then fill the buffer without letting go of the bus."""
        smbus2 = _smbus2()
        answer = smbus2.i2c_msg.read(address, len(buffer))
        self._transfer(address, smbus2.i2c_msg.write(address, data), answer)
        buffer[:] = bytes(answer)

    def read(self, address: int, buffer) -> None:
        """Fill the buffer."""
        answer = _smbus2().i2c_msg.read(address, len(buffer))
        self._transfer(address, answer)
        buffer[:] = bytes(answer)

    def _transfer(self, address, *messages):
        try:
            if self._bus is None:
                self._bus = _smbus2().SMBus(self._path)
            self._bus.i2c_rdwr(*messages)
        except OSError as error:
            self._close()
            raise SensorFault(
                "the %s at 0x%02x does not answer on %s (%s); check its plug and supply, then reset"
                % (self._names.get(address, "part"), address, self._path, error.strerror or error)
            )

    def _close(self):
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()


def _smbus2():
    try:
        import smbus2
    except ImportError:
        raise SensorFault("the package smbus2 is missing; run hw/coral/install.sh again")
    return smbus2
