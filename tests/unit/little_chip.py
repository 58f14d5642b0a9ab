"""A module's storage on a chip in memory, through cuts of power: under MicroPython, on its LittleFS."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cut_chip import Chip, PowerCut
from dermis.core import partitions
from dermis.drivers.storage import ENOSPC
from dermis.drivers.storage.little import MOUNT_POINT, open_little

import vfs  # type: ignore[import-not-found]  # isort: skip

if TYPE_CHECKING:
    from typing import Any


class Started:
    """The storage on a chip, as after a start: `with Started(chip) as storage`. Those that derive from it give what
    they start on that storage instead (`part`)."""

    def __init__(self, chip):
        self._chip = chip

    def part(self, storage) -> Any:
        return storage

    def __enter__(self) -> Any:
        return self.part(open_little(self._chip))

    def __exit__(self, *_):
        # After a cut LittleFS was left in the middle of something: it is thrown away, as a restart does.
        try:
            vfs.umount(MOUNT_POINT)
        except OSError:  # the cut came before it was mounted
            return False
        return False

    @classmethod
    def after(cls, image, action):
        """The chip's image after an action."""
        return cls.cut(image, action).image

    @classmethod
    def cut(cls, image, action, at=0, torn=0):
        """The chip after the power went at that operation; 0: never."""
        chip = Chip(image)
        chip.cut_at, chip.torn = at, torn
        try:
            with cls(chip) as part:
                action(part)
        except (PowerCut, OSError):  # whatever still runs finds a chip without power
            assert chip.dead
        return chip


def fill(left):
    """Leave room for that many files of one block."""
    count = 0
    try:
        while True:
            with open(f"{MOUNT_POINT}/filler{count}", "wb") as file:
                file.write(bytes(partitions.BLOCK_SIZE))
            count += 1
    except OSError as error:
        assert error.errno == ENOSPC, error
    for at in range(left + 1):  # the last one is there, and has nothing in it
        os.remove(f"{MOUNT_POINT}/filler{count - at}")
