"""A folder of a journalling file system (ext4): what is written is on the disk, under its name, before a call ends."""

from __future__ import annotations

import os

from dermis.core import partitions
from dermis.drivers.storage import ENOENT
from dermis.drivers.storage.little import UNFINISHED, BrokenStorage, FolderStorage

OWNER_ALONE = 0o700


class CoralStorage(FolderStorage):
    """A rename there is atomic once the folder itself has been written; a piece added to a file is not, so that a file
    is copied to be made longer. Those that grow are small (`app.audit`)."""

    def append(self, name: str, data: bytes) -> None:
        try:
            before = self.read(name)
        except OSError as error:
            if error.errno != ENOENT:
                raise
            before = b""
        self.write(name, before + data)

    def replace(self, name: str) -> None:
        _to_disk(self._path(name) + UNFINISHED)
        super().replace(name)
        _to_disk(self._root)

    def remove(self, name: str) -> None:
        super().remove(name)
        _to_disk(self._root)

    def free_bytes(self) -> int:
        """As much as the data partition of a flashed module has, if the disk has it."""
        figures = os.statvfs(self._root)
        return min(super().free_bytes(), figures.f_bavail * figures.f_frsize)


def open_folder(root: str):
    """The folder, made when it is missing; one that fails in everything where it cannot be had."""
    try:
        os.makedirs(root, mode=OWNER_ALONE, exist_ok=True)
        return CoralStorage(root, partitions.partition("data").size)
    except OSError:
        return BrokenStorage()


def _to_disk(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
