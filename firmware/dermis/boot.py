"""Runs before everything else on a board: every emitter dark, whatever the pins were left at. Nothing more.

The board file names the pins that light something (`emitter_pins`: number -> level that is dark). The twin has none:
its lights are dark until a driver asks for one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

BOARD_FILE = "/board.json"


def darken(path=BOARD_FILE):
    """Drives every emitter's pin to its dark level. Without a board file or pins there is nothing to drive."""
    try:
        with open(path) as file:
            pins = json.load(file)["emitter_pins"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # main says what is wrong with the file
    if pins:
        import machine

        pin: Any = machine.Pin  # the stubs are the unix port's, whose Pin is empty
        for number in pins:
            pin(int(number), pin.OUT, value=pins[number])


darken()
