"""Images that no module may take, each with the reasons for which it may be refused.

Made from one good image of a small body: every field's bits turned over, cut short, made longer, signed by others,
taken apart and put together again, and rightly signed ones that do not suit the module.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from dermis.core import manifest, mcuboot, release
from dermis.core.manifest import Facts
from dermis_host.building import littlefs_image, signing
from dermis_host.building.signing import SigningKey, development_key

ABI = 6 | 3 << 8 | 2 << 10
FACTS = Facts(
    version="0.1.0",
    board="twin",
    revision=2,
    runtime="micropython 1.29.0",
    mpy_abi=ABI,
    schemas={"calibration": 2, "data": 1},
    security_counter=5,
)
GOOD: dict[str, Any] = {
    "version": "0.2.0",
    "released": "2026-12-01",
    "board": "twin",
    "hardware": [1, 3],
    "runtime": ["micropython", "1.29.0"],
    "mpy_abi": ABI,
    "schemas": {"messages": [1, 1], "model": [1, 1], "calibration": [1, 2], "data": [1, 1]},
    "model_hash": "18d3eeb214c3b6c6",
    "source_hash": bytes(range(32)),
    "files": 2,
}
COUNTER = 6
KEYS = {mcuboot.key_hash(release.DEVELOPMENT_PUBLIC_KEY): release.DEVELOPMENT_PUBLIC_KEY}

# Fields of the header: name, offset, bytes, what a turned bit may be refused for.
HEADER_FIELDS = (
    ("magic", 0, 4, (mcuboot.NOT_AN_IMAGE,)),
    ("load address", 4, 4, (mcuboot.BAD_HEADER,)),
    ("header size", 8, 2, (mcuboot.BAD_HEADER,)),
    ("protected size", 10, 2, (mcuboot.BAD_TRAILER,)),
    # Where the body is said to end, something else lies, or nothing.
    ("body size", 12, 4, (mcuboot.BAD_HEADER, mcuboot.TOO_LARGE, mcuboot.CUT_SHORT, mcuboot.BAD_TRAILER)),
    ("flags", 16, 4, (mcuboot.BAD_HEADER,)),
    ("version", 20, 8, (mcuboot.WRONG_HASH,)),
    ("pad", 28, 4, (mcuboot.BAD_HEADER,)),
    ("padding", 32, 4064, (mcuboot.WRONG_HASH,)),
)


@dataclass(frozen=True)
class Altered:
    """name: what was done. reasons: of `mcuboot.WHYS`, any of which is right."""

    name: str
    data: bytes
    reasons: tuple[str, ...]
    facts: Facts = field(default=FACTS)


@cache
def body() -> bytes:
    files = {PurePosixPath("board.json"): b"{}", PurePosixPath("dermis/main.mpy"): bytes(range(256)) * 20}
    return littlefs_image.smallest(files, 64 * 1024)


def image(fields: dict[str, Any] | None = None, counter: int = COUNTER, key: SigningKey | None = None) -> bytes:
    """A whole image, rightly signed."""
    encoded = manifest.encode(GOOD | (fields or {}))
    return signing.signed(
        body(), encoded, counter, (fields or {}).get("version", "0.2.0") + "+0", key or development_key()
    )


def other_key() -> SigningKey:
    private = ec.derive_private_key(7, ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    return SigningKey(private, "another", numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"))


def parts(data: bytes) -> tuple[bytes, list[tuple[int, bytes]], list[tuple[int, bytes]]]:
    """Header and body; the protected values; the others."""
    _, _, header, _, size = struct.unpack("<IIHHI", data[:16])
    at = header + size
    protected, at_plain = _values(data, at)
    plain, end = _values(data, at_plain)
    assert end == len(data)
    return data[:at], protected, plain


def joined(front: bytes, protected: list[tuple[int, bytes]], plain: list[tuple[int, bytes]], rehash: bool) -> bytes:
    """The opposite of `parts`; with `rehash`, the hash says what it should, while the signature stays."""
    area = _area(mcuboot.PROTECTED_MAGIC, protected)
    covered = bytearray(front + area)
    struct.pack_into("<H", covered, 10, len(area))
    if rehash:
        digest = hashlib.sha256(covered).digest()
        plain = [(kind, digest if kind == mcuboot.SHA256 else value) for kind, value in plain]
    return bytes(covered) + _area(mcuboot.TLV_MAGIC, plain)


def resigned(front: bytes, protected: list[tuple[int, bytes]]) -> bytes:
    """The same signed anew by the key that the module knows: whatever it then is, it is authentic."""
    covered = bytearray(front + _area(mcuboot.PROTECTED_MAGIC, protected))
    struct.pack_into("<H", covered, 10, len(covered) - len(front))
    key = development_key()
    from cryptography.hazmat.primitives import hashes

    signature = key.private.sign(bytes(covered), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    plain = [
        (mcuboot.SHA256, hashlib.sha256(covered).digest()),
        (mcuboot.KEY_HASH, key.hash),
        (mcuboot.SIGNATURE, signature),
    ]
    return bytes(covered) + _area(mcuboot.TLV_MAGIC, plain)


def altered() -> list[Altered]:
    """All of them."""
    return [*_turned(), *_cut(), *_longer(), *_of_others(), *_rebuilt(), *_authentic(), *_unsuited()]


def _turned() -> Iterator[Altered]:
    """One bit of each byte of the short fields, and of some of the long ones."""
    good = image()
    for name, offset, size, reasons in HEADER_FIELDS:
        for at in _some(offset, size, 8):
            yield _turn(good, at, f"header, {name}", reasons)
    front, _, _ = parts(good)
    for at in _some(4096, len(front) - 4096, 24):
        yield _turn(good, at, "body", (mcuboot.WRONG_HASH,))
    protected_end = 0
    for area, magic in ((len(front), mcuboot.PROTECTED_MAGIC), (None, mcuboot.TLV_MAGIC)):
        start = protected_end if area is None else area
        for at in range(start, start + 4):
            yield _turn(good, at, f"info of {magic:#x}", (mcuboot.BAD_TRAILER, mcuboot.CUT_SHORT))
        (total,) = struct.unpack_from("<H", good, start + 2)
        yield from _turned_values(good, start + 4, start + total)
        protected_end = start + total


def _turned_values(good: bytes, at: int, end: int) -> Iterator[Altered]:
    changed = {
        mcuboot.SECURITY_COUNTER: (mcuboot.WRONG_HASH,),
        mcuboot.MANIFEST: (mcuboot.WRONG_HASH,),
        mcuboot.SHA256: (mcuboot.WRONG_HASH,),
        mcuboot.KEY_HASH: (mcuboot.UNKNOWN_KEY,),
        mcuboot.SIGNATURE: (mcuboot.BAD_SIGNATURE,),
    }
    while at < end:
        kind, size = struct.unpack_from("<HH", good, at)
        for offset in range(at, at + 4):
            yield _turn(good, offset, f"head of value {kind:#x}", (mcuboot.BAD_TRAILER,))
        for offset in _some(at + 4, size, 12):
            yield _turn(good, offset, f"value {kind:#x}", changed[kind])
        at += 4 + size


def _cut() -> Iterator[Altered]:
    good = image()
    front, protected, _ = parts(good)
    plain_at = len(front) + len(_area(mcuboot.PROTECTED_MAGIC, protected))
    for size in (0, 1, 31):
        yield Altered(f"cut to {size}", good[:size], (mcuboot.NOT_AN_IMAGE,))
    for size in (32, 4095, 4096, 5000, len(front) - 1, len(front), len(front) + 3, plain_at - 1, plain_at):
        yield Altered(f"cut to {size}", good[:size], (mcuboot.CUT_SHORT,))
    for size in (plain_at + 3, plain_at + 4, plain_at + 40, len(good) - 40, len(good) - 1):
        yield Altered(f"cut to {size}", good[:size], (mcuboot.CUT_SHORT,))


def _longer() -> Iterator[Altered]:
    good = image()
    for name, more in (
        ("a zero", b"\0"),
        ("an erased byte", b"\xff"),
        ("four bytes", b"more"),
        ("a block", bytes(4096)),
        ("itself", good),
    ):
        yield Altered(f"followed by {name}", good + more, (mcuboot.TRAILING_BYTES,))
    yield Altered("preceded by a byte", b"\0" + good, (mcuboot.NOT_AN_IMAGE,))
    yield Altered("erased flash", b"\xff" * len(good), (mcuboot.EMPTY,))
    yield Altered("zeros", bytes(len(good)), (mcuboot.NOT_AN_IMAGE,))


def _of_others() -> Iterator[Altered]:
    """Signed, but not by who may, or not this."""
    other = other_key()
    foreign = image(key=other)
    yield Altered("another key", foreign, (mcuboot.UNKNOWN_KEY,))
    front, protected, plain = parts(foreign)
    ours = [(kind, development_key().hash if kind == mcuboot.KEY_HASH else value) for kind, value in plain]
    yield Altered("another key under our name", joined(front, protected, ours, False), (mcuboot.BAD_SIGNATURE,))
    good_front, good_protected, good_plain = parts(image())
    theirs = [(kind, other.hash if kind == mcuboot.KEY_HASH else value) for kind, value in good_plain]
    yield Altered(
        "our key under another name", joined(good_front, good_protected, theirs, False), (mcuboot.UNKNOWN_KEY,)
    )
    for at in (4096, 4100, 9000, len(good_front) - 1):
        changed = bytearray(good_front)
        changed[at] ^= 1
        data = joined(bytes(changed), good_protected, good_plain, True)
        yield Altered(f"right signature over another body, byte {at}", data, (mcuboot.BAD_SIGNATURE,))
    later = [
        (kind, struct.pack("<I", 9) if kind == mcuboot.SECURITY_COUNTER else value) for kind, value in good_protected
    ]
    yield Altered(
        "right signature, another counter", joined(good_front, later, good_plain, True), (mcuboot.BAD_SIGNATURE,)
    )
    claimed = [
        (kind, manifest.encode(GOOD | {"version": "9.0.0"}) if kind == mcuboot.MANIFEST else value)
        for kind, value in good_protected
    ]
    yield Altered(
        "right signature, another manifest", joined(good_front, claimed, good_plain, True), (mcuboot.BAD_SIGNATURE,)
    )
    versioned = good_front[:20] + b"\x09" + good_front[21:]
    yield Altered(
        "right signature, another version",
        joined(versioned, good_protected, good_plain, True),
        (mcuboot.BAD_SIGNATURE,),
    )
    _, _, signed_elsewhere = parts(image({"files": 3}))
    yield Altered(
        "signature of another image",
        joined(good_front, good_protected, signed_elsewhere, True),
        (mcuboot.BAD_SIGNATURE,),
    )
    empty = b"\x30\x06\x02\x01\x00\x02\x01\x00"
    for name, signature in (
        ("r and s zero", empty),
        ("nothing", b""),
        ("zeros", bytes(70)),
        ("padded", good_plain[2][1] + b"\0"),
    ):
        forged = [*good_plain[:2], (mcuboot.SIGNATURE, signature)]
        yield Altered(f"signature: {name}", joined(good_front, good_protected, forged, False), (mcuboot.BAD_SIGNATURE,))


def _rebuilt() -> Iterator[Altered]:
    """Values added, doubled, left out; what no signature covers is where the liberty would be."""
    front, protected, plain = parts(image())
    for kind in (0x02, 0x20, 0x24, 0x25, 0x30, 0x40, 0x71, 0x00, 0xA0, 0xA1, 0x50, 0xFFFE):
        data = joined(front, protected, [*plain, (kind, b"anything")], False)
        yield Altered(f"a value {kind:#x} that is not signed", data, (mcuboot.BAD_TRAILER,))
    for place, (kind, value) in enumerate(plain):
        twice = joined(front, protected, [*plain, (kind, value)], False)
        yield Altered(f"the value {kind:#x} twice", twice, (mcuboot.BAD_TRAILER,))
        without = joined(front, protected, plain[:place] + plain[place + 1 :], False)
        reason = mcuboot.WRONG_HASH if kind == mcuboot.SHA256 else mcuboot.UNSIGNED
        yield Altered(f"the value {kind:#x} left out", without, (reason,))
    yield Altered("no value at all", joined(front, protected, [], False), (mcuboot.WRONG_HASH,))
    yield Altered(
        "a short hash",
        joined(front, protected, [(mcuboot.SHA256, bytes(31)), *plain[1:]], False),
        (mcuboot.WRONG_HASH,),
    )
    moved = joined(front, [], [*protected, *plain], False)
    yield Altered("what should be protected is not", moved, (mcuboot.NO_COUNTER, mcuboot.BAD_TRAILER))


def _authentic() -> Iterator[Altered]:
    """Signed by the right key, and yet no image for a module of ours."""
    front, protected, _ = parts(image())
    counter, stated = protected
    yield Altered("no counter", resigned(front, [stated]), (mcuboot.NO_COUNTER,))
    yield Altered("no manifest", resigned(front, [counter]), (mcuboot.NO_MANIFEST,))
    yield Altered("a value too many", resigned(front, [*protected, (0xA1, b"x")]), (mcuboot.BAD_TRAILER,))
    yield Altered("the counter twice", resigned(front, [*protected, counter]), (mcuboot.BAD_TRAILER,))
    wide = (mcuboot.SECURITY_COUNTER, bytes(8))
    yield Altered("a wide counter", resigned(front, [wide, stated]), (mcuboot.BAD_TRAILER,))
    long = (mcuboot.MANIFEST, bytes(mcuboot.LARGEST_VALUE + 1))
    yield Altered("a manifest without end", resigned(front, [counter, long]), (mcuboot.BAD_TRAILER,))
    for name, encoded in (
        ("empty", b""),
        ("zeros", bytes(100)),
        ("no map", b"\x80"),
        ("cut", stated[1][:-1]),
        ("followed by more", stated[1] + b"\0"),
        ("another map", b"\xa0"),
    ):
        data = resigned(front, [counter, (mcuboot.MANIFEST, encoded)])
        yield Altered(f"manifest: {name}", data, (mcuboot.BAD_MANIFEST,))
    for name, value in (
        ("board", 1),
        ("hardware", [1]),
        ("hardware", [1, -1]),
        ("hardware", ["1", "2"]),
        ("runtime", "micropython"),
        ("mpy_abi", "6"),
        ("mpy_abi", True),
        ("schemas", [1]),
        ("schemas", {"data": 1}),
        ("source_hash", b"short"),
        ("files", None),
        ("version", None),
        ("version", "0.2.0+1"),
        ("version", "0.3.0"),
    ):
        data = resigned(front, [counter, (mcuboot.MANIFEST, _encoded(GOOD | {name: value}))])
        yield Altered(f"manifest: {name} is {value!r}", data, (mcuboot.BAD_MANIFEST,))
    for name in GOOD:
        encoded = _encoded({key: value for key, value in GOOD.items() if key != name})
        yield Altered(
            f"manifest without {name}", resigned(front, [counter, (mcuboot.MANIFEST, encoded)]), (mcuboot.BAD_MANIFEST,)
        )
    for size in (4097, 8192 - 1):
        odd = bytearray(front)
        struct.pack_into("<I", odd, 12, size)
        yield Altered(f"a body of {size}", resigned(bytes(odd[: 4096 + size]), protected), (mcuboot.BAD_HEADER,))


def _unsuited() -> Iterator[Altered]:
    """Nothing is wrong with the image, but it is not for this module."""
    for fields, reason in (
        ({"board": "esp32s3"}, mcuboot.WRONG_BOARD),
        ({"board": "coral"}, mcuboot.WRONG_BOARD),
        ({"board": ""}, mcuboot.WRONG_BOARD),
        ({"hardware": [3, 4]}, mcuboot.WRONG_HARDWARE),
        ({"hardware": [1, 1]}, mcuboot.WRONG_HARDWARE),
        ({"hardware": [3, 1]}, mcuboot.WRONG_HARDWARE),
        ({"runtime": ["micropython", "1.30.0"]}, mcuboot.WRONG_RUNTIME),
        ({"runtime": ["micropython", "2.0"]}, mcuboot.WRONG_RUNTIME),
        ({"runtime": ["circuitpython", "1.0.0"]}, mcuboot.WRONG_RUNTIME),
        ({"mpy_abi": ABI & 0x3FF | 10 << 10}, mcuboot.WRONG_ABI),
        ({"mpy_abi": ABI + 1}, mcuboot.WRONG_ABI),
        ({"mpy_abi": 6 | 2 << 8 | 2 << 10}, mcuboot.WRONG_ABI),
        ({"schemas": GOOD["schemas"] | {"calibration": [3, 4]}}, mcuboot.WRONG_SCHEMA),
        ({"schemas": GOOD["schemas"] | {"calibration": [1, 1]}}, mcuboot.WRONG_SCHEMA),
        ({"schemas": GOOD["schemas"] | {"data": [2, 2]}}, mcuboot.WRONG_SCHEMA),
        ({"schemas": {}}, mcuboot.WRONG_SCHEMA),
    ):
        yield Altered(f"for others: {fields}", image(fields), (reason,))
    for counter in (0, 1, 4):
        yield Altered(f"the counter {counter}", image(counter=counter), (mcuboot.OLDER_COUNTER,))
    good = image()
    for facts, reason in (
        (FACTS._replace(board="esp32s3"), mcuboot.WRONG_BOARD),
        (FACTS._replace(revision=4), mcuboot.WRONG_HARDWARE),
        (FACTS._replace(runtime="cpython 3.11.7", mpy_abi=0), mcuboot.WRONG_RUNTIME),
        (FACTS._replace(runtime="micropython 1.28.9"), mcuboot.WRONG_RUNTIME),
        (FACTS._replace(mpy_abi=0), mcuboot.WRONG_ABI),
        (FACTS._replace(schemas={"calibration": 3, "data": 1}), mcuboot.WRONG_SCHEMA),
        (FACTS._replace(schemas={"calibration": 0, "data": 2}), mcuboot.WRONG_SCHEMA),
        (FACTS._replace(security_counter=7), mcuboot.OLDER_COUNTER),
    ):
        yield Altered(f"before another module: {facts}", good, (reason,), facts)


def _encoded(fields: dict[str, Any]) -> bytes:
    from dermis.core import cbor

    return cbor.dumps(fields)


def _some(offset: int, size: int, most: int) -> list[int]:
    """At most so many offsets, first and last included."""
    if size <= most:
        return list(range(offset, offset + size))
    return sorted({offset + (size - 1) * place // (most - 1) for place in range(most)})


def _turn(data: bytes, at: int, name: str, reasons: tuple[str, ...]) -> Altered:
    changed = bytearray(data)
    bit = at * 5 % 8
    changed[at] ^= 1 << bit
    return Altered(f"{name}: bit {bit} of byte {at}", bytes(changed), reasons)


def _area(magic: int, values: list[tuple[int, bytes]]) -> bytes:
    content = b"".join(struct.pack("<HH", kind, len(value)) + value for kind, value in values)
    return struct.pack("<HH", magic, 4 + len(content)) + content


def _values(data: bytes, at: int) -> tuple[list[tuple[int, bytes]], int]:
    (total,) = struct.unpack_from("<H", data, at + 2)
    end = at + total
    at += 4
    values = []
    while at < end:
        kind, size = struct.unpack_from("<HH", data, at)
        values.append((kind, data[at + 4 : at + 4 + size]))
        at += 4 + size
    return values, end
