"""Images as functions of bytes: header, values behind it, manifest. See `device`."""

import hashlib
import struct

from dermis.core import cbor, manifest, mcuboot, partitions
from dermis.core.errors import BadInput

from tests.fuzz.promises import either, must, told

MANIFEST = {
    "version": "0.1.0",
    "released": "2026-01-31",
    "board": "twin",
    "hardware": [1, 2],
    "runtime": ["micropython", "1.28.0"],
    "mpy_abi": 0,
    "schemas": {"calibration": [1, 2]},
    "model_hash": "0123456789abcdef",
    "source_hash": bytes(32),
    "files": 3,
}
FACTS = manifest.Facts("0.1.0", "twin", 1, "micropython 1.29.0", 0, {"calibration": 2}, 1)
BODY = bytes(partitions.BLOCK_SIZE)


def value(kind, content):
    return struct.pack(mcuboot.TLV_HEAD, kind, len(content)) + content


def area(magic, content):
    return struct.pack(mcuboot.TLV_INFO, magic, len(content) + 4) + content


def protected_part(stated=None):
    stated = cbor.dumps(MANIFEST) if stated is None else stated
    return value(mcuboot.SECURITY_COUNTER, b"\1\0\0\0") + value(mcuboot.MANIFEST, stated)


def image_around(protected, plain=None):
    """An image whose protected values are those bytes; `plain`: its other values, else the right hash alone."""
    protected = area(mcuboot.PROTECTED_MAGIC, protected)
    head = struct.pack(
        mcuboot.HEADER, mcuboot.MAGIC, 0, mcuboot.BODY_OFFSET, len(protected), len(BODY), 0, 0, 1, 0, 0, 0
    )
    signed = head + bytes(mcuboot.BODY_OFFSET - len(head)) + BODY + protected
    if plain is None:
        plain = value(mcuboot.SHA256, hashlib.sha256(signed).digest())
    return signed + area(mcuboot.TLV_MAGIC, plain)


class _Source:
    def __init__(self, data):
        self.data = memoryview(data)

    def read_at(self, offset, buffer):
        must(offset >= 0 and offset + len(buffer) <= len(self.data), "an image is read beyond its end")
        buffer[:] = self.data[offset : offset + len(buffer)]


def read_image(data, in_slot=False):
    """What an image says: hash, manifest, whether it suits. Raises BadImage."""
    image = mcuboot.Image(_Source(data).read_at, len(data), in_slot)
    must(image.length <= len(data), "an image is longer than its file")
    stated = image.manifest
    again = manifest.encode({name: stated[at] for at, name in enumerate(manifest.FIELDS)})
    must(manifest.decode(again) == stated, "a manifest is another one when it is written and read again")
    manifest.acceptable(image, FACTS)
    image.sound()
    return f"{image.length} {told(image.hash)}"


def image_header(data):
    """A file from its first byte, and in a slot."""
    return either((read_image, data), (lambda file: read_image(file, True), data))


def image_values(data):
    """The values behind a sound header: as the protected ones and as the others; then the manifest among them."""
    out = []
    for protected, plain in ((data, None), (protected_part(), data), (protected_part(data), None)):
        if len(protected) > 0xFF00 or (plain and len(plain) > 0xFF00):
            raise BadInput("longer than an area's length can say")
        try:
            out.append(read_image(image_around(protected, plain)))
        except BadInput as error:
            out.append(getattr(error, "why", "BadInput"))
    return " ".join(out)
