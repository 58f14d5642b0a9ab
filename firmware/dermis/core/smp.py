"""SMP over a console: the header, and the framing of MCUmgr's serial transport.

A packet (header and CBOR body) goes out as `length u16 | packet | CRC-16/XMODEM u16`, all big-endian, in base64,
cut into lines of at most 127 bytes: the first starts with 06 09, the others with 04 14, each ends with a newline.
What is not such a line is console text and is none of our business.
"""

from __future__ import annotations

import binascii
import struct
from collections import namedtuple
from typing import TYPE_CHECKING

from dermis.core.errors import BadInput
from dermis.core.native import micropython

if TYPE_CHECKING:
    from typing import Any
    from typing import Any as ptr8

HEADER = ">BBHHBB"
HEADER_SIZE = struct.calcsize(HEADER)
# Versions as they stand on the wire; 1 is what is called SMP v2.
VERSION_1, VERSION_2 = 0, 1

# One decoded frame: length, packet and CRC. `parameters` tells it to clients, which fill it.
BUFFER_SIZE = 4096
FRAME_OVERHEAD = 4
LARGEST_PACKET = BUFFER_SIZE - FRAME_OVERHEAD

LINE_LENGTH = 127  # with marker and newline, as MCUmgr has it
_BASE64_IN_LINE = (LINE_LENGTH - 3) // 4 * 4  # whole groups of four, so that each line decodes by itself
_BYTES_IN_LINE = _BASE64_IN_LINE // 4 * 3
# Other encoders count up to 128 with a carriage return; what is longer is text.
_LONGEST_LINE = 132

_START = b"\x06\x09"
_CONTINUE = b"\x04\x14"

Header = namedtuple("Header", ("op", "version", "length", "group", "sequence", "id"))


@micropython.viper
def crc16(data: ptr8, length: int, crc: int) -> int:
    """CRC-16/XMODEM (polynomial 0x1021, start 0) over `length` bytes, going on from `crc`."""
    for index in range(length):
        mixed = ((crc >> 8) ^ data[index]) & 0xFF
        mixed ^= mixed >> 4
        crc = ((crc << 8) ^ (mixed << 12) ^ (mixed << 5) ^ mixed) & 0xFFFF
    return crc


def parse(packet: Any) -> tuple:
    """(Header, body) of a packet. Raises BadInput when the header and the bytes do not agree."""
    if len(packet) < HEADER_SIZE:
        raise BadInput("an SMP packet has a header of 8 bytes; this one has %d" % len(packet))
    first, _, length, group, sequence, identifier = struct.unpack(HEADER, packet[:HEADER_SIZE])
    if length != len(packet) - HEADER_SIZE:
        raise BadInput("the SMP header says %d bytes, %d follow" % (length, len(packet) - HEADER_SIZE))
    return Header(first & 7, (first >> 3) & 3, length, group, sequence, identifier), packet[HEADER_SIZE:]


def packet(op: int, version: int, group: int, sequence: int, identifier: int, body: bytes) -> bytes:
    """A packet ready for `frame`."""
    return head(op, version, group, sequence, identifier, len(body)) + body


def head(op: int, version: int, group: int, sequence: int, identifier: int, length: int) -> bytes:
    """The header of a packet whose body has so many bytes."""
    return struct.pack(HEADER, (version << 3) | op, 0, length, group, sequence, identifier)


def frame(data: bytes) -> bytes:
    """The lines that carry one packet, newlines included. Raises BadInput above what 16 bits can say."""
    return b"".join(lines(data, b""))


def lines(start: Any, body: Any):
    """The lines of `frame` for the packet `start` + `body`, one by one: on a heap in pieces there may be no room for
    another copy of the packet. A generator; raises BadInput above what 16 bits can say."""
    length = len(start) + len(body) + 2
    if length > 0xFFFF:
        raise BadInput("a packet of %d bytes does not fit a frame; send it in pieces" % (length - 2))
    crc = crc16(body, len(body), crc16(start, len(start), 0))
    marker, line = _START, b""
    for part in (struct.pack(">H", length), start, body, struct.pack(">H", crc)):
        view = memoryview(part)
        done = 0
        while done < len(view):
            piece = view[done : done + _BYTES_IN_LINE - len(line)]
            done += len(piece)
            line += bytes(piece)
            if len(line) == _BYTES_IN_LINE:
                yield marker + binascii.b2a_base64(line)  # ends with a newline
                marker, line = _CONTINUE, b""
    if line:
        yield marker + binascii.b2a_base64(line)


class Deframer:
    """Takes the console's bytes in chunks of any size and gives the packets that are whole.

    Text, log lines and garbage between frames are passed over; a broken frame is dropped and counted. Holds one
    line and one frame, whatever comes.

    packets, text_lines, bad_lines, bad_crc, too_long: counters since the start.
    """

    def __init__(self, buffer_size=BUFFER_SIZE):
        self._line = bytearray(_LONGEST_LINE)
        self._filled = 0
        self._overflowed = False
        self._frame = bytearray(buffer_size)
        self._have = 0
        self._need = 0  # length of the frame after its first two bytes; 0: no frame is open
        self.packets = self.text_lines = self.bad_lines = self.bad_crc = self.too_long = 0

    @property
    def quiet(self):
        """True when the line holds nothing: what comes next starts a line."""
        return self._filled == 0 and not self._overflowed

    def feed(self, chunk: Any) -> list:
        """The packets (bytes, in order) that end within this chunk; nearly always none or one."""
        out = []
        for byte in chunk:
            if byte == 0x0A:
                if self._overflowed:
                    self.text_lines += 1
                else:
                    self._take_line(out)
                self._filled = 0
                self._overflowed = False
                continue
            if byte == 0x09 or byte == 0x14:
                self._restart_at_marker(byte)
            if self._filled == _LONGEST_LINE:
                self._overflowed = True
                # The last byte stays fresh: a marker may start with it.
                self._line[_LONGEST_LINE - 1] = byte
            else:
                self._line[self._filled] = byte
                self._filled += 1
        return out

    def _restart_at_marker(self, byte):
        """A marker starts a line wherever it stands: text before it may have had no newline."""
        before = 0x06 if byte == 0x09 else 0x04
        if self._filled and self._line[self._filled - 1] == before:
            self._line[0] = before
            self._filled = 1
            self._overflowed = False

    def _take_line(self, out):
        end = self._filled
        if end and self._line[end - 1] == 0x0D:
            end -= 1
        marker = bytes(self._line[:2]) if end >= 2 else b""
        if marker == _START:
            self._need = self._have = 0
        elif marker != _CONTINUE:
            self.text_lines += 1
            return
        elif not self._need:
            self.bad_lines += 1  # the start of this frame was lost
            return
        try:
            piece = binascii.a2b_base64(bytes(self._line[2:end]))
        except ValueError:
            piece = b""
        if not piece:
            self.bad_lines += 1
            self._need = self._have = 0
            return
        if marker == _START:
            piece = self._open(piece)
        self._append(piece, out)

    def _open(self, piece):
        if len(piece) < 2:
            self.bad_lines += 1
            return b""
        need = (piece[0] << 8) | piece[1]
        if need > len(self._frame) - 2:
            self.too_long += 1
            return b""
        if need < HEADER_SIZE + 2:
            self.bad_lines += 1
            return b""
        self._need = need
        return piece[2:]

    def _append(self, piece, out):
        if not self._need:
            return
        end = self._have + len(piece)
        if end > self._need:
            self.bad_lines += 1
            self._need = self._have = 0
            return
        self._frame[self._have : end] = piece
        self._have = end
        if end < self._need:
            return
        length = self._need
        self._need = self._have = 0
        if crc16(self._frame, length, 0):  # over packet and CRC together it is zero
            self.bad_crc += 1
            return
        self.packets += 1
        out.append(bytes(memoryview(self._frame)[: length - 2]))
