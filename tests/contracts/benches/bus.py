"""What a bench of RS-485 can do."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any


class BusBench:
    """driver: the `drivers.bus.Bus` that is tested. echoes: whether its transceiver can be made to hear itself."""

    driver: Any
    echoes = True

    def run(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """The result of a coroutine, in the board's time."""
        raise NotImplementedError

    def come(self, data: bytes) -> None:
        """A panel sends that now."""
        raise NotImplementedError

    def sent(self) -> bytes:
        """What left since this was asked last."""
        raise NotImplementedError

    def baud(self) -> int:
        """At which it listens; 0: not."""
        raise NotImplementedError

    def echo(self) -> None:
        """From now on the transceiver hears what it sends."""
        raise NotImplementedError
