"""A NOR flash chip in a file.

The file holds the complement of the chip's bytes: an erased byte (0xFF) is 0, so that a chip nobody has
written to is one hole and takes no room on disk. `image()` gives the true bytes.
"""

from __future__ import annotations

import mmap
import os
from array import array
from collections.abc import Iterator
from pathlib import Path

from dermis.core import partitions

from .errors import TwinError

SECTOR = partitions.BLOCK_SIZE


class PowerCut(Exception):
    """The power went in the middle of this operation."""


class Flash:
    """16 MiB, sectors of 4096 bytes; programming only clears bits."""

    def __init__(self, path: Path):
        """Raises TwinError when the file is not a flash of this size."""
        new = not path.exists()
        self._file = open(path, "w+b" if new else "r+b")
        self.size = partitions.FLASH_SIZE
        if new:
            self._file.truncate(self.size)
        elif os.path.getsize(path) != self.size:
            self._file.close()
            raise TwinError(f"{path} is not the flash of a twin; remove it or name another state folder")
        self._map = mmap.mmap(self._file.fileno(), self.size)
        self._cut_after = 0
        self._torn = 0
        self.operations = 0
        self._wearing: tuple[range, int] | None = None  # sectors, and erases of them until one wears out
        self.worn: set[int] = set()  # sectors that take nothing any more
        self.erases = array("I", bytes(4 * (self.size // SECTOR)))  # of each sector, since the twin started

    def cut_power_after(self, operations: int, torn: int = 0) -> None:
        """Let the power go in the `operations`-th program or erase from now, after `torn` of its bytes; 0: never."""
        self._cut_after = self.operations + operations if operations else 0
        self._torn = torn

    def wear_out_after(self, erases: int, partition: str) -> None:
        """Let the sector of the `erases`-th erase from now in that partition be its last: neither that one nor any
        later program or erase of it sticks. The chip says nothing of it, as NOR chips do not.

        Raises KeyError for a partition there is not.
        """
        entry = partitions.partition(partition)
        self._wearing = range(entry.offset // SECTOR, (entry.offset + entry.size) // SECTOR), erases

    @property
    def waits_for_cut(self) -> bool:
        """Whether a cut was asked for that has not come."""
        return self._cut_after > 0

    @property
    def waits_for_wear(self) -> bool:
        """Whether a sector is to wear out and has not yet."""
        return self._wearing is not None

    def renew(self) -> None:
        """Another chip with the same content: no sector is worn out."""
        self._wearing = None
        self.worn.clear()

    def read(self, offset: int, length: int) -> bytes:
        """Raises ValueError outside the chip."""
        self._check(offset, length)
        return _complement(self._map[offset : offset + length])

    def program(self, offset: int, data: bytes) -> None:
        """Clear bits: 1 to 0, never back. Raises ValueError outside the chip, PowerCut when it was asked for."""
        self._check(offset, len(data))
        cut = self._is_cut()
        if cut:
            data = data[: self._torn % (len(data) + 1)]
        for at, piece in self._good_pieces(offset, data):
            stored = int.from_bytes(self._map[at : at + len(piece)], "little")
            stored |= int.from_bytes(_complement(piece), "little")
            self._map[at : at + len(piece)] = stored.to_bytes(len(piece), "little")
        if cut:
            raise PowerCut

    def erase(self, offset: int, length: int) -> None:
        """All bits to 1. Raises ValueError off the sectors' borders, PowerCut when it was asked for."""
        self._check(offset, length)
        if offset % SECTOR or length % SECTOR:
            raise ValueError(f"an erase begins and ends on a multiple of {SECTOR}")
        cut = self._is_cut()
        for sector in range(offset // SECTOR, (offset + length) // SECTOR):
            self.erases[sector] += 1
        if cut:
            length = self._torn % (length + 1)
        for sector in range(offset // SECTOR, -(-(offset + length) // SECTOR)):
            self._wear(sector)
            if sector not in self.worn:
                begin, end = sector * SECTOR, min((sector + 1) * SECTOR, offset + length)
                self._map[begin:end] = bytes(end - begin)
        if cut:
            raise PowerCut

    def image(self, partition: str | None = None) -> bytes:
        """The bytes of the chip, or of one partition. Raises KeyError for a partition there is not."""
        if partition is None:
            return self.read(0, self.size)
        entry = partitions.partition(partition)
        return self.read(entry.offset, entry.size)

    def close(self) -> None:
        # The map is shared: the system keeps what was written, also when this process is killed.
        self._map.close()
        self._file.close()

    def _is_cut(self) -> bool:
        self.operations += 1
        if self.operations != self._cut_after:
            return False
        self._cut_after = 0
        return True

    def _wear(self, sector: int) -> None:
        if self._wearing is None or sector not in self._wearing[0]:
            return
        sectors, erases = self._wearing
        self._wearing = (sectors, erases - 1) if erases > 1 else None
        if erases <= 1:
            self.worn.add(sector)

    def _good_pieces(self, offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
        """What of a program lands in sectors that are not worn out: where, and the bytes."""
        end = offset + len(data)
        at = offset
        while at < end:
            border = min(end, (at // SECTOR + 1) * SECTOR) if self.worn else end
            if at // SECTOR not in self.worn:
                yield at, data[at - offset : border - offset]
            at = border

    def _check(self, offset: int, length: int) -> None:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise ValueError(f"{length} bytes at {offset:#x} lie outside the flash of {self.size:#x} bytes")


_COMPLEMENT = bytes(255 - value for value in range(256))


def _complement(data: bytes) -> bytes:
    return data.translate(_COMPLEMENT)
