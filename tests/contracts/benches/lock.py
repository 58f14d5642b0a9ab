"""What a bench of the lock's side can do."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

# What `break_` takes. expander: it does not answer. relay: its output is shorted to where it stands.
BREAKS = ("expander", "relay")


class Unbreakable(Exception):
    """This board has no such part, or the bench cannot reach it."""


class LockBench:
    """driver: the `drivers.lock.Lock` that is tested. has_wiegand: whether the board can keep its timing."""

    driver: Any
    has_wiegand = True

    def run(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """The result of a coroutine, in the board's time."""
        raise NotImplementedError

    def relay_closed(self) -> bool:
        raise NotImplementedError

    def led(self) -> str:
        raise NotImplementedError

    def buzzer(self) -> bool:
        raise NotImplementedError

    def heard(self) -> str:
        """The bits of the last frame that a reader of the two lines heard, by edges where the bench sees them."""
        raise NotImplementedError

    def lines_high(self) -> bool:
        raise NotImplementedError

    def stall(self, duration_us: int) -> None:
        """The program stands still for so long between the starts of the two lines, once."""
        raise NotImplementedError

    def set_input(self, name: str, active: bool) -> None:
        """trigger, tamper or power_good."""
        raise NotImplementedError

    def break_(self, what: str) -> None:
        """From now on this is broken. Raises Unbreakable."""
        raise NotImplementedError

    def restart(self) -> None:
        """The chip is reset: what its pins are before any driver."""
        raise NotImplementedError
