"""The files of a PWM in sysfs, with what the kernel refuses.

Ref: Documentation/driver-api/pwm.rst; drivers/pwm/sysfs.c and core.c: a duty above the period, or a PWM without a
period that is enabled, is EINVAL.
"""

from __future__ import annotations

import errno
import os

from tests.fakes.coral.machine import PWM_PIN, Machine

FULL_U16 = 65_535


class Pwm:
    """broken: every write fails."""

    def __init__(self, machine: Machine):
        self._machine = machine
        self._values = {"period": 0, "duty_cycle": 0, "enable": 0}
        self.broken = False

    def open(self, path: str, mode: str = "r"):
        folder, _, name = path.rpartition("/")
        missing = folder != self._machine.board["devices"]["current_pwm"] or folder in self._machine.missing
        if missing or name not in self._values:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        assert mode == "w"
        return _File(self, name)

    def put(self, name: str, text: str) -> None:
        values = {**self._values, name: int(text)}
        if self.broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if values["duty_cycle"] > values["period"] or values["enable"] not in (0, 1):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if values["enable"] and not values["period"]:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._values = values
        part = values["duty_cycle"] / values["period"] if values["enable"] else 0
        self._machine.duties[PWM_PIN] = round(part * FULL_U16)
        self._machine.changed()


class _File:
    def __init__(self, pwm: Pwm, name: str):
        self._pwm, self._name, self._text = pwm, name, ""

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        if self._text:
            self._pwm.put(self._name, self._text)

    def write(self, text: str) -> None:
        self._text += text
