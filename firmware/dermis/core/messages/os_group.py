"""The OS group, as MCUmgr has it: echo, clock, reset, parameters, what runs."""

from dermis.core.messages.table import GROUP_OS, NONE, READ, REQUIRED, SETUP, WRITE, Message
from dermis.core.messages.table import field as _f

MESSAGES = (
    Message(
        "echo",
        GROUP_OS,
        0,
        WRITE,
        NONE,
        (_f("d", "str", "", "", "text to send back"),),
        (_f("r", "str", "", REQUIRED, "the same text"),),
        "Sends the text back.",
    ),
    Message(
        "datetime_read",
        GROUP_OS,
        4,
        READ,
        NONE,
        (),
        (_f("datetime", "str", "", REQUIRED, "UTC, yyyy-MM-dd'T'HH:mm:ss"),),
        "The module's clock.",
    ),
    Message(
        "datetime_write",
        GROUP_OS,
        4,
        WRITE,
        SETUP,
        (_f("datetime", "str", "", REQUIRED, "UTC, yyyy-MM-dd'T'HH:mm:ss, anything after it is ignored"),),
        (),
        "Sets the module's clock.",
    ),
    Message(
        "reset",
        GROUP_OS,
        5,
        WRITE,
        NONE,
        (_f("force", "int", "", 0, "accepted for compatibility, has no effect"),),
        (),
        "Answers, then restarts the module. Outside the bench state, a few in a row need no session.",
    ),
    Message(
        "parameters",
        GROUP_OS,
        6,
        READ,
        NONE,
        (),
        (
            _f("buf_size", "int", "bytes", REQUIRED, "largest SMP packet taken"),
            _f("buf_count", "int", "", REQUIRED, "requests held at once"),
        ),
        "MCUmgr parameters.",
    ),
    Message(
        "os_info",
        GROUP_OS,
        7,
        READ,
        NONE,
        (_f("format", "str", "", "s", "letters as of uname: s n r v b m p i o, or a for all"),),
        (_f("output", "str", "", REQUIRED, "the parts asked for, in the order of uname"),),
        "OS/application info.",
    ),
)
