"""The parts on DM1's I2C bus: expander, thermometer, ADC. Each takes what a controller writes and answers reads.

Ref: TCA9535 (Texas Instruments SCPS201), TMP117 (SNOSD82), MCP3221 (Microchip DS20001732).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.esp32s3.chip import Chip


class Tca9535:
    """Pins 0 to 15. outside: pin -> level, of what the board holds there (inputs, or an output that something shorts);
    pulled: level of a pin that nobody drives."""

    def __init__(self) -> None:
        self.absent = False
        self.outside: dict[int, int] = {}
        self.pulled: dict[int, int] = {}
        self.shorted: dict[int, int] = {}  # an output that does not follow
        self.writes = 0
        self.power_on()

    def power_on(self) -> None:
        """As after a dip of its supply: every pin an input, output registers at ones."""
        self._registers = [0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]
        self._pointer = 0

    def level(self, pin: int) -> int:
        if pin in self.shorted:
            return self.shorted[pin]
        port, bit = pin // 8, pin % 8
        if not self._registers[6 + port] >> bit & 1:
            return self._registers[2 + port] >> bit & 1
        return self.outside.get(pin, self.pulled.get(pin, 0))

    def write(self, data: bytes, chip: Chip) -> None:
        self._pointer = data[0]
        if self._pointer >= len(self._registers):
            raise AssertionError(f"the TCA9535 has no register {self._pointer}")
        for value in data[1:]:
            if self._pointer < 2:
                raise AssertionError("an input register is not written")
            self._registers[self._pointer] = value
            self._pointer ^= 1  # it moves within the pair
            self.writes += 1
        chip.changed()

    def read(self, count: int, chip: Chip) -> bytes:
        out = bytearray()
        for _ in range(count):
            if self._pointer < 2:
                out.append(sum(self.level(8 * self._pointer + bit) << bit for bit in range(8)))
            else:
                out.append(self._registers[self._pointer])
            self._pointer ^= 1
        return bytes(out)


class Tmp117:
    """Converts for the first time 125 ms after power came."""

    ID, FIRST_CONVERSION_US = 0x0117, 125_000

    def __init__(self, celsius: float = 25.0, serial: int = 0x0123_4567_89AB):
        self.absent = False
        self.celsius = celsius
        self.id = self.ID
        self.serial = serial
        self.raw: int | None = None  # answers this whatever the temperature
        self.ready_us = self.FIRST_CONVERSION_US
        self._pointer = 0

    def write(self, data: bytes, chip: Chip) -> None:
        if len(data) != 1:
            raise AssertionError("the thermometer needs no settings")
        self._pointer = data[0]

    def read(self, count: int, chip: Chip) -> bytes:
        if self._pointer == 0:
            raw = round(self.celsius * 128) if chip.now_us >= self.ready_us else -0x8000
            value = (raw if self.raw is None else self.raw) & 0xFFFF
        else:
            words = {0x0F: self.id, 5: self.serial >> 32, 6: self.serial >> 16, 8: self.serial}
            value = words.get(self._pointer, 0) & 0xFFFF
        return (value.to_bytes(2, "big") * count)[:count]


class Mcp3221:
    """Samples as the address has been taken, and sends twelve bits in two bytes. light: () -> counts of 65,536."""

    def __init__(self, light: Callable[[], float]):
        self.absent = False
        self.stuck: int | None = None
        self.raw: int | None = None  # answers these 16 bits
        self.samples: list[tuple[int, int]] = []  # (us, counts of 4,095)
        self._light = light

    def write(self, data: bytes, chip: Chip) -> None:
        raise AssertionError("the MCP3221 takes nothing")

    def read(self, count: int, chip: Chip) -> bytes:
        out = b""
        while len(out) < count:
            code = min(4095, max(0, int(self._light()) >> 4)) if self.stuck is None else self.stuck
            self.samples.append((chip.now_us, code))
            out += (code if self.raw is None else self.raw).to_bytes(2, "big")
        return out[:count]


def parts_of(chip: Chip, board: dict[str, Any], light: Callable[[], float]) -> tuple[Tca9535, Tmp117, Mcp3221]:
    """The board's parts at their addresses, inputs at the levels at which nothing is wrong."""
    expander, thermometer, adc = Tca9535(), Tmp117(), Mcp3221(light)
    for name, (bit, level) in board["expander"].items():
        if bit < 8:
            expander.pulled[bit] = level
        else:
            expander.outside[bit] = level if name in ("interlock", "power_good") else 1 - level
    for name, part in (("expander", expander), ("thermometer", thermometer), ("swir_adc", adc)):
        chip.i2c_parts[board["i2c"][name]] = part
    return expander, thermometer, adc
