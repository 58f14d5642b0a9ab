"""As much of the ESP32-S3's `machine` as lets its drivers run under a desktop's MicroPython: no levels, no time.

What these say is not checked: the chip of `tests/fakes/esp32s3` does that, under CPython.
"""

from esp32 import RMT


class Pin:
    IN, OUT, OPEN_DRAIN = 1, 3, 7
    PULL_DOWN, PULL_UP = 1, 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        self.id = id
        self.level = 1

    def init(self, mode=-1, pull=-1, *, value=None):
        self.level = value

    def value(self, x=None):
        if x is None:
            return self.level
        self.level = x
        return None


class PWM:
    def __init__(self, dest, *, freq=0, duty_u16=0):
        self.duty = duty_u16

    def duty_u16(self, value=None):
        self.duty = value


class I2C:
    """Parts by address: registers of the expander and of the thermometer, samples of the ADC."""

    expander = bytearray(8)
    expander[1] = 0b11011  # inputs at rest, the diffuser in its place
    gone = 0

    def __init__(self, id, *, scl, sda, freq, timeout):
        self.id = id

    def writeto(self, addr, buf, stop=True):
        if addr == I2C.gone:
            raise OSError(19)
        if addr == 0x20:
            for index in range(1, len(buf)):
                I2C.expander[buf[0] + index - 1] = buf[index]

    def readfrom_mem_into(self, addr, memaddr, buf):
        if addr == I2C.gone:
            raise OSError(19)
        if addr == 0x20:
            I2C.expander[0] = I2C.expander[2]
            buf[:] = I2C.expander[memaddr : memaddr + len(buf)]
        else:
            word = {0: 25 * 128, 0x0F: 0x117}.get(memaddr, 0x0123)
            buf[0], buf[1] = word >> 8, word & 0xFF

    def readfrom_into(self, addr, buf):
        if addr == I2C.gone:
            raise OSError(19)
        word = 1200 if RMT.sending else 900
        buf[0], buf[1] = word >> 8, word & 0xFF


def unique_id():
    return b"\x7c\xdf\xa1\x00\x00\x01"
