"""What the cable does to the bytes that it carries: it loses and spoils them, brings them twice, or keeps them back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Noise:
    """Chances: of a byte, that it is lost, that one of its bits flips, that it comes twice; of what comes in one go,
    which is a packet as a rule, that all of it comes twice."""

    drop: float = 0.0
    flip: float = 0.0
    double: float = 0.0
    repeat: float = 0.0

    def spoil(self, data: bytes, rng: np.random.Generator) -> bytes:
        """What comes through of these bytes."""
        if self.repeat and rng.random() < self.repeat:
            data = data + data
        if not (self.drop or self.flip or self.double):
            return data
        values = np.frombuffer(data, np.uint8)
        bits = np.left_shift(1, rng.integers(8, size=len(values))).astype(np.uint8)
        values = np.where(rng.random(len(values)) < self.flip, values ^ bits, values)
        values = values[rng.random(len(values)) >= self.drop]
        if self.double:
            values = np.repeat(values, 1 + (rng.random(len(values)) < self.double))
        return values.tobytes()


class Wire:
    """One direction of the cable. `wall`: seconds, as `time.monotonic` counts."""

    def __init__(self, rng: np.random.Generator, wall: Callable[[], float] = time.monotonic):
        self._rng = rng
        self._wall = wall
        self.clear()

    def clear(self) -> None:
        """A good cable. What it kept back is lost."""
        self.noise = Noise()
        self._held = bytearray()
        self._bytes_left: int | None = None  # that still pass before it stalls
        self._stall_s = 0.0
        self._until: float | None = None
        self.stalled = False  # whether it has

    def stall(self, seconds: float, after: int) -> None:
        """Keep back what comes for so long, once `after` more bytes have passed."""
        self._stall_s, self._bytes_left = seconds, after
        self.stalled = False

    @property
    def waits(self) -> bool:
        """Whether it is to stall and has not yet."""
        return self._bytes_left is not None

    @property
    def deadline(self) -> float | None:
        """When what is kept back goes on."""
        return self._until

    def carry(self, data: bytes) -> bytes:
        """What comes out at the other end now."""
        data = self.noise.spoil(data, self._rng)
        if self._until is not None:
            self._held += data
            return b""
        if self._bytes_left is None:
            return data
        through = data[: self._bytes_left]
        self._bytes_left -= len(data)
        if self._bytes_left > 0:
            return through
        self._bytes_left = None
        self.stalled = True
        self._until = self._wall() + self._stall_s
        self._held += data[len(through) :]
        return through

    def released(self) -> bytes:
        """What was kept back, once the time is over."""
        if self._until is None or self._wall() < self._until:
            return b""
        self._until = None
        data = bytes(self._held)
        self._held.clear()
        return data
