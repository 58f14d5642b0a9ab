"""Whatever comes over the bus: the framer holds little, the device answers or is silent, and nothing is done that no
panel with the key asked for."""

from __future__ import annotations

from dermis.core import osdp
from dermis.core.osdp import Framer
from dermis.core.osdp_device import Device
from dermis.drivers import cipher
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.panel_side import PanelSide, Reply, crc
from tests.unit.test_shared_osdp import CAPABILITIES, IDENTITY, KEY, Stand

# Bytes that mean something on the bus come more often than others.
NOISE = st.lists(st.one_of(st.sampled_from(b"\x53\x05\xff\x00\x08\x0c\x11\x15\x17\x60\x68\x76"), st.integers(0, 255)))
PIECES = st.lists(NOISE.map(bytes), max_size=8)


def closed(body: bytes) -> bytes:
    check = crc(body)
    return body + bytes((check & 255, check >> 8))


@st.composite
def sound_packets(draw) -> bytes:
    """Well-formed by length and CRC, and nonsense within."""
    inner = bytes(draw(NOISE))[:200]
    control = draw(st.integers(0, 255)) | osdp.CRC
    address = draw(st.sampled_from((5, 5, 5, 0x7F, 6, 0x85)))
    length = 5 + len(inner) + 2
    return closed(bytes((0x53, address, length & 255, length >> 8, control)) + inner)


@settings(max_examples=150, deadline=None)
@given(PIECES, st.integers(0, 300))
def test_the_framer_holds_less_than_a_packet(pieces, step_ms):
    framer, now = Framer(), 0
    for piece in pieces:
        for packet in framer.feed(piece, now):
            assert osdp.SHORTEST <= len(packet) <= osdp.LARGEST and osdp.sound(packet)
        assert len(framer._held) < osdp.LARGEST
        now += step_ms
    whole = closed(b"\x53\x05\x08\x00\x05\x60")
    assert framer.feed(whole, now + osdp.CUT_AFTER_MS + 1) == [whole]  # whatever was before


@settings(max_examples=200, deadline=None)
@given(st.lists(sound_packets(), max_size=12), st.booleans())
def test_nonsense_does_nothing_in_the_field(packets, opened):
    host = Stand(field=True)
    device = Device(5, IDENTITY, CAPABILITIES, host, cipher)
    panel = PanelSide(device, KEY, 5)
    if opened:
        panel.ask(osdp.ID, b"\x00")
        assert panel.open()
    for packet in packets:
        if len(packet) < osdp.SHORTEST + 1:
            continue
        reply = device.answer(packet)
        if reply is None:
            assert packet[1] not in (5, 0x7F) or opened
            continue
        told = Reply(reply)
        assert told.code in (osdp.NAK, osdp.PDID, osdp.PDCAP, osdp.CCRYPT), hex(told.code)
        assert not told.secured
    assert not host.commands and host.held == KEY and not host.events
    panel.restart()  # and a panel that has the key is served, whatever was before
    assert panel.ask(osdp.ID, b"\x00").code == osdp.PDID
    assert panel.open() and panel.ask(osdp.POLL).code == osdp.ACK and device.secured


@settings(max_examples=100, deadline=None)
@given(st.lists(sound_packets(), max_size=12))
def test_nonsense_gets_an_answer_on_the_bench(packets):
    device = Device(5, IDENTITY, CAPABILITIES, Stand(field=False), cipher)
    for packet in packets:
        if len(packet) > osdp.SHORTEST:
            reply = device.answer(packet)
            assert reply is None or osdp.sound(reply)
