"""The lock's side on a Linux board.

There is no Wiegand here. A pulse on D0 or D1 lasts 50 us (20 to 100 us are common limits of readers' hosts); Linux may
stop this program for milliseconds in the middle of one, and no timer of the i.MX 8M that it lends to programs ends a
pulse by hardware. A pulse too long is a bit lost, and one card number another. So Wiegand is refused and its lines stay
high; use OSDP, which needs no such timing.

A relay stays as a program that died left it, until systemd has run `coral_stopped`, a moment later. That the lock opens
from inside meanwhile is not ours to do or to prevent.
"""

from __future__ import annotations

from dermis.core.errors import SensorFault
from dermis.drivers import coral_gpio
from dermis.drivers.dm1_lock import Dm1Lock, check_bits

OPEN, CLOSED = 0, 1
HIGH = 1


class CoralLock(Dm1Lock):
    """relay, d0, d1: `coral_gpio.OutputLine`."""

    def __init__(self, expander, relay, d0, d1):
        super().__init__(expander)
        self._relay = relay
        self._wiegand = (d0, d1)

    def relay(self, closed: bool) -> None:
        level = CLOSED if closed else OPEN
        self._relay.set(level)
        if self._relay.level() != level:
            raise SensorFault("the relay's output does not follow; check the lock's side for a short, then reset")

    async def wiegand(self, bits: str) -> None:
        check_bits(bits)
        raise SensorFault("this board cannot keep Wiegand's timing; connect the lock by OSDP (RS-485)")

    def safe(self) -> None:
        super().safe()
        for line in self._wiegand:
            try:
                line.set(HIGH)
            except SensorFault:
                continue  # as in `Dm1Lock.safe`

    def _open_relay(self) -> None:
        self._relay.set(OPEN)


def lock_of(board: dict, expander) -> CoralLock:
    """Its lines at their idle levels. Raises SensorFault."""
    return CoralLock(
        expander,
        coral_gpio.output(board, "relay", OPEN),
        coral_gpio.output(board, "wiegand_d0", HIGH),
        coral_gpio.output(board, "wiegand_d1", HIGH),
    )
