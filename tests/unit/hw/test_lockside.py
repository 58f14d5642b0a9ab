"""The twin's lock side: what the module drives, what is set from outside, and RS-485 on its ports."""

from __future__ import annotations

import os
import socket
import struct
import tty

import pytest
from dermis.core import twin_wire as wire
from dermis.drivers.lock import COLOURS
from dermis_hw.twin import lockside
from dermis_hw.twin.errors import TwinError
from dermis_hw.twin.lockside import BusPort, BusPty, LockSide


@pytest.fixture
def side():
    return LockSide(lambda data: None, lambda: 77)


def put(side, output, value, now_us=5):
    return side.set(now_us, struct.pack(wire.LOCK_SET_REQUEST, output, value))


def test_colours_are_the_drivers():
    assert lockside.COLOURS == COLOURS


def test_what_the_module_drives(side):
    put(side, wire.LOCK_RELAY, 1)
    put(side, wire.LOCK_RELAY, 1, 6)
    put(side, wire.LOCK_LED, COLOURS.index("amber"))
    put(side, wire.LOCK_BUZZER, 1)
    side.wiegand(9, b"0110")
    told = side.status
    assert (told["relay"], told["led"], told["buzzer"], told["wiegand"]) == ("closed", "amber", True, "0110")
    side.reset()  # the module's chip: its relay opens by itself
    assert side.status["relay"] == "open" and side.status["led"] == "off"
    assert side.relay_closures == [[5, 77]] and side.frames == [{"world_us": 9, "bits": "0110"}]


@pytest.mark.parametrize("output, value", [(0, 2), (1, 4), (2, 2), (3, 0)])
def test_outputs_that_there_are_not(side, output, value):
    with pytest.raises(ValueError):
        put(side, output, value)
    for bits in (b"", b"012", b"1" * 65):
        with pytest.raises(ValueError):
            side.wiegand(0, bits)


def test_the_bus_is_deaf_while_it_is_closed(side):
    side.hear(b"nobody listens")
    assert side.read(0, struct.pack(wire.BUS_READ_REQUEST, 100)) == b""
    with pytest.raises(ValueError):
        side.write(0, b"x")
    side.open(0, struct.pack(wire.BUS_OPEN_REQUEST, 9600))
    side.hear(b"ab" * 4096)
    assert side.read(0, struct.pack(wire.BUS_READ_REQUEST, 3)) == b"aba"
    rest = b""
    while piece := side.read(0, struct.pack(wire.BUS_READ_REQUEST, 1000)):
        rest += piece
    assert len(rest) == lockside.INPUT_LIMIT - 3


def test_all_on_the_bus_hear_each_other():
    heard = bytearray()
    port = BusPort(0, heard.extend)
    try:
        address = ("127.0.0.1", int(port.url.rpartition(":")[2]))
        with pytest.raises(TwinError, match="--bus-port"):
            BusPort(address[1], heard.extend)
        one, two = socket.create_connection(address), socket.create_connection(address)
        port.serve(0)
        port.serve(0)
        _, *panels = port.endpoints()
        one.sendall(b"poll")
        panels[0].serve(1)
        assert bytes(heard) == b"poll" and two.recv(9) == b"poll"
        port.send(b"ack")
        assert one.recv(9) == two.recv(9) == b"ack"
        two.close()
        panels[1].serve(1)
        assert len(list(port.endpoints())) == 2
        one.close()
    finally:
        port.close()


def test_a_pseudo_terminal_outlives_who_opens_it(tmp_path):
    heard, link = bytearray(), tmp_path / "bus"
    bus = BusPty(link, heard.extend)
    for words in (b"one", b"two"):
        panel = os.open(link, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(panel)
        os.write(panel, words)
        bus.serve(0)
        bus.send(b"\x53\x0d\x0a")
        assert os.read(panel, 9) == b"\x53\x0d\x0a"
        os.close(panel)
    assert bytes(heard) == b"onetwo"
    bus.serve(0)  # nothing more
    bus.close()
    assert not link.is_symlink()
    link.write_text("a file")
    with pytest.raises(TwinError, match="--bus-pty"):
        BusPty(link, heard.extend)
