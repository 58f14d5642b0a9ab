"""What the table of messages is made of.

Kinds: `int`, `bool`, `str`, `bytes`, `map`, `list`. A field whose default is `REQUIRED` must be present.
"""

from collections import namedtuple

READ, WRITE = 0, 2
REQUIRED = "required"

# What a request needs. `NONE` needs nothing; the others are granted by the module's state: in the bench
# state `BENCH` is open to whoever holds the port.
NONE, BENCH, INSTALLER, SERVICE = "none", "bench", "installer", "service"

GROUP_OS = 0
GROUP_PAD = 64
GROUP_CALIBRATION = 65
GROUP_AUDIT = 66

Field = namedtuple("Field", ("name", "kind", "unit", "default", "meaning"))
Message = namedtuple("Message", ("name", "group", "id", "op", "right", "request", "response", "meaning"))


def field(name: str, kind: str, unit: str = "", default: object = REQUIRED, meaning: str = ""):
    """One field of a request or a response."""
    return Field(name, kind, unit, default, meaning)
