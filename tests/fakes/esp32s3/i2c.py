"""`machine.I2C`, and a bus that somebody holds low.

Ref: MicroPython 1.29, docs/library/machine.I2C.rst and ports/esp32/machine_i2c.c: two controllers, a part that does not
answer is OSError ENODEV, a bus that is not free OSError ETIMEDOUT (116 there) after the timeout has passed.
"""

from __future__ import annotations

from typing import Any

from tests.fakes.esp32s3.chip import CALL_US, Chip
from tests.fakes.esp32s3.pins import check_pin

CONTROLLERS, FASTEST_HZ = 2, 1_000_000
ENODEV, ETIMEDOUT = 19, 116
SET_UP_US = 60  # the driver's own work around a transfer, estimated


class Hold:
    """Somebody holds the bus: `line` "sda" or "scl". A part that lost its place in a byte lets SDA go after that many
    clocks; None: never."""

    def __init__(self, chip: Chip, sda: int, scl: int):
        self._chip, self._sda, self._scl = chip, sda, scl
        self._left: int | None = 0
        self._started = True  # whether a start would be seen
        chip.watch(scl, self._clocked)

    def begin(self, line: str = "sda", clocks: int | None = None) -> None:
        self._left = clocks
        self._chip.force(self._sda if line == "sda" else self._scl, 0)

    def end(self) -> None:
        self._chip.force(self._sda, None)
        self._chip.force(self._scl, None)

    def _clocked(self, level: int) -> None:
        if level and self._left and self._chip.pin(self._sda).outside == 0:
            self._left -= 1
            if not self._left:
                self._chip.force(self._sda, None)


def members(chip: Chip) -> dict[str, dict[str, Any]]:
    class I2C:
        def __init__(self, id, *, scl=None, sda=None, freq=400_000, timeout=50_000):
            if id not in range(CONTROLLERS):
                raise ValueError(f"I2C({id}) doesn't exist")
            if scl is None or sda is None:
                raise AssertionError("this board's I2C lies on no default pins")
            if not 1 <= freq <= FASTEST_HZ:
                raise ValueError("freq out of range")
            self._pins = check_pin(chip, scl), check_pin(chip, sda)
            self._freq, self._timeout = freq, timeout
            self._take()

        def _take(self):
            for number in self._pins:
                pin = chip.pin(number)
                pin.mode, pin.pull, pin.latch, pin.driver = "open_drain", 1, 1, "i2c"
                chip.settle(pin)

        def _transfer(self, address, count):
            """The part, if the bus is free and it is there."""
            chip.run(SET_UP_US)
            for number in self._pins:
                pin = chip.pin(number)
                if pin.driver != "i2c" or not pin.level():
                    chip.run(self._timeout)
                    chip.i2c_timeouts += 1
                    raise OSError(ETIMEDOUT, "ETIMEDOUT")
            part = chip.i2c_parts.get(address)
            self._clock(1)
            if part is None or getattr(part, "absent", False):
                raise OSError(ENODEV, "ENODEV")
            if getattr(part, "stretches", False):  # holds SCL until the controller gives up
                chip.run(self._timeout)
                chip.i2c_timeouts += 1
                raise OSError(ETIMEDOUT, "ETIMEDOUT")
            return part

        def _clock(self, count):
            chip.run(-(-9 * count * 1_000_000 // self._freq))

        def writeto(self, addr, buf, stop=True):
            part: Any = self._transfer(addr, len(buf))
            part.write(bytes(buf), chip)
            self._clock(len(buf))
            return len(buf)

        def writevto(self, addr, vector, stop=True):
            return self.writeto(addr, b"".join(bytes(piece) for piece in vector), stop)

        def readfrom_into(self, addr, buf, stop=True):
            part: Any = self._transfer(addr, len(buf))
            buf[:] = part.read(len(buf), chip)
            self._clock(len(buf))

        def readfrom(self, addr, nbytes, stop=True):
            data = bytearray(nbytes)
            self.readfrom_into(addr, data, stop)
            return bytes(data)

        def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
            self.writeto(addr, bytes((memaddr,)) + bytes(buf))

        def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
            self.writeto(addr, bytes((memaddr,)), False)
            self.readfrom_into(addr, buf)

        def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
            data = bytearray(nbytes)
            self.readfrom_mem_into(addr, memaddr, data)
            return bytes(data)

        def scan(self):
            return [addr for addr, part in chip.i2c_parts.items() if not getattr(part, "absent", False)]

        def deinit(self):
            chip.run(CALL_US)
            for number in self._pins:
                pin = chip.pin(number)
                pin.driver, pin.mode, pin.pull = "", "in", None
                chip.settle(pin)

    return {"machine": {"I2C": I2C}}
