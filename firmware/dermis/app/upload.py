"""An image on its way into a slot: erased ahead a block at a time, its header kept back, and noted so that it goes on.

The note lies in storage as `upload.state` and is renewed every so many bytes; what it says is held lies whole in the
flash. After a restart the upload goes on from there, in a block that is erased again.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dermis.core import cbor, mcuboot, partitions, slot
from dermis.core.boot_state import SLOTS
from dermis.core.errors import BadInput

if TYPE_CHECKING:
    from typing import Any

FILE = "upload.state"
FORMAT = 1
LARGEST_NOTE = 256
NOTE_EVERY = 64 * 1024  # bytes that a cut of power costs at most, for some ten small writes an image
_KINDS = {"slot": int, "size": int, "sha": bytes, "off": int, "head": bytes, "sealed": bool}
BLOCK = partitions.BLOCK_SIZE


class Upload:
    """flash, storage: the drivers. slot: index. size: bytes of the whole. sha: SHA-256 of the whole, or b"".

    off: bytes held. head: the header, which is not in the flash before `seal`. sealed: it is.
    """

    def __init__(self, flash: Any, storage: Any, number: int, size: int, sha: bytes):
        self._flash = flash
        self._storage = storage
        self._name = SLOTS[number]
        self.slot = number
        self.size = size
        self.sha = sha
        self.upgrade = False
        self.off = 0
        self.head = b""
        self.sealed = False
        self._noted = 0
        self._erased = 0  # up to here there is room to write

    def begin(self) -> None:
        """Make the slot ready. Raises OSError (storage), when nothing was erased yet, and SensorFault."""
        self.note()
        self._flash.erase(self._name, 0, BLOCK)  # first: from here on no image lies there
        self._flash.erase(self._name, slot.LAST_BLOCK, BLOCK)
        self._erased = BLOCK

    def take(self, data) -> None:
        """The next piece; it must fit. Raises OSError (storage), SensorFault."""
        view = memoryview(data)
        end = self.off + len(view)
        while self._erased < end:
            self._flash.erase(self._name, self._erased, BLOCK)
            self._erased += BLOCK
        begin = self.off
        if begin == 0:
            self.head = bytes(view[: slot.HEADER_BYTES])
            begin = slot.HEADER_BYTES
        if end > begin:
            self._flash.write(self._name, begin, view[begin - self.off :])
        self.off = end
        if end == self.size or end - self._noted >= NOTE_EVERY:
            self.note()

    def read_at(self, offset: int, buffer) -> None:
        """What was uploaded, the header included: for `mcuboot.Image`."""
        self._flash.read_at(self._name, offset, buffer)
        if offset < slot.HEADER_BYTES:
            part = self.head[offset : offset + len(buffer)]
            memoryview(buffer)[: len(part)] = part

    def matches_steps(self):
        """Whether what lies in the flash agrees with `sha`: a generator that returns it, and yields None between
        pieces of work."""
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(mcuboot.READ_BYTES))
        offset = 0
        while offset < self.size:
            part = buffer[: min(mcuboot.READ_BYTES, self.size - offset)]
            self.read_at(offset, part)
            digest.update(part)
            offset += len(part)
            if offset % (mcuboot.READ_BYTES * mcuboot.PIECES_A_STEP) == 0:
                yield
        return digest.digest() == self.sha

    def seal(self) -> None:
        """Write the header: from here on the image is one. Raises SensorFault."""
        self._flash.write(self._name, 0, self.head)
        self.sealed = True

    def still_sealed(self) -> bool:
        """Whether its header is still there."""
        header = bytearray(slot.HEADER_BYTES)
        self._flash.read_at(self._name, 0, header)
        return header == self.head

    def note(self) -> None:
        """Raises OSError."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in _KINDS}
        fields["format"] = FORMAT
        self._storage.write(FILE, cbor.dumps(fields))
        self._noted = self.off

    def forget(self) -> None:
        """It does not go on. Raises OSError."""
        self._storage.remove(FILE)


def restored(flash: Any, storage: Any) -> Upload | None:
    """The upload that was noted last, as far as it is held; None when there is none that can be gone on with.

    Raises OSError (storage; ENOENT: there is none) and BadInput for a note that is none.
    """
    room = bytearray(LARGEST_NOTE)
    fields = cbor.loads(bytes(room[: storage.read_into(FILE, room)]))
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise BadInput("the note on the last upload has another format")
    for name in _KINDS:
        if not isinstance(fields.get(name), _KINDS[name]):
            raise BadInput("the note on the last upload lacks %s" % name)
    held, size = fields["off"], fields["size"]
    sound = fields["slot"] in (0, 1) and 0 <= held <= size <= mcuboot.LARGEST
    if not sound or (held and len(fields["head"]) != slot.HEADER_BYTES):
        raise BadInput("the note on the last upload contradicts itself")
    upload = Upload(flash, storage, fields["slot"], size, fields["sha"])
    upload.sealed, upload.head = fields["sealed"], fields["head"]
    # What was written of a block after the note is erased with it.
    upload.off = held if held == size else held // BLOCK * BLOCK
    upload._noted = upload._erased = upload.off
    if upload.off == 0:
        return None  # there is nothing to go on with, and the slot may not be ready
    return upload
