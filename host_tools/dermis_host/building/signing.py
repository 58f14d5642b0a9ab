"""Keys that sign images, and the envelope: MCUboot's format by imgtool."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermis.core import mcuboot, p256

from dermis_host.building.needs import needed
from dermis_host.errors import HostError, UsageError

# The private half of release.DEVELOPMENT_PUBLIC_KEY is the SHA-256 of these words: whoever reads this has it.
DEVELOPMENT_WORDS = b"dermis development key, not safe"
DEVELOPMENT_FILE = "development-key.pem"
OWNER_ONLY = 0o600


@dataclass(frozen=True)
class SigningKey:
    """A private P-256 key. name: for people. public: x and y, 64 bytes. hash: what an image names it by."""

    private: Any
    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        return mcuboot.key_hash(self.public)

    @property
    def is_development(self) -> bool:
        return self.private.private_numbers().private_value == _development_number()


def load_key(path: Path) -> SigningKey:
    """The key of a PEM file, as `imgtool keygen -t ecdsa-p256` or `dermis build --new-key` writes one.

    Raises UsageError when it holds none that signs images for a module.
    """
    serialization = needed("cryptography.hazmat.primitives.serialization")
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise UsageError(f"The key {path} cannot be read: {problem.strerror}.") from None
    try:
        private = serialization.load_pem_private_key(data, None)
    except TypeError:
        raise UsageError(
            f"The key {path} has a passphrase: write it without one, where only the build can read it."
        ) from None
    except ValueError:
        raise UsageError(f"{path} holds no private key in PEM: make one with `dermis build --new-key FILE`.") from None
    if getattr(getattr(private, "curve", None), "name", "") != "secp256r1":
        raise UsageError(f"The key {path} is not on the curve P-256, which modules verify: make another.")
    return _of(private, str(path))


def new_key(path: Path) -> SigningKey:
    """Makes a key in a file that only its owner reads. Raises UsageError when the file is there already."""
    ec = needed("cryptography.hazmat.primitives.asymmetric.ec")
    made = _of(ec.generate_private_key(ec.SECP256R1()), str(path))
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        raise UsageError(f"{path} is there already: a key is never written over; name another file.") from None
    except OSError as problem:
        raise HostError(f"{path} cannot be written: {problem.strerror}.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(_pem(made))
    return made


def development_key(folder: Path | None = None) -> SigningKey:
    """The key that everybody has; with `folder`, written there as a PEM file for imgtool. Raises HostError."""
    ec = needed("cryptography.hazmat.primitives.asymmetric.ec")
    made = _of(ec.derive_private_key(_development_number(), ec.SECP256R1()), "development key")
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / DEVELOPMENT_FILE).write_bytes(_pem(made))
        except OSError as problem:
            raise HostError(f"{folder / DEVELOPMENT_FILE} cannot be written: {problem.strerror or problem}.") from None
    return made


def signed(body: bytes, manifest: bytes, security_counter: int, version: str, key: SigningKey) -> bytes:
    """An image: `body` (whole blocks) in MCUboot's envelope, by imgtool.

    The signature is deterministic (RFC 6979), so that one key and one body give one image.
    """
    image_room, version_room = needed("imgtool.image"), needed("imgtool.version")
    unsupported = needed("cryptography.exceptions").UnsupportedAlgorithm
    image = image_room.Image(
        version=version_room.decode_version(version),
        header_size=mcuboot.BODY_OFFSET,
        pad_header=True,
        security_counter=security_counter,
    )
    with tempfile.TemporaryDirectory(prefix="dermis-build-") as folder:
        source, output = Path(folder, "body.bin"), Path(folder, "image.bin")
        source.write_bytes(body)
        with contextlib.redirect_stdout(io.StringIO()):  # imgtool says what it does, and stdout is for results
            image.load(str(source))
            try:
                image.create(_signer(key), "hash", None, custom_tlvs={mcuboot.MANIFEST: manifest})
            except unsupported:
                raise HostError(
                    "This computer's OpenSSL makes no deterministic signatures: install cryptography from PyPI."
                ) from None
            image.save(str(output))
        return output.read_bytes()


def file_image(data: bytes) -> mcuboot.Image:
    """The image in `data`. Raises mcuboot.BadImage."""
    view = memoryview(data)

    def read_at(offset: int, buffer: memoryview) -> None:
        buffer[:] = view[offset : offset + len(buffer)]

    return mcuboot.Image(read_at, len(data))


def _signer(key: SigningKey):
    """imgtool's key, but for the random number in each of its signatures."""
    ec = needed("cryptography.hazmat.primitives.asymmetric.ec")
    hashes = needed("cryptography.hazmat.primitives.hashes")
    signer = needed("imgtool.keys").ECDSA256P1(key.private)
    signer.raw_sign = lambda payload: key.private.sign(payload, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return signer


def _of(private: Any, name: str) -> SigningKey:
    numbers = private.public_key().public_numbers()
    size = p256.COORDINATE_BYTES
    return SigningKey(private, name, numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big"))


def _pem(key: SigningKey) -> bytes:
    serialization = needed("cryptography.hazmat.primitives.serialization")
    return key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _development_number() -> int:
    return int.from_bytes(hashlib.sha256(DEVELOPMENT_WORDS).digest(), "big")
