"""The statistics group, as MCUmgr has it: counters since the start."""

from dermis.core.messages.table import GROUP_STATISTICS, NONE, READ, REQUIRED, Message
from dermis.core.messages.table import field as _f

MESSAGES = (
    Message(
        "statistics",
        GROUP_STATISTICS,
        0,
        READ,
        NONE,
        (_f("name", "str", "", REQUIRED, "of the group: link, verdicts, storage, update or heap"),),
        (
            _f("name", "str", "", REQUIRED, "as asked"),
            _f("fields", "map", "", REQUIRED, "counters by name: see docs/audit.md"),
        ),
        "The counters of a group.",
    ),
    Message(
        "statistics_list",
        GROUP_STATISTICS,
        1,
        READ,
        NONE,
        (),
        (_f("stat_list", "list", "", REQUIRED, "names of the groups"),),
        "The groups of counters.",
    ),
)
