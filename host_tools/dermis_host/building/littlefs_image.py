"""Files to a LittleFS image, the same bytes every time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from dermis.core import partitions

from dermis_host.building.needs import needed
from dermis_host.errors import HostError

BLOCKS_A_FOLDER = 2  # its pair of metadata blocks


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
        system = _system(len(image) // partitions.BLOCK_SIZE, bytearray(image))
        system.mount()
        files = {}
        for folder, _, names in system.walk("/"):
            for name in names:
                with system.open(f"{folder.rstrip('/')}/{name}", "rb") as file:
                    files[PurePosixPath(folder.strip("/"), name)] = file.read()
        return files
    except littlefs.LittleFSError as problem:
        raise HostError(f"This is no LittleFS image ({problem}): build it again.") from None


def _made(files: Mapping[PurePosixPath, bytes], blocks: int) -> bytes | None:
    """None when the files do not fit."""
    littlefs = needed("littlefs")
    system = _system(blocks, bytearray(b"\xff") * (blocks * partitions.BLOCK_SIZE))
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


def _system(blocks: int, buffer: bytearray):
    littlefs = needed("littlefs")
    return littlefs.LittleFS(
        context=needed("littlefs.context").UserContext(buffer=buffer),
        mount=False,
        block_size=partitions.BLOCK_SIZE,
        block_count=blocks,
        read_size=partitions.LFS_READ_SIZE,
        prog_size=partitions.LFS_PROG_SIZE,
        cache_size=partitions.LFS_CACHE_SIZE,
        lookahead_size=partitions.LFS_LOOKAHEAD,
    )
