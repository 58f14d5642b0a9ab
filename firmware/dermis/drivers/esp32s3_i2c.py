"""The ESP32-S3's I2C bus: it never waits for a bus that somebody holds low, and frees it where it can.

Ref: MicroPython 1.29, docs/library/machine.I2C.rst and ports/esp32/machine_i2c.c (a part that does not answer is
OSError ENODEV; making the controller again takes its pins again); NXP UM10204 3.1.16 (bus clear: nine clocks, a stop).
Assumed, and not met on hardware: `Pin(n)` without a mode leaves a pin to the controller and reads its level.
"""

from __future__ import annotations

from machine import I2C, Pin

from dermis.core.errors import SensorFault

CONTROLLER = 0  # the camera module takes the other one
# The parts stretch no clock and the longest transfer is 4 bytes, 0.1 ms: what takes this long hangs.
TIMEOUT_US = 5000
ENODEV = 19
TRIES = 2  # of a transfer that the bus fell under; every one of ours may be made twice
CLEAR_CLOCKS = 9
HALF_CLOCK_US = 5  # 100 kHz, which every part follows


class S3I2c:
    """`dm1_i2c`'s bus. board: the board file's values. Everything raises SensorFault that names the part."""

    def __init__(self, board, clock):
        self._clock = clock
        self._sda_pin, self._scl_pin = board["pins"]["i2c_sda"], board["pins"]["i2c_scl"]
        self._sda, self._scl = Pin(self._sda_pin), Pin(self._scl_pin)
        self._hz = board["clocks"]["i2c_hz"]
        self._names = {address: name for name, address in board["i2c"].items()}
        self._i2c = None

    def write(self, address: int, data: bytes) -> None:
        """All of `data` in one go."""
        self._transfer(address, data, None)

    def write_read(self, address: int, data: bytes, buffer) -> None:
        """`data` (a register's number), then fill the buffer without letting go of the bus."""
        self._transfer(address, data, buffer)

    def read(self, address: int, buffer) -> None:
        """Fill the buffer, as quickly as it can be done: the lines are not looked at beforehand, so that a bus which
        somebody holds is found by the controller, after TIMEOUT_US at the latest."""
        if self._i2c is not None:
            try:
                self._i2c.readfrom_into(address, buffer)
                return
            except OSError:
                self._i2c = None  # the transfer below frees the bus, or says what is wrong
        self._transfer(address, b"", buffer)

    def _transfer(self, address, data, buffer):
        for _ in range(TRIES):
            i2c = self._free()
            try:
                if buffer is None:
                    i2c.writeto(address, data)
                elif data:
                    i2c.readfrom_mem_into(address, data[0], buffer)
                else:
                    i2c.readfrom_into(address, buffer)
                return
            except OSError as error:
                if error.args and error.args[0] == ENODEV:
                    break
                self._i2c = None  # it stopped within the transfer: made again, once the bus is free
        raise SensorFault(
            "the %s at 0x%02x does not answer on I2C; check its plug and supply, then reset"
            % (self._names.get(address, "part").replace("_", " "), address)
        )

    def _free(self) -> I2C:
        """The controller, when both lines are high."""
        if self._i2c is None:
            self._i2c = self._taken()
        if not (self._sda.value() and self._scl.value()):
            self._i2c = None
            self._clear()
            self._i2c = self._taken()
        return self._i2c

    def _taken(self) -> I2C:
        try:
            return I2C(CONTROLLER, scl=self._scl, sda=self._sda, freq=self._hz, timeout=TIMEOUT_US)
        except (OSError, ValueError) as error:
            raise SensorFault("the I2C controller cannot be set up (%s); reset the module" % error)

    def _clear(self):
        """A part that lost its place in a byte holds SDA until it has been clocked to the byte's end. The output
        registers take the pins for it, so that the controller is made again."""
        sda = Pin(self._sda_pin, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
        scl = Pin(self._scl_pin, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
        for _ in range(CLEAR_CLOCKS):
            if sda.value():
                break
            for level in (0, 1):
                scl.value(level)
                self._wait()
        for line, level in ((scl, 0), (sda, 0), (scl, 1), (sda, 1)):  # a stop
            line.value(level)
            self._wait()
        for line, name in ((scl, "SCL"), (sda, "SDA")):
            if not line.value():
                raise SensorFault(
                    "something holds %s of the I2C bus low; unplug lights and SWIR head in turn, then reset" % name
                )

    def _wait(self):
        until = self._clock.ticks_us() + HALF_CLOCK_US
        while self._clock.ticks_us() < until:
            pass
