"""HMAC-SHA256 (RFC 2104), because MicroPython has the hash and not the MAC."""

import hashlib

BLOCK_BYTES = 64  # of SHA-256
MAC_BYTES = 32
_INNER, _OUTER = 0x36, 0x5C


def hmac_sha256(key, message) -> bytes:
    """The 32 bytes of HMAC-SHA256. key, message: anything with a buffer, of any length."""
    key = bytes(key)
    if len(key) > BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    key = key + bytes(BLOCK_BYTES - len(key))
    inner = hashlib.sha256(bytes([byte ^ _INNER for byte in key]))
    inner.update(message)
    outer = hashlib.sha256(bytes([byte ^ _OUTER for byte in key]))
    outer.update(inner.digest())
    return outer.digest()


def equal(a, b) -> bool:
    """Whether two byte strings are the same, in a time that does not tell where they differ."""
    if len(a) != len(b):
        return False
    difference = 0
    for i in range(len(a)):
        difference |= a[i] ^ b[i]
    return difference == 0
