"""The lock's side but for RS-485: what a turnstile or a door is told by wire, and what it tells.

Nothing here can keep a lock shut: the relay asks for a passage, and egress is never wired through the module. After a
reset, a crash and without power the relay is open, both Wiegand lines are high and everything else is off.
"""

from __future__ import annotations

from collections import namedtuple

# trigger: somebody asks for a verdict. tampered: the housing is open. power_good: the supply is within its limits.
Inputs = namedtuple("Inputs", ("trigger", "tampered", "power_good"))

OFF, RED, GREEN, AMBER = "off", "red", "green", "amber"
COLOURS = (OFF, RED, GREEN, AMBER)
LONGEST_WIEGAND = 64  # bits


class Lock:
    def relay(self, closed: bool) -> None:
        """Close or open the relay's contact. Raises SensorFault where the output does not follow."""
        raise NotImplementedError

    async def wiegand(self, bits: str) -> None:
        """Send "0" and "1", first bit first, at most 64: a low pulse of 50 us on D0 or D1 for each, 2 ms apart, by
        hardware; returns when the last has been sent. Raises ValueError, SensorFault."""
        raise NotImplementedError

    def led(self, colour: str) -> None:
        """The status LED: one of `COLOURS`. Raises SensorFault."""
        raise NotImplementedError

    def buzzer(self, on: bool) -> None:
        """Raises SensorFault."""
        raise NotImplementedError

    def inputs(self) -> Inputs:
        """The inputs as they are now. Raises SensorFault where they cannot be read."""
        raise NotImplementedError

    def safe(self) -> None:
        """Relay open, Wiegand high, LED and buzzer off. Never raises: it is called when all else has failed."""
        raise NotImplementedError
