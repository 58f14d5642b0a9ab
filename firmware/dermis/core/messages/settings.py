"""The settings group, as MCUmgr has it. A value is text: a number in decimal digits."""

from dermis.core.messages.table import GROUP_SETTINGS, NONE, READ, REQUIRED, SETUP, WRITE, Message
from dermis.core.messages.table import field as _f

MESSAGES = (
    Message(
        "setting_read",
        GROUP_SETTINGS,
        0,
        READ,
        NONE,
        (
            _f("name", "str", "", REQUIRED, "of the setting: see docs/audit.md and docs/lock.md"),
            _f("max_size", "int", "bytes", 64, "what the asker can take; no value here is longer than 64"),
        ),
        (_f("val", "bytes", "", REQUIRED, "the value in force, UTF-8"),),
        "A setting.",
    ),
    Message(
        "setting_write",
        GROUP_SETTINGS,
        0,
        WRITE,
        SETUP,
        (
            _f("name", "str", "", REQUIRED, "of the setting"),
            _f("val", "bytes", "", REQUIRED, "the new value, UTF-8"),
        ),
        (),
        "Changes a setting: in force at once, and kept.",
    ),
    Message(
        "setting_delete",
        GROUP_SETTINGS,
        1,
        WRITE,
        SETUP,
        (_f("name", "str", "", REQUIRED, "of the setting"),),
        (),
        "Back to its default.",
    ),
    Message(
        "settings_commit",
        GROUP_SETTINGS,
        2,
        WRITE,
        SETUP,
        (),
        (),
        "Nothing: what was written is in force already.",
    ),
    Message(
        "settings_load",
        GROUP_SETTINGS,
        3,
        READ,
        SETUP,
        (),
        (),
        "Nothing: what is in force is what is kept.",
    ),
    Message(
        "settings_save",
        GROUP_SETTINGS,
        3,
        WRITE,
        SETUP,
        (),
        (),
        "Nothing: what was written is kept already.",
    ),
)
