"""A data partition that is full: a file of nobody's in its LittleFS, written while the module is without power."""

from __future__ import annotations

from typing import Any

from dermis.core import partitions

from .errors import TwinError
from .flash import Flash

NAME = "ballast"
BLOCK = partitions.BLOCK_SIZE
# LittleFS's list of blocks, and room to change a folder in: what a file of that size takes beside its content.
BLOCKS_BESIDE = 4
PIECE = 256 * 1024


class _Chip:
    """The partition as littlefs-python wants a device."""

    def __init__(self, flash: Flash):
        self._flash = flash
        self._offset = partitions.partition("data").offset

    def read(self, _config: Any, block: int, offset: int, size: int) -> bytearray:
        return bytearray(self._flash.read(self._at(block, offset), size))

    def prog(self, _config: Any, block: int, offset: int, data: bytes) -> int:
        self._flash.program(self._at(block, offset), bytes(data))
        return 0

    def erase(self, _config: Any, block: int) -> int:
        self._flash.erase(self._at(block, 0), BLOCK)
        return 0

    def sync(self, _config: Any) -> int:
        return 0

    def _at(self, block: int, offset: int) -> int:
        return self._offset + block * BLOCK + offset


def load(flash: Flash, free_bytes: int) -> None:
    """Leaves so much room in the data partition, or less. Raises TwinError where it holds no file system."""
    system, problem = _mounted(flash)
    try:
        blocks = system.fs_stat().block_count - system.used_block_count
        size = (blocks - BLOCKS_BESIDE) * BLOCK - free_bytes
        with system.open(NAME, "wb") as file:
            while size > 0:
                size -= file.write(b"\xff" * min(size, PIECE))
        if not free_bytes:
            _fill_up(system, problem)
    finally:
        system.unmount()


def unload(flash: Flash) -> None:
    """Takes it away again, if it is there."""
    system, _ = _mounted(flash)
    try:
        if NAME in system.listdir("/"):
            system.remove(NAME)
    finally:
        system.unmount()


def _fill_up(system: Any, problem: Any) -> None:
    """To the last block, as far as LittleFS gives it away."""
    try:
        for _ in range(BLOCKS_BESIDE):
            with system.open(NAME, "ab") as file:
                file.write(b"\xff" * BLOCK)
    except problem as full:
        if full.code != problem.Error.LFS_ERR_NOSPC:
            raise


def _mounted(flash: Flash) -> tuple[Any, Any]:
    """The file system, and the class of its errors."""
    try:
        import littlefs
    except ImportError:
        raise TwinError("a full flash needs littlefs-python; install it with `pip install 'dermis[flash]'`") from None
    system = littlefs.LittleFS(
        context=_Chip(flash),  # pyright: ignore[reportArgumentType] - it needs no more of a context
        mount=False,
        block_size=BLOCK,
        block_count=partitions.partition("data").size // BLOCK,
        read_size=partitions.LFS_READ_SIZE,
        prog_size=partitions.LFS_PROG_SIZE,
        cache_size=BLOCK,  # the medium does not know it, and a whole block at once is quicker
        lookahead_size=partitions.LFS_LOOKAHEAD,
    )
    try:
        system.mount()
    except littlefs.LittleFSError as problem:
        raise TwinError(f"the data partition holds no file system to fill ({problem}); start the module once") from None
    return system, littlefs.LittleFSError
