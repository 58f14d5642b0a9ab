"""The file group, as MCUmgr has it, confined to one folder: names are flat."""

from dermis.core.messages.table import GROUP_FILES, READ, REQUIRED, SETUP, WRITE, Message
from dermis.core.messages.table import field as _f

_NAME = _f(
    "name", "str", "", REQUIRED, "1 to 32 of a-z, A-Z, 0-9, dot, dash, underscore; no dot in front, not .new at the end"
)

MESSAGES = (
    Message(
        "file_download",
        GROUP_FILES,
        0,
        READ,
        SETUP,
        (_NAME, _f("off", "int", "bytes", 0, "where to start")),
        (
            _f("off", "int", "bytes", REQUIRED, "where this piece starts"),
            _f("data", "bytes", "", REQUIRED, "the piece"),
            _f("len", "int", "bytes", REQUIRED, "length of the whole file"),
        ),
        "A piece of a file.",
    ),
    Message(
        "file_upload",
        GROUP_FILES,
        0,
        WRITE,
        SETUP,
        (
            _NAME,
            _f("off", "int", "bytes", REQUIRED, "where this piece belongs; 0 starts anew"),
            _f("data", "bytes", "", REQUIRED, "the piece"),
            _f("len", "int", "bytes", 0, "length of the whole file; needed at off 0"),
        ),
        (_f("off", "int", "bytes", REQUIRED, "bytes held so far; at `len` the file is stored"),),
        "Hands over a file; it takes the place of the one of that name when it is whole. One of 0 bytes is removed.",
    ),
    Message(
        "file_status",
        GROUP_FILES,
        1,
        READ,
        SETUP,
        (_NAME,),
        (_f("len", "int", "bytes", REQUIRED, "length of the file"),),
        "Whether there is a file, and how long it is.",
    ),
    Message(
        "file_hash",
        GROUP_FILES,
        2,
        READ,
        SETUP,
        (
            _NAME,
            _f("type", "str", "", "sha256", "sha256"),
            _f("off", "int", "bytes", 0, "where to start"),
            _f("len", "int", "bytes", 0, "how much at most; 0: to the end"),
        ),
        (
            _f("type", "str", "", REQUIRED, "sha256"),
            _f("off", "int", "bytes", REQUIRED, "as asked"),
            _f("len", "int", "bytes", REQUIRED, "bytes that went into the hash"),
            _f("output", "bytes", "", REQUIRED, "the hash"),
        ),
        "The hash of a file, or of a part of it.",
    ),
    Message(
        "file_hash_types",
        GROUP_FILES,
        3,
        READ,
        SETUP,
        (),
        (_f("types", "map", "", REQUIRED, "type -> format (1: bytes) and size (bytes)"),),
        "The hashes there are.",
    ),
    Message(
        "file_close",
        GROUP_FILES,
        4,
        WRITE,
        SETUP,
        (),
        (),
        "Forgets a file that is being handed over.",
    ),
)
