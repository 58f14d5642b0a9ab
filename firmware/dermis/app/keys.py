"""The module's keys: given once, in the bench state, and kept in one file that is whole or is not there.

The file `keys` is a CBOR map with the serial number of the module that it was made for, and its SHA-256. Until it is
there the module has keys that everybody can compute; when it is there and cannot be used, the module has none.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dermis.core import access, calibration, cbor
from dermis.core.errors import BadInput, DermisError
from dermis.core.hmac import equal
from dermis.drivers.storage import EIO, ENOENT

if TYPE_CHECKING:
    from typing import Any

FILE = "keys"
FORMAT = 1
DIGEST_BYTES = 32
LARGEST_FILE = 1024  # four station keys and four update keys make some 700 bytes
SYMMETRIC = access.ROLES + (access.VERDICT,)
UPDATE, FLEET, SERIAL = "update", "fleet", "serial"

DAMAGED = "the module's keys are damaged; erase the data partition with the flasher, then provision it again"
UNREADABLE = "the module's keys cannot be read; erase the data partition with the flasher, then provision it again"
FOREIGN = "the module's keys were made for another module; erase the data partition with the flasher, then provision it"


class Keys:
    """storage: `drivers.storage.Storage`. serial: the module's.

    provisioned: it has keys of its own, and they are sound. fault: why there are none at all, or "".
    Without both, the development keys are in force.
    """

    def __init__(self, storage: Any, serial: str):
        self._storage = storage
        self._serial = serial
        self._held: Any = None
        self.fault = ""
        self._load()

    @property
    def provisioned(self) -> bool:
        return self._held is not None

    def refuse(self, fault: str) -> None:
        """From now on there are no keys, for this reason: the module was in the field, where nobody gave it others."""
        self._held, self.fault = None, fault

    def role(self, role: str) -> bytes:
        """The key that proves a session of that role, 32 bytes. Raises DermisError when there is none."""
        return self._symmetric(role)

    def verdict(self) -> bytes:
        """The key of bound verdicts and of the audit's head, 32 bytes. Raises DermisError when there is none."""
        return self._symmetric(access.VERDICT)

    def station(self) -> dict:
        """{key id: key} of the stations whose calibration records the module takes; empty when there are none."""
        keys = [] if self.fault else [access.DEVELOPMENT_KEY]
        if self._held is not None:
            keys = self._held[access.STATION]
        return {calibration.key_id(key): key for key in keys}

    def update(self) -> list:
        """Public keys (x and y, 64 bytes each) of which images must be signed. Empty before provisioning (there is no
        key that everybody has) and with a fault."""
        return list(self._held[UPDATE]) if self._held is not None else []

    def osdp(self) -> bytes:
        """What was given for OSDP's secure channel, or b""; `app.lock.key` says which key is in force."""
        return self._held[access.OSDP] if self._held is not None else b""

    def fleet(self) -> str:
        return self._held[FLEET] if self._held is not None else ""

    def provision(self, fields: dict) -> None:
        """Store the keys (fields of the message `provision`) and adopt them.

        Raises BadInput (fields, or there are keys already), OSError (storage; there are no keys then, as before).
        """
        if self._held is not None or self.fault:
            raise BadInput("the module was provisioned before, and that is done once; erase its data to begin anew")
        _check(fields, self._serial)
        content = {name: fields[name] for name in SYMMETRIC + (access.STATION, UPDATE, access.OSDP, FLEET)}
        content["format"], content[SERIAL] = FORMAT, self._serial
        body = cbor.dumps(content)
        self._storage.write(FILE, body + hashlib.sha256(body).digest())
        self._load()
        if self._held is None:
            raise OSError(EIO, self.fault or FILE)

    def sound_in_storage(self) -> bool:
        """Whether the file can be used as it lies in storage now."""
        return Keys(self._storage, self._serial).provisioned

    def _symmetric(self, use):
        if self._held is not None:
            return self._held[use]
        if self.fault:
            raise DermisError(self.fault)
        return access.derived_key(access.DEVELOPMENT_KEY, use, self._serial)

    def _load(self):
        self._held, self.fault = None, ""
        room = bytearray(LARGEST_FILE + 1)
        try:
            size = self._storage.read_into(FILE, room)
        except OSError as error:
            self.fault = "" if error.errno == ENOENT else UNREADABLE
            return
        try:
            held = _decoded(memoryview(room)[:size])
            if held[SERIAL] != self._serial:
                self.fault = FOREIGN
                return
            _check(held, self._serial)
            self._held = held
        except (BadInput, KeyError, TypeError):
            self.fault = DAMAGED


def _decoded(data):
    if not DIGEST_BYTES < len(data) <= LARGEST_FILE:
        raise BadInput(DAMAGED)
    body = data[:-DIGEST_BYTES]
    if not equal(hashlib.sha256(body).digest(), data[-DIGEST_BYTES:]):
        raise BadInput(DAMAGED)
    held = cbor.loads(body)
    if not isinstance(held, dict) or held.get("format") != FORMAT:
        raise BadInput(DAMAGED)
    return held


def _check(fields, serial):
    """Raises BadInput when these are no keys to trust a module with."""
    station, update = fields[access.STATION], fields[UPDATE]
    if not 1 <= len(station) <= access.MOST_STATION_KEYS:
        raise BadInput("a module takes 1 to %d station keys" % access.MOST_STATION_KEYS)
    if not 1 <= len(update) <= access.MOST_UPDATE_KEYS:
        raise BadInput("a module takes 1 to %d update keys" % access.MOST_UPDATE_KEYS)
    symmetric = [fields[name] for name in SYMMETRIC] + list(station)
    if fields[access.OSDP]:
        symmetric.append(fields[access.OSDP])
    _lengths(symmetric, access.KEY_BYTES, "a key")
    _lengths(update, access.PUBLIC_KEY_BYTES, "an update key")
    if not isinstance(fields[FLEET], str) or len(fields[FLEET].encode()) > access.LONGEST_FLEET:
        raise BadInput("the fleet's name has at most %d bytes; shorten it" % access.LONGEST_FLEET)
    known = [access.DEVELOPMENT_KEY, bytes(access.KEY_BYTES)]
    known += [access.derived_key(access.DEVELOPMENT_KEY, use, serial) for use in SYMMETRIC + (access.STATION,)]
    for at in range(len(symmetric)):
        if symmetric[at] in known:
            raise BadInput("one of these keys is known to everybody; give the module keys of a keyring of your own")
        known.append(symmetric[at])  # one use must not take another's key


def _lengths(keys, length, what):
    for key in keys:
        if not isinstance(key, bytes) or len(key) != length:
            raise BadInput("%s has %d bytes; give each of that length" % (what, length))
