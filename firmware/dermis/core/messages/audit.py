"""The audit group: the log of what happened to the module."""

from dermis.core.messages.table import GROUP_AUDIT, NONE, READ, REQUIRED, Message
from dermis.core.messages.table import field as _f

MESSAGES = (
    Message(
        "audit_head",
        GROUP_AUDIT,
        0,
        READ,
        NONE,
        (_f("nonce", "bytes", "", b"", "of the asker, at most 32 bytes; the MAC covers it"),),
        (
            _f("first", "int", "", REQUIRED, "number of the oldest entry kept"),
            _f("next", "int", "", REQUIRED, "number that the next entry will have"),
            _f("before", "bytes", "", REQUIRED, "hash before the oldest entry"),
            _f("hash", "bytes", "", REQUIRED, "hash after the newest entry"),
            _f("time", "int", "s", REQUIRED, "the module's clock since 1970 UTC; 0: never set"),
            _f("lost", "int", "", REQUIRED, "entries that storage did not take since the start"),
            _f("mac", "bytes", "", REQUIRED, "under the verdict key: see docs/formats/audit.md"),
        ),
        "Where the log begins and ends, under a MAC.",
    ),
    Message(
        "audit_read",
        GROUP_AUDIT,
        1,
        READ,
        NONE,
        (_f("off", "int", "", REQUIRED, "number of the first entry wanted"),),
        (
            _f("entries", "bytes", "", REQUIRED, "entries, each behind its length: see docs/formats/audit.md"),
            _f("before", "bytes", "", REQUIRED, "hash before the first of them; empty where it is not known"),
            _f("next", "int", "", REQUIRED, "number of the entry to ask for next"),
        ),
        "Entries of the log, from a number on, as many as fit.",
    ),
)
