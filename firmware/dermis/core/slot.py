"""What lies in a slot: an image at its beginning, and in its last 32 bytes the hash of the one confirmed there.

No image is written whole before it was checked: its header's bytes come last (`app.update`). So what has a header was
found good once, and what is `sound` still is as it was.
"""

from dermis.core import mcuboot, partitions
from dermis.core.boot_state import Found

SIZE = partitions.partition("slot0").size
MARK_BYTES = mcuboot.HASH_BYTES
MARK_AT = SIZE - MARK_BYTES
LAST_BLOCK = SIZE - partitions.BLOCK_SIZE
HEADER_BYTES = mcuboot.HEADER_BYTES


def reader(flash, name):
    """`read_at(offset, buffer)` over the partition of that name, as `mcuboot.Image` takes it."""

    def read_at(offset, buffer):
        flash.read_at(name, offset, buffer)

    return read_at


def image_in(flash, name):
    """The image that lies there, its hash not yet tried. Raises BadImage."""
    return mcuboot.Image(reader(flash, name), SIZE, in_slot=True)


def found(flash, name, image):
    """What boot_state wants to know of an image in the slot of that name."""
    mark = bytearray(MARK_BYTES)
    flash.read_at(name, MARK_AT, mark)
    return Found(image.hash, tuple(image.version), image.security_counter, bytes(mark) == image.hash)
