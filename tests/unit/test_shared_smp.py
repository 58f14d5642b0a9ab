"""SMP's header and MCUmgr's serial framing: what comes whole is taken, what comes broken is passed over."""

import struct

from dermis.core import smp
from dermis.core.errors import BadInput

# An echo of "Hello" by smpclient 7.3, framed by its own encoder (SMP v2, sequence 7).
ECHO = bytes([0x0A, 0, 0, 9, 0, 0, 7, 0]) + b"\xa1\x61\x64\x65Hello"


def noise(count, seed):
    out = bytearray(count)
    for index in range(count):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        out[index] = (seed >> 16) & 0xFF
    return bytes(out)


def raises(function, *arguments):
    try:
        function(*arguments)
    except BadInput as error:
        return str(error)
    return ""


def test_crc_check_value():
    assert smp.crc16(b"123456789", 9, 0) == 0x31C3  # CRC-16/XMODEM's published check value
    assert smp.crc16(b"6789", 4, smp.crc16(b"12345", 5, 0)) == 0x31C3


def test_header_both_ways():
    header, body = smp.parse(ECHO)
    assert (header.op, header.version, header.group, header.id, header.sequence) == (2, smp.VERSION_2, 0, 0, 7)
    assert len(body) == header.length == 9
    assert smp.packet(2, smp.VERSION_2, 0, 7, 0, body) == ECHO
    assert smp.packet(1, smp.VERSION_1, 64, 255, 6, b"\xa0") == b"\x01\x00\x00\x01\x00\x40\xff\x06\xa0"


def test_a_header_that_lies_is_refused():
    assert raises(smp.parse, ECHO[:7])
    assert raises(smp.parse, ECHO[:-1])
    assert raises(smp.parse, ECHO + b"\x00")


def test_lines_are_short_and_marked():
    lines = smp.frame(noise(1000, 1)).split(b"\n")
    assert lines.pop() == b""
    assert lines[0][:2] == b"\x06\x09"
    for line in lines[1:]:
        assert line[:2] == b"\x04\x14"
    for line in lines:
        assert len(line) + 1 <= smp.LINE_LENGTH and len(line) % 4 == 2


def test_every_length_round_trips_in_every_chunk_size():
    deframer = smp.Deframer()
    for length in (8, 9, 10, 88, 89, 90, 91, 92, 93, 94, 180, 181, 1000, smp.LARGEST_PACKET):
        packet = noise(length, length)
        lines = smp.frame(packet)
        for size in (1, 7, 127, 128, 5000):
            got = []
            for start in range(0, len(lines), size):
                got += deframer.feed(lines[start : start + size])
            assert got == [packet], (length, size)


def test_text_between_and_before_frames():
    lines = smp.frame(ECHO)
    long = smp.frame(noise(300, 3)).split(b"\n")
    deframer = smp.Deframer()
    assert deframer.feed(b'{"t_ms":1,"event":"up"}\r\n' + lines + b">>> " + lines) == [ECHO, ECHO]
    mixed = long[0] + b"\nlog text between the lines of a frame\r\n" + long[1] + b"\r\n" + b"\n".join(long[2:])
    assert deframer.feed(mixed) == [noise(300, 3)]
    assert deframer.text_lines >= 2 and deframer.quiet


def test_more_text_than_a_line_holds_then_a_frame_without_a_newline():
    deframer = smp.Deframer()
    assert deframer.feed(b"x" * 5000 + smp.frame(ECHO)) == [ECHO]
    for length in range(smp.LINE_LENGTH, smp.LINE_LENGTH + 12):
        assert deframer.feed(b"x" * length + smp.frame(ECHO)) == [ECHO], length


def test_a_wrong_crc_is_dropped_and_the_next_frame_taken():
    deframer = smp.Deframer()
    body = ECHO + struct.pack(">H", smp.crc16(ECHO, len(ECHO), 0) ^ 1)
    import binascii

    bad = b"\x06\x09" + binascii.b2a_base64(struct.pack(">H", len(body)) + body)
    assert deframer.feed(bad) == [] and deframer.bad_crc == 1
    assert deframer.feed(smp.frame(ECHO)) == [ECHO]


def test_a_lost_line_costs_one_frame():
    deframer = smp.Deframer()
    lines = smp.frame(noise(400, 5)).split(b"\n")
    assert deframer.feed(b"\n".join(lines[:1] + lines[2:])) == []
    assert deframer.feed(smp.frame(ECHO)) == [ECHO]
    assert deframer.feed(b"\n".join(lines[1:])) == [] and deframer.bad_lines
    assert deframer.feed(smp.frame(ECHO)) == [ECHO]


def test_a_frame_that_says_too_much_is_refused_at_its_first_line():
    deframer = smp.Deframer(256)
    assert deframer.feed(smp.frame(noise(300, 2))) == [] and deframer.too_long == 1
    assert deframer.feed(smp.frame(noise(252, 2))) == [noise(252, 2)]
    assert raises(smp.frame, bytes(0xFFFF))


def test_lines_that_are_no_base64_or_too_short():
    deframer = smp.Deframer()
    for line in (
        b"\x06\x09\n",
        b"\x06\x09!\n",
        b"\x06\x09A\n",
        b"\x06\x09AAA=\n",
        b"\x06\x09AAAA\n",
        b"\x04\x14AAAA\n",
    ):
        assert deframer.feed(line) == [], line
    assert deframer.feed(smp.frame(ECHO)) == [ECHO]


def test_random_bytes_and_then_a_frame():
    deframer = smp.Deframer()
    for round_ in range(10):
        assert deframer.feed(noise(10000, 77 + round_)) == []
    assert deframer.feed(b"\n" + smp.frame(ECHO)) == [ECHO]
