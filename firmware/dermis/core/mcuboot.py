"""An image in MCUboot's format, as imgtool signs it: what it says of itself, and whether it is whole and of whom.

    header, padded to 4096 bytes | body: LittleFS | protected TLVs: counter, manifest | TLVs: hash, key hash, signature

Everything is little-endian. The hash is SHA-256 over all that stands before the TLVs, and the signature is over the
hash. Nothing outside that is believed: other TLVs are refused, because no signature covers them. See
docs/formats/image.md. Ref: MCUboot, docs/design.md, "Image format".
"""

from __future__ import annotations

import hashlib
import struct
from collections import namedtuple
from typing import TYPE_CHECKING

from dermis.core import partitions
from dermis.core.errors import BadInput

if TYPE_CHECKING:
    from dermis.core.manifest import Manifest

MAGIC = 0x96F3B83D
HEADER = "<IIHHIIBBHII"  # magic, load address, sizes of header, protected TLVs and body, flags, version, pad
HEADER_BYTES = struct.calcsize(HEADER)
# The body begins at a block of the slot, so that it is mounted where it lies.
BODY_OFFSET = partitions.BLOCK_SIZE
# The slot's last block is not the image's: `core.slot` says what lies there.
LARGEST = partitions.partition("slot0").size - partitions.BLOCK_SIZE

TLV_INFO = "<HH"  # magic, bytes of the area with this info
TLV_HEAD = "<HH"  # type, bytes of the value
TLV_HEAD_BYTES = 4
TLV_MAGIC, PROTECTED_MAGIC = 0x6907, 0x6908
KEY_HASH, SHA256, SIGNATURE, SECURITY_COUNTER, MANIFEST = 0x01, 0x10, 0x22, 0x50, 0xA0
# Of a value: a manifest has some 300 bytes, the others at most 72.
LARGEST_VALUE = 2048
HASH_BYTES = 32

READ_BYTES = 1024  # hashed at a time: a heap in use may have no larger piece left
PIECES_A_STEP = 16

# What DER puts before the 64 bytes of a P-256 key: SubjectPublicKeyInfo, id-ecPublicKey, prime256v1 (RFC 5480).
_KEY_HEAD = (
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04"
)

# Why an image is refused; docs/formats/image.md says what each means.
EMPTY, NOT_AN_IMAGE, BAD_HEADER, BAD_TRAILER = "empty", "not_an_image", "bad_header", "bad_trailer"
CUT_SHORT, TOO_LARGE, TRAILING_BYTES = "cut_short", "too_large", "trailing_bytes"
WRONG_HASH, UNSIGNED, UNKNOWN_KEY, BAD_SIGNATURE = "wrong_hash", "unsigned", "unknown_key", "bad_signature"
NO_COUNTER, NO_MANIFEST, BAD_MANIFEST = "no_counter", "no_manifest", "bad_manifest"
WRONG_BOARD, WRONG_HARDWARE, WRONG_ABI, WRONG_RUNTIME = "wrong_board", "wrong_hardware", "wrong_abi", "wrong_runtime"
WRONG_SCHEMA, OLDER_COUNTER = "wrong_schema", "older_counter"
WHYS = (
    EMPTY,
    NOT_AN_IMAGE,
    BAD_HEADER,
    BAD_TRAILER,
    CUT_SHORT,
    TOO_LARGE,
    TRAILING_BYTES,
    WRONG_HASH,
    UNSIGNED,
    UNKNOWN_KEY,
    BAD_SIGNATURE,
    NO_COUNTER,
    NO_MANIFEST,
    BAD_MANIFEST,
    WRONG_BOARD,
    WRONG_HARDWARE,
    WRONG_ABI,
    WRONG_RUNTIME,
    WRONG_SCHEMA,
    OLDER_COUNTER,
)

Header = namedtuple("Header", ("header_size", "protected_size", "body_size", "version"))
Version = namedtuple("Version", ("major", "minor", "revision", "build"))


class BadImage(BadInput):
    """An image that must not run: `why` is a word of `WHYS`, the message a sentence that says what to do."""

    def __init__(self, why, sentence):
        super().__init__(sentence)
        self.why = why


def key_hash(public_key) -> bytes:
    """The 32 bytes by which an image names the key that signed it. public_key: 64 bytes, x and y."""
    return hashlib.sha256(_KEY_HEAD + bytes(public_key)).digest()


def version_text(version) -> str:
    """0.1.0, or 0.1.0+7 with a build number."""
    text = "%d.%d.%d" % (version[0], version[1], version[2])
    return text + "+%d" % version[3] if version[3] else text


class Image:
    """What lies behind `read_at(offset, buffer)`, which fills the buffer from that offset of a file or a slot.

    size: bytes that there are, the whole file or the whole slot. in_slot: what follows the image is the slot's, not
    the image's. The constructor reads what an image says of itself and raises BadImage when it cannot be one; none of
    it may be believed before `check`, and no image may be mounted before `sound`.

    header: `Header`; version: `Version`; body_offset, body_size: of the LittleFS; length: all bytes of the image;
    hash: 32 bytes, over header, body and protected TLVs; key_hash: whose signature it claims, or b"";
    security_counter: int.
    """

    def __init__(self, read_at, size, in_slot=False):
        self._read_at = read_at
        self.header = _header(self._read(0, HEADER_BYTES) if size >= HEADER_BYTES else b"", size)
        self.version = self.header.version
        self.body_offset = self.header.header_size
        self.body_size = self.header.body_size
        self._protected_at = self.body_offset + self.body_size
        self._signed = self._protected_at + self.header.protected_size
        protected = self._area(self._protected_at, PROTECTED_MAGIC, size)
        if self._protected_at + protected != self._signed:
            raise BadImage(BAD_TRAILER, "the image's protected part is not as long as its header says; build it again")
        plain = self._area(self._signed, TLV_MAGIC, size)
        self.length = self._signed + plain
        if self.length < size and not in_slot:
            raise BadImage(
                TRAILING_BYTES,
                "%d bytes follow the image, which no signature covers; take the file as it was built"
                % (size - self.length),
            )
        values = self._values(self._protected_at, protected, (SECURITY_COUNTER, MANIFEST))
        if SECURITY_COUNTER not in values:
            raise BadImage(NO_COUNTER, "the image has no security counter; build it with `dermis build`")
        if MANIFEST not in values:
            raise BadImage(NO_MANIFEST, "the image has no manifest, so it is none for this module; see `dermis build`")
        offset, count = values[SECURITY_COUNTER]
        if count != 4:
            raise BadImage(BAD_TRAILER, "the image's security counter has %d bytes where 4 are due" % count)
        self.security_counter = struct.unpack("<I", self._read(offset, 4))[0]
        self._manifest_at = values[MANIFEST]
        values = self._values(self._signed, plain, (SHA256, KEY_HASH, SIGNATURE))
        if SHA256 not in values or values[SHA256][1] != HASH_BYTES:
            raise BadImage(WRONG_HASH, "the image names no SHA-256, so nothing says that it is whole; build it again")
        self.hash = self._read(*values[SHA256])
        self.key_hash = self._read(*values[KEY_HASH]) if KEY_HASH in values else b""
        self._signature_at = values.get(SIGNATURE)

    @property
    def manifest(self) -> Manifest:
        """Raises BadImage (bad_manifest)."""
        from dermis.core import manifest  # at start nobody asks for it, and it takes room

        stated = manifest.decode(self._read(*self._manifest_at))
        if stated.version != version_text(self.version):
            raise BadImage(
                BAD_MANIFEST,
                "the image is version %s by its header and %s by its manifest; build it again"
                % (version_text(self.version), stated.version),
            )
        return stated

    def sound(self):
        """Raises BadImage unless the image is whole: every byte that the hash covers is as it was built."""
        for _ in self.sound_steps():
            pass

    def sound_steps(self):
        """The same as a generator that yields None between pieces of work."""
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(READ_BYTES))
        offset = 0
        pieces = 0
        while offset < self._signed:
            part = buffer[: min(READ_BYTES, self._signed - offset)]
            self._read_at(offset, part)
            digest.update(part)
            offset += len(part)
            pieces += 1
            if pieces % PIECES_A_STEP == 0:
                yield
        if digest.digest() != self.hash:
            raise BadImage(WRONG_HASH, "the image is damaged: its hash is another; upload it again")

    def check(self, keys):
        """Raises BadImage unless the image is whole and signed by one of `keys` ({key hash: 64 bytes, x and y}) and
        its manifest can be read."""
        for _ in self.check_steps(keys):
            pass

    def check_steps(self, keys):
        """The same as a generator that yields None between pieces of work."""
        if not self.key_hash or self._signature_at is None:
            raise BadImage(UNSIGNED, "the image is not signed; build it with a key that this module knows")
        if self.key_hash not in keys:
            raise BadImage(
                UNKNOWN_KEY,
                "the image is signed by a key that this module does not know; take one from who provisioned the module",
            )
        yield from self.sound_steps()
        from dermis.core import p256  # used once an update, and it takes room

        signed = yield from p256.steps(keys[self.key_hash], self.hash, self._read(*self._signature_at))
        if not signed:
            raise BadImage(BAD_SIGNATURE, "the image's signature is not over this image; take the file as it was built")
        self.manifest  # noqa: B018 - what it says must be readable before anybody asks

    def _read(self, offset, count):
        buffer = bytearray(count)
        self._read_at(offset, buffer)
        return bytes(buffer)

    def _area(self, offset, magic, size):
        """Bytes of the TLV area that begins there, its info included."""
        if offset + TLV_HEAD_BYTES > size:
            raise _short(offset + TLV_HEAD_BYTES, size)
        found, total = struct.unpack(TLV_INFO, self._read(offset, TLV_HEAD_BYTES))
        if found != magic or total < TLV_HEAD_BYTES:
            raise BadImage(BAD_TRAILER, "the image's trailer is none of MCUboot's; build it again")
        if offset + total > size:
            raise _short(offset + total, size)
        return total

    def _values(self, offset, total, expected):
        """{type: (offset, bytes)} of the values of an area. Each at most once, and none but those expected."""
        end = offset + total
        at = offset + TLV_HEAD_BYTES
        values = {}
        while at < end:
            if at + TLV_HEAD_BYTES > end:
                raise BadImage(BAD_TRAILER, "the image's trailer ends in the middle of a value; build it again")
            kind, count = struct.unpack(TLV_HEAD, self._read(at, TLV_HEAD_BYTES))
            at += TLV_HEAD_BYTES
            if kind not in expected or kind in values:
                raise BadImage(BAD_TRAILER, "the image's trailer has a value 0x%02x that has no place there" % kind)
            if at + count > end or count > LARGEST_VALUE:
                raise BadImage(BAD_TRAILER, "a value of the image's trailer is longer than may be; build it again")
            values[kind] = (at, count)
            at += count
        return values


def _header(data, size):
    if len(data) < HEADER_BYTES:
        raise BadImage(NOT_AN_IMAGE, "%d bytes are no image; give a file that `dermis build` made" % size)
    magic, load, header_size, protected, body, flags, major, minor, revision, build, pad = struct.unpack(HEADER, data)
    if magic == 0xFFFFFFFF:
        raise BadImage(EMPTY, "there is no image: the flash is erased; upload one")
    if magic != MAGIC:
        raise BadImage(NOT_AN_IMAGE, "this is no image in MCUboot's format; give a file that `dermis build` made")
    if load or flags or pad or header_size != BODY_OFFSET:
        raise BadImage(
            BAD_HEADER, "the image's header asks for what this module does not do; build it with `dermis build`"
        )
    if not body or body % partitions.BLOCK_SIZE:
        raise BadImage(BAD_HEADER, "the image's body is no whole number of blocks; build it with `dermis build`")
    if header_size + body + protected > LARGEST:
        raise BadImage(
            TOO_LARGE,
            "the image has at least %d bytes, and a slot takes %d" % (header_size + body + protected, LARGEST),
        )
    return Header(header_size, protected, body, Version(major, minor, revision, build))


def _short(needed, size):
    if needed > LARGEST:
        return BadImage(TOO_LARGE, "the image has at least %d bytes, and a slot takes %d" % (needed, LARGEST))
    return BadImage(
        CUT_SHORT, "the image ends after %d bytes where at least %d are due; take it whole" % (size, needed)
    )
