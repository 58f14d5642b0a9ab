"""The image group, as MCUmgr has it: what lies in the slots, upload, test and confirm, erase.

A right beyond a message's own (confirming takes `update`) is asked for by its handler; docs/update.md has the rules.
"""

from dermis.core.messages.table import GROUP_IMAGE, NONE, READ, REQUIRED, UPDATE, WRITE, Message
from dermis.core.messages.table import field as _f

# MCUmgr's clients take no other field in these answers: what else there is to say is in `update_state`.
_IMAGES = (
    _f(
        "images",
        "list",
        "",
        REQUIRED,
        "maps of slot, version, hash (of the image, not of the file), bootable, pending, confirmed, active, permanent; "
        "empty on a module that was not started from its flash",
    ),
    _f("splitStatus", "int", "", REQUIRED, "always 0"),
)

MESSAGES = (
    Message(
        "image_state",
        GROUP_IMAGE,
        0,
        READ,
        NONE,
        (),
        _IMAGES,
        "The images in the slots.",
    ),
    Message(
        "image_mark",
        GROUP_IMAGE,
        0,
        WRITE,
        NONE,
        (
            _f("hash", "bytes", "", b"", "of the image meant; empty: of the one that runs"),
            _f(
                "confirm",
                "bool",
                "",
                False,
                "the image that runs: keep it; the other one: it confirms itself when its self-test passes. "
                "Needs the right `update`",
            ),
        ),
        _IMAGES,
        "Marks the image of the other slot to be tried at the next start, or keeps the one that is being tried. "
        "While one is being tried, the other one's hash gives it up.",
    ),
    Message(
        "image_upload",
        GROUP_IMAGE,
        1,
        WRITE,
        NONE,
        (
            _f(
                "off", "int", "bytes", REQUIRED, "where this piece belongs; 0 starts, or goes on where the same one was"
            ),
            _f("data", "bytes", "", REQUIRED, "the piece; the first has at least 32 bytes"),
            _f("image", "int", "", 0, "0, or 1 as some clients say it: either is the slot that is not in use"),
            _f("len", "int", "bytes", -1, "of the whole; must be there at off 0"),
            _f("sha", "bytes", "", b"", "SHA-256 of the whole file: with it an upload goes on after a lost link"),
            _f("upgrade", "bool", "", False, "refuse an image that is not newer than the one that runs"),
        ),
        (
            _f("off", "int", "bytes", REQUIRED, "bytes held: where the next piece belongs"),
            _f(
                "match", "bool", "", True, "with the last piece, when there was a `sha`: what was stored agrees with it"
            ),
        ),
        "Takes an image into the slot that is not in use, piece by piece. After the last one the module checks its "
        "signature and whether it can run it; `image_mark` and `update_state` tell what came of that.",
    ),
    Message(
        "image_erase",
        GROUP_IMAGE,
        5,
        WRITE,
        UPDATE,
        (_f("slot", "int", "", -1, "number of the slot, as in image_state; -1: the one that is not in use"),),
        (),
        "Takes the image out of the slot that is not in use: its header is erased, and the rest with the next upload.",
    ),
)
