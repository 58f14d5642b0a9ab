"""`machine.Pin` and what belongs to no peripheral of `machine`.

Ref: MicroPython 1.29, docs/library/machine.Pin.rst and ports/esp32/machine_pin.c; the constants are those of the S3's
stubs (micropython-esp32-esp32-generic-s3-stubs).
"""

from __future__ import annotations

from typing import Any

from tests.fakes.esp32s3.chip import CALL_US, Chip, PinTaken

MODES = {1: "in", 3: "out", 7: "open_drain"}


def members(chip: Chip) -> dict[str, dict[str, Any]]:
    class Pin:
        IN, OUT, OPEN_DRAIN = 1, 3, 7
        PULL_DOWN, PULL_UP = 1, 2
        IRQ_RISING, IRQ_FALLING = 1, 2
        DRIVE_0, DRIVE_1, DRIVE_2, DRIVE_3 = 0, 1, 2, 3

        def __init__(self, id, mode: int = -1, pull: Any = -1, *, value=None, drive=None, hold=None):
            self.number = check_pin(chip, id)
            self.init(mode, pull, value=value, drive=drive, hold=hold)

        def init(self, mode: int = -1, pull: Any = -1, *, value=None, drive=None, hold=None):
            chip.run(CALL_US)
            pin = chip.pin(self.number)
            if mode not in (-1, *MODES):
                raise ValueError("invalid pin mode")
            if pull not in (-1, None, self.PULL_DOWN, self.PULL_UP):
                raise ValueError("invalid pull")
            if drive not in (None, 0, 1, 2, 3):
                raise ValueError("invalid drive strength")
            if value is not None:
                pin.latch = 1 if value else 0
            if mode != -1:
                # The IDF's gpio_set_direction connects the output register again, whatever had the pin before.
                pin.mode, pin.driver = MODES[mode], ""
            if pull != -1:
                pin.pull = {None: None, self.PULL_DOWN: 0, self.PULL_UP: 1}[pull]
            chip.settle(pin)

        def value(self, x=None):
            chip.run(CALL_US // 5)
            pin = chip.pin(self.number)
            if x is None:
                return pin.level()
            pin.latch = 1 if x else 0
            return chip.settle(pin)

        __call__ = value

        def on(self):
            self.value(1)

        def off(self):
            self.value(0)

        def irq(self, handler=None, trigger=3, wake=None):
            raise NotImplementedError("no driver of ours uses interrupts of pins")

    return {"machine": {"Pin": Pin, "unique_id": lambda: chip.unique_id}}


def pin_number(pin) -> int:
    """Of a `Pin` or a number."""
    return pin.number if hasattr(pin, "number") else pin


def check_pin(chip: Chip, pin) -> int:
    number = pin_number(pin)
    try:
        chip.pin(number)
    except PinTaken:
        raise ValueError("invalid pin") from None
    return number
