"""On the twin's MicroPython only: `machine` with the reset that a board has."""

import sys

from dermis.core.twin_wire import RESET_STATUS
from umachine import *  # type: ignore[import-not-found]  # noqa: F403


def reset():
    """Restart the module."""
    sys.exit(RESET_STATUS)
