"""Files that are written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dermis_host.errors import HostError, UsageError

PART = ".part"  # what is being written stands beside its place until it is whole


def check_place(path: Path, force: bool) -> None:
    """That a file can be written there, before the work that fills it.

    Raises UsageError when one is there (unless `force`), HostError when none can be made.
    """
    if path.exists() and not force:
        raise UsageError(f"{path} is there already: name another file, or add --force.")
    if path.is_file() or not path.exists():
        part = path.with_name(path.name + PART)
        try:
            part.touch()
            part.unlink()
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
