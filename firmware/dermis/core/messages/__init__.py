"""The table of messages: the only place where a group, an identifier or a field is written down.

SMP (MCUmgr) addresses a message by (group, identifier, operation). Each group has a file beside this one. The device's
server and the host's client both read them; `docs/formats/messages.md` is printed from them and a test compares the
two. A retired number is never used again: it goes to `RETIRED`.
"""

from dermis.core.messages.table import (
    FRAMES,
    GROUP_ACCESS,
    GROUP_AUDIT,
    GROUP_CALIBRATION,
    GROUP_EVALUATION,
    GROUP_FILES,
    GROUP_IMAGE,
    GROUP_OS,
    GROUP_PAD,
    GROUP_SETTINGS,
    GROUP_STATISTICS,
    NONE,
    PROVISION,
    READ,
    REQUIRED,
    SERVICE,
    SETUP,
    UPDATE,
    WRITE,
    Field,
    Message,
)

__all__ = (
    "FRAMES",
    "GROUP_ACCESS",
    "GROUP_AUDIT",
    "GROUP_CALIBRATION",
    "GROUP_EVALUATION",
    "GROUP_FILES",
    "GROUP_IMAGE",
    "GROUP_OS",
    "GROUP_PAD",
    "GROUP_SETTINGS",
    "GROUP_STATISTICS",
    "NONE",
    "PROVISION",
    "READ",
    "REQUIRED",
    "SERVICE",
    "SETUP",
    "UPDATE",
    "WRITE",
    "Field",
    "Message",
)

VERSION = 1

# Group -> its file. A device loads a group when it is first asked for something of it: tables take room.
GROUPS = {
    GROUP_OS: "os_group",
    GROUP_IMAGE: "image",
    GROUP_STATISTICS: "statistics",
    GROUP_SETTINGS: "settings",
    GROUP_FILES: "files",
    GROUP_PAD: "pad",
    GROUP_CALIBRATION: "calibration",
    GROUP_AUDIT: "audit",
    GROUP_ACCESS: "access",
    GROUP_EVALUATION: "evaluation",
}

RETIRED = ()  # (group, id, op) of messages that once were


def of_group(group):
    """The messages of a group; none of one that there is not."""
    name = GROUPS.get(group)
    if name is None:
        return ()
    return __import__("dermis.core.messages." + name, None, None, ("MESSAGES",)).MESSAGES


def every():
    """All messages, by group."""
    out = []
    for group in sorted(GROUPS):
        out.extend(of_group(group))
    return tuple(out)


def by_name(name):
    """The message of that name. Raises KeyError."""
    for message in every():
        if message.name == name:
            return message
    raise KeyError(name)


def by_address(group, identifier, op):
    """The message at that address, or None."""
    for message in of_group(group):
        if message.id == identifier and message.op == op:
            return message
    return None
