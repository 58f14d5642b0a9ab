"""The chip's own loader, by which it is flashed: the ROM's, and the stub's once a host has uploaded one.

Spoken is what esptool's documentation calls the serial protocol: SLIP packets of a command and its answer. The stub
that a host uploads is not run: when the host starts what it has put into memory, the loader greets in its place and
from then on knows the stub's commands too.
Ref: https://docs.espressif.com/projects/esptool/en/latest/esp32s3/advanced-topics/serial-protocol.html
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .chip import Board, Registers
from .flash import SECTOR, Flash

(FLASH_BEGIN, FLASH_DATA, FLASH_END, MEM_BEGIN, MEM_END, MEM_DATA, SYNC, WRITE_REG, READ_REG) = range(0x02, 0x0B)
SPI_SET_PARAMS, SPI_ATTACH, READ_FLASH_SLOW, CHANGE_BAUD = 0x0B, 0x0D, 0x0E, 0x0F
DEFLATE_BEGIN, DEFLATE_DATA, DEFLATE_END, FLASH_MD5, SECURITY_INFO = range(0x10, 0x15)
ERASE_FLASH, ERASE_REGION, READ_FLASH, RUN_USER_CODE = range(0xD0, 0xD4)  # the stub's alone

REQUEST, ANSWER = 0, 1
HEADER = "<BBHI"  # direction, command, length of the body, checksum or value
HEADER_SIZE = struct.calcsize(HEADER)
DATA_HEADER = "<IIII"  # length, sequence number, 0, 0
DATA_HEADER_SIZE = struct.calcsize(DATA_HEADER)
CHECKSUM_SEED = 0xEF
SYNC_ANSWERS = 8
ROM_SYNC_VALUE = 0x20120707  # what tells the ROM from a stub, which answers 0
GREETING = b"OHAI"
SLOW_READ = 64  # bytes at once, in the ROM
LONGEST_PACKET = 1 << 17  # a block of 16 kB, each byte escaped, and room
MEMORY = 1 << 19  # bytes of RAM that a host can fill

# Why a command failed, as the ROM numbers it and as the stub does
UNKNOWN, BAD_LENGTH, BAD_CHECKSUM = (0x05, 0xC3), (0x05, 0xC0), (0x07, 0xC1)
NO_SUCH_PLACE, NOT_BEGUN, BAD_DEFLATE, TOO_MUCH = (0x08, 0xC4), (0x06, 0xC6), (0x0B, 0xC7), (0x06, 0xC9)

END, ESCAPE, ESCAPED_END, ESCAPED_ESCAPE = b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd"


class _Failed(Exception):
    def __init__(self, codes: tuple[int, int]):
        super().__init__(codes)
        self.codes = codes


@dataclass
class _Write:
    """A write under way. The ROM erases at its begin; the stub sector by sector, just ahead of the bytes."""

    start: int
    end: int
    block: int
    inflate: zlib._Decompress | None
    at: int  # where the next inflated byte belongs
    erased_to: int


@dataclass
class _Read:
    """A read under way: the host acknowledges bytes, and `window` packets at most are ahead of it."""

    offset: int
    length: int
    block: int
    window: int
    sent: int
    digest: hashlib._Hash


def frame(packet: bytes) -> bytes:
    """A packet between SLIP's ends."""
    return END + packet.replace(ESCAPE, ESCAPED_ESCAPE).replace(END, ESCAPED_END) + END


class Loader:
    """`send` takes bytes for the host; `leave` is called when the host has it start what lies in flash."""

    def __init__(self, flash: Flash, board: Board, send: Callable[[bytes], None], leave: Callable[[], None]):
        self._flash = flash
        self._board = board
        self._send = send
        self._leave = leave
        self._methods: dict[int, Callable[[bytes], bytes | int | None]] = {
            SYNC: self._sync,
            READ_REG: self._read_register,
            WRITE_REG: self._write_registers,
            SECURITY_INFO: self._security_info,
            SPI_ATTACH: self._nothing,
            SPI_SET_PARAMS: self._nothing,
            CHANGE_BAUD: self._nothing,
            MEM_BEGIN: self._nothing,
            MEM_DATA: self._memory_data,
            MEM_END: self._memory_end,
            FLASH_BEGIN: lambda body: self._begin(body, None),
            FLASH_DATA: self._flash_data,
            FLASH_END: self._end,
            DEFLATE_BEGIN: lambda body: self._begin(body, zlib.decompressobj()),
            DEFLATE_DATA: self._deflate_data,
            DEFLATE_END: self._end,
            FLASH_MD5: self._md5,
            READ_FLASH_SLOW: self._read_slow,
        }
        self._stub_methods = {
            ERASE_FLASH: self._erase_flash,
            ERASE_REGION: self._erase_region,
            READ_FLASH: self._read_begin,
            RUN_USER_CODE: self._run,
        }
        self.reset()

    def reset(self) -> None:
        """As the chip comes into it: no stub, nothing under way."""
        self.is_stub = False
        self._registers = Registers(self._board)
        self._in = bytearray()
        self._memory = bytearray()
        self._write: _Write | None = None
        self._read: _Read | None = None
        self._after: Callable[[], None] | None = None  # what follows the answer

    def feed(self, data: bytes) -> None:
        """Bytes from the host. Raises PowerCut in an operation of the flash that was to be cut."""
        self._in += data
        *packets, rest = bytes(self._in).split(END)
        self._in[:] = rest if len(rest) <= LONGEST_PACKET else b""
        for packet in packets:
            if packet:
                self._take(packet.replace(ESCAPED_END, END).replace(ESCAPED_ESCAPE, ESCAPE))

    def _take(self, packet: bytes) -> None:
        if self._read is not None and len(packet) == 4:
            self._read_on(self._read, int.from_bytes(packet, "little"))
            return
        if len(packet) < HEADER_SIZE or packet[0] != REQUEST:
            return
        _, command, length, checksum = struct.unpack_from(HEADER, packet)
        body = packet[HEADER_SIZE:]
        answer, codes = None, (0, 0)
        try:
            if len(body) != length:
                raise _Failed(BAD_LENGTH)
            answer = self._method(command)(self._checked(command, body, checksum))
        except _Failed as failure:
            codes = failure.codes
        except struct.error:
            codes = BAD_LENGTH
        self._answer(command, answer, codes)
        after, self._after = self._after, None
        if after:
            after()

    def _method(self, command: int) -> Callable[[bytes], bytes | int | None]:
        method = self._methods.get(command) or (self._stub_methods.get(command) if self.is_stub else None)
        if method is None:
            raise _Failed(UNKNOWN)
        return method

    @staticmethod
    def _checked(command: int, body: bytes, checksum: int) -> bytes:
        """The body; of the commands that carry data, the data are checked."""
        if command in (FLASH_DATA, DEFLATE_DATA, MEM_DATA):
            length, *_ = struct.unpack_from(DATA_HEADER, body)
            data = np.frombuffer(body, np.uint8, offset=DATA_HEADER_SIZE)
            if len(data) != length:
                raise _Failed(BAD_LENGTH)
            if int(np.bitwise_xor.reduce(data, initial=0)) ^ CHECKSUM_SEED != checksum & 0xFF:
                raise _Failed(BAD_CHECKSUM)
        return body

    def _answer(self, command: int, answer: bytes | int | None, codes: tuple[int, int]) -> None:
        code = codes[1] if self.is_stub else codes[0]
        # The ROM's status has two more bytes than the stub's.
        status = bytes((code != 0, code)) + (b"" if self.is_stub else bytes(2))
        data = (answer if isinstance(answer, bytes) else b"") + status
        value = answer if isinstance(answer, int) else 0
        packet = frame(struct.pack(HEADER, ANSWER, command, len(data), value) + data)
        self._send(packet * (SYNC_ANSWERS if command == SYNC else 1))

    # --- who it is

    def _nothing(self, _body: bytes) -> None:
        """What matters to the chip and not to the twin."""

    def _sync(self, _body: bytes) -> int:
        return 0 if self.is_stub else ROM_SYNC_VALUE

    def _read_register(self, body: bytes) -> int:
        return self._registers.read(struct.unpack("<I", body)[0])

    def _write_registers(self, body: bytes) -> None:
        for address, value, mask, _delay_us in struct.iter_unpack("<IIII", body):
            self._registers.write(address, value, mask)
            if self._registers.watchdog_bites(address):
                self._after = self._leave

    def _security_info(self, _body: bytes) -> bytes:
        flags, crypt_count, key_purposes, revision = 0, 0, bytes(7), 0
        return struct.pack("<IB7sII", flags, crypt_count, key_purposes, self._board.chip.image_id, revision)

    # --- memory: only a stub is ever put there

    def _memory_data(self, body: bytes) -> None:
        if len(self._memory) + len(body) > MEMORY:
            raise _Failed(NO_SUCH_PLACE)
        self._memory += body[DATA_HEADER_SIZE:]

    def _memory_end(self, body: bytes) -> None:
        stay, entry = struct.unpack("<II", body)
        if not stay and entry and self._memory:
            self._after = self._greet
        self._memory.clear()

    def _greet(self) -> None:
        self.is_stub = True
        self._send(frame(GREETING))

    # --- writing

    def _begin(self, body: bytes, inflate: zlib._Decompress | None) -> None:
        size, _blocks, block, offset = struct.unpack_from("<IIII", body)
        self._check(offset, size)
        sector = offset // SECTOR * SECTOR
        self._write = _Write(offset, offset + size, block, inflate, offset, sector)
        if not self.is_stub:
            self._erase_up_to(self._write, offset + size)

    def _erase_up_to(self, write: _Write, end: int) -> None:
        end = -(-end // SECTOR) * SECTOR
        if end > write.erased_to:
            self._flash.erase(write.erased_to, end - write.erased_to)
            write.erased_to = end

    def _put(self, write: _Write, at: int, data: bytes) -> None:
        # The last block is filled up with 0xFF beyond the end that was announced.
        if data[max(0, write.end - at) :].strip(b"\xff"):
            raise _Failed(TOO_MUCH)
        data = data[: max(0, write.end - at)]
        self._erase_up_to(write, at + len(data))
        self._flash.program(at, data)

    def _flash_data(self, body: bytes) -> None:
        if self._write is None or self._write.inflate is not None:
            raise _Failed(NOT_BEGUN)
        _, number, *_ = struct.unpack_from(DATA_HEADER, body)
        self._put(self._write, self._write.start + number * self._write.block, body[DATA_HEADER_SIZE:])

    def _deflate_data(self, body: bytes) -> None:
        write = self._write
        if write is None or write.inflate is None:
            raise _Failed(NOT_BEGUN)
        try:
            data = write.inflate.decompress(body[DATA_HEADER_SIZE:], write.end - write.at + 1)
        except zlib.error:
            raise _Failed(BAD_DEFLATE) from None
        if write.at + len(data) > write.end:
            raise _Failed(TOO_MUCH)
        self._put(write, write.at, data)
        write.at += len(data)

    def _end(self, body: bytes) -> None:
        (stay,) = struct.unpack("<I", body)
        self._write = None
        if not stay:
            self._after = self._leave

    # --- reading and erasing

    def _md5(self, body: bytes) -> bytes:
        offset, size, *_ = struct.unpack("<IIII", body)
        self._check(offset, size)
        digest = hashlib.md5(self._flash.read(offset, size), usedforsecurity=False)
        return digest.digest() if self.is_stub else digest.hexdigest().encode()

    def _read_slow(self, body: bytes) -> bytes:
        offset, size = struct.unpack("<II", body)
        self._check(offset, size)
        return self._flash.read(offset, min(size, SLOW_READ)).ljust(SLOW_READ, b"\0")

    def _erase_flash(self, _body: bytes) -> None:
        self._flash.erase(0, self._board.flash_size)

    def _erase_region(self, body: bytes) -> None:
        offset, size = struct.unpack("<II", body)
        self._check(offset, size)
        if offset % SECTOR or size % SECTOR:
            raise _Failed(NO_SUCH_PLACE)
        self._flash.erase(offset, size)

    def _read_begin(self, body: bytes) -> None:
        offset, length, block, window = struct.unpack("<IIII", body)
        self._check(offset, length)
        if not block or not window:
            raise _Failed(BAD_LENGTH)
        read = _Read(offset, length, block, window, 0, hashlib.md5(usedforsecurity=False))
        self._read = read
        self._after = lambda: self._read_on(read, 0)

    def _read_on(self, read: _Read, acknowledged: int) -> None:
        while read.sent < read.length and read.sent - acknowledged < read.window * read.block:
            data = self._flash.read(read.offset + read.sent, min(read.block, read.length - read.sent))
            read.digest.update(data)
            read.sent += len(data)
            self._send(frame(data))
        if acknowledged >= read.length:
            self._read = None
            self._send(frame(read.digest.digest()))

    def _run(self, _body: bytes) -> None:
        self._after = self._leave

    def _check(self, offset: int, size: int) -> None:
        if offset + size > self._board.flash_size:
            raise _Failed(NO_SUCH_PLACE)
