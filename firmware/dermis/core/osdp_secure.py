"""OSDP's secure channel, the device's side. Ref: SIA OSDP 2.2 (IEC 60839-11-5), annex D.

AES-128 throughout. Session keys come from the base key (SCBK) and the panel's random number. Each side's MAC is the
other's initial value of the next one, so that a packet that is left out, played again or altered breaks the chain.
"""

from __future__ import annotations

from dermis.core.hmac import equal
from dermis.core.osdp import MAC_BYTES

KEY_BYTES = BLOCK = 16
RANDOM_BYTES = 8  # of each side
# The base key that every device leaves its maker with: known to everybody.
DEFAULT_KEY = bytes(range(0x30, 0x40))
# Types of security blocks: the handshake's four, then packets without data (15, 16) and with encrypted data (17, 18);
# odd ones are the panel's.
SCS_11, SCS_12, SCS_13, SCS_14, SCS_15, SCS_16, SCS_17, SCS_18 = range(0x11, 0x19)

_ZERO = bytes(BLOCK)
_PAD = b"\x80"


def padded(data: bytes) -> bytes:
    """80 and zeros up to whole blocks."""
    data = bytes(data) + _PAD
    return data + bytes(-len(data) % BLOCK)


def unpadded(data: bytes):
    """The inverse; None where no padding ends these blocks."""
    end = len(data) - 1
    while end >= 0 and data[end] == 0:
        end -= 1
    return data[:end] if end >= 0 and data[end : end + 1] == _PAD and len(data) - end <= BLOCK else None


class SecureChannel:
    """cipher: AES-128 in CBC (`encrypted`, `decrypted` of key, initial value, data), such as `dermis.drivers.cipher`.

    up: whether the handshake is complete. default: whether it was opened by the key that everybody knows.
    """

    def __init__(self, cipher):
        self._cipher = cipher
        self.drop()

    def drop(self) -> None:
        """Forget the session and its keys."""
        self.up = self.default = False
        self._proof = self._encryption = self._mac_1 = self._mac_2 = self._received = self._sent = b""

    def challenge(self, key: bytes, default: bool, panels: bytes, ours: bytes) -> bytes:
        """The panel's random number has come: the client cryptogram, 16 bytes. panels, ours: 8 random bytes each."""
        self.drop()
        self.default = default
        self._encryption = self._derived(key, 0x82, panels)
        self._mac_1 = self._derived(key, 0x01, panels)
        self._mac_2 = self._derived(key, 0x02, panels)
        self._proof = self._block(self._encryption, ours + panels)
        return self._block(self._encryption, panels + ours)

    def prove(self, cryptogram: bytes):
        """The server cryptogram has come: the initial R-MAC (16 bytes), and the channel is up; None where the panel
        has another key, or nobody asked."""
        proof, self._proof = self._proof, b""
        if not proof or not equal(proof, cryptogram):
            self.drop()
            return None
        self._sent = self._block(self._mac_2, self._block(self._mac_1, cryptogram))
        self.up = True
        return self._sent

    def receive(self, body: bytes, mac: bytes) -> bool:
        """Whether the panel sent this (all of a packet before its MAC), next in order. Otherwise nothing changes."""
        computed = self._mac(body, self._sent)
        if not equal(computed[:MAC_BYTES], mac):
            return False
        self._received = computed
        return True

    def send(self, body: bytes) -> bytes:
        """The MAC (4 bytes) of a reply, next in order."""
        self._sent = self._mac(body, self._received)
        return self._sent[:MAC_BYTES]

    def decrypted(self, data: bytes):
        """What the packet just received holds; None where it is no whole number of padded blocks."""
        if not data or len(data) % BLOCK:
            return None
        return unpadded(self._cipher.decrypted(self._encryption, _inverted(self._sent), bytes(data)))

    def encrypted(self, data: bytes) -> bytes:
        """Data of the reply to the packet just received."""
        return self._cipher.encrypted(self._encryption, _inverted(self._received), padded(data))

    def _derived(self, key, use, panels):
        return self._block(key, bytes([0x01, use]) + panels[:6] + bytes(BLOCK - 8))

    def _block(self, key, data):
        return self._cipher.encrypted(key, _ZERO, data)

    def _mac(self, body, before):
        if len(body) % BLOCK:
            body = padded(body)
        if len(body) > BLOCK:
            before = self._cipher.encrypted(self._mac_1, before, body[:-BLOCK])[-BLOCK:]
        return self._cipher.encrypted(self._mac_2, before, body[-BLOCK:])


def _inverted(block):
    return bytes([byte ^ 0xFF for byte in block])
