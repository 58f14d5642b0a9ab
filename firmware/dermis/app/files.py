"""An integrator's files on the module: flat names in one folder, which in storage is a prefix that nothing else has.

A file is handed over piece by piece and takes the place of the one before when it is whole. MCUmgr has no message
that removes a file, so one without a byte is removed.
"""

from __future__ import annotations

from dermis.core import partitions
from dermis.core.errors import (
    RC_INVALID,
    RC_NO_ENTRY,
    RC_NO_MEMORY,
    RC_TOO_LONG,
    RC_UNKNOWN,
    WireError,
)
from dermis.drivers.storage import ENOENT, ENOSPC

PREFIX = "file."
LONGEST_NAME = 32
MARKS = "._-"
UNTAKEN = ".new"  # storage calls successors so
LARGEST_FILE = 64 * 1024
# Of all files, each counted in whole blocks as it lies in flash: what is left of the partition is for the records.
LARGEST_TOTAL = 256 * 1024


def stored_name(name: str) -> str:
    """What a file is called in storage. Raises WireError (invalid) for any name that is not flat and plain."""
    good = 0 < len(name) <= LONGEST_NAME and name[0] != "." and not name.endswith(UNTAKEN)
    for char in name:
        # Not isalpha alone: other scripts have letters, too.
        good = good and (char in MARKS or (ord(char) < 128 and (char.isalpha() or char.isdigit())))
    if not good:
        raise WireError(
            RC_INVALID,
            "a file's name has 1 to %d of a-z, A-Z, 0-9, dot, dash and underscore, no dot in front and no folder; "
            "name it so" % LONGEST_NAME,
        )
    return PREFIX + name


def sizes(storage) -> dict:
    """{name in storage: bytes} of all files. Raises OSError."""
    return {name: storage.size(name) for name in storage.names() if name.startswith(PREFIX)}


def size_of(storage, name: str) -> int:
    """Bytes of a file. Raises WireError when there is none."""
    try:
        return storage.size(stored_name(name))
    except OSError as error:
        raise failed(name, error)


def failed(name: str, error) -> WireError:
    """What an OSError of storage means to who asked for a file."""
    if error.errno == ENOENT:
        return WireError(RC_NO_ENTRY, "there is no file %s; hand it over first" % name)
    if error.errno == ENOSPC:
        return WireError(RC_NO_MEMORY, "the module's storage is full; remove a file by one without a byte")
    return WireError(RC_UNKNOWN, "storage failed with %s (errno %d); run the self-test" % (name, error.errno))


def _blocks(size):
    return -(-size // partitions.BLOCK_SIZE)


class Upload:
    """The file that is being handed over, one at a time. storage: `drivers.storage.Storage`."""

    def __init__(self, storage):
        self._storage = storage
        self._name = ""  # as in storage; empty: none is under way
        self._total = self._received = 0

    def receive(self, name: str, offset: int, data: bytes, total: int) -> tuple:
        """Take a piece; returns (bytes held, whether the file is stored). One at 0 starts anew, one that is held
        already is passed over. Raises WireError, OSError (storage)."""
        stored = stored_name(name)
        if offset == 0:
            self._begin(stored, total)
        if stored != self._name:
            raise WireError(RC_INVALID, "no file %s is being handed over; start again at off 0" % name)
        if not 0 <= offset <= self._received or offset + len(data) > self._total:
            raise WireError(
                RC_INVALID, "the next piece starts at %d of %d; send that one" % (self._received, self._total)
            )
        fresh = memoryview(data)[self._received - offset :]
        if len(fresh):
            kept = False
            try:
                self._storage.stage(stored, self._received, fresh)
                kept = True
            finally:
                if not kept:
                    self.forget()
            self._received += len(fresh)
        if self._received < self._total:
            return self._received, False
        if self._total:
            self._storage.replace(stored)
        else:
            self._storage.remove(stored)
        self._name = ""
        return self._received, True

    def forget(self) -> None:
        """Give up what is under way, and its room. Raises OSError (storage)."""
        if self._name:
            name, self._name = self._name, ""
            self._storage.unstage(name)

    def _begin(self, stored, total):
        self.forget()
        if not 0 <= total <= LARGEST_FILE:
            raise WireError(RC_TOO_LONG, "a file has at most %d bytes, not %d; split it" % (LARGEST_FILE, total))
        held = sizes(self._storage)
        held[stored] = total
        blocks = sum([_blocks(size) for size in held.values()])
        if blocks * partitions.BLOCK_SIZE > LARGEST_TOTAL:
            raise WireError(
                RC_NO_MEMORY,
                "all files together fill at most %d bytes in whole blocks of %d; remove one by one without a byte"
                % (LARGEST_TOTAL, partitions.BLOCK_SIZE),
            )
        self._name, self._total, self._received = stored, total, 0
