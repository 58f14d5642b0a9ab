"""The lock's side as functions of bytes: OSDP and Wiegand. See `device`."""

import sys

from dermis.core import osdp, osdp_device, wiegand
from dermis.drivers import cipher

from tests.fuzz.promises import Broken, must, told

sys.path.insert(0, __file__.rpartition("/")[0] + "/../unit")  # of no package, as MicroPython runs it
PanelSide = __import__("panel_side").PanelSide


class _Stand(osdp_device.Host):
    def __init__(self, field):
        self.field = field
        self.held = bytes(range(100, 116))
        self.done = 0
        self.count = 0

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
        return None

    def command(self, code, data):
        self.done += 1
        if code == 0x70:
            raise osdp.Refused(osdp.UNKNOWN_COMMAND)
        return osdp.ACK, b""

    def channel_changed(self, up):
        """Nothing hangs on it."""


ADDRESS = 5
MOST_SECURED = 220  # bytes that fit a packet when they are padded and signed
IDENTITY = b"\x02DM\x01\x01\x2a\x00\x00\x00\x00\x01\x00"


def osdp_closed(control, inner, address=ADDRESS):
    """A packet of that control byte and content, its length and check characters right."""
    rest = 2 if control & osdp.CRC else 1
    length = 5 + len(inner) + rest
    return osdp.closed(bytes([osdp.START[0], address, length & 255, length >> 8, control]) + inner, control)


def osdp_bus(data):
    """The bus: the framer holds less than a packet; in the field nothing is done for who has not the key, whether a
    channel is up or not, and who has it is served afterwards; on the bench replies are sound. The input is taken as it
    is, and as the contents of packets: control byte, length, content, again and again."""
    framer, out, now = osdp.Framer(), [], 0
    packets = []
    for at in range(0, len(data), 7):
        packets.extend(framer.feed(data[at : at + 7], now))
        must(len(framer._held) < osdp.LARGEST, "the framer holds more than a packet")
        now += data[at]
    at = 0
    while at + 2 <= len(data):
        control, inner = data[at], data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + len(inner)
        packet = osdp_closed(control, inner[:240], osdp.BROADCAST if control & 0x40 else ADDRESS)
        if len(packet) >= osdp.SHORTEST:  # the framer gives no shorter one
            packets.append(packet)
    for field, opened in ((True, False), (True, True), (False, False)):
        host = _Stand(field)
        key = host.held
        device = osdp_device.Device(ADDRESS, IDENTITY, b"\x08\x01\x00", host, cipher)
        panel = PanelSide(device, key, ADDRESS)
        if opened:
            must(panel.open(), "a panel with the key is not served")
        for packet in packets:
            must(osdp.SHORTEST <= len(packet) <= osdp.LARGEST and osdp.sound(packet), "a packet is not sound")
            reply = device.answer(packet)
            must(reply is None or osdp.sound(reply), "a reply is not sound")
            out.append("-" if reply is None else told(reply))
        if field:
            must(host.done == 0 and host.held == key, "somebody without the key was served")
            panel.restart()
            served = (
                panel.ask(osdp.ID, b"\0").code == osdp.PDID and panel.open() and panel.ask(osdp.POLL).code == osdp.ACK
            )
            must(served and device.secured, "a panel with the key is not served any more")
    whole = osdp_closed(osdp.CRC, b"\x60")
    must(framer.feed(whole, now + osdp.CUT_AFTER_MS + 1) == [whole], "after a pause a packet is not taken")
    return " ".join(out)


def osdp_channel(data):
    """The same behind right MACs, as from a panel that has the key and lost its mind: each packet is answered within
    the channel, which stays up, and the panel is served afterwards."""
    host = _Stand(True)
    device = osdp_device.Device(ADDRESS, IDENTITY, b"\x08\x01\x00", host, cipher)
    panel = PanelSide(device, host.held, ADDRESS)
    must(panel.ask(osdp.ID, b"\0").code == osdp.PDID and panel.open(), "a panel with the key is not served")
    out, at = [], 0
    while at + 2 <= len(data):
        content = data[at + 2 : at + 2 + min(data[at + 1], MOST_SECURED)]
        reply = panel.ask(data[at], content)
        if reply is None or not (reply.secured and device.secured):
            raise Broken("a packet with a right MAC ends the channel")
        out.append(f"{reply.code:x}")
        at += 2 + len(content)
    must(panel.ask(osdp.POLL).code == osdp.ACK, "the panel is not served any more")
    return " ".join(out)


def wiegand_bits(data):
    """Bits of a card: as many as are said; packed again the same."""
    if not data:
        return ""
    bits = wiegand.unpacked(data[1:], data[0])
    must(len(bits) == data[0], "another number of bits")
    must(wiegand.unpacked(wiegand.packed(bits), len(bits)) == bits, "bits change when they are packed")
    if len(data) >= 5:
        facility, card = data[1] << 8 | data[2], data[3] << 8 | data[4]
        for name in sorted(wiegand.FORMATS):
            form = wiegand.FORMATS[name]
            made = wiegand.frame(name, facility & ((1 << form.facility) - 1), card & ((1 << form.card) - 1))
            must(len(made) == int(name) and made[: form.covered + 1].count("1") % 2 == 0, "the parity is wrong")
    return bits
