"""A control panel's side of OSDP for tests, under both interpreters: written from the standard's text and apart from
the device's, with a CRC of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.drivers import cipher

if TYPE_CHECKING:
    from typing import Any

DEFAULT_KEY = b"0123456789:;<=>?"
MINE = b"panelrnd"


def crc(data):
    value = 0x1D0F
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1) ^ 0x1021 if value & 0x8000 else value << 1
            value &= 0xFFFF
    return value


def pad(data):
    return data + b"\x80" + bytes(15 - len(data) % 16)


def ecb(key, block):
    return cipher.encrypted(key, bytes(16), block)


def inverse(data):
    return bytes([byte ^ 255 for byte in data])


class Reply:
    def __init__(self, packet):
        self.packet = packet
        self.address, self.control = packet[1], packet[4]
        assert packet[0] == 0x53 and len(packet) == packet[2] | packet[3] << 8
        body = packet[:-2] if self.control & 4 else packet[:-1]
        assert crc(body) == packet[-2] | packet[-1] << 8 if self.control & 4 else sum(packet) & 255 == 0
        at = 5
        self.block = b""
        if self.control & 8:
            self.block = body[5 : 5 + body[5]]
            at += body[5]
        self.secured = bool(self.block) and self.block[1] >= 0x15
        self.mac = b""
        if self.secured:
            body, self.mac = body[:-4], body[-4:]
        self.signed = body
        self.code, self.data = body[at], body[at + 1 :]


class PanelSide:
    """device: `core.osdp_device.Device`. key: the base key, or None."""

    def __init__(self, device, key=None, address=0, use_crc=True):
        self.device = device
        self.key = key
        self.address = address
        self.use_crc = use_crc
        self.sequence = 0
        self.up = False
        self.sent = b""  # the last packet

    def restart(self):
        self.sequence, self.up = 0, False

    def packet(self, code, data=b"", block=b""):
        if self.up and not block:
            block = bytes([2, 0x17 if data else 0x15])
            if data:
                data = cipher.encrypted(self.enc, inverse(self.rmac), pad(data))
        control = self.sequence | (4 if self.use_crc else 0) | (8 if block else 0)
        signed = block[1:2] in (b"\x15", b"\x17")
        length = 5 + len(block) + 1 + len(data) + (4 if signed else 0) + (2 if self.use_crc else 1)
        body = bytes([0x53, self.address, length & 255, length >> 8, control]) + block + bytes([code]) + data
        if signed:
            self.cmac = self.macced(body, self.rmac)
            body += self.cmac[:4]
        if self.use_crc:
            check = crc(body)
            return body + bytes([check & 255, check >> 8])
        return body + bytes([-sum(body) & 255])

    def raw(self, packet) -> Any:
        """A packet's reply, or None."""
        self.sent = packet
        reply = self.device.answer(packet)
        return None if reply is None else Reply(reply)

    def ask(self, code, data=b"", block=b"") -> Any:
        reply = self.raw(self.packet(code, data, block))
        self.next()
        if reply is not None and reply.secured:
            assert self.up
            self.rmac = self.macced(reply.signed, self.cmac)
            assert reply.mac == self.rmac[:4], "the device's MAC is wrong"
            if reply.block[1] == 0x18:
                plain = cipher.decrypted(self.enc, inverse(self.cmac), reply.data)
                end = len(plain) - 1
                while plain[end] == 0:
                    end -= 1
                assert plain[end] == 0x80
                reply.data = plain[:end]
        return reply

    def next(self):
        self.sequence = self.sequence % 3 + 1

    def open(self, key=None):
        """Whether a secure channel is up then."""
        default = key is None and self.key is None
        base = DEFAULT_KEY if default else key or self.key
        self.up = False
        choice = 0 if default else 1
        reply = self.ask(0x76, MINE, bytes([3, 0x11, choice]))
        if reply is None or reply.code != 0x76:
            return False
        theirs, cryptogram = reply.data[8:16], reply.data[16:]
        self.enc = ecb(base, b"\x01\x82" + MINE[:6] + bytes(8))
        self.mac1 = ecb(base, b"\x01\x01" + MINE[:6] + bytes(8))
        self.mac2 = ecb(base, b"\x01\x02" + MINE[:6] + bytes(8))
        self.trusts = cryptogram == ecb(self.enc, MINE + theirs)
        proof = ecb(self.enc, theirs + MINE)
        reply = self.ask(0x77, proof, bytes([3, 0x13, choice]))
        if reply.code != 0x78:
            return False
        assert self.trusts and reply.data == ecb(self.mac2, ecb(self.mac1, proof))
        self.rmac = reply.data
        self.up = True
        return True

    def macced(self, body, before):
        if len(body) % 16:
            body = pad(body)
        for at in range(0, len(body) - 16, 16):
            before = cipher.encrypted(self.mac1, before, body[at : at + 16])
        return cipher.encrypted(self.mac2, before, body[-16:])
