"""HMAC_DRBG on SHA-256: random bytes from a seed that was hard to guess, whatever the raw source is like later.

Ref: NIST SP 800-90A Rev. 1, 10.1.2.
"""

from __future__ import annotations

from dermis.core.errors import BadInput
from dermis.core.hmac import MAC_BYTES, hmac_sha256

SEED_LEAST_BYTES = 32  # security strength 256 bits (SP 800-90A, table 2)
LARGEST_REQUEST = 65536  # bytes a call (SP 800-90A, table 2: 2^19 bits)


class Drbg:
    """entropy: at least 32 bytes that nobody can guess, followed by whatever else shall count: a nonce, the serial
    number, a stored seed (SP 800-90A's entropy input, nonce and personalization string, one after the other).

    There is no reseed counter: its limit is 2^48 calls, which no module lives to see.
    """

    def __init__(self, entropy):
        _check(entropy)
        self._key = bytes(MAC_BYTES)
        self._value = b"\x01" * MAC_BYTES
        self._update(entropy)

    def reseed(self, entropy):
        """Stir in at least 32 bytes more (and additional input after them). Raises BadInput for fewer."""
        _check(entropy)
        self._update(entropy)

    def generate(self, count: int, additional=b"") -> bytes:
        """`count` bytes. Raises BadInput above `LARGEST_REQUEST`."""
        if not 0 <= count <= LARGEST_REQUEST:
            raise BadInput("%d random bytes are out of reach; ask for 0 to %d" % (count, LARGEST_REQUEST))
        if additional:
            self._update(additional)
        out = bytearray()
        while len(out) < count:
            self._value = hmac_sha256(self._key, self._value)
            out.extend(self._value)
        self._update(additional)  # whoever reads the memory later learns nothing of what was given out before
        return bytes(memoryview(out)[:count])

    def _update(self, data):
        data = bytes(data)
        self._key = hmac_sha256(self._key, self._value + b"\x00" + data)
        self._value = hmac_sha256(self._key, self._value)
        if data:
            self._key = hmac_sha256(self._key, self._value + b"\x01" + data)
            self._value = hmac_sha256(self._key, self._value)


def _check(entropy):
    if len(entropy) < SEED_LEAST_BYTES:
        raise BadInput("%d bytes of entropy seed nothing; give at least %d" % (len(entropy), SEED_LEAST_BYTES))
