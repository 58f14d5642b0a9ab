"""`esp32.Partition` on a flash chip that is flashed as `dermis flash` does, and `vfs` with a real LittleFS on it.

Ref: MicroPython 1.29, docs/library/esp32.rst (class Partition; `type`, `subtype` are positional) and
ports/esp32/esp32_partition.c: no offset means erase first; a missing partition is an empty list; bytes beyond the end
are OSError of ESP_ERR_INVALID_SIZE. docs/library/vfs.rst. The LittleFS is littlefs-python's.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

from dermis.core import partitions
from littlefs import LittleFS, LittleFSError
from littlefs.context import UserContext

from tests.fakes.esp32s3.chip import Chip

BLOCK = partitions.BLOCK_SIZE
INVALID_SIZE, FLASH_FAULT = -260, -0x6001
READ_US, WRITE_US, ERASE_US = 40, 300, 45_000  # of a piece, a piece and a block; typical of such chips
EIO, EINVAL = 5, 22
# What opens files on a mounted file system: CPython's own `open` and `os` know nothing of it.
USERS = ("dermis.drivers.storage.little",)
LABELS = {"boot": "vfs"}


class Flash:
    """data: what the chip holds, by label. broken: every access fails. moved: labels whose partition lies elsewhere.
    operations: (what, label, block) of erases and writes. cut_after: operations that are done before the power goes."""

    def __init__(self) -> None:
        self.data = {
            LABELS.get(entry.name, entry.name): bytearray(b"\xff" * entry.size)
            for entry in partitions.PARTITIONS
            if entry.name != "runtime"
        }
        self.broken = False
        self.missing: set[str] = set()
        self.moved: set[str] = set()
        self.operations: list[tuple[str, str, int]] = []
        self.mounts: dict[str, tuple[VfsLfs2, bool]] = {}


class VfsLfs2:
    """A LittleFS on whatever MicroPython would take as a block device."""

    def __init__(self, device, readsize=32, progsize=32, lookahead=32, mtime=True):
        self.device, self._read_only = device, False
        self._options = _options(device, readsize, progsize, lookahead)
        try:
            # Mounted by itself it would format what it cannot read.
            self.lfs = LittleFS(context=_Context(device), mount=False, **self._options)
            self.lfs.mount()
        except LittleFSError as error:
            raise OSError(-error.code if error.code < 0 else EINVAL, error.name) from None
        self.check()

    def check(self):
        """Raises OSError (EIO) when the device failed since it was asked last: a callback cannot."""
        context: Any = self.lfs.context
        failed, context.failed = context.failed, False
        if failed:
            raise OSError(EIO, "EIO")

    @staticmethod
    def mkfs(device, readsize=32, progsize=32, lookahead=32):
        lfs = LittleFS(context=_Context(device), mount=False, **_options(device, readsize, progsize, lookahead))
        lfs.format()

    def statvfs(self, path):
        size = self.device.ioctl(4, 0)
        return (BLOCK, BLOCK, size, size - self.lfs.used_block_count, size, 0, 0, 0, 0, 255)


class _Context(UserContext):
    def __init__(self, device):
        self._device = device
        self.failed = False

    def read(self, cfg, block, off, size):
        buffer = bytearray(size)
        self._done(self._device.readblocks, block, buffer, off)
        return buffer

    def prog(self, cfg, block, off, data):
        return self._done(self._device.writeblocks, block, data, off)

    def erase(self, cfg, block):
        return self._done(self._device.ioctl, 6, block)

    def _done(self, work, *arguments):
        try:
            answer = work(*arguments) or 0
        except OSError:
            answer = -EIO
        self.failed = self.failed or answer < 0
        return answer

    def sync(self, cfg):
        return 0


def _options(device, readsize, progsize, lookahead) -> dict[str, Any]:
    return {
        "block_size": device.ioctl(5, 0),
        "block_count": device.ioctl(4, 0),
        "read_size": readsize,
        "prog_size": progsize,
        "cache_size": 4 * max(readsize, progsize),
        "lookahead_size": lookahead,
    }


def members(chip: Chip) -> dict[str, dict[str, Any]]:
    flash = chip.flash = chip.flash or Flash()
    places = {LABELS.get(entry.name, entry.name): entry for entry in partitions.PARTITIONS}

    class Partition:
        label = ""
        BOOT, RUNNING = 0, 1
        TYPE_APP, TYPE_DATA = 0, 1

        def __init__(self, id, block_size=BLOCK, /):
            raise AssertionError("a partition is asked for by `find`, which says when there is none")

        @staticmethod
        def find(type=0, subtype=0xFF, /, label=None, block_size=BLOCK):
            if type not in (0, 1) or block_size != BLOCK:
                raise ValueError("invalid type or block size")
            names = [name for name in flash.data if label in (None, name) and name not in flash.missing]
            return [_partition(name) for name in names] if type == Partition.TYPE_DATA else []

        def info(self):
            entry = places[self.label]
            return (1, 0x06, entry.offset + BLOCK * (self.label in flash.moved), entry.size, self.label, False)

        def readblocks(self, block_num, buf, offset=0):
            chip.run(READ_US)
            at = self._at(block_num, offset, len(buf))
            buf[:] = memoryview(flash.data[self.label])[at : at + len(buf)]

        def writeblocks(self, block_num, buf, offset=None, /):
            chip.run(WRITE_US)
            if offset is None:
                raise AssertionError("without an offset the block would be erased as well")
            at = self._at(block_num, offset, len(buf))
            flash.operations.append(("write", self.label, block_num))
            data = flash.data[self.label]
            new = bytes(buf)
            old = bytes(memoryview(data)[at : at + len(new)])
            if old.count(0xFF) != len(old):
                new = (int.from_bytes(old, "big") & int.from_bytes(new, "big")).to_bytes(len(new), "big")
            data[at : at + len(new)] = new

        def ioctl(self, op, arg):
            if op == 4:
                return len(flash.data[self.label]) // BLOCK
            if op == 5:
                return BLOCK
            if op == 6:
                chip.run(ERASE_US)
                at = self._at(arg, 0, BLOCK)
                flash.operations.append(("erase", self.label, arg))
                flash.data[self.label][at : at + BLOCK] = b"\xff" * BLOCK
                return 0
            return 0 if op in (1, 2, 3) else None

        def _at(self, block, offset, length):
            if flash.broken:
                raise OSError(FLASH_FAULT, "ESP_ERR_FLASH_OP_FAIL")
            at = block * BLOCK + offset
            if not 0 <= at <= at + length <= len(flash.data[self.label]):
                raise OSError(INVALID_SIZE, "ESP_ERR_INVALID_SIZE")
            return at

    def _partition(label):
        partition = object.__new__(Partition)
        partition.label = label
        return partition

    def mount(fs, point, *, readonly=False):
        if point in flash.mounts:
            raise OSError(1)
        flash.mounts[point] = fs, readonly
        for name in USERS:
            user = sys.modules.get(name)
            if user is not None:
                user.__dict__.update(open=lambda path, mode="r": _open(flash, path, mode), os=_os(flash))

    def umount(point):
        if point not in flash.mounts:
            raise OSError(EINVAL)
        del flash.mounts[point]

    return {
        "esp32": {"Partition": Partition},
        "vfs": {"VfsLfs2": VfsLfs2, "mount": mount, "umount": umount},
    }


def _found(flash: Flash, path: str, changed: bool = False):
    """The file system that a path lies on, and its name there."""
    for point, (fs, readonly) in flash.mounts.items():
        if path == point or path.startswith(point + "/"):
            if readonly and changed:
                raise OSError(30, path)
            return fs, path[len(point) :] or "/"
    raise AssertionError(f"{path} lies on nothing that is mounted")


def _call(fs: VfsLfs2, work, *arguments):
    """LittleFS's errors as MicroPython has them."""
    try:
        done = work(*arguments)
    except LittleFSError as error:
        fs.check()
        raise OSError(-error.code, error.name) from None
    except FileNotFoundError:
        fs.check()
        raise OSError(2, "ENOENT") from None
    fs.check()
    return done


def _open(flash: Flash, path: str, mode: str):
    fs, name = _found(flash, path, changed=mode != "rb")
    return _File(fs, name, mode)


class _File:
    def __init__(self, fs: VfsLfs2, name: str, mode: str):
        self._fs = fs
        if mode == "ab" and name[1:] not in _call(fs, fs.lfs.listdir, "/"):
            _call(fs, fs.lfs.open, name, "wb").close()  # littlefs-python makes no file for that mode
        self._file = _call(fs, fs.lfs.open, name, mode)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _call(self._fs, self._file.close)

    def __getattr__(self, name):
        return lambda *arguments: _call(self._fs, getattr(self._file, name), *arguments)


def _os(flash: Flash) -> SimpleNamespace:
    def rename(old, new):
        fs, name = _found(flash, old, changed=True)
        _call(fs, fs.lfs.rename, name, _found(flash, new)[1])

    def remove(path):
        fs, name = _found(flash, path, changed=True)
        _call(fs, fs.lfs.remove, name)

    def stat(path):
        fs, name = _found(flash, path)
        return (0x8000, 0, 0, 0, 0, 0, _call(fs, fs.lfs.stat, name).size, 0, 0, 0)

    def listdir(path):
        fs, name = _found(flash, path)
        return _call(fs, fs.lfs.listdir, name)

    return SimpleNamespace(rename=rename, remove=remove, stat=stat, listdir=listdir)
