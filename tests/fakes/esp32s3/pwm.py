"""`machine.PWM`: of its output only the duty counts here, as `duties[gpio]` of the chip.

Ref: MicroPython 1.29, docs/library/machine.PWM.rst and docs/esp32/tutorial/pwm.rst (1 Hz to 40 MHz, eight channels and
four timers on the S3).
"""

from __future__ import annotations

from typing import Any

from tests.fakes.esp32s3.chip import CALL_US, Chip
from tests.fakes.esp32s3.pins import check_pin

CHANNELS, FASTEST_HZ, FULL_DUTY = 8, 40_000_000, 65535


def members(chip: Chip) -> dict[str, dict[str, Any]]:
    taken: set[int] = set()

    class PWM:
        def __init__(self, dest, *, freq=-1, duty_u16=-1, duty_ns=-1, invert=-1):
            self._number = check_pin(chip, dest)
            if len(taken | {self._number}) > CHANNELS:
                raise OSError("out of PWM channels")
            taken.add(self._number)
            self._freq, self._duty = 5000, 0
            self.init(freq=freq, duty_u16=duty_u16, duty_ns=duty_ns, invert=invert)

        def init(self, *, freq=-1, duty_u16=-1, duty_ns=-1, invert=-1):
            if freq != -1:
                self._check_freq(freq)
            if duty_ns != -1:
                duty_u16 = duty_ns * self._freq * FULL_DUTY // 1_000_000_000
            self._put(self._duty if duty_u16 == -1 else duty_u16)

        def _check_freq(self, freq):
            if not 1 <= freq <= FASTEST_HZ:
                raise ValueError("frequency must be from 1Hz to 40MHz")
            self._freq = freq

        def _put(self, duty_u16):
            chip.run(CALL_US)
            if self._number not in taken:
                raise RuntimeError("PWM is inactive")
            if chip.broken_pwm:
                raise RuntimeError("Unknown error 0x0103")
            if not 0 <= duty_u16 <= FULL_DUTY:
                raise ValueError(f"duty_u16 must be from 0 to {FULL_DUTY}")
            self._duty = duty_u16
            # A pin that switches is modelled as high while there is a duty at all.
            chip.duties[self._number] = duty_u16
            chip.drive(self._number, "pwm", 1 if duty_u16 else 0)
            chip.changed()

        def freq(self, value=None):
            if value is None:
                return self._freq
            self._check_freq(value)
            return self._put(self._duty)

        def duty_u16(self, value=None):
            return self._duty if value is None else self._put(value)

        def deinit(self):
            taken.discard(self._number)
            chip.duties.pop(self._number, None)
            chip.drive(self._number, "", 0)
            chip.changed()

    return {"machine": {"PWM": PWM}}
