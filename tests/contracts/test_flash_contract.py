"""The flash: partitions have ends, bits are only cleared, and a chip that fails is said."""

from __future__ import annotations

import contextlib

import pytest
from dermis.core import partitions
from dermis.core.errors import BadInput, SensorFault

from tests.contracts.benches.machine import Unbreakable
from tests.contracts.machine_benches import bench, machines, replaced

BLOCK = partitions.BLOCK_SIZE
CAUGHT = (AssertionError, OSError, SensorFault, pytest.fail.Exception)
SLOT = partitions.partition("slot0").size


def reads_what_is_there(flash):
    """At any place and of any length, across blocks."""
    data = bytes((at * 7 + at // 256) & 255 for at in range(3 * BLOCK))
    flash.put("slot1", 2 * BLOCK, data)
    for offset, length in ((0, 3 * BLOCK), (1, 5), (BLOCK - 3, 9), (BLOCK // 2, 2 * BLOCK + 77)):
        buffer = bytearray(length)
        flash.driver.read_at("slot1", 2 * BLOCK + offset, buffer)
        assert bytes(buffer) == data[offset : offset + length]
        flash.driver.read_at("slot1", 2 * BLOCK + offset, memoryview(buffer)[: length // 2])


def writes_where_it_is_told(flash):
    flash.driver.write("slot0", BLOCK - 2, b"\x12\x34\x56\x78")
    assert flash.content("slot0", BLOCK - 4, 8) == b"\xff\xff\x12\x34\x56\x78\xff\xff"
    assert flash.content("slot1", BLOCK - 4, 8) == b"\xff" * 8
    flash.driver.write("slot0", BLOCK, memoryview(b"\xf0\x0f"))
    assert flash.content("slot0", BLOCK, 2) == b"\x50\x08", "a write sets no bit, and erases nothing"


def erases_no_more_than_it_is_told(flash):
    flash.put("slot0", 0, b"\0" * (4 * BLOCK))
    flash.driver.erase("slot0", BLOCK, 2 * BLOCK)
    assert flash.content("slot0", 0, 4 * BLOCK) == b"\0" * BLOCK + b"\xff" * (2 * BLOCK) + b"\0" * BLOCK


def stays_within(flash):
    flash.put("slot1", 0, b"\x11" * 8)
    beyond = [
        lambda: flash.driver.read_at("slot0", SLOT - 3, bytearray(4)),
        lambda: flash.driver.read_at("slot0", -1, bytearray(4)),
        lambda: flash.driver.write("slot0", SLOT - 1, b"\0\0"),
        lambda: flash.driver.erase("slot0", SLOT, BLOCK),
        lambda: flash.driver.erase("slot0", BLOCK + 1, BLOCK),
        lambda: flash.driver.erase("slot0", 0, BLOCK - 1),
        lambda: flash.driver.mount("slot0", SLOT - BLOCK, 2 * BLOCK, "/nowhere"),
    ]
    for work in beyond:
        with pytest.raises(BadInput):
            work()
    assert flash.content("slot1", 0, 8) == b"\x11" * 8


CHECKS = (reads_what_is_there, writes_where_it_is_told, erases_no_more_than_it_is_told, stays_within)


@pytest.mark.parametrize("board", machines(without=("coral",)))
@pytest.mark.parametrize("check", CHECKS)
def test_the_flash_keeps_its_contract(board, check):
    with bench(board, "flash") as flash:
        check(flash)


def says_that_it_fails(flash, what):
    try:
        flash.break_(what)
    except Unbreakable:
        return
    for work in (
        lambda: flash.driver.read_at("slot0", 0, bytearray(4)),
        lambda: flash.driver.write("slot0", 0, b"\0"),
        lambda: flash.driver.erase("slot0", 0, BLOCK),
    ):
        with pytest.raises(SensorFault, match=r"flash"):
            work()


@pytest.mark.parametrize("board", machines(without=("coral",)))
@pytest.mark.parametrize("what", ["broken", "missing", "moved"])
def test_a_flash_that_fails_is_said(board, what):
    with bench(board, "flash") as flash:
        says_that_it_fails(flash, what)


def test_the_boot_partition_goes_by_the_name_that_the_runtime_starts_from():
    with bench("esp32s3", "flash") as flash:
        flash.put("boot", 0, b"hello")
        buffer = bytearray(5)
        flash.driver.read_at("boot", 0, buffer)
        assert bytes(buffer) == b"hello"


def image_body() -> bytes:
    """A LittleFS as `dermis build` makes them, with one file."""
    from pathlib import PurePosixPath

    from dermis_host.building import littlefs_image

    return littlefs_image.smallest({PurePosixPath("board.json"): b'{"board": "esp32s3"}' * 500}, SLOT)


def test_a_slots_body_is_mounted_and_cannot_be_written():
    with bench("esp32s3", "flash") as flash:
        body = image_body()
        flash.put("slot1", BLOCK, body)
        flash.driver.mount("slot1", BLOCK, len(body), "/app")
        system, readonly = flash.chip.flash.mounts["/app"]
        assert readonly
        with system.lfs.open("/board.json", "rb") as file:
            assert file.read() == b'{"board": "esp32s3"}' * 500
        assert system.device.writeblocks(0, b"\0" * BLOCK) < 0 and system.device.ioctl(6, 0) < 0
        assert flash.content("slot1", BLOCK, len(body)) == body
        flash.put("slot0", 0, bytes(4 * BLOCK))
        with pytest.raises(BadInput, match="no file system"):
            flash.driver.mount("slot0", 0, 4 * BLOCK, "/other")


def test_wrong_flashes_are_caught():
    with bench("esp32s3", "flash") as flash:
        from dermis.drivers.flash import esp32s3

        right = esp32s3.S3Flash

        def in_block_alone(self, partition, offset, data):
            self.device(partition).writeblocks(offset // BLOCK, data, 0)

        def one_block(self, partition, offset, length):
            self.device(partition).ioctl(6, offset // BLOCK)

        def swallowed(self, what, *arguments):
            with contextlib.suppress(OSError):
                what(*arguments)

        def unchecked(partition, offset, length):
            return partitions.partition(partition)

        def anywhere(self, name):
            return esp32s3.esp32.Partition.find(1, label=name)[0]

        wrong = [
            (writes_where_it_is_told, right, {"write": in_block_alone}),
            (erases_no_more_than_it_is_told, right, {"erase": one_block}),
            (stays_within, esp32s3, {"check_within": unchecked}),
            (stays_within, esp32s3, {"check_whole_blocks": lambda offset, length: None}),
            (lambda each: says_that_it_fails(each, "moved"), right, {"device": anywhere}),
            (lambda each: says_that_it_fails(each, "broken"), right, {"_ask": swallowed}),
        ]
        for check, thing, names in wrong:
            with replaced(thing, **names), pytest.raises(CAUGHT):
                check(flash)
            flash.chip.flash.__init__()
