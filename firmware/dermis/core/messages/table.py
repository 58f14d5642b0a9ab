"""What the table of messages is made of.

Kinds: `int`, `bool`, `str`, `bytes`, `map`, `list`. A field whose default is `REQUIRED` must be present.
"""

from collections import namedtuple

READ, WRITE = 0, 2
REQUIRED = "required"

# What a request needs. `NONE` needs nothing; the others are granted by the module's state or by a session: in the
# bench state all are open to whoever holds the port (`dermis.app.rights`).
NONE = "none"
SETUP = "setup"  # calibrate, set, set the clock
FRAMES = "frames"  # take bursts and fetch their frames
UPDATE = "update"  # confirm and erase images
PROVISION = "provision"  # give the module its keys
SERVICE = "service"  # open the prompt, change the state

GROUP_OS = 0
GROUP_IMAGE = 1
GROUP_STATISTICS = 2
GROUP_SETTINGS = 3
GROUP_FILES = 8
GROUP_PAD = 64
GROUP_CALIBRATION = 65
GROUP_AUDIT = 66
GROUP_ACCESS = 67
GROUP_EVALUATION = 68

Field = namedtuple("Field", ("name", "kind", "unit", "default", "meaning"))
Message = namedtuple("Message", ("name", "group", "id", "op", "right", "request", "response", "meaning"))


def field(name: str, kind: str, unit: str = "", default: object = REQUIRED, meaning: str = ""):
    """One field of a request or a response."""
    return Field(name, kind, unit, default, meaning)
