"""What a bench of the imager can do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dermis.drivers.camera import Camera

# What `break_` takes. absent: nothing answers. silent: no frame comes. short: frames lack their end. frozen: the same
# frame comes again and again (which the driver hands over: `app.frame_identity` finds it).
BREAKS = ("absent", "silent", "short", "frozen")


class CameraBench:
    """driver: what is tested. board: the board file's values. sets_gain: whether the simulated imager follows it."""

    driver: Camera
    board: dict
    sets_gain = False

    def run(self, work: Callable[[], Awaitable]) -> object:
        """Run a coroutine function under the bench's event loop; returns its result."""
        raise NotImplementedError

    def now_us(self) -> int:
        """The module's clock."""
        raise NotImplementedError

    async def sleep_ms(self, duration_ms: int) -> None:
        """In the module's time."""
        raise NotImplementedError

    def longest_turn_us(self) -> int:
        """The longest that another task had to wait for its turn in the last `run`; 0 where the bench cannot tell."""
        raise NotImplementedError

    def shine(self, brightness: int) -> None:
        """Set how bright the scene is, in codes, from now on."""
        raise NotImplementedError

    def running(self) -> bool:
        """Whether the imager exposes frames; True where the bench cannot tell."""
        raise NotImplementedError

    def break_(self, what: str) -> None:
        """From now on this is broken. Raises emitters.Unbreakable."""
        raise NotImplementedError

    def mend(self, what: str) -> None:
        raise NotImplementedError
