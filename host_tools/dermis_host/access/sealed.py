"""Files of frames at rest: AES-256-GCM under a key of the keyring or of a passphrase (docs/formats/sealed.md).

    magic 8 | version 1 | kind 1 | salt 16 | nonce 12 | length of the serial 1 | serial | ciphertext | tag 16

Everything before the ciphertext is authenticated with it. Each file has a key of its own, made from its salt, so that
no pair of key and nonce is used twice however many files there are.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from dermis_host.access.keyring import Keyring
from dermis_host.errors import UsageError

MAGIC = b"DERMSEAL"
VERSION = 1
BY_KEYRING, BY_PASSPHRASE = 1, 2
SALT_BYTES, NONCE_BYTES, TAG_BYTES, KEY_BYTES = 16, 12, 16, 32
LONGEST_SERIAL = 255  # its length is one byte

FILE_KEY = b"dermis-sealed-1\0"
# Fixed by the version rather than written in the file, so that no file can ask for all memory of this computer.
# OWASP's cheat sheet on password storage names this cost (128 MiB, about half a second) for scrypt.
SCRYPT_N, SCRYPT_R, SCRYPT_P = 1 << 17, 8, 1
SHORTEST_PASSPHRASE = 12  # characters; whoever has the file can try as fast as their computers go


class SealedError(UsageError):
    """A sealed file cannot be opened: no key for it, the wrong one, or it was altered."""


@dataclass(frozen=True)
class Secrets:
    """What seals and opens files on this computer: a keyring, a passphrase, or both. Neither is shown when printed."""

    keyring: Keyring | None = None
    passphrase: str = field(default="", repr=False)

    def check(self, serial: str) -> None:
        """That something of that module can be sealed. Raises UsageError when there is nothing to seal with."""
        if self.passphrase:
            if len(self.passphrase) < SHORTEST_PASSPHRASE:
                raise UsageError(f"The passphrase is too short: give it at least {SHORTEST_PASSPHRASE} characters.")
        elif self.keyring is None:
            raise UsageError(
                "Frames of this module are kept sealed: name its fleet's keyring with --keyring, or add --passphrase."
            )
        else:
            self.keyring.frames_key(serial)

    def seal(self, data: bytes, serial: str) -> bytes:
        """The data of a module's recording, sealed: under the passphrase where there is one, else under the keyring.

        Raises UsageError when there is nothing to seal with.
        """
        name = serial.encode()
        if len(name) > LONGEST_SERIAL:
            raise UsageError(f"A serial number has at most {LONGEST_SERIAL} bytes: this module's is longer.")
        self.check(serial)
        kind = BY_PASSPHRASE if self.passphrase else BY_KEYRING
        salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
        head = MAGIC + bytes((VERSION, kind)) + salt + nonce + bytes((len(name),)) + name
        return head + AESGCM(self._file_key(kind, serial, salt)).encrypt(nonce, data, head)

    def open(self, data: bytes, what: str) -> bytes:
        """What was sealed; `what` names the file. Raises SealedError with one sentence."""
        fixed = len(MAGIC) + 2 + SALT_BYTES + NONCE_BYTES + 1
        if len(data) < fixed or not is_sealed(data):
            raise SealedError(f"{what} is cut short or no sealed file: capture it again.")
        version, kind = data[len(MAGIC) : len(MAGIC) + 2]
        if version != VERSION or kind not in (BY_KEYRING, BY_PASSPHRASE):
            raise SealedError(f"{what} is sealed in a way that these tools do not know: update the tools.")
        salt, nonce = data[len(MAGIC) + 2 :][:SALT_BYTES], data[fixed - 1 - NONCE_BYTES : fixed - 1]
        head = data[: fixed + data[fixed - 1]]
        if len(data) < len(head) + TAG_BYTES:
            raise SealedError(f"{what} is cut short or no sealed file: capture it again.")
        try:
            serial = head[fixed:].decode()
        except UnicodeDecodeError:
            raise SealedError(f"{what} names no module: it was altered.") from None
        if kind == BY_PASSPHRASE and not self.passphrase:
            raise SealedError(f"{what} is sealed under a passphrase: add --passphrase.")
        if kind == BY_KEYRING and self.keyring is None:
            raise SealedError(f"{what} is sealed under a keyring: name it with --keyring, or in DERMIS_KEYRING.")
        try:
            return AESGCM(self._file_key(kind, serial, salt)).decrypt(nonce, data[len(head) :], head)
        except InvalidTag:
            held = "passphrase" if kind == BY_PASSPHRASE else "keyring"
            raise SealedError(
                f"{what} does not open with this {held}: it was sealed under another one, or altered since."
            ) from None

    def _file_key(self, kind: int, serial: str, salt: bytes) -> bytes:
        if kind == BY_PASSPHRASE:
            made = Scrypt(salt=salt, length=KEY_BYTES, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
            return made.derive(self.passphrase.encode())
        assert self.keyring is not None  # `check` and `open` have seen to it
        return hmac.new(self.keyring.frames_key(serial), FILE_KEY + salt, hashlib.sha256).digest()


def from_environment() -> Secrets:
    """The keyring that DERMIS_KEYRING names, for who reads recordings without a word about keys. Raises UsageError."""
    named = os.environ.get("DERMIS_KEYRING")
    return Secrets(Keyring.load(named) if named else None)


def is_sealed(data: bytes) -> bool:
    """Whether a file that begins like that is a sealed one."""
    return data.startswith(MAGIC)


def file_is_sealed(path: Path) -> bool:
    """The same of a file. Raises OSError when it cannot be read."""
    with open(path, "rb") as file:
        return is_sealed(file.read(len(MAGIC)))


def passphrase_of(file: Path) -> str:
    """The first line of a file. Raises UsageError."""
    try:
        lines = file.read_text().splitlines()
    except OSError as problem:
        raise UsageError(f"The passphrase's file {file} cannot be read: {problem.strerror or problem}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} holds no text: write the passphrase on its first line.") from None
    if not lines or not lines[0].strip():
        raise UsageError(f"{file} is empty: write the passphrase on its first line.")
    return lines[0].strip()
