"""`gpiod.request_lines` on a simulated machine. Settings and levels are the real package's.

Ref: libgpiod 2, gpiod.request_lines; include/uapi/linux/gpio.h: a line that somebody holds is EBUSY; one that is let go
of stays as it was put.
"""

from __future__ import annotations

import errno
import os

import gpiod

from tests.fakes.coral.machine import CALL_US, LINES_PER_CHIP, Machine


class Request:
    def __init__(self, machine: Machine, path: str, offset: int):
        self._machine, self._path, self._offset = machine, path, offset
        self._held = True

    def set_value(self, line: int, value: gpiod.line.Value) -> None:
        self._check(line)
        if not isinstance(value, gpiod.line.Value):
            raise TypeError("a value of gpiod.line.Value is wanted")
        pin = self._machine.line(self._path, line)
        self._machine.run(CALL_US)
        pin.latch = int(value == gpiod.line.Value.ACTIVE)
        self._machine.settle(pin)

    def get_value(self, line: int) -> gpiod.line.Value:
        self._check(line)
        level = self._machine.line(self._path, line).level()
        return gpiod.line.Value.ACTIVE if level else gpiod.line.Value.INACTIVE

    def release(self) -> None:
        self._check(self._offset)
        self._held = False
        self._machine.taken.discard(self._machine.line(self._path, self._offset).number)

    def _check(self, line: int) -> None:
        if not self._held:
            raise gpiod.RequestReleasedError
        if line != self._offset:
            raise ValueError(f"line {line} was not requested")
        if self._path in self._machine.missing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


def request_lines(machine: Machine):
    def request(path, config, consumer=None):
        if path not in machine.chips or path in machine.missing:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        assert consumer, "`gpioinfo` is to show whose line it is"
        ((offset, settings),) = config.items()
        assert settings.direction == gpiod.line.Direction.OUTPUT and 0 <= offset < LINES_PER_CHIP
        assert settings.drive == gpiod.line.Drive.PUSH_PULL and not settings.active_low
        pin = machine.line(path, offset)
        if pin.number in machine.taken:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        machine.taken.add(pin.number)
        pin.mode, pin.latch = "out", int(settings.output_value == gpiod.line.Value.ACTIVE)
        machine.settle(pin)
        return Request(machine, path, offset)

    return request
