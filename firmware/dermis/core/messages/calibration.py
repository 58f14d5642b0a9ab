"""The calibration group: records and the monitor tab."""

from dermis.core.messages.table import GROUP_CALIBRATION, NONE, READ, REQUIRED, SETUP, WRITE, Message
from dermis.core.messages.table import field as _f

MESSAGES = (
    Message(
        "calibration_state",
        GROUP_CALIBRATION,
        0,
        READ,
        NONE,
        (),
        (
            _f("calibrated", "bool", "", REQUIRED, "a record is in force"),
            _f("hash", "str", "", REQUIRED, "hex, first 16 digits; or empty"),
            _f("created", "str", "", REQUIRED, "UTC, when the record was made"),
            _f("in_force", "str", "", REQUIRED, "slot of the record in force: user, previous or factory; or empty"),
            _f("records", "list", "", REQUIRED, "maps of slot, hash, created, fixture (id), operator, size (bytes)"),
            _f("fault", "str", "", REQUIRED, "why there is no record in force, or not the chosen one; or empty"),
        ),
        "Which calibration record is in force, and which others the module holds.",
    ),
    Message(
        "calibration_read",
        GROUP_CALIBRATION,
        1,
        READ,
        SETUP,
        (
            _f("off", "int", "bytes", 0, "where to start"),
            _f("slot", "str", "", "", "user, previous or factory; empty: the record in force"),
        ),
        (
            _f("off", "int", "bytes", REQUIRED, "where this piece starts"),
            _f("len", "int", "bytes", REQUIRED, "length of the whole record"),
            _f("data", "bytes", "", REQUIRED, "a piece of the record: see docs/formats/calibration.md"),
        ),
        "A record that the module holds.",
    ),
    Message(
        "calibration_write",
        GROUP_CALIBRATION,
        2,
        WRITE,
        SETUP,
        (
            _f("off", "int", "bytes", REQUIRED, "where this piece belongs; 0 starts anew"),
            _f("len", "int", "bytes", REQUIRED, "length of the whole record"),
            _f("data", "bytes", "", REQUIRED, "the piece"),
            _f("slot", "str", "", "user", "user, or factory, which is written once"),
        ),
        (
            _f(
                "off",
                "int",
                "bytes",
                REQUIRED,
                "bytes held so far; at `len` the record has been checked and stored",
            ),
        ),
        "Hands over a calibration record. A user record is in force when the last piece has been checked and stored; "
        "the one before is then the previous one.",
    ),
    Message(
        "monitor_baseline",
        GROUP_CALIBRATION,
        3,
        READ,
        SETUP,
        (),
        (_f("levels", "map", "linear counts", REQUIRED, "level of the monitor tab by state, raw"),),
        "Measures the monitor tab under each light without a record (the first step of a calibration).",
    ),
    Message(
        "calibration_select",
        GROUP_CALIBRATION,
        4,
        WRITE,
        SETUP,
        (
            _f(
                "slot",
                "str",
                "",
                REQUIRED,
                "factory or user: that record is in force; previous: it becomes the user record, and that one previous",
            ),
        ),
        (
            _f("calibrated", "bool", "", REQUIRED, "as in calibration_state, like the others"),
            _f("hash", "str", "", REQUIRED, "of the record now in force"),
            _f("created", "str", "", REQUIRED, "when it was made"),
            _f("in_force", "str", "", REQUIRED, "its slot"),
            _f("records", "list", "", REQUIRED, "what the module holds"),
            _f("fault", "str", "", REQUIRED, "as in calibration_state"),
        ),
        "Puts another record in force that the module holds.",
    ),
)
