"""CBOR (RFC 8949), as far as messages and records need it.

Integers of at most 64 bits, byte and text strings, arrays, maps, true, false and null. Shortest heads and
definite lengths on the way out; on the way in indefinite lengths are taken as well, and everything is
bounded by what is there: a length is believed only after the bytes for it have been seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core.errors import BadInput

if TYPE_CHECKING:
    from typing import Any

# A record or a message nests four deep at most; the rest of the room is for writers from outside.
DEPTH_LIMIT = 12
# Largest thing that anybody hands over: a calibration record is about 80 kB.
LENGTH_LIMIT = 256 * 1024

_UINT, _NINT, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_INDEFINITE = 31
_BREAK_HEAD = 0xFF
_FALSE, _TRUE, _NULL = 0xF4, 0xF5, 0xF6
_LARGEST = (1 << 64) - 1


def dumps(obj: Any) -> bytes:
    """The bytes of `obj`: int (64 bits), bytes, bytearray, memoryview, str, list, tuple, dict, bool, None.

    A map's keys are sorted by their bytes (RFC 8949, 4.2.1), because MicroPython's dict keeps no order and every
    platform must write the same record. Raises BadInput for anything else and for what nests too deep.
    """
    out = bytearray()
    _encode(obj, out, 0)
    return bytes(out)


def _head(major, value, out):
    major <<= 5
    if value < 24:
        out.append(major | value)
        return
    if value < 0x100:
        size, code = 1, 24
    elif value < 0x10000:
        size, code = 2, 25
    elif value < 0x100000000:
        size, code = 4, 26
    elif value <= _LARGEST:
        size, code = 8, 27
    else:
        raise BadInput("CBOR holds integers of at most 64 bits; send a smaller one")
    out.append(major | code)
    for index in range(size - 1, -1, -1):
        out.append((value >> (8 * index)) & 0xFF)


def _encode(obj, out, depth):
    if depth > DEPTH_LIMIT:
        raise BadInput("this nests deeper than %d levels; flatten it" % DEPTH_LIMIT)
    if obj is None:
        out.append(_NULL)
    elif obj is True:
        out.append(_TRUE)
    elif obj is False:
        out.append(_FALSE)
    elif isinstance(obj, int):
        if obj < 0:
            _head(_NINT, -1 - obj, out)
        else:
            _head(_UINT, obj, out)
    elif isinstance(obj, str):
        data = obj.encode()
        _head(_TEXT, len(data), out)
        out.extend(data)
    elif isinstance(obj, (bytes, bytearray, memoryview)):
        _head(_BYTES, len(obj), out)
        out.extend(obj)
    elif isinstance(obj, (list, tuple)):
        _head(_ARRAY, len(obj), out)
        for item in obj:
            _encode(item, out, depth + 1)
    elif isinstance(obj, dict):
        _head(_MAP, len(obj), out)
        for encoded, key in sorted([(dumps(key), key) for key in obj], key=_first):
            out.extend(encoded)
            _encode(obj[key], out, depth + 1)
    else:
        raise BadInput("CBOR cannot carry a %s; send int, bytes, str, list, map, bool or null" % type(obj).__name__)


def _first(pair):
    return pair[0]


def loads(data: Any, views_from: int = 0) -> Any:
    """The one item that `data` (anything with a buffer) holds; byte strings come back as bytes.

    With `views_from`, byte strings of at least that many bytes come back as memoryviews of `data`, uncopied (unless
    they came in chunks): a record's largest part then needs no second place in the heap, and `data` must not change.
    Raises BadInput when it is cut short, is followed by more bytes, nests deeper than `DEPTH_LIMIT`, is longer
    than `LENGTH_LIMIT`, repeats a key, or holds what we do not carry (tags, floats, undefined).
    """
    if len(data) > LENGTH_LIMIT:
        raise BadInput("this is %d bytes of CBOR; at most %d are taken" % (len(data), LENGTH_LIMIT))
    decoder = _Decoder(memoryview(data), views_from or LENGTH_LIMIT + 1)
    obj = decoder.item(0)
    if decoder.offset != len(data):
        raise BadInput("%d bytes follow the CBOR item; send one item and no more" % (len(data) - decoder.offset))
    return obj


class _Decoder:
    def __init__(self, data, views_from):
        self.data = data
        self.views_from = views_from
        self.offset = 0

    def _take(self, count):
        """The next `count` bytes. Compared before anything is allocated, so that a hostile length costs nothing."""
        left = len(self.data) - self.offset
        if count > left:
            raise BadInput("the CBOR ends %d bytes short; send it whole" % (count - left))
        start = self.offset
        self.offset = start + count
        return self.data[start : start + count]

    def _argument(self, info):
        if info < 24:
            return info
        if info > 27:
            raise BadInput("byte %d is no CBOR head (RFC 8949 reserves it)" % (self.offset - 1))
        value = 0
        for byte in self._take(1 << (info - 24)):
            value = (value << 8) | byte
        return value

    def _at_break(self):
        """True, and past it, where the stop code stands."""
        if self._take(1)[0] == _BREAK_HEAD:
            return True
        self.offset -= 1
        return False

    def _chunks(self, major):
        """An indefinite string: definite chunks of its own type up to the stop code."""
        out = bytearray()
        while True:
            head = self._take(1)[0]
            if head == _BREAK_HEAD:
                return out
            if head >> 5 != major or head & 31 == _INDEFINITE:
                raise BadInput("a chunk of an indefinite string is no definite string of its type")
            chunk = self._take(self._argument(head & 31))
            if major == _TEXT:
                _text(chunk)  # RFC 8949, 3.2.3: no character is split between chunks
            out.extend(chunk)

    def _array(self, info, depth):
        out = []
        if info == _INDEFINITE:
            while not self._at_break():
                out.append(self.item(depth))
            return out
        count = self._argument(info)
        self._plausible(count)
        for _ in range(count):
            out.append(self.item(depth))
        return out

    def _map(self, info, depth):
        out = {}
        if info == _INDEFINITE:
            while not self._at_break():
                self._entry(out, depth)
            return out
        count = self._argument(info)
        self._plausible(2 * count)
        for _ in range(count):
            self._entry(out, depth)
        return out

    def _plausible(self, count):
        if count > len(self.data) - self.offset:  # an item is at least one byte
            raise BadInput("the CBOR names more items than it has bytes; send it whole")

    def _entry(self, out, depth):
        key = self.item(depth)
        if not isinstance(key, (int, str, bytes)) or isinstance(key, bool):
            raise BadInput("a map's keys are int, str or bytes")
        if key in out:
            raise BadInput("a map names the key %r twice" % (key,))
        out[key] = self.item(depth)

    def item(self, depth):
        if depth > DEPTH_LIMIT:
            raise BadInput("the CBOR nests deeper than %d levels; flatten it" % DEPTH_LIMIT)
        head = self._take(1)[0]
        major, info = head >> 5, head & 31
        if major == _UINT:
            return self._argument(info)
        if major == _NINT:
            return -1 - self._argument(info)
        if major in (_BYTES, _TEXT):
            content = self._chunks(major) if info == _INDEFINITE else self._take(self._argument(info))
            if major == _TEXT:
                return _text(content)
            return content if len(content) >= self.views_from else bytes(content)
        if major == _ARRAY:
            return self._array(info, depth + 1)
        if major == _MAP:
            return self._map(info, depth + 1)
        if head == _NULL:
            return None
        if head == _TRUE:
            return True
        if head == _FALSE:
            return False
        raise BadInput(
            "byte %d of the CBOR starts a tag, a float or a simple value; send int, bytes, str, list, map, bool or null"
            % (self.offset - 1)
        )


def _text(content):
    try:
        return str(bytes(content), "utf-8")
    except (UnicodeError, ValueError):
        raise BadInput("a text string is not UTF-8")
