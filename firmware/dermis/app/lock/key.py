"""The base key of OSDP's secure channel: the panel's own, once it has set one; else the provisioned one's first half.

The file `osdp` holds the panel's: format, the serial number of the module that it was set for, the key; then SHA-256.
"""

from __future__ import annotations

import hashlib

from dermis.core import cbor
from dermis.core.errors import BadInput
from dermis.core.hmac import equal
from dermis.drivers.storage import EIO, ENOENT

KEY_BYTES = 16  # AES-128
FILE = "osdp"
FORMAT = 1
LARGEST_FILE = 128
DIGEST_BYTES = 32


def base_key(storage, serial: str, keys) -> bytes:
    """16 bytes, or b"" where there is none: a panel's that cannot be read is not replaced by an older one.

    keys: `app.keys.Keys`.
    """
    room = bytearray(LARGEST_FILE)
    try:
        size = storage.read_into(FILE, room)
    except OSError as error:
        if error.errno != ENOENT:
            return b""
        return keys.osdp()[:KEY_BYTES]  # one was derived for this module: its halves are as good as the whole
    return _decoded(bytes(room[:size]), serial)


def keep(storage, serial: str, key: bytes) -> None:
    """Store the panel's key and read it back. Raises OSError: then the one before is kept, or none is."""
    body = cbor.dumps({"format": FORMAT, "serial": serial, "key": key})
    storage.write(FILE, body + hashlib.sha256(body).digest())
    room = bytearray(LARGEST_FILE)
    if _decoded(bytes(room[: storage.read_into(FILE, room)]), serial) != key:
        raise OSError(EIO, FILE)


def forget(storage) -> None:
    """Remove the panel's key: the module was given keys after it. Raises OSError."""
    storage.remove(FILE)


def _decoded(data, serial):
    body = data[:-DIGEST_BYTES]
    if not equal(hashlib.sha256(body).digest(), data[-DIGEST_BYTES:]):
        return b""
    try:
        held = cbor.loads(body)
    except BadInput:
        return b""
    if not isinstance(held, dict) or held.get("format") != FORMAT or held.get("serial") != serial:
        return b""
    key = held.get("key")
    return key if isinstance(key, bytes) and len(key) == KEY_BYTES else b""
