"""Every message's handler: `async def handle(module, request) -> dict` in `commands/<name>.py`."""

import sys

from dermis.app import heap

# Loaded at start, before the big buffers are made: what passages need, and what every host asks first. The others are
# loaded when they are first asked for, because all together take room that a burst needs.
USUAL = ("burst", "burst_part", "evidence", "identity", "parameters", "selftest", "verify", "watch")


def handler_of(name):
    """The handler of the message of that name. Raises ImportError when there is none."""
    path = "dermis.app.commands." + name
    if path in sys.modules:
        heap.serve()
    else:  # its first answer may load more
        heap.load()
    return __import__(path, None, None, ("handle",)).handle


for _name in USUAL:
    handler_of(_name)
