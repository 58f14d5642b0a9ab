"""OSDP on the wire: names, framing and check characters.

Ref: SIA OSDP 2.2 (IEC 60839-11-5), clause 5. A packet is

    53 | address | length u16 | control | [security block] | code | data | [MAC 4] | CRC u16 or checksum u8

little-endian, the length that of the whole. control: bits 0 and 1 the sequence number, bit 2 a CRC instead of a
checksum, bit 3 a security block (its length, its type, its data). A device's address has bit 7 set in its replies.
"""

from __future__ import annotations

from dermis.core.smp import crc16

START = b"\x53"
BROADCAST = 0x7F  # whatever address a device has, it answers to this one too
REPLY = 0x80
HEADER_BYTES = 5
SHORTEST, LARGEST = 7, 256  # bytes of a packet; the largest is told to the panel (`CAPABILITY_BUFFER`)
SEQUENCE, CRC, SECURED = 0x03, 0x04, 0x08  # of control
CRC_START = 0x1D0F
MAC_BYTES = 4
# A packet whose rest has not come within this is cut: the panel waits 200 ms for a reply and then sends another.
CUT_AFTER_MS = 100

# Commands of the panel.
POLL, ID, CAP, LSTAT, ISTAT, OSTAT, RSTAT = 0x60, 0x61, 0x62, 0x64, 0x65, 0x66, 0x67
OUT, LED, BUZ, COMSET, KEYSET, CHLNG, SCRYPT = 0x68, 0x69, 0x6A, 0x6E, 0x75, 0x76, 0x77
MFG, ABORT = 0x80, 0xA2
# Replies of the device.
ACK, NAK, PDID, PDCAP, LSTATR, ISTATR, OSTATR, RSTATR = 0x40, 0x41, 0x45, 0x46, 0x48, 0x49, 0x4A, 0x4B
RAW, COM, CCRYPT, RMAC_I, MFGREP = 0x50, 0x54, 0x76, 0x78, 0x90
# Why a NAK.
BAD_LENGTH, UNKNOWN_COMMAND, BAD_SEQUENCE, NO_SUCH_SECURITY, INSECURE, CANNOT = 0x02, 0x03, 0x04, 0x05, 0x06, 0x09


class Refused(Exception):
    """A command that is answered by NAK: `reason` is one of the above."""

    def __init__(self, reason: int):
        super().__init__(reason)
        self.reason = reason


def closed(start: bytes, control: int) -> bytes:
    """A packet but for its check characters (the length counts them already), and these."""
    if control & CRC:
        check = crc16(start, len(start), CRC_START)
        return start + bytes([check & 0xFF, check >> 8])
    return start + bytes([-sum(start) & 0xFF])


def sound(packet: bytes) -> bool:
    """Whether the check characters are right."""
    if packet[4] & CRC:
        body = len(packet) - 2
        return crc16(packet, body, CRC_START) == packet[body] | packet[body + 1] << 8
    return sum(packet) & 0xFF == 0


class Framer:
    """Takes bytes as they come from the bus and gives the packets that are whole and sound, whoever they are for.

    Holds less than one packet, whatever comes. damaged, cut: counters since the start.
    """

    def __init__(self):
        self._held = b""
        self._fed_ms = 0
        self.damaged = self.cut = 0

    def feed(self, data, now_ms: int) -> list:
        """The packets (bytes) that end within `data`. now_ms: the module's clock."""
        if self._held and not 0 <= now_ms - self._fed_ms <= CUT_AFTER_MS:
            self._held = b""
            self.cut += 1
        self._fed_ms = now_ms
        held = self._held + bytes(data)
        out = []
        at = held.find(START)
        while at >= 0 and len(held) - at >= HEADER_BYTES:
            length = held[at + 2] | held[at + 3] << 8
            if not SHORTEST <= length <= LARGEST:
                at = held.find(START, at + 1)  # noise, or a packet that no device of ours takes
                continue
            if len(held) - at < length:
                break
            packet = held[at : at + length]
            if sound(packet):
                out.append(packet)
                at = held.find(START, at + length)
            else:
                self.damaged += 1
                at = held.find(START, at + 1)  # a packet may begin within what looked like one
        self._held = held[at:] if at >= 0 else b""
        return out
