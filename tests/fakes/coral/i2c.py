"""`smbus2.SMBus` on a simulated machine; messages are the real package's.

Ref: Documentation/i2c/fault-codes.rst: a part that does not answer is ENXIO, a bus that does not come free ETIMEDOUT.
"""

from __future__ import annotations

import errno
import os
from typing import Any

from tests.fakes.coral.machine import CALL_US, Machine

I2C_M_RD = 0x1
BITS_A_BYTE = 9  # with its acknowledgement
BUSY_LIMIT_US = 100_000


def smbus(machine: Machine):
    class SMBus:
        def __init__(self, bus):
            if bus != machine.board["devices"]["i2c"] or bus in machine.missing:
                raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
            self._open = True

        def i2c_rdwr(self, *messages):
            assert self._open, "the bus was closed"
            machine.run(CALL_US)
            byte_us = BITS_A_BYTE * 1_000_000 // machine.board["clocks"]["i2c_hz"]
            if machine.held_low:
                machine.run(BUSY_LIMIT_US)
                raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
            for message in messages:
                part: Any = machine.i2c_parts.get(message.addr)
                machine.run(byte_us)
                if part is None or part.absent:
                    raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
                if message.flags & I2C_M_RD:
                    data = part.read(message.len, machine)
                    for at, value in enumerate(data):
                        message.buf[at] = bytes((value,))
                else:
                    part.write(bytes(message), machine)
                machine.run(byte_us * message.len)

        def close(self):
            self._open = False

    return SMBus
