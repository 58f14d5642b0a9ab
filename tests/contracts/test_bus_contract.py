"""RS-485: bytes as they come and go, at the speed that was asked for, and nothing of what it said itself."""

from __future__ import annotations

import asyncio

import pytest
from dermis.core.errors import DermisError

from tests.contracts.benches import bench, boards

PACKET = bytes(range(256))


@pytest.fixture(params=boards("bus"))
def bus(request):
    with bench("bus", request.param) as made:
        yield made


def read(bus, count: int, size: int = 100) -> bytes:
    """`count` bytes in pieces of at most `size`."""

    async def reading():
        out, buffer = b"", bytearray(size)
        while len(out) < count:
            taken = await asyncio.wait_for(bus.driver.read(buffer), 2)
            assert 0 < taken <= size
            out += bytes(buffer[:taken])
        return out

    return bus.run(reading)


def hands_on_what_came(bus):
    bus.driver.open(9600)
    for data in (b"\x53", PACKET, b"\xff" * 90):
        bus.come(data)
        assert read(bus, len(data)) == data


def sends_all(bus):
    bus.driver.open(115200)
    for data in (b"\x53", PACKET, bytearray(PACKET[:9]), memoryview(PACKET)[3:7]):
        bus.driver.write(data)
        assert bus.sent() == bytes(data)


def changes_its_speed(bus):
    for baud in (9600, 115200, 38400):
        bus.driver.open(baud)
        assert bus.baud() == baud
    bus.driver.close()
    assert bus.baud() == 0
    with pytest.raises(ValueError):
        bus.driver.open(17)


def leaves_its_own_words_out(bus):
    bus.driver.open(9600)
    bus.echo()
    bus.driver.write(PACKET[:20])
    bus.come(b"")
    bus.run(lambda: asyncio.sleep(0.1))
    bus.come(b"panel")
    assert read(bus, 5, 7) == b"panel"


@pytest.mark.parametrize("check", [hands_on_what_came, sends_all, changes_its_speed])
def test_bus(bus, check):
    check(bus)


def test_a_closed_bus_says_so(bus):
    bus.driver.open(9600)
    bus.driver.close()
    bus.driver.close()
    with pytest.raises(DermisError):
        bus.driver.write(b"\x53")


def test_what_it_hears_of_itself_is_left_out(bus):
    if bus.echoes:
        leaves_its_own_words_out(bus)


@pytest.mark.parametrize("board", ["esp32s3", "coral"])
def test_what_only_began_as_its_own_words_did_is_handed_on_whatever_the_buffers_size(board):
    with bench("bus", board) as bus:
        bus.driver.open(9600)
        bus.driver.write(PACKET[:8])
        bus.come(PACKET[:6] + b"panel")
        assert read(bus, 11, 4) == PACKET[:6] + b"panel"


def test_a_reply_leaves_at_the_speed_at_which_it_was_asked():
    with bench("bus", "esp32s3") as bus:
        bus.driver.open(9600)
        bus.driver.write(PACKET[:20])
        before_us = bus.chip.now_us
        bus.driver.open(115200)
        assert bus.chip.now_us - before_us > 20 * 10 * 1_000_000 // 9600 - 1000


def wrong_drivers():
    def deaf_to_lengths(driver):
        real = driver.write
        driver.write = lambda data: real(bytes(data)[:100])

    def babbling(driver):
        driver._echo.without = lambda data: data

    def one_speed(driver):
        real = driver.open
        driver.open = lambda baud: real(9600 if baud == 115200 else baud)

    return {
        "half a packet": (deaf_to_lengths, sends_all),
        "hears itself": (babbling, leaves_its_own_words_out),
        "one speed": (one_speed, changes_its_speed),
    }


@pytest.mark.parametrize("name", wrong_drivers())
def test_a_wrong_driver_fails(name):
    change, check = wrong_drivers()[name]
    with bench("bus", "esp32s3") as bus:
        change(bus.driver)
        with pytest.raises(AssertionError):
            check(bus)
