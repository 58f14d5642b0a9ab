"""Calibration records as files: read, checked and their MAC's state said; the keys that a station signs with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dermis.core import calibration as record_format
from dermis.core import cbor
from dermis.core.errors import BadInput, DermisError

from dermis_host.calibration.keys import DEVELOPMENT_KEY, StationKeys
from dermis_host.errors import UsageError, sentence

DEVELOPMENT = record_format.key_id(DEVELOPMENT_KEY)
SUFFIX = ".cal"


@dataclass(frozen=True)
class RecordFile:
    """A sound record. fields: the whole map of docs/formats/calibration.md, defaults filled in. mac: one of the states
    below in words. trusted: the MAC was made under a key that these tools were given."""

    data: bytes = field(repr=False)
    fields: dict[str, Any] = field(repr=False)
    mac: str
    trusted: bool

    @property
    def hash(self) -> str:
        """Its name."""
        return record_format.name_of(self.data)


Keys = Mapping[bytes, bytes] | StationKeys  # by their ids, or those of whichever module the record is of


def parse(data: bytes, keys: Keys, what: str) -> RecordFile:
    """The record in those bytes; `what` names them. Raises UsageError with one sentence when it is no sound one."""
    try:
        record_format.decode(data)
    except DermisError as problem:
        raise UsageError(f"{what}: {sentence(problem)}") from None
    body = cbor.loads(data[record_format.HEADER_BYTES :])
    assert isinstance(body, dict)
    for name, default in record_format.DEFAULTS.items():
        if body.get(name) is None:
            body[name] = default
    trusted, mac = _mac(data, keys.known(str(body["serial"])) if isinstance(keys, StationKeys) else keys)
    return RecordFile(data, body, mac, trusted)


def read(path: Path, keys: Keys) -> RecordFile:
    """The record in a file. Raises UsageError with one sentence when there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror or problem}.") from None
    return parse(data, keys, str(path))


def key_of(path: Path | None) -> bytes:
    """The station's key from a file of 64 hex digits; the development key without one. Raises UsageError."""
    if path is None:
        return DEVELOPMENT_KEY
    try:
        key = bytes.fromhex(path.read_text().strip())
    except OSError as problem:
        raise UsageError(f"The key file {path} cannot be read: {problem.strerror or problem}.") from None
    except (ValueError, UnicodeDecodeError):
        raise UsageError(f"The key file {path} holds no hex digits: write the 32 bytes of the key as 64.") from None
    if len(key) != record_format.KEY_BYTES:
        raise UsageError(f"The key in {path} has {len(key)} bytes and must have {record_format.KEY_BYTES}.")
    return key


def keys_of(*keys: bytes) -> dict[bytes, bytes]:
    """Key id -> key, of those and the development key."""
    return {record_format.key_id(key): key for key in (DEVELOPMENT_KEY, *keys)}


def _mac(data: bytes, keys: Mapping[bytes, bytes]) -> tuple[bool, str]:
    signer = data[len(record_format.MAGIC) :][: record_format.KEY_ID_BYTES]
    if signer not in keys:
        return False, f"made under the key {signer.hex()}, which was not given: add --key, or --keyring for its fleet's"
    try:
        record_format.decode(data, dict(keys))
    except BadInput:
        return False, f"WRONG under the key {signer.hex()}: this record was altered or is not that station's"
    if signer == DEVELOPMENT:
        return True, "valid under the development key, which everybody knows"
    return True, f"valid under the key {signer.hex()}"
