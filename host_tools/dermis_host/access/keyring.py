"""The keyring of a fleet: a folder that only its owner may read.

    keyring.json     fleet's name and the masters, 32 bytes each as hex, by use
    update-1.pem     public keys that updates are signed with (ECDSA P-256), up to four

No module is given a master: each gets keys derived from it and its own serial number, so that a module opened with a
microscope gives away itself and no other. A keyring may hold some uses only: an installer's needs `installer` alone.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dermis.core import access

from dermis_host.errors import UsageError

FRAMES = "frames"  # seals recordings on hosts; no module is given one
USES = (*access.ROLES, access.VERDICT, access.STATION, access.OSDP, FRAMES)

FORMAT = 1
FILE = "keyring.json"
UPDATE_KEYS = "update-*.pem"
OWNERS_FOLDER, OWNERS_FILE = 0o700, 0o600
LARGEST_FILE = 1 << 16  # bytes; a keyring has about one thousand


@dataclass(frozen=True)
class Keyring:
    """path: its folder. fleet: name of the modules it belongs to. update_keys: x and y of each public key, 64 bytes,
    in the order of their files. The masters are not shown when it is printed."""

    path: Path
    fleet: str
    update_keys: tuple[bytes, ...]
    _masters: dict[str, bytes] = field(repr=False)

    @classmethod
    def load(cls, path: str | Path) -> Keyring:
        """The keyring in that folder. Raises UsageError with one sentence when there is none, when it is damaged, or
        when others than its owner may read it."""
        path = Path(path)
        file = path / FILE
        if not path.is_dir() or not file.exists():
            raise UsageError(f"There is no keyring in {path}: make one with `dermis provision --new-keyring`.")
        _only_owners(path)
        _only_owners(file)
        content = _content(file)
        masters = {}
        for use, text in content["masters"].items():
            if use not in USES:
                raise UsageError(f"{file} has a key for {use!r}, which these tools do not know: update the tools.")
            masters[use] = _master(file, use, text)
        if len(set(masters.values())) < len(masters):
            raise UsageError(f"{file} has one key for two uses: make a new keyring.")
        return cls(path, content["fleet"], update_keys_in(sorted(path.glob(UPDATE_KEYS))), masters)

    @classmethod
    def create(cls, path: str | Path, *, fleet: str = "", update_keys: Sequence[Path] = ()) -> Keyring:
        """A new keyring with fresh masters for every use, and the public halves of the PEM files in `update_keys`.

        Raises UsageError when there is one already, or when a PEM file holds no P-256 key.
        """
        if len(fleet.encode()) > access.LONGEST_FLEET or not fleet.isprintable():
            raise UsageError(f"A fleet's name has at most {access.LONGEST_FLEET} bytes, all printable: shorten it.")
        publics = [public_key(pem) for pem in update_keys]
        _check_number([raw(key) for key in publics])
        masters = {use: secrets.token_bytes(access.KEY_BYTES) for use in USES}
        return _written(Path(path), fleet, masters, publics)

    def part(self, path: str | Path, uses: Sequence[str]) -> Keyring:
        """A new keyring in `path` with the masters of some uses only, for whoever needs no more.

        Raises UsageError for a use that this one has not, or when there is something in `path`.
        """
        for use in uses:
            if not self.has(use):
                held = ", ".join(self._masters)
                raise UsageError(f"The keyring {self.path} has no key for {use!r}; it has: {held}.")
        publics = [public_key(pem) for pem in sorted(self.path.glob(UPDATE_KEYS))]
        return _written(Path(path), self.fleet, {use: self._masters[use] for use in uses}, publics)

    def has(self, use: str) -> bool:
        """Whether it holds the master of that use."""
        return use in self._masters

    def key(self, use: str, serial: str) -> bytes:
        """The key of a use for one module: HMAC-SHA256(master, "dermis/USE/SERIAL"). Raises UsageError without one."""
        if use not in self._masters:
            raise UsageError(f"The keyring {self.path} has no key for {use}: use one that has, or ask who keeps it.")
        return access.derived_key(self._masters[use], use, serial)

    def role_key(self, serial: str, role: str) -> bytes:
        """What proves a session of that role ("installer", "bench", "service"). Raises UsageError without one."""
        if role not in access.ROLES:
            raise ValueError(f"no role {role!r}")
        return self.key(role, serial)

    def verdict_key(self, serial: str) -> bytes:
        """What binds a module's verdicts and its audit's head. Raises UsageError without one."""
        return self.key(access.VERDICT, serial)

    def station_key(self, serial: str) -> bytes:
        """What signs calibration records of that module. Raises UsageError without one."""
        return self.key(access.STATION, serial)

    def osdp_key(self, serial: str) -> bytes:
        """A placeholder for OSDP's secure channel. Raises UsageError without one."""
        return self.key(access.OSDP, serial)

    def frames_key(self, serial: str) -> bytes:
        """What seals recordings of that module on a host. Raises UsageError without one."""
        return self.key(FRAMES, serial)


def _written(
    path: Path, fleet: str, masters: dict[str, bytes], publics: Sequence[ec.EllipticCurvePublicKey]
) -> Keyring:
    """A keyring put into a folder that is new or empty. Raises UsageError."""
    try:
        path.mkdir(mode=OWNERS_FOLDER, parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise UsageError(f"The folder {path} is not empty: name a new one for a new keyring.")
        path.chmod(OWNERS_FOLDER)
        for number, key in enumerate(publics, 1):
            _write(path / UPDATE_KEYS.replace("*", str(number)), _pem(key))
        hexes = {use: master.hex() for use, master in masters.items()}
        _write(path / FILE, json.dumps({"format": FORMAT, "fleet": fleet, "masters": hexes}, indent=2).encode() + b"\n")
    except OSError as problem:
        raise UsageError(f"No keyring can be made in {path}: {problem.strerror or problem}.") from None
    return Keyring(path, fleet, tuple(raw(key) for key in publics), masters)


def public_key(path: Path) -> ec.EllipticCurvePublicKey:
    """The P-256 public key in a PEM file, or the public half of a private key without a password. Raises UsageError."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise UsageError(f"The key file {path} cannot be read: {problem.strerror or problem}.") from None
    try:
        if b"PRIVATE KEY" in data:
            key = serialization.load_pem_private_key(data, None).public_key()
        else:
            key = serialization.load_pem_public_key(data)
    except TypeError:
        raise UsageError(f"{path} is a private key with a password: name the file of its public half.") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(f"{path} is no PEM file of a key: name one that `dermis build --new-key` made.") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UsageError(f"The key in {path} is not of the curve P-256: name one that `dermis build --new-key` made.")
    return key


def raw(key: ec.EllipticCurvePublicKey) -> bytes:
    """x and y as a module keeps them, 64 bytes."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)[1:]


def update_keys_in(paths: Iterable[Path]) -> tuple[bytes, ...]:
    """The public keys of those PEM files, 64 bytes each. Raises UsageError."""
    keys = [raw(public_key(path)) for path in paths]
    _check_number(keys)
    return tuple(keys)


def _check_number(keys: Sequence[bytes]) -> None:
    if len(keys) > access.MOST_UPDATE_KEYS:
        raise UsageError(
            f"A module takes at most {access.MOST_UPDATE_KEYS} update keys and {len(keys)} were given: name fewer."
        )
    if len(set(keys)) < len(keys):
        raise UsageError("One update key was given twice: name each once.")


def _pem(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _content(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise ValueError
        content = json.loads(file.read_text())
    except OSError as problem:
        raise UsageError(f"{file} cannot be read: {problem.strerror or problem}.") from None
    except (ValueError, RecursionError):  # said without what it holds
        raise UsageError(f"{file} is damaged: bring it back from your copy.") from None
    sound = (
        isinstance(content, dict) and isinstance(content.get("masters"), dict) and isinstance(content.get("fleet"), str)
    )
    if not sound:
        raise UsageError(f"{file} is no keyring, or damaged: bring it back from your copy.")
    if content.get("format") != FORMAT:
        raise UsageError(f"{file} has another format than {FORMAT}: update these tools.")
    return content


def _master(file: Path, use: str, text: object) -> bytes:
    # Not bytes.fromhex alone: its complaint would quote a part of the key.
    if not isinstance(text, str) or not re.fullmatch(f"[0-9a-f]{{{2 * access.KEY_BYTES}}}", text):
        raise UsageError(
            f"The key for {use} in {file} is no {2 * access.KEY_BYTES} hex digits: bring it back from your copy."
        )
    return bytes.fromhex(text)


def _only_owners(path: Path) -> None:
    if os.name != "posix":
        return  # other systems have no such modes; docs/provision.md says so
    try:
        mode = path.stat().st_mode
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror or problem}.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        wanted = OWNERS_FOLDER if path.is_dir() else OWNERS_FILE
        raise UsageError(
            f"Others than you may read {path}, which holds keys: `chmod {wanted:o} {path}`, and think of who has."
        )


def _write(path: Path, data: bytes) -> None:
    """A file that was never readable by others, not even for a moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNERS_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
