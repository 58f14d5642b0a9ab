"""Random bytes for challenges: a DRBG, so that a weak source of the platform does not stand alone.

It is seeded when the first byte is asked for, from the platform, the clock's ticks, the serial number and the stored
seed, which is replaced before anything is given out: no two starts share a seed, even when the platform repeats itself.
"""

from __future__ import annotations

from dermis.core.drbg import SEED_LEAST_BYTES, Drbg
from dermis.drivers.storage import ENOENT

FILE = "seed"
# Twice what a sound source would need: of a poor one, more bytes hold more.
PLATFORM_BYTES = 64
TICKS_BYTES = 8


class Entropy:
    """fault: why there is no stored seed to count on, or "". Then platform and clock stand alone until the restart."""

    def __init__(self, system, storage, clock):
        self.fault = ""
        stored = bytearray(SEED_LEAST_BYTES)
        try:
            storage.read_into(FILE, stored)
        except OSError as error:
            if error.errno != ENOENT:
                self.fault = "the stored seed cannot be read; run the self-test"
        ticks = clock.ticks_us().to_bytes(TICKS_BYTES, "big")
        self._drbg = Drbg(system.random(PLATFORM_BYTES) + bytes(stored) + ticks + system.serial().encode())
        try:
            storage.write(FILE, self._drbg.generate(SEED_LEAST_BYTES))
        except OSError:
            self.fault = "the stored seed cannot be replaced; run the self-test"

    def generate(self, count: int) -> bytes:
        """`count` random bytes."""
        return self._drbg.generate(count)
