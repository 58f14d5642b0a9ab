"""FlatBuffers, as far as a .tflite file needs them, with every offset checked.

Ref: FlatBuffers internals (flatbuffers.dev, "FlatBuffer Internals"): a table starts with a signed 32-bit
distance back to its vtable; the vtable holds its own size, the table's size, and one 16-bit field offset a
field (0 where the field is absent); strings, vectors and tables are reached by unsigned 32-bit offsets forward.

Nothing here trusts the file: whatever lies outside it raises `BadModel`. All offsets forward are positive, so
reading cannot run in a circle.
"""

from struct import unpack_from

from .errors import BadModel

IDENTIFIER = b"TFL3"
IDENTIFIER_AT = 4
SMALLEST_FILE = 8
LONGEST_TEXT = 200  # a name may be as long as the file, a sentence about it may not
WORD = 4  # bytes of an offset, of a vector's length, of an int32


class Reader:
    """The file as checked little-endian numbers. `data` is a view of unsigned bytes."""

    def __init__(self, data):
        self.data = data
        self.size = len(data)

    def at(self, kind, width, position):
        """One number of struct type `kind`, `width` bytes, at byte `position`. Raises BadModel outside the file."""
        if position < 0 or position + width > self.size:
            raise BadModel(
                "The model is cut short or damaged: it refers to byte %d of %d; copy the file again."
                % (position, self.size)
            )
        return unpack_from(kind, self.data, position)[0]

    def forward(self, position):
        """Where the offset stored at `position` leads."""
        return position + self.at("<I", WORD, position)

    def span(self, position, width):
        """(start, count) of the vector at `position`, whose items are `width` bytes each and all in the file."""
        count = self.at("<I", WORD, position)
        start = position + WORD
        if start + count * width > self.size:
            raise BadModel(
                "The model is cut short or damaged: a list of %d items starts at byte %d of %d; copy the file again."
                % (count, start, self.size)
            )
        return start, count


class Table:
    """One table of the file: fields by number, as the schema counts them."""

    def __init__(self, reader, position):
        self.reader = reader
        self.position = position
        self.vtable = position - reader.at("<i", WORD, position)
        self.vtable_size = reader.at("<H", 2, self.vtable)

    def where(self, field):
        """Byte position of a field's value, 0 where the field is absent."""
        slot = WORD + 2 * field
        if slot + 2 > self.vtable_size:
            return 0
        offset = self.reader.at("<H", 2, self.vtable + slot)
        return self.position + offset if offset else 0

    def _number(self, field, kind, width, default):
        position = self.where(field)
        return self.reader.at(kind, width, position) if position else default

    def int8(self, field, default=0):
        return self._number(field, "<b", 1, default)

    def uint8(self, field, default=0):
        return self._number(field, "<B", 1, default)

    def int32(self, field, default=0):
        return self._number(field, "<i", 4, default)

    def uint32(self, field, default=0):
        return self._number(field, "<I", 4, default)

    def table(self, field):
        """The table that a field refers to, or None."""
        position = self.where(field)
        return Table(self.reader, self.reader.forward(position)) if position else None

    def vector(self, field, width):
        """(start, count) of a field's vector of items of `width` bytes; (0, 0) where it is absent."""
        position = self.where(field)
        return self.reader.span(self.reader.forward(position), width) if position else (0, 0)

    def int32s(self, field, limit, what):
        """A field's vector of int32 as a tuple. Raises BadModel where it has more than `limit` items (`what`)."""
        start, count = self.vector(field, WORD)
        if count > limit:
            raise _too_many(count, what, limit)
        return unpack_from("<%di" % count, self.reader.data, start) if count else ()

    def tables(self, field, limit, what):
        """A field's vector of tables. Raises BadModel where there are more than `limit` (`what` names them)."""
        start, count = self.vector(field, WORD)
        if count > limit:
            raise _too_many(count, what, limit)
        return [Table(self.reader, self.reader.forward(start + WORD * index)) for index in range(count)]

    def text(self, field):
        """The start of a field's string in printable ASCII, '?' for every other byte; '' where it is absent."""
        start, count = self.vector(field, 1)
        shown = bytes(self.reader.data[start : start + min(count, LONGEST_TEXT)])
        return "".join([chr(byte) if 32 <= byte < 127 else "?" for byte in shown]) + (
            "..." if count > LONGEST_TEXT else ""
        )


def _too_many(count, what, limit):
    return BadModel("The model has %d %s where at most %d are taken; make it smaller." % (count, what, limit))


def root(data):
    """The Model table of a .tflite file. Raises BadModel where the bytes are something else."""
    reader = Reader(data)
    if reader.size < SMALLEST_FILE or bytes(data[IDENTIFIER_AT : IDENTIFIER_AT + 4]) != IDENTIFIER:
        raise BadModel(
            "These bytes are not a .tflite model (no TFL3 mark at byte 4); give a file that a converter wrote."
        )
    return Table(reader, reader.forward(0))
