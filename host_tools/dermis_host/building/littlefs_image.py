"""Files to a LittleFS image, the same bytes every time."""

from __future__ import annotations

from collections.abc import Mapping
from os import SEEK_END
from pathlib import PurePosixPath
from typing import Any

from dermis.core import partitions

from dermis_host.building.needs import needed
from dermis_host.errors import HostError

BLOCKS_A_FOLDER = 2  # its pair of metadata blocks
FILE, FOLDER = 1, 2  # as littlefs-python calls an entry's type
NO_NAMES = ("", ".", "..")
DEEPEST = 16  # folders in one another; ours are four, and what has no end is found the sooner
LEAST_OF_AN_ENTRY = 8  # bytes: two tags
# What reading all files may read, in sizes of the image: our own take less than one, 300 small files in a folder eight.
MOST_READ = 32


def smallest(files: Mapping[PurePosixPath, bytes], limit: int) -> bytes:
    """An image with as many blocks as the files need. Raises HostError when that is more than `limit` bytes."""
    block = partitions.BLOCK_SIZE
    folders = {folder for place in files for folder in place.parents}
    blocks = BLOCKS_A_FOLDER * len(folders)  # the least that it can be; how much more, LittleFS says
    blocks += sum(-(-len(data) // block) for data in files.values() if len(data) > partitions.LFS_CACHE_SIZE)
    while blocks * block <= limit:
        made = _made(files, blocks)
        if made is not None:
            return made
        blocks += 1
    raise HostError(f"The files do not fit into {limit} bytes of flash: leave some out, or take a smaller model.")


def of_size(files: Mapping[PurePosixPath, bytes], size: int) -> bytes:
    """An image of `size` bytes. Raises HostError when the files do not fit."""
    made = _made(files, size // partitions.BLOCK_SIZE)
    if made is None:
        raise HostError(f"The files do not fit into {size} bytes of flash: leave some out.")
    return made


def contents(image: bytes) -> dict[PurePosixPath, bytes]:
    """The files of an image. Raises HostError when it is none."""
    littlefs = needed("littlefs")
    try:
        if len(image) < BLOCKS_A_FOLDER * partitions.BLOCK_SIZE or len(image) % partitions.BLOCK_SIZE:
            raise _Damaged(f"it has {len(image)} bytes, and blocks have {partitions.BLOCK_SIZE}")
        context = _bounded(image)
        system = _system(len(image) // partitions.BLOCK_SIZE, context)
        system.mount()
        try:
            files = _read(system, _entries(system, len(image)))
        finally:
            system.unmount()  # it holds memory until then
        if context.left < 0:
            raise _Damaged("its blocks lead back to one another")
        return files
    except OSError:  # the library's, without a word
        raise HostError("This is no LittleFS image (it lists a file that is not there): build it again.") from None
    except (littlefs.LittleFSError, UnicodeDecodeError, _Damaged) as problem:
        raise HostError(f"This is no LittleFS image ({problem}): build it again.") from None


class _Damaged(Exception):
    """An image that LittleFS takes for sound, and that says what cannot be."""


def _bounded(image: bytes) -> Any:
    """What LittleFS reads it through. In a damaged one it can follow blocks in a circle, where nothing reaches it but
    what it reads: beyond what a sound one takes (`left` bytes, below 0 then) that is erased flash, which ends it."""
    base = needed("littlefs.context").UserContext

    class Bounded(base):
        left = MOST_READ * len(image)

        def read(self, cfg: Any, block: int, off: int, size: int) -> bytes | bytearray:
            self.left -= size
            return super().read(cfg, block, off, size) if self.left >= 0 else b"\xff" * size

    return Bounded(buffer=bytearray(image))


def _entries(system: Any, size: int) -> dict[PurePosixPath, int]:
    """The files of an image of that size -> how many bytes they say that they have. In a damaged one a folder can hold
    itself, and a file be of 2 GiB: as nothing lies in an image twice, it is never read then."""
    files: dict[PurePosixPath, int] = {}
    folders = [PurePosixPath("/")]
    left = size
    while folders:
        folder = folders.pop()
        if len(folder.parts) > DEEPEST:
            raise _Damaged("its folders lie in one another without an end")
        for entry in system.scandir(str(folder)):
            left -= max(LEAST_OF_AN_ENTRY, entry.size)
            if left < 0:
                raise _Damaged("its files are larger than it is")
            place = folder / entry.name
            if place.parent != folder or entry.name in NO_NAMES:
                raise _Damaged(f"it has an entry of the name {entry.name!r}")
            if entry.type == FOLDER:
                folders.append(place)
            elif entry.type == FILE:
                files[place.relative_to("/")] = entry.size
            else:
                raise _Damaged(f"it has an entry of no known type, {entry.type}")
    return files


def _read(system: Any, files: Mapping[PurePosixPath, int]) -> dict[PurePosixPath, bytes]:
    read = {}
    for place, size in files.items():
        with system.open(f"/{place}", "rb") as file:
            if file.seek(0, SEEK_END) != size:
                raise _Damaged("it says two sizes of a file")
            file.seek(0)
            read[place] = file.read()
    return read


def _made(files: Mapping[PurePosixPath, bytes], blocks: int) -> bytes | None:
    """None when the files do not fit."""
    littlefs = needed("littlefs")
    empty = bytearray(b"\xff") * (blocks * partitions.BLOCK_SIZE)
    system = _system(blocks, needed("littlefs.context").UserContext(buffer=empty))
    try:
        system.format()
        system.mount()
        for place in sorted(files):
            if len(place.parts) > 1:
                system.makedirs(str(place.parent), exist_ok=True)
            with system.open(str(place), "wb") as file:
                file.write(files[place])
        system.unmount()
    except littlefs.LittleFSError as problem:
        if problem.code == littlefs.LittleFSError.Error.LFS_ERR_NOSPC:
            return None
        raise HostError(f"The LittleFS image cannot be made: {problem}.") from None
    return bytes(system.context.buffer)


def _system(blocks: int, context: Any):
    return needed("littlefs").LittleFS(
        context=context,
        mount=False,
        block_size=partitions.BLOCK_SIZE,
        block_count=blocks,
        read_size=partitions.LFS_READ_SIZE,
        prog_size=partitions.LFS_PROG_SIZE,
        cache_size=partitions.LFS_CACHE_SIZE,
        lookahead_size=partitions.LFS_LOOKAHEAD,
    )
