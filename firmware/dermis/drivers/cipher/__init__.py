"""AES-128 in CBC without padding, by what the runtime brings: MicroPython's `cryptolib`, CPython's `cryptography`."""

from __future__ import annotations

import sys

IS_MICROPYTHON = sys.implementation.name == "micropython"


def encrypted(key, iv, data):
    """bytes of `data`, whose length is a multiple of 16. key, iv: 16 bytes each."""
    if IS_MICROPYTHON:
        return _micropython(key, iv).encrypt(data)
    return _cpython(key, iv).encryptor().update(data)


def decrypted(key, iv, data):
    """The inverse of `encrypted`."""
    if IS_MICROPYTHON:
        return _micropython(key, iv).decrypt(data)
    return _cpython(key, iv).decryptor().update(data)


def _micropython(key, iv):
    from cryptolib import aes  # type: ignore[import-not-found]

    return aes(key, 2, iv)  # 2: CBC


def _cpython(key, iv):
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    return Cipher(algorithms.AES(key), modes.CBC(iv))
