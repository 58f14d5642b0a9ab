"""The twin's ROM loader before hosts that lie: each packet is answered or ignored, flash written where it may be."""

from __future__ import annotations

import random
import struct
import zlib

import pytest
from dermis.core import partitions
from dermis_hw.twin import rom
from dermis_hw.twin.chip import Board, mac_of
from dermis_hw.twin.flash import SECTOR, Flash, PowerCut

OK = 0
BLOCK = 0x4000


class Bench:
    """A loader on a chip of its own; `ask` gives (value, data, error code) of each answer."""

    def __init__(self, path):
        self.flash = Flash(path / "flash.bin")
        self.board = Board(mac_of("DM1-0000"))
        self.sent = b""
        self.left = 0
        self.loader = rom.Loader(self.flash, self.board, self._take, self._leave)

    def _take(self, data):
        self.sent += data

    def _leave(self):
        self.left += 1

    def packets(self):
        sent, self.sent = self.sent, b""
        whole = [part for part in sent.split(rom.END) if part]
        return [part.replace(rom.ESCAPED_END, rom.END).replace(rom.ESCAPED_ESCAPE, rom.ESCAPE) for part in whole]

    def ask(self, command, body=b"", checksum=0):
        self.loader.feed(rom.frame(struct.pack(rom.HEADER, rom.REQUEST, command, len(body), checksum) + body))
        return self.answer(command)

    def answer(self, command):
        packet, *_ = self.packets()
        direction, answered, length, value = struct.unpack_from(rom.HEADER, packet)
        data = packet[rom.HEADER_SIZE :]
        assert (direction, answered, length) == (rom.ANSWER, command, len(data))
        status = 2 if self.loader.is_stub else 4
        failed, code = data[-status], data[-status + 1]
        assert bool(failed) == bool(code)
        return value, data[:-status], code

    def code(self, command, body=b"", checksum=0):
        return self.ask(command, body, checksum)[2]

    def data(self, command, number, payload, checksum=None):
        if checksum is None:
            checksum = rom.CHECKSUM_SEED
            for byte in payload:
                checksum ^= byte
        return self.code(command, struct.pack(rom.DATA_HEADER, len(payload), number, 0, 0) + payload, checksum)

    def run_stub(self):
        assert self.data(rom.MEM_DATA, 0, b"code") == OK
        self.loader.feed(rom.frame(struct.pack(rom.HEADER, 0, rom.MEM_END, 8, 0) + struct.pack("<II", 0, 0x40370000)))
        assert self.packets()[-1] == rom.GREETING and self.loader.is_stub

    def begin(self, command, size, offset, block=BLOCK):
        return self.code(command, struct.pack("<IIIII", size, 1, block, offset, 0))


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.flash.close()


def _flash(bench, offset=0, length=partitions.FLASH_SIZE):
    return bench.flash.read(offset, length)


def test_the_stubs_commands_are_the_stubs_alone(bench):
    for command in (rom.ERASE_FLASH, rom.ERASE_REGION, rom.READ_FLASH, rom.RUN_USER_CODE):
        assert bench.code(command) == rom.UNKNOWN[0]
    assert bench.ask(rom.SYNC)[0] == rom.ROM_SYNC_VALUE
    bench.run_stub()
    assert bench.code(rom.ERASE_FLASH) == OK
    assert bench.ask(rom.SYNC)[0] == 0
    bench.loader.reset()
    assert bench.code(rom.ERASE_FLASH) == rom.UNKNOWN[0], "the stub outlived a reset"


def test_nonsense_is_survived(bench):
    noise = random.Random(1)
    bench.loader.feed(noise.randbytes(200_000))
    bench.loader.feed(rom.END)
    bench.packets()
    for command in range(256):
        for length in (0, 3, 16, 40):
            bench.code(command, noise.randbytes(length) if command not in (rom.FLASH_BEGIN, rom.DEFLATE_BEGIN) else b"")
    assert _flash(bench) == b"\xff" * partitions.FLASH_SIZE
    bench.run_stub()


def test_a_packet_without_end_does_not_fill_the_memory(bench):
    for _ in range(20):
        bench.loader.feed(b"\x00" * 65536)
    assert len(bench.loader._in) <= rom.LONGEST_PACKET + 65536


@pytest.mark.parametrize(
    ("size", "offset"), [(SECTOR, partitions.FLASH_SIZE), (0xFFFFFFFF, 0), (1, 0xFFFFFFFF), (partitions.FLASH_SIZE, 1)]
)
def test_nothing_lies_outside_the_chip(bench, size, offset):
    assert bench.begin(rom.FLASH_BEGIN, size, offset) == rom.NO_SUCH_PLACE[0]
    assert bench.code(rom.FLASH_MD5, struct.pack("<IIII", offset, size, 0, 0)) == rom.NO_SUCH_PLACE[0]
    assert bench.code(rom.READ_FLASH_SLOW, struct.pack("<II", offset, size)) == rom.NO_SUCH_PLACE[0]
    bench.run_stub()
    assert bench.begin(rom.DEFLATE_BEGIN, size, offset) == rom.NO_SUCH_PLACE[1]
    assert bench.code(rom.ERASE_REGION, struct.pack("<II", offset, size)) == rom.NO_SUCH_PLACE[1]
    assert bench.code(rom.READ_FLASH, struct.pack("<IIII", offset, size, SECTOR, 64)) == rom.NO_SUCH_PLACE[1]


def test_data_that_were_not_announced_are_refused(bench):
    assert bench.data(rom.FLASH_DATA, 0, b"x") == rom.NOT_BEGUN[0]
    assert bench.data(rom.DEFLATE_DATA, 0, zlib.compress(b"x")) == rom.NOT_BEGUN[0]
    assert bench.begin(rom.FLASH_BEGIN, SECTOR, 0) == OK
    assert bench.data(rom.DEFLATE_DATA, 0, zlib.compress(b"x")) == rom.NOT_BEGUN[0]
    assert bench.data(rom.FLASH_DATA, 1, b"beyond") == rom.TOO_MUCH[0]
    assert bench.data(rom.FLASH_DATA, 0xFFFFFFFF, b"far beyond") == rom.TOO_MUCH[0]
    assert bench.data(rom.FLASH_DATA, 0, b"within") == OK
    assert bench.data(rom.FLASH_DATA, 0, b"spoiled", checksum=0) == rom.BAD_CHECKSUM[0]
    short = struct.pack(rom.DATA_HEADER, 100, 0, 0, 0) + b"short"
    assert bench.code(rom.FLASH_DATA, short) == rom.BAD_LENGTH[0]
    assert bench.code(rom.FLASH_END, struct.pack("<I", 1)) == OK
    assert bench.data(rom.FLASH_DATA, 0, b"late") == rom.NOT_BEGUN[0]
    assert _flash(bench, 0, 7) == b"within\xff" and bench.left == 0


def test_a_little_that_inflates_to_much_stops_at_what_was_announced(bench):
    bench.run_stub()
    assert bench.begin(rom.DEFLATE_BEGIN, 100, 2 * SECTOR) == OK
    assert bench.data(rom.DEFLATE_DATA, 0, zlib.compress(bytes(1 << 26))) == rom.TOO_MUCH[1]
    assert bench.begin(rom.DEFLATE_BEGIN, 100, 2 * SECTOR) == OK
    assert bench.data(rom.DEFLATE_DATA, 0, b"no deflate") == rom.BAD_DEFLATE[1]
    assert _flash(bench) == b"\xff" * partitions.FLASH_SIZE


def test_the_stub_erases_ahead_and_the_rom_at_once(bench):
    bench.flash.program(0, bytes(4 * SECTOR))
    bench.run_stub()
    assert bench.begin(rom.FLASH_BEGIN, 3 * SECTOR, 0, SECTOR) == OK
    assert _flash(bench, 0, SECTOR) == bytes(SECTOR), "erased before a byte came"
    assert bench.data(rom.FLASH_DATA, 0, b"a" * SECTOR) == OK
    assert _flash(bench, 0, 2 * SECTOR) == b"a" * SECTOR + bytes(SECTOR)
    bench.loader.reset()
    assert bench.begin(rom.FLASH_BEGIN, 3 * SECTOR, 0, SECTOR) == OK
    assert _flash(bench, 0, 4 * SECTOR) == b"\xff" * 3 * SECTOR + bytes(SECTOR)


def test_a_reader_who_acknowledges_nothing_gets_a_window_and_no_more(bench):
    bench.flash.program(0, b"content")
    bench.run_stub()
    assert bench.code(rom.READ_FLASH, struct.pack("<IIII", 0, 64 * SECTOR, SECTOR, 0)) == rom.BAD_LENGTH[1]
    request = struct.pack("<IIII", 0, 64 * SECTOR, SECTOR, 2)
    bench.loader.feed(rom.frame(struct.pack(rom.HEADER, 0, rom.READ_FLASH, len(request), 0) + request))
    assert [len(packet) for packet in bench.packets()[1:]] == [SECTOR, SECTOR]
    bench.loader.feed(rom.frame(struct.pack("<I", SECTOR)))
    assert [len(packet) for packet in bench.packets()] == [SECTOR]
    bench.loader.feed(rom.frame(struct.pack("<I", 64 * SECTOR)))  # a lie: it has four of them
    assert len(bench.packets()) == 62, "the rest, and the digest"
    assert bench.ask(rom.SYNC)[2] == OK


def test_memory_has_an_end(bench):
    codes = {bench.data(rom.MEM_DATA, number, bytes(BLOCK)) for number in range(40)}
    assert codes == {OK, rom.NO_SUCH_PLACE[0]}


def test_a_write_that_loses_its_power_is_no_answer(bench):
    bench.flash.cut_power_after(1)
    with pytest.raises(PowerCut):
        bench.begin(rom.FLASH_BEGIN, SECTOR, 0)
    assert bench.sent == b""


def test_leaving_and_the_watchdog_start_what_lies_in_flash(bench):
    chip = bench.board.chip

    def write(address, value):
        return bench.code(rom.WRITE_REG, struct.pack("<IIII", address, value, 0xFFFFFFFF, 0))

    assert write(chip.watchdog_lock, 0) == OK and bench.left == 0, "it was not armed"
    assert write(chip.watchdog_config, 1 << 31) == OK and bench.left == 0
    assert write(chip.watchdog_lock, 0) == OK and bench.left == 1
    bench.run_stub()
    assert bench.code(rom.RUN_USER_CODE) == OK and bench.left == 2
    assert bench.code(rom.FLASH_END, struct.pack("<I", 0)) == OK and bench.left == 3
