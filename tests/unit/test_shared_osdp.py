"""The OSDP device against a panel of the tests' own: framing, sequence, secure channel, and what must not work."""

import panel_side
from dermis.core import osdp
from dermis.core.osdp import Framer, Refused
from dermis.core.osdp_device import Device, Host
from dermis.core.osdp_secure import DEFAULT_KEY, padded, unpadded
from dermis.drivers import cipher
from panel_side import PanelSide

KEY = bytes(range(100, 116))
OTHER = bytes(range(101, 117))
IDENTITY = b"\x02DM\x01\x01\x2a\x00\x00\x00\x00\x01\x00"
CAPABILITIES = bytes((8, 1, 0, 9, 1, 1))


class Stand(Host):
    def __init__(self, field=True, key=KEY):
        self.field = field
        self.held = key
        self.events = []
        self.commands = []
        self.changes = []
        self.count = 0
        self.answer: tuple = (osdp.ACK, b"")

    def secure_only(self):
        return self.field

    def key(self):
        return self.held

    def set_key(self, key):
        self.held = key

    def random(self, count):
        self.count += 1
        return bytes([self.count + at for at in range(count)])

    def event(self):
        return self.events.pop(0) if self.events else None

    def command(self, code, data):
        self.commands.append((code, data))
        if code == 0x70:
            raise Refused(osdp.UNKNOWN_COMMAND)
        return self.answer

    def channel_changed(self, up):
        self.changes.append(up)


def made(field=True, key=KEY, **panels):
    host = Stand(field, key)
    device = Device(5, IDENTITY, CAPABILITIES, host, cipher)
    return host, device, PanelSide(device, KEY, panels.pop("address", 5), **panels)


def refusal(reply):
    assert reply.code == osdp.NAK and len(reply.data) == 1, reply.packet
    return reply.data[0]


def test_identity_and_capabilities_are_told_in_the_clear():
    for use_crc in (True, False):
        for address in (5, osdp.BROADCAST):
            _, _, panel = made(use_crc=use_crc, address=address)
            reply = panel.ask(osdp.ID, b"\x00")
            assert (reply.code, reply.data, reply.address) == (osdp.PDID, IDENTITY, address | 0x80)
            assert bool(reply.control & 4) == use_crc and reply.control & 3 == 0
            reply = panel.ask(osdp.CAP, b"\x00")
            assert (reply.code, reply.data, reply.control & 3) == (osdp.PDCAP, CAPABILITIES, 1)


def test_others_packets_are_theirs():
    host, _, panel = made(address=6)
    assert panel.ask(osdp.ID, b"\x00") is None and panel.ask(osdp.POLL) is None
    host, device, panel = made()
    reply = bytearray(panel.packet(osdp.ID, b"\x00"))
    reply[1] |= 0x80  # another device's reply
    assert device.answer(bytes(reply)) is None and not host.commands


def test_in_the_field_nothing_else_is_told_without_a_channel():
    host, _, panel = made()
    host.events = [(osdp.RAW, b"card")]
    assert panel.ask(osdp.ID, b"\x00").code == osdp.PDID
    for code in (osdp.POLL, osdp.LSTAT, osdp.OUT, osdp.MFG, osdp.COMSET, osdp.KEYSET, osdp.ABORT):
        assert refusal(panel.ask(code, b"")) == osdp.INSECURE
    assert host.events and not host.commands and host.held == KEY


def test_on_the_bench_it_is_but_for_the_key():
    host, _, panel = made(field=False)
    assert panel.ask(osdp.POLL).code == osdp.ACK
    host.events = [(osdp.RAW, b"card")]
    reply = panel.ask(osdp.POLL)
    assert (reply.code, reply.data, reply.secured) == (osdp.RAW, b"card", False)
    assert panel.ask(osdp.LSTAT).code == osdp.ACK and host.commands == [(osdp.LSTAT, b"")]
    assert refusal(panel.ask(osdp.KEYSET, b"\x01\x10" + OTHER)) == osdp.INSECURE and host.held == KEY


def test_a_secure_channel():
    for use_crc in (True, False):
        host, device, panel = made(use_crc=use_crc)
        panel.ask(osdp.ID, b"\x00")
        assert not device.secured and panel.open() and device.secured and host.changes == [True]
        for length in (0, 1, 15, 16, 17, 31, 32, 100):
            data = bytes(range(length))
            host.answer = (osdp.MFGREP, data)
            reply = panel.ask(osdp.MFG, data)
            assert reply.secured and (reply.code, reply.data) == (osdp.MFGREP, data), length
            assert host.commands.pop() == (osdp.MFG, data)
            assert length < 3 or data not in reply.packet, "not encrypted"
        host.events = [(osdp.RAW, b"card")]
        assert panel.ask(osdp.POLL).data == b"card"
        assert panel.ask(osdp.POLL).code == osdp.ACK
        assert refusal(panel.ask(0x70, b"x")) == osdp.UNKNOWN_COMMAND
        assert panel.ask(osdp.POLL).code == osdp.ACK  # the channel goes on


def test_the_default_key_opens_the_bench_alone():
    assert panel_side.DEFAULT_KEY == DEFAULT_KEY
    for field in (True, False):
        host, device, panel = made(field)
        panel.key = None
        panel.ask(osdp.ID, b"\x00")
        assert panel.open() == (not field) == device.secured
    host.field = True  # the module goes into the field meanwhile
    assert not device.secured
    assert refusal(panel.ask(osdp.POLL)) == osdp.INSECURE
    assert refusal(panel.ask(osdp.KEYSET, b"\x01\x10" + OTHER)) == osdp.INSECURE and host.held == KEY


def test_a_wrong_key_opens_nothing():
    host, device, panel = made()
    panel.ask(osdp.ID, b"\x00")
    assert not panel.open(OTHER) and not panel.trusts and not device.secured
    assert refusal(panel.ask(osdp.POLL)) == osdp.INSECURE and host.changes == []
    assert panel.open() and device.secured  # and the right one does, right away
    host, device, panel = made(key=b"")
    panel.ask(osdp.ID, b"\x00")
    assert not panel.open() and not device.secured


def test_a_proof_serves_once():
    _, device, panel = made()
    panel.ask(osdp.ID, b"\x00")
    assert panel.open()
    proof = panel.sent
    panel.restart()
    panel.ask(osdp.ID, b"\x00")
    panel.ask(0x76, panel_side.MINE, bytes([3, 0x11, 1]))
    replayed = panel_side.Reply(proof).data  # of the handshake before
    reply = panel.ask(0x77, replayed, bytes([3, 0x13, 1]))
    assert refusal(reply) == osdp.INSECURE and not device.secured


def test_a_repeated_packet_gets_the_same_reply_and_happens_once():
    for secure in (True, False):
        host, _, panel = made(field=False)
        panel.ask(osdp.ID, b"\x00")
        assert not secure or panel.open()
        host.answer = (osdp.OSTATR, b"\x01")
        first = panel.raw(panel.packet(osdp.OUT, b"\x00\x05\x0a\x00"))
        again = panel.raw(panel.sent)
        assert first.packet == again.packet and len(host.commands) == 1


def test_played_packets_change_nothing():
    host, device, panel = made()
    panel.ask(osdp.ID, b"\x00")
    assert panel.open()
    kept = []
    for at in range(6):
        panel.ask(osdp.OUT, bytes([at]))
        kept.append(panel.sent)
    done = len(host.commands)
    for packet in kept[:-1]:
        assert panel.raw(packet) is None
    assert len(host.commands) == done
    assert panel.ask(osdp.POLL).code == osdp.ACK and device.secured  # the panel never notices


def test_a_bit_that_is_changed_is_seen():
    host, device, panel = made()
    panel.ask(osdp.ID, b"\x00")
    assert panel.open()
    packet = panel.packet(osdp.OUT, b"\x00\x05\x0a\x00")
    for at in range(5, len(packet) - 2):
        changed = bytearray(packet)
        changed[at] ^= 0x10
        check = panel_side.crc(changed[:-2])
        changed[-2], changed[-1] = check & 255, check >> 8
        assert device.answer(bytes(changed)) is None, at
    assert not host.commands
    assert panel.raw(packet).code == osdp.ACK and len(host.commands) == 1


def test_in_the_clear_nothing_is_done_while_a_channel_is_up():
    host, device, panel = made(field=False)
    panel.ask(osdp.ID, b"\x00")
    assert panel.open()
    panel.up = False
    for code in (osdp.OUT, osdp.POLL, osdp.KEYSET, osdp.MFG):
        assert panel.raw(panel.packet(code, b"")) is None
        assert panel.raw(panel.packet(code, b"", b"\x03\x11\x01")) is None  # nor under a challenge's block
    assert not host.commands and device.secured
    panel.up = True
    assert panel.ask(osdp.POLL).code == osdp.ACK


def test_a_panel_that_begins_anew_ends_the_channel():
    host, device, panel = made()
    panel.ask(osdp.ID, b"\x00")
    assert panel.open()
    panel.restart()
    assert panel.ask(osdp.ID, b"\x00").code == osdp.PDID
    assert not device.secured and host.changes == [True, False]
    assert panel.open() and panel.open()  # and a challenge does
    assert host.changes == [True, False, True, False, True]


def test_sequence():
    _, _, panel = made(field=False)
    panel.sequence = 2  # the device was reset, the panel was not
    assert refusal(panel.raw(panel.packet(osdp.POLL))) == osdp.BAD_SEQUENCE
    panel.restart()
    assert [panel.ask(osdp.POLL).control & 3 for _ in range(8)] == [0, 1, 2, 3, 1, 2, 3, 1]
    panel.sequence = 1
    assert refusal(panel.raw(panel.packet(osdp.LSTAT))) == osdp.BAD_SEQUENCE  # the number again, and another packet
    panel.sequence = 3
    assert refusal(panel.raw(panel.packet(osdp.POLL))) == osdp.BAD_SEQUENCE
    panel.sequence = 2
    assert panel.raw(panel.packet(osdp.POLL)).code == osdp.ACK


def test_the_panel_sets_a_key():
    host, _, panel = made()
    panel.ask(osdp.ID, b"\x00")
    assert panel.open()
    for data in (b"", b"\x01\x10" + OTHER[1:], b"\x01\x10" + OTHER + b"x"):
        assert refusal(panel.ask(osdp.KEYSET, data)) == osdp.BAD_LENGTH
    for data in (b"\x02\x10" + OTHER, b"\x01\x0f" + OTHER, b"\x01\x10" + DEFAULT_KEY, b"\x01\x10" + bytes(16)):
        assert refusal(panel.ask(osdp.KEYSET, data)) == osdp.CANNOT
    assert host.held == KEY
    assert panel.ask(osdp.KEYSET, b"\x01\x10" + OTHER).code == osdp.ACK and host.held == OTHER
    assert not panel.open(KEY) and panel.open(OTHER)


def test_security_blocks_that_make_no_sense():
    for field in (True, False):
        host, device, panel = made(field)
        panel.ask(osdp.ID, b"\x00")
        for block in (b"\x02\x12", b"\x02\x19", b"\x02\x00", b"\x01", b"\x03\x16\x00"):
            assert panel.raw(panel.packet(osdp.POLL, b"", block)).code == osdp.NAK, block
        for length in (0, 1, 200, 255):  # of the block, as it says itself
            packet = bytearray(panel.packet(osdp.POLL, b"", b"\x02\x11"))
            packet[5] = length
            check = panel_side.crc(packet[:-2])
            packet[-2], packet[-1] = check & 255, check >> 8
            assert panel_side.Reply(device.answer(bytes(packet))).data in (b"\x05", b"\x06", b"\x02"), length
        assert refusal(panel.raw(panel.packet(0x76, b"short", bytes([3, 0x11, 1])))) == osdp.BAD_LENGTH
        assert not host.commands


def test_the_framer_finds_packets_in_noise():
    panel = PanelSide(None, address=5)
    packets = [panel.packet(osdp.POLL), panel.packet(osdp.ID, b"\x00"), panel.packet(osdp.MFG, bytes(200))]
    noise = (b"", b"\xff", b"\x53", b"\x53\x05\x00\x00", b"\x53" * 7, bytes(range(40)), b"\x53\x05\x09\x00\x04noise")
    for size in (1, 3, 7, 1000):
        framer = Framer()
        stream = b""
        for before in noise:
            for packet in packets:
                stream += before + packet
        stream += packets[0] * 40  # what a piece of noise still waits for
        found = []
        for at in range(0, len(stream), size):
            found += framer.feed(stream[at : at + size], 0)
        assert found[: len(noise) * len(packets)] == packets * len(noise), size


def test_a_cut_packet_does_not_swallow_the_next():
    panel = PanelSide(None, address=5)
    packet = panel.packet(osdp.MFG, bytes(60))
    framer = Framer()
    assert framer.feed(packet[:50], 1000) == [] and framer.feed(packet[50:], 1100) == [packet]
    assert framer.feed(packet[:50], 2000) == [] and framer.cut == 0
    assert framer.feed(panel.packet(osdp.POLL), 2200) == [panel.packet(osdp.POLL)] and framer.cut == 1


def test_damaged_packets_are_no_packets():
    for use_crc in (True, False):
        panel = PanelSide(None, address=5, use_crc=use_crc)
        packet = panel.packet(osdp.OUT, b"\x00\x05\x0a\x00")
        for at in range(1, len(packet)):
            if at in (2, 3):
                continue  # a longer one is waited for
            spoiled = bytearray(packet)
            spoiled[at] ^= 1 << at % 8
            framer = Framer()
            found = framer.feed(spoiled, 0)
            assert not [each for each in found if each[5:] == packet[5:]], (use_crc, at)


def test_padding():
    for length in range(40):
        data = bytes([7] * length)
        assert len(padded(data)) % 16 == 0 and unpadded(padded(data)) == data
    for wrong in (bytes(16), b"", bytes([1] * 16), b"\x80" + bytes(31)):
        assert unpadded(wrong) is None, wrong
