"""What benches of the machine itself can do: clock, system, console, flash, storage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dermis.drivers.clock import Clock
from dermis.drivers.flash import Flash
from dermis.drivers.link import Link
from dermis.drivers.storage import Storage
from dermis.drivers.system import System


class Unbreakable(Exception):
    """This board has no such part, or the bench cannot reach it."""


class ClockBench:
    """driver: what is tested. epoch: seconds since 1970 that the wall clock shows after a loss of power, 0 for none."""

    driver: Clock

    def run(self, work: Callable[[], Awaitable]) -> object:
        """Run a coroutine function under the bench's event loop; returns its result."""
        raise NotImplementedError

    def pass_s(self, seconds: int) -> None:
        """Let that time pass as it does for a firmware that only feeds its watchdog. Raises Unbreakable."""
        raise NotImplementedError


class SystemBench:
    """driver: what is tested; another one after `restart`."""

    driver: System

    def pass_ms(self, duration_ms: int) -> str:
        """Let that time pass without a word from the firmware; how the start came about that this led to, "" for
        none."""
        raise NotImplementedError

    def restart(self, why: str) -> None:
        """The firmware starts anew by that (`power`, `brown_out`, `reset`, `panic`, `watchdog`, `soft`, `host`). Raises
        Unbreakable."""
        raise NotImplementedError

    def reset(self) -> bool:
        """Have the driver reset, and start anew by it; whether it did."""
        raise NotImplementedError


class LinkBench:
    """driver: what is tested."""

    driver: Link

    def come(self, data: bytes) -> None:
        """The host sends that."""
        raise NotImplementedError

    def read(self, size: int = 256) -> bytes:
        """One `read` of the driver."""
        raise NotImplementedError

    def got(self) -> bytes:
        """What the host received since it was asked last."""
        raise NotImplementedError

    def host(self, *, reads: bool, opened: bool = True) -> None:
        """Whether the host reads, and has the port open. Raises Unbreakable."""
        raise NotImplementedError

    def took_ms(self, work: Callable[[], None]) -> int:
        """How long that held the firmware up."""
        raise NotImplementedError

    def interrupts(self) -> bool:
        """Whether a Ctrl-C would interrupt what runs, rather than be a byte."""
        raise NotImplementedError


class FlashBench:
    """driver: what is tested."""

    driver: Flash

    def content(self, partition: str, offset: int, length: int) -> bytes:
        """What the chip holds there."""
        raise NotImplementedError

    def put(self, partition: str, offset: int, data: bytes) -> None:
        """Have it hold that."""
        raise NotImplementedError

    def break_(self, what: str) -> None:
        """broken: every access fails. missing: the chip has no partition slot0. moved: it lies elsewhere. Raises
        Unbreakable."""
        raise NotImplementedError


class StorageBench:
    """driver: what is tested; another one after `restart`."""

    driver: Storage

    def restart(self) -> None:
        """The firmware starts anew on the same partition."""
        raise NotImplementedError

    def break_(self, what: str) -> None:
        """broken: every access to the chip fails from the next start on. missing: no such partition. damaged: a file
        system that cannot be read. Raises Unbreakable."""
        raise NotImplementedError
