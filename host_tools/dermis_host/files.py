"""Files that are written whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dermis_host.errors import HostError, UsageError

PART = ".part"  # what is being written stands beside its place until it is whole
HASHED_AT_ONCE = 1 << 20


def check_place(path: Path, force: bool) -> None:
    """That a file can be written there, before the work that fills it.

    Raises UsageError when one is there (unless `force`), or its unfinished part, whatever `force` says: that may be the
    hours of somebody else. HostError when none can be made.
    """
    if path.exists() and not force:
        raise UsageError(f"{path} is there already: name another file, or add --force.")
    if path.is_file() or not path.exists():
        part = path.with_name(path.name + PART)
        try:
            part.touch(exist_ok=False)
            part.unlink()
        except FileExistsError:
            raise UsageError(f"{part} is there, unfinished: finish it, remove it, or name another file.") from None
        except OSError as problem:
            raise HostError(f"{path} cannot be written: {problem.strerror or problem}.") from None


@contextmanager
def whole(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write. It takes its place when the block ends well; when it does not, what was there stays.

    Raises HostError with one sentence when it cannot be written.
    """
    path = Path(path)
    plain = path.is_file() or not path.exists()  # not a device or a pipe, which cannot be replaced
    part = path.with_name(path.name + PART) if plain else path
    try:
        try:
            with open(part, "wb") as file:
                yield file
            if plain:
                part.replace(path)
        except BaseException:
            if plain:
                part.unlink(missing_ok=True)
            raise
    except OSError as problem:
        raise HostError(f"{path} cannot be written: {problem.strerror or problem}.") from None


def sha256(path: Path) -> str:
    """Of a file of any size, as 64 hex digits. Raises OSError."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(HASHED_AT_ONCE):
            digest.update(piece)
    return digest.hexdigest()
