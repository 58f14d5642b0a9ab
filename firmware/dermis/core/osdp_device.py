"""An OSDP peripheral device: packets in, replies out. No I/O and no clock; what it stands for is its `host`.

A packet changes nothing before it is known to be the panel's: while a secure channel is up, what carries no right MAC
is not even answered. Only what a panel begins anew by ends a channel: sequence number 0 and a challenge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dermis.core import osdp
from dermis.core.osdp import Refused
from dermis.core.osdp_secure import (
    DEFAULT_KEY,
    KEY_BYTES,
    RANDOM_BYTES,
    SCS_11,
    SCS_12,
    SCS_13,
    SCS_14,
    SCS_15,
    SCS_16,
    SCS_17,
    SCS_18,
    SecureChannel,
)

if TYPE_CHECKING:
    from typing import Any

# What a panel must be told before it can open a channel.
ALWAYS = (osdp.ID, osdp.CAP)
OWN_KEY, OPENED = b"\x01", b"\x01"  # data of security blocks: which base key, and that the panel's proof was right
CUID_BYTES = 8  # of the identity, that go into the handshake


class Host:
    """What a device stands for."""

    def secure_only(self) -> bool:
        """Whether nothing but identity and capabilities is told without a secure channel, and the default key opens
        none."""
        raise NotImplementedError

    def key(self) -> bytes:
        """The device's own base key, 16 bytes, or b""."""
        raise NotImplementedError

    def set_key(self, key: bytes) -> None:
        """Keep another, for the next handshake. Raises Refused."""
        raise NotImplementedError

    def random(self, count: int) -> bytes:
        raise NotImplementedError

    def event(self) -> tuple | None:
        """(reply code, data) of what is to be told at a poll, or None. It counts as told."""
        raise NotImplementedError

    def command(self, code: int, data: bytes) -> tuple:
        """(reply code, data) to any other command. Raises Refused."""
        raise NotImplementedError

    def channel_changed(self, up: bool) -> None:
        """A secure channel came up or ended."""
        raise NotImplementedError


class Device:
    """address: 0 to 126. identity: PDID's 12 bytes. capabilities: PDCAP's bytes. host: `Host`. cipher: as in
    `osdp_secure`."""

    def __init__(self, address: int, identity: bytes, capabilities: bytes, host: Any, cipher: Any):
        self.address = address
        self._identity = identity
        self._capabilities = capabilities
        self._host = host
        self._channel = SecureChannel(cipher)
        self._sequence = -1  # of the packet answered last; -1: none since the panel began
        self._packet = self._reply = b""  # that packet and its reply
        self._asked = (0, 0)  # address and control of the packet under way

    @property
    def secured(self) -> bool:
        """Whether a secure channel is up that counts."""
        return self._channel.up and not (self._channel.default and self._host.secure_only())

    def answer(self, packet: bytes):
        """The reply to a sound packet (`osdp.Framer`), or None where it is for somebody else."""
        address, control = packet[1], packet[4]
        if address not in (self.address, osdp.BROADCAST):
            return None
        self._asked = (address, control)
        sequence = control & osdp.SEQUENCE
        if sequence == 0:
            self._begin_anew()
        elif packet == self._packet:
            return self._reply  # the panel has not heard it; nothing happens twice
        try:
            security, secured, code, data = self._opened(packet)
            if sequence and (self._sequence < 0 or sequence != self._sequence % 3 + 1):
                raise Refused(osdp.BAD_SEQUENCE)
        except Refused as refused:  # nobody knows who sent it: it leaves no trace
            if self._channel.up:
                return None  # a panel that has the channel would take a reply without a MAC for its end
            return self._built(osdp.NAK, bytes([refused.reason]))
        try:
            reply = self._done(code, data, security, secured)
        except Refused as refused:
            reply = (osdp.NAK, bytes([refused.reason]), b"")
        self._sequence, self._packet = sequence, packet
        self._reply = self._built(reply[0], reply[1], reply[2], secured)
        return self._reply

    def _begin_anew(self):
        self._sequence, self._packet, self._reply = -1, b"", b""
        self._end_channel()

    def _end_channel(self):
        was_up = self._channel.up
        self._channel.drop()
        if was_up:
            self._host.channel_changed(False)

    def _opened(self, packet):
        """(security block, whether a MAC stood over it, code, data) of a packet. Raises Refused."""
        control = packet[4]
        end = len(packet) - (2 if control & osdp.CRC else 1)
        start = osdp.HEADER_BYTES
        security = b""
        if control & osdp.SECURED:
            security = packet[start : start + packet[start]]
            start += packet[start]
            if len(security) < 2 or start >= end:
                raise Refused(osdp.NO_SUCH_SECURITY)
        kind = security[1] if security else 0
        channel = self._channel
        if kind not in (SCS_15, SCS_17):
            if security and kind not in (SCS_11, SCS_13):
                raise Refused(osdp.NO_SUCH_SECURITY)
            if start >= end:
                raise Refused(osdp.BAD_LENGTH)
            if channel.up and (kind, packet[start]) != (SCS_11, osdp.CHLNG):
                raise Refused(osdp.INSECURE)
            return security, False, packet[start], packet[start + 1 : end]
        end -= osdp.MAC_BYTES
        if not channel.up or start >= end or not channel.receive(packet[:end], packet[end : end + osdp.MAC_BYTES]):
            raise Refused(osdp.INSECURE)
        data = packet[start + 1 : end]
        if kind == SCS_17 and data:
            data = channel.decrypted(data)
            if data is None:
                raise Refused(osdp.INSECURE)
        elif data:
            raise Refused(osdp.NO_SUCH_SECURITY)  # data that say that there are none
        return security, True, packet[start], data

    def _done(self, code, data, security, secured):
        """(code, data, security block) of the reply. Raises Refused."""
        host, channel = self._host, self._channel
        kind = security[1] if security else 0
        if code == osdp.CHLNG and kind == SCS_11:
            return self._challenged(data, security[2:3])
        if code == osdp.SCRYPT and kind == SCS_13:
            initial = channel.prove(data)
            if initial is None:
                raise Refused(osdp.INSECURE)
            host.channel_changed(True)
            return osdp.RMAC_I, initial, bytes([3, SCS_14]) + OPENED
        if code in (osdp.CHLNG, osdp.SCRYPT) or (security and not secured):
            raise Refused(osdp.NO_SUCH_SECURITY)
        if host.secure_only() and not (secured and self.secured) and code not in ALWAYS:
            raise Refused(osdp.INSECURE)
        if code in ALWAYS:
            _length(data, 1)
            told = (osdp.PDID, self._identity) if code == osdp.ID else (osdp.PDCAP, self._capabilities)
        elif code == osdp.POLL:
            _length(data, 0)
            told = host.event() or (osdp.ACK, b"")
        elif code == osdp.KEYSET:
            told = self._key_set(data, secured)
        else:
            told = host.command(code, data)
        return told[0], told[1], b""

    def _challenged(self, data, choice):
        _length(data, RANDOM_BYTES)
        host = self._host
        default = choice != OWN_KEY
        key = DEFAULT_KEY if default else host.key()
        if not key or (default and host.secure_only()):
            raise Refused(osdp.INSECURE)
        self._end_channel()
        ours = host.random(RANDOM_BYTES)
        cryptogram = self._channel.challenge(key, default, data, ours)
        block = bytes([3, SCS_12, 0 if default else 1])
        return osdp.CCRYPT, self._identity[:CUID_BYTES] + ours + cryptogram, block

    def _key_set(self, data, secured):
        if not secured:
            raise Refused(osdp.INSECURE)
        _length(data, 2 + KEY_BYTES)
        key = data[2:]
        if data[0] != 1 or data[1] != KEY_BYTES or key == DEFAULT_KEY or key == bytes(KEY_BYTES):
            raise Refused(osdp.CANNOT)
        self._host.set_key(key)
        return osdp.ACK, b""

    def _built(self, code, data, security=b"", secured=False):
        """A reply to the packet under way."""
        address, control = self._asked
        control &= osdp.SEQUENCE | osdp.CRC
        if secured:
            security = bytes([2, SCS_18 if data else SCS_16])
            if data:
                data = self._channel.encrypted(data)
        if security:
            control |= osdp.SECURED
        rest = (2 if control & osdp.CRC else 1) + (osdp.MAC_BYTES if secured else 0)
        length = osdp.HEADER_BYTES + len(security) + 1 + len(data) + rest
        head = bytes([osdp.START[0], address | osdp.REPLY, length & 0xFF, length >> 8, control])
        start = head + security + bytes([code]) + data
        if secured:
            start += self._channel.send(start)
        return osdp.closed(start, control)


def _length(data, length):
    if len(data) != length:
        raise Refused(osdp.BAD_LENGTH)
