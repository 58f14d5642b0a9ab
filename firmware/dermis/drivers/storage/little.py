"""What the boards' storages share: LittleFS on a block device, or a folder where the interpreter has no LittleFS."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dermis.core import partitions
from dermis.drivers.storage import EINVAL, EIO, ENOENT, Storage

if TYPE_CHECKING:
    from typing import Any

UNREADABLE = "the data partition cannot be read; erase it and calibrate again"
MOUNT_POINT = "/data"
UNFINISHED = ".new"  # a file under this ending was not finished when the power was cut
LFS_MAGIC, LFS_MAGIC_AT = b"littlefs", 8  # in the first or the second block of every LittleFS

IOCTL_BLOCK_COUNT, IOCTL_BLOCK_ERASE = 4, 6  # of MicroPython's block devices
FAILURES = (OSError, MemoryError)
GEOMETRY: dict[str, Any] = {
    "readsize": partitions.LFS_READ_SIZE,
    "progsize": partitions.LFS_PROG_SIZE,
    "lookahead": partitions.LFS_LOOKAHEAD,
}


def _was_formatted(device):
    """Whether either superblock carries the magic. A power cut in the very first formatting leaves none."""
    magic = bytearray(len(LFS_MAGIC))
    for block in (0, 1):
        device.readblocks(block, magic, LFS_MAGIC_AT)
        if magic == LFS_MAGIC:
            return True
    return False


def _never_used(device):
    """Whether nothing was ever written behind the two superblocks: then the very first formatting was cut."""
    erased = b"\xff" * partitions.BLOCK_SIZE
    block = bytearray(partitions.BLOCK_SIZE)
    for number in range(2, device.ioctl(IOCTL_BLOCK_COUNT, 0)):
        device.readblocks(number, block, 0)
        if block != erased:
            return False
    return True


def _read_into(path, buffer, offset=0):
    with open(path, "rb") as file:
        file.seek(offset)
        return file.readinto(buffer) or 0


def _remove(path):
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != ENOENT:
            raise


class FolderStorage(Storage):
    """Files under a folder of whatever file system carries it; a rename there is atomic."""

    def __init__(self, root, size=0):
        self._root = root
        self._size = size
        for name in self._names():
            if name.endswith(UNFINISHED):
                os.remove(root + "/" + name)

    def read(self, name: str) -> bytes:
        with open(self._path(name), "rb") as file:
            return file.read()

    def read_into(self, name: str, buffer) -> int:
        return _read_into(self._path(name), buffer)

    def read_at(self, name: str, offset: int, buffer) -> int:
        return _read_into(self._path(name), buffer, offset)

    def append(self, name: str, data: bytes) -> None:
        # LittleFS does this wholly or not at all; another file system may leave a part of the data after a cut.
        with open(self._path(name), "ab") as file:
            file.write(data)

    def size(self, name: str) -> int:
        return os.stat(self._path(name))[6]

    def names(self) -> list:
        return [name for name in self._names() if not name.endswith(UNFINISHED)]

    def stage(self, name: str, offset: int, data: bytes) -> None:
        with open(self._path(name) + UNFINISHED, "r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(data)

    def read_staged(self, name: str, buffer) -> int:
        return _read_into(self._path(name) + UNFINISHED, buffer)

    def replace(self, name: str) -> None:
        path = self._path(name)
        os.rename(path + UNFINISHED, path)

    def unstage(self, name: str) -> None:
        _remove(self._path(name) + UNFINISHED)

    def remove(self, name: str) -> None:
        _remove(self._path(name))

    def free_bytes(self) -> int:
        used = sum([os.stat(self._root + "/" + name)[6] for name in self._names()])
        return max(0, self._size - used)

    def _names(self):
        return os.listdir(self._root)

    def _path(self, name):
        if not name or "/" in name or name.startswith(".") or name.endswith(UNFINISHED):
            raise OSError(EINVAL, "a name is one part, does not begin with a dot and does not end in " + UNFINISHED)
        return self._root + "/" + name


class LfsStorage(FolderStorage):
    """LittleFS at /data: copy-on-write, so that a rename happens wholly or not at all.

    device: answers what it cannot do with a number. Raises OSError where LittleFS cannot be mounted on it.

    After a failure it is mounted anew before anything else is asked of it: LittleFS takes what it could not read for
    read (`lfs_bd_read` marks its cache beforehand), so that a folder would be empty, and a log begin anew.
    """

    def __init__(self, device: Answering):
        self._device = device
        self._mount()
        super().__init__(MOUNT_POINT)

    def free_bytes(self) -> int:
        self._mount_anew()
        figures = self._file_system.statvfs("/")
        return figures[0] * figures[3]

    def _mount(self):
        import vfs  # type: ignore[import-not-found]

        failures = self._device.failures
        device: Any = self._device
        self._file_system: Any = vfs.VfsLfs2(device, **GEOMETRY)
        vfs.mount(self._file_system, MOUNT_POINT)
        self._failures = failures  # only now: what fails under it is tried again

    def _mount_anew(self):
        """Raises OSError while the chip does not answer."""
        if self._failures == self._device.failures:
            return
        if self._file_system is not None:
            import vfs  # type: ignore[import-not-found]

            self._file_system = None
            vfs.umount(MOUNT_POINT)
        self._mount()

    def _path(self, name):
        self._mount_anew()
        return super()._path(name)

    def _names(self):
        self._mount_anew()
        names = super()._names()
        if self._failures != self._device.failures:  # MicroPython takes a failure for the end of the folder
            raise OSError(EIO, UNREADABLE)
        return names


class BrokenStorage(Storage):
    """A data partition that cannot be mounted and is not ours to erase: every call fails with EIO."""

    def read(self, name: str) -> bytes:
        raise OSError(EIO, UNREADABLE)

    def read_into(self, name: str, buffer) -> int:
        raise OSError(EIO, UNREADABLE)

    def read_at(self, name: str, offset: int, buffer) -> int:
        raise OSError(EIO, UNREADABLE)

    def append(self, name: str, data: bytes) -> None:
        raise OSError(EIO, UNREADABLE)

    def size(self, name: str) -> int:
        raise OSError(EIO, UNREADABLE)

    def names(self) -> list:
        raise OSError(EIO, UNREADABLE)

    def stage(self, name: str, offset: int, data: bytes) -> None:
        raise OSError(EIO, UNREADABLE)

    def read_staged(self, name: str, buffer) -> int:
        raise OSError(EIO, UNREADABLE)

    def replace(self, name: str) -> None:
        raise OSError(EIO, UNREADABLE)

    def unstage(self, name: str) -> None:
        raise OSError(EIO, UNREADABLE)

    def remove(self, name: str) -> None:
        raise OSError(EIO, UNREADABLE)

    def free_bytes(self) -> int:
        return 0


class Answering:
    """A block device that answers what it cannot do with an error number instead of an exception.

    An exception would go right through LittleFS's own code: a file stays open for it whose object the collector closes
    some day, and what that file held back is written over what has come since, or the interpreter crashes.

    failures: so often it could not.
    """

    def __init__(self, device: Any):
        self._device = device
        self.failures = 0

    # Nothing is allocated here: a file that was left open is closed while the collector has the heap locked.

    def readblocks(self, block, buf, offset=0):
        try:
            return self._device.readblocks(block, buf, offset)
        except FAILURES:
            self.failures += 1
            return -EIO

    def writeblocks(self, block, buf, offset=0):
        try:
            return self._device.writeblocks(block, buf, offset)
        except FAILURES:
            self.failures += 1
            return -EIO

    def ioctl(self, op, arg):
        if op != IOCTL_BLOCK_ERASE:  # asked by MicroPython before LittleFS begins: an exception harms nothing
            return self._device.ioctl(op, arg)
        try:
            return self._device.ioctl(op, arg)
        except FAILURES:
            self.failures += 1
            return -EIO


def open_little(device: Any) -> Storage:
    """LittleFS on a block device, mounted; formatted first if it never was, or not to the end."""
    import vfs  # type: ignore[import-not-found]

    if not _was_formatted(device):
        vfs.VfsLfs2.mkfs(device, **GEOMETRY)
    try:
        return LfsStorage(Answering(device))
    except OSError:
        if not _never_used(device):
            return BrokenStorage()
        vfs.VfsLfs2.mkfs(device, **GEOMETRY)
        return LfsStorage(Answering(device))
