"""The audit log's chain: entries as bytes, the hash that ties each to all before it, and the MAC of a log's head.

An entry is the CBOR list [seq, time, uptime_ms, event, fields]. With h the SHA-256 of all before it, the next hash is
SHA-256(h + entry); before the first entry h is `genesis` of the module's serial number, so that a log belongs to one
module. The chain has no key: it shows that nothing between two hashes was changed. That a hash is the module's own
word, and from now, is what the head's MAC over the asker's nonce shows.

In files and answers each entry stands behind its length (16 bits, big-endian). Used by module and host.
"""

from __future__ import annotations

import hashlib
from collections import namedtuple

from dermis.core import cbor, hmac
from dermis.core.errors import BadInput

GENESIS = b"dermis-audit-1\0"
HEAD = "dermis-audit-head-1"  # sets this MAC apart from others under the same key
LONGEST_NONCE = 32
LENGTH_BYTES = 2
LARGEST_ENTRY = 768  # the longest is a count of every reason that there is, some 500 bytes
LONGEST_TEXT = 96  # characters of a text in an entry; a reason is a clause, not a page

# What may stand in the log, and how many entries of it an hour are kept (0: all). What a port without a session can
# bring about has a limit, so that nobody can turn the ring over with noise; what comes beyond it is counted.
EVENTS = {
    # life
    "boot": 0,  # each start begins the limits anew
    "clock_set": 60,
    "calibration_stored": 0,
    "calibration_selected": 0,
    "setting_changed": 0,
    "file_stored": 0,
    "file_removed": 0,
    "self_test_failed": 12,
    # access
    "provisioned": 0,
    "state_changed": 0,
    "session_opened": 0,
    "session_closed": 0,
    "session_refused": 20,
    "session_locked": 20,
    "repl_opened": 0,
    "frames_allowed": 0,
    "osdp_key_set": 20,
    "tamper": 12,
    # update
    "update_started": 20,
    "update_refused": 20,
    "update_received": 20,
    "update_tested": 20,
    "update_confirmed": 0,
    "update_reverted": 0,
    "slot_erased": 0,
    # verdicts
    "attack": 60,
    "verdicts": 12,
    # the log itself
    "suppressed": 0,
    "audit_lost": 0,
    "audit_damaged": 0,
}

ENTRY_FIELDS = ("seq", "time", "uptime_ms", "event", "fields")  # MicroPython's tuples do not tell theirs
HEAD_FIELDS = ("first", "next", "before", "hash", "time")
Entry = namedtuple("Entry", ENTRY_FIELDS)
Head = namedtuple("Head", HEAD_FIELDS)


def genesis(serial: str) -> bytes:
    """The hash before a module's first entry."""
    return hashlib.sha256(GENESIS + serial.encode()).digest()


def link(before: bytes, entry: bytes) -> bytes:
    """The hash after `entry`, of the hash before it."""
    whole = hashlib.sha256(before)
    whole.update(entry)
    return whole.digest()


def encode(seq: int, time: int, uptime_ms: int, event: str, fields: dict) -> bytes:
    """The bytes of an entry. time: seconds since 1970 or 0. fields: int, bool, str, or lists of these.

    Raises BadInput for another event than those of `EVENTS`, for other values, and above `LARGEST_ENTRY` bytes.
    """
    if event not in EVENTS:
        raise BadInput("there is no audit event %r" % event)
    for name in fields:
        values = fields[name] if isinstance(fields[name], (list, tuple)) else (fields[name],)
        for value in values:
            if not isinstance(value, (int, bool, str)):  # what JSON carries unchanged, so that an export can be checked
                raise BadInput("%s of an audit entry holds a %s; only int, bool and str" % (name, type(value).__name__))
    entry = packed(seq, time, uptime_ms, event, fields)
    if len(entry) > LARGEST_ENTRY:
        raise BadInput("an audit entry has at most %d bytes, not %d" % (LARGEST_ENTRY, len(entry)))
    return entry


def packed(seq: int, time: int, uptime_ms: int, event: str, fields: dict) -> bytes:
    """The same without a look at what it says, for what another release has written. Raises BadInput."""
    return cbor.dumps([seq, time, uptime_ms, event, fields])


def decode(entry) -> Entry:
    """The values of an entry. Raises BadInput when it is none, or is not written as `encode` writes it."""
    values = cbor.loads(entry)
    sound = isinstance(values, list) and len(values) == len(ENTRY_FIELDS)
    if not sound or False in [_is(value, kind) for value, kind in zip(values, (int, int, int, str, dict))]:
        raise BadInput("this is no audit entry; fetch the log again")
    if cbor.dumps(values) != bytes(entry):
        raise BadInput("this audit entry is not written canonically; fetch the log again")
    return Entry(*values)


def _is(value, kind):
    return isinstance(value, kind) and not isinstance(value, bool)


def framed(entry: bytes) -> bytes:
    """An entry behind its length."""
    return bytes((len(entry) >> 8, len(entry) & 0xFF)) + entry


def split(data):
    """The entries in `data`, one after the other, up to the first that is not whole: yields (entry, end of it)."""
    view = memoryview(data)
    at = 0
    while at + LENGTH_BYTES <= len(view):
        length = (view[at] << 8) | view[at + 1]
        end = at + LENGTH_BYTES + length
        if not 0 < length <= LARGEST_ENTRY or end > len(view):
            return
        yield bytes(view[at + LENGTH_BYTES : end]), end
        at = end


def head_mac(key: bytes, serial: str, nonce: bytes, head: Head) -> bytes:
    """HMAC-SHA256 under the module's verdict key over the head of its log and the asker's nonce."""
    said = [HEAD, serial, bytes(nonce), head.first, head.next, bytes(head.before), bytes(head.hash), head.time]
    return hmac.hmac_sha256(key, cbor.dumps(said))


def head_holds(key: bytes, serial: str, nonce: bytes, head: Head, mac: bytes) -> bool:
    """Whether that MAC is the module's, compared in constant time."""
    return hmac.equal(head_mac(key, serial, nonce, head), mac)
